"""The statistics of a study as columns of text, for the terminal and for the report."""
