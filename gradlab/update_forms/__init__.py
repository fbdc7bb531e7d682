"""Forms of an update that XLA compiles or runs faster, made of the program that JAX traces. `boundary` chooses one."""
