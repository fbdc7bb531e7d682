"""The cluster: workers on other machines, which Dask connects, and which compute the blocks of a study.

The command sends each worker the tasks and the user's files. It gets every chunk back and stores it in its own folder,
so the machines need no common file system, and a lost worker loses no more than a chunk."""
