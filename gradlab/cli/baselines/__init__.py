"""The commands that make baselines, and compare with them under fixed rules."""
