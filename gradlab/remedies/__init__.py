"""Remedies in errors about a name, an argument or a package: what was probably meant, and what to do."""
