"""The comparison of a transformation with its reference, and the explanation of a difference."""
