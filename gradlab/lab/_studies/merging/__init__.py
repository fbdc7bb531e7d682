"""Merging: several studies, such as those of several machines, become the one that was run at once."""
