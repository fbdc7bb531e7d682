"""The engine: tasks, cut into blocks and chunks, compiled and run on all devices.

It gives arrays. What the arrays mean, and where they are kept, is decided elsewhere."""
