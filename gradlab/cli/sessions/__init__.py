"""Sessions of race, sweep and search: the folder, the processes, the caches and the profile."""
