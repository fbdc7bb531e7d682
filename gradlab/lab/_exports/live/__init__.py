"""Logs: what is told to TensorBoard, or to a function, while a study runs."""
