"""A training step of gradlab or optax as it is measured: jitted, donated, with fixed gradients."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from .counterparts import LEARNING_RATE, Counterpart

Leaves = dict[str, Any]


@contextlib.contextmanager
def standard_settings() -> Iterator[None]:
    """Compute as in a fresh session: in float32, with JAX's usual promotion of dtypes. Usable as a decorator, too."""
    with jax.enable_x64(False), jax.numpy_dtype_promotion("standard"):
        yield


def choose_shape(size: int, leaves: int, is_for_matrices: bool = False) -> tuple[int, ...]:
    """Return the shape of one of several equal leaves: a vector, or the matrix that is nearest to a square.

    Raises ValueError if `leaves` does not divide `size`.
    """
    if leaves > size or size % leaves:
        raise ValueError(
            f"{size:,} parameters cannot be divided into {leaves:,} equal leaves; pass a divisor of {size:,}"
        )
    each = size // leaves
    if not is_for_matrices:
        return (each,)
    rows = next(rows for rows in range(math.isqrt(each), 0, -1) if each % rows == 0)
    return (rows, each // rows)


def make_leaves(shape: tuple[int, ...], leaves: int, seed: int) -> Leaves:
    """Return float32 leaves of one shape, with normal numbers that repeat after some ten thousand."""
    numbers = np.random.default_rng(seed).standard_normal(min(math.prod(shape), 2**15), dtype=np.float32)
    leaf = np.resize(numbers, shape)
    return {f"leaf {index}": jnp.array(leaf) for index in range(leaves)}


def describe_leaves(shape: tuple[int, ...], leaves: int) -> Leaves:
    """Return the shapes and dtypes of `make_leaves`."""
    return {f"leaf {index}": jax.ShapeDtypeStruct(shape, jnp.float32) for index in range(leaves)}


def make_optimizer(counterpart: Counterpart, library: str) -> Any:
    """Return the optimizer of a library, "gradlab" or "optax"."""
    factory: Callable[[float], Any] | None = getattr(counterpart, library)
    assert factory is not None
    return factory(LEARNING_RATE)


def make_state(optimizer: Any, params: Leaves) -> Any:
    """Return the first state in arrays of its own. Some of optax's states begin with the parameters themselves.

    XLA refuses to overwrite one array for two results.
    """
    return jax.tree.map(jnp.copy, optimizer.init(params))


def make_step(optimizer: Any, reads_loss: bool = False) -> Callable[..., tuple[Any, Any]]:
    """Return a new function of parameters, state and gradients, so that nothing traced before is found again."""
    extra = {"value": np.float32(1.0)} if reads_loss else {}
    update = optax.with_extra_args_support(optimizer).update if reads_loss else optimizer.update

    def step(params: Any, state: Any, gradients: Any) -> tuple[Any, Any]:
        updates, state = update(gradients, state, params, **extra)
        return optax.apply_updates(params, updates), state

    return step


def jit_step(step: Callable[..., Any]) -> Any:
    """Compile a step when it is called. It overwrites the parameters and the state, in the order of its results.

    In another order XLA for CPUs copies them, and a step takes four times as long.
    """
    return jax.jit(step, donate_argnums=(0, 1))
