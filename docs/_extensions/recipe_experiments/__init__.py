"""Small experiments of the recipes' pages: what a method does to a matrix, and a run with a wrapper and without it."""
