"""Storage: files that are whole at any moment, checkpoints, the lock of a folder, and which files are gradlab's.

Nothing here knows what results mean."""
