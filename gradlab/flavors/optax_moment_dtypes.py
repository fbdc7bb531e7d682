"""The moments of optax's optimizers, for those that store them in another dtype."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from ..combinators.store import store
from ..transforms.momentum import scale_by_momentum
from ..values.numeric_arguments import is_concrete, is_schedule


def store_mean(owner, b1, mu_dtype):
    """Return the running mean of an optimizer of optax, stored in `mu_dtype`, or as it is for None."""
    if mu_dtype is None:
        return scale_by_momentum(b1)
    return store(scale_by_momentum(round_decay(owner, "b1", b1, mu_dtype), dampening=b1), mu_dtype)


def round_decay(owner, argument, decay, dtype):
    """Return the decay of a stored moment as optax computes it: a number is rounded to the dtype, a schedule is not.

    Raises ValueError for a decay that rounds to 1.
    """
    if dtype is None or is_schedule(decay):
        return decay
    info = jnp.finfo(dtype)
    if not is_concrete(decay):
        return jax.lax.reduce_precision(decay, info.nexp, info.nmant)
    narrow = np.asarray(decay).astype(info.dtype).astype(float)
    if np.any(narrow >= 1):
        raise ValueError(
            f"flavors.optax.{owner}: {argument}={decay} is 1 in {dtype}, with which optax's moment only grows; pass a "
            f"wider dtype than {dtype}, or a smaller {argument}"
        )
    return narrow if np.ndim(decay) else float(narrow)
