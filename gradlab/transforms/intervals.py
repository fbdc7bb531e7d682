"""Work that a link does in some steps only: the number of steps between, and the choice in a step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax


def require_interval(owner: str, every: int, work: str = "decompositions") -> None:
    """Raise ValueError unless the number of steps between two pieces of `work`, in the plural, is at least 1."""
    if every < 1:
        raise ValueError(f"{owner}: every is the number of steps between two {work}, at least 1; got {every}")


def choose(happens: Any, run: Callable[[], Any], rest: Callable[[], Any]) -> Any:
    """Return the result of `run` if a condition holds, else that of `rest`; only one is computed."""
    if isinstance(happens, jax.core.Tracer):
        return jax.lax.cond(happens, run, rest)
    return run() if happens else rest()  # without jit, JAX would compile the condition anew at every call
