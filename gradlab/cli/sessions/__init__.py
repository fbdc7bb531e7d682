"""What race, sweep and search share while they run: the folder, the processes, the caches and the profile."""
