"""Figures as a journal takes them: without a title, as wide as a column, with the contestants that the caller names."""
