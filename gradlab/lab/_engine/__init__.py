"""The engine: it divides tasks into blocks and chunks, compiles them, and runs them on all devices.

It returns arrays. Their labels and their files belong to the room `results`."""
