"""Checks of a chain at `init`: whether the order of its links undoes what one of them is for."""
