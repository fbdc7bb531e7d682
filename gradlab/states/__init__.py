"""Functions that read or edit the state of an optimizer."""
