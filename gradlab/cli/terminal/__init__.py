"""The terminal as commands use it: text, tables, progress, help, errors and completions."""
