"""Training steps, and what they have to know of an optimizer."""
