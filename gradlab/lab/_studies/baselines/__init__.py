"""Races against baselines: only the new optimizers are trained, and the rivals are those that were searched before."""
