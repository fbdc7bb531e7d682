"""Transformations: values that a factory makes, their `init` and `update`, and the boundary around these."""
