"""The way out to other tools: tables, event files and trackers, and logs that are written while a study runs."""
