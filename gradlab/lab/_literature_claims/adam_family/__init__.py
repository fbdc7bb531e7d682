"""The experiments on Adam and the methods that were made of it."""
