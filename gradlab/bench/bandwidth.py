"""The bandwidth of the memory that an optimizer can reach, measured by simple kernels on arrays of the same size.

A limit needs a bandwidth for the arrays that it is about: those of a step of Adam take 16 bytes for each parameter, and
what fits the cache is faster than what does not. So a bandwidth is measured for a total of bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from .timing import Repeated, measure

# Below, a call takes longer than what it moves.
LEAST_BYTES = 2**22


class Stream(NamedTuple):
    """A kernel: what it computes from some arrays, the first of which it overwrites."""

    arrays: int
    compute: Callable[..., Any]
    streams: int  # arrays that it reads or writes


STREAMS = {
    "copy": Stream(2, lambda x, y: y + jnp.float32(0.0), 2),
    "scale": Stream(1, lambda x: x * jnp.float32(0.999), 2),
    "scale and add": Stream(2, lambda x, y: x + y * jnp.float32(1e-3), 3),
    "read": Stream(4, lambda x, a, b, c: x + a * b + c, 5),
}
# Reading is faster than writing, and no optimizer reads four arrays for one that it writes.
REACHABLE = ("copy", "scale", "scale and add")


class StreamContestant(Repeated):
    """A kernel with arrays of its own, which take `size` bytes in all."""

    def __init__(self, stream: Stream, size: int):
        count = max(1, size // (4 * stream.arrays))
        self.bytes = 4 * count * stream.streams  # that a call moves
        x, *others = (jnp.full(count, 1.0 + index, jnp.float32) for index in range(stream.arrays))
        super().__init__(jit_stream(stream), (x,), tuple(others))


def jit_stream(stream: Stream) -> Any:
    """Return the jitted kernel, which returns a tuple of one array."""
    # `copy` computes nothing from the array that it overwrites, and JAX would leave the array out.
    return jax.jit(lambda *arrays: (stream.compute(*arrays),), donate_argnums=0, keep_unused=True)


class Bandwidths:
    """The bytes per second of each kernel, by the bytes of its arrays. Each is measured once."""

    def __init__(self, seconds: float):
        self._seconds = seconds
        self.measured: dict[int, dict[str, float]] = {}

    def find_best(self, size: int) -> str:
        """Return the name of the fastest kernel that an optimizer can reach, on arrays of `size` bytes in all."""
        if size not in self.measured:
            contestants = {name: StreamContestant(stream, size) for name, stream in STREAMS.items()}
            times = measure(contestants, self._seconds)
            self.measured[size] = {name: contestants[name].bytes / times[name].median for name in STREAMS}
        return max(REACHABLE, key=self.measured[size].__getitem__)
