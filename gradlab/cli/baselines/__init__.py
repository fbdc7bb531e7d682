"""The commands that make baselines."""
