"""How XLA compiles: fast for programs that run briefly, in one loop on CPUs, and what is kept between processes."""
