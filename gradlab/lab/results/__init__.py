"""Results: labelled arrays, the file that holds them, and the folder of a study with its plan."""
