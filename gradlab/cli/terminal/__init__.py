"""What a command prints to the terminal and reads from it: text, tables, progress, help, errors and completions."""
