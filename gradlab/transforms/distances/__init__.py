"""Combinators that estimate how far the solution is, and hand that distance to the links that they hold."""
