"""The tables of studies in the terminal."""
