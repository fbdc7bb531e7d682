"""Results: the labeled arrays of a problem, the file that holds them, and the folder of a study with its plan."""
