"""The usual causes of exceptions that JAX raises, whichever law they break."""

from __future__ import annotations

import jax

CONTROL_FLOW = (
    "Python control flow depends on a value that JAX traces (`if step > 0`), or the value is converted to a Python "
    "number (`float(eps)`). Use jnp.where or jax.lax.cond, and check ranges only where the value is concrete."
)
_CAUSES: tuple[tuple[type[Exception], str], ...] = (
    (
        jax.errors.TracerArrayConversionError,
        "NumPy computes with a value that JAX traces (`np.sign(m)`). Compute with jax.numpy instead.",
    ),
    (
        jax.errors.UnexpectedTracerError,
        "A result of one call is kept outside of the state, as in a closure, an attribute or a global variable, and a "
        "later call uses it. Put it into the state that update returns.",
    ),
    (jax.errors.ConcretizationTypeError, CONTROL_FLOW),  # a kind of which is the conversion to a boolean
    (jax.errors.TracerIntegerConversionError, CONTROL_FLOW),
)


def find_cause(error: BaseException) -> str:
    """Return the usual cause of an exception, and the remedy; "" for one that may have any cause."""
    return next((cause for kind, cause in _CAUSES if isinstance(error, kind)), "")
