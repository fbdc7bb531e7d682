"""The remedy for a user's schedule that decides by the value of the step, which a compiled program does not know."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import jax

_UNKNOWN_VALUES = (
    jax.errors.ConcretizationTypeError,  # a kind of which is the conversion to a boolean
    jax.errors.TracerArrayConversionError,
    jax.errors.TracerIntegerConversionError,
)
_REMEDY = (
    "is called with a step that is not known while jax.jit compiles, so it cannot use `if`, `and`, max(), float(), "
    "math or NumPy on the step; write jnp.where(step < 10, 0.1, 0.01), or gl.schedules.piecewise(0.1, (10,), (0.1,)), "
    "which multiplies 0.1 by 0.1 at step 10"
)


@contextmanager
def explain_unknown_step(name: str) -> Iterator[None]:
    """Add to an error of JAX about an unknown value that schedule `name` gets no known step, and what to write."""
    try:
        yield
    except _UNKNOWN_VALUES as error:
        if not any(_REMEDY in note for note in getattr(error, "__notes__", ())):  # of a schedule within this one
            error.add_note(f"The schedule {name} {_REMEDY}.")
        raise
