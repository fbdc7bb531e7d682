"""Phenomena: problems that are made to show one thing each."""
