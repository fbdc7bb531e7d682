"""Links that decompose matrices, and the transformation in another basis."""
