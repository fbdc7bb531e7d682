"""What a transformation is: a value that a factory makes, its `init` and `update`, and the boundary around them."""
