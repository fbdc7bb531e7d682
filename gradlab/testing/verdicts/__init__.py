"""The definition of a law, its examination, and the report."""
