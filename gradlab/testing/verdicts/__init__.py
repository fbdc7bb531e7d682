"""What a law is, its examination, and the report."""
