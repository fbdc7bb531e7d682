"""Leaderboards, points and fair tables as files: documents in JSON for programs, tables in CSV and Markdown."""
