"""Pruning: points that are hopeless stop before the end of their runs, by a rule that compares their scores."""
