"""Forms of an update that XLA compiles or runs faster, made of the traced program. `core.boundary` chooses one."""
