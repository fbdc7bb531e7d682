"""The founding optimizers: recipes, each a docstring and a chain."""
