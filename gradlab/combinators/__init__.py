"""Combinators, the transformations that other transformations are joined and wrapped by."""
