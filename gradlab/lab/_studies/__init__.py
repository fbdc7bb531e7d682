"""Studies: the race, the sweep and the search; the space of hyperparameters, and how a study resumes."""
