"""The command `gradlab claims` and what it prints."""
