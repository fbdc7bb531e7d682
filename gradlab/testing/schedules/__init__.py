"""The examination of a schedule by itself."""
