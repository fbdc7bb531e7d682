"""A hand-written transformation for the tests of the laws, and a way to make it wrong."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax

from gradlab.testing import check


def trace(
    init: Callable[[Any], Any] | None = None, update: Callable[..., Any] | None = None
) -> optax.GradientTransformation:
    """Momentum as an author would write it, with `init` or `update` replaced."""

    def zeros(params: Any) -> Any:
        return jax.tree.map(jnp.zeros_like, params)

    def step(updates: Any, state: Any, params: Any = None) -> Any:
        moment = jax.tree.map(lambda m, g: 0.5 * m + g, state, updates)
        return moment, moment

    return optax.GradientTransformation(init or zeros, update or step)


def verdict(tx: Any, law: str, **options: Any) -> tuple[str, str]:
    """The verdict on one law, and the counterexample or reason."""
    claimed = "claims" in options
    report = check(tx, laws=() if claimed else (law,), **options)
    result = report[law]
    return result.verdict, result.detail
