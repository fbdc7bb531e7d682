"""Storage: files that are complete at any moment, checkpoints, the lock of a folder, and which files gradlab wrote.

Nothing here knows what results mean."""
