"""Hypergradients: how the final loss changes with the hyperparameters, and the points that a search tries for it."""
