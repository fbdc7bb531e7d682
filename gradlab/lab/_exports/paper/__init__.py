"""Tables for a paper: what they say, and how LaTeX and Markdown print it."""
