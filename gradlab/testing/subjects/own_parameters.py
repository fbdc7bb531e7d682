"""Transformations whose parameters have a type of their own, examined as transformations of plain parameters.

Lookahead in optax, for example, updates a pair of fast and slow parameters. Only the fast ones are trained::

    tx = optax.lookahead(optax.sgd(0.1), 5, 0.5)
    tx = adapt_parameters(tx, optax.LookaheadParams.init_synced, "fast")
    check(tx)
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax


class OwnParametersState(NamedTuple):
    """The state of `adapt_parameters`."""

    inner: Any  # the state of the transformation
    own: Any  # the parameters in the transformation's own type


def adapt_parameters(
    tx: optax.GradientTransformation, make: Callable[[Any], Any], trained: str
) -> optax.GradientTransformationExtraArgs:
    """Return a transformation of plain parameters that does what `tx` does to parameters of its own type.

    `make(params)` returns parameters of that type. `trained` is the name of the field, or the key, of those that
    gradients are taken at. Their updates are returned. The other fields are kept in the state, and updated there.

    >>> import optax
    >>> from gradlab import testing
    >>> tx = optax.lookahead(optax.sgd(0.1), sync_period=2, slow_step_size=0.5)  # of pairs of parameters
    >>> tx = testing.adapt_parameters(tx, optax.LookaheadParams.init_synced, "fast")
    >>> x = jnp.array([2.0, -4.0])
    >>> print(tx.update(x, tx.init(x), x)[0])
    [-0.2  0.4]
    """
    extended = optax.with_extra_args_support(tx)

    def init(params: Any) -> OwnParametersState:
        own = jax.tree.map(jnp.copy, make(params))  # two fields may be the same array
        return OwnParametersState(extended.init(own), own)

    def update(updates: Any, state: OwnParametersState, params: Any = None, **extra: Any) -> Any:
        own = state.own if params is None else _put(state.own, trained, params)
        changes, inner = extended.update(updates, state.inner, own, **extra)
        moved = jax.tree.map(lambda p, u: (p + u).astype(p.dtype), own, changes)
        return _get(changes, trained), OwnParametersState(inner, moved)

    return optax.GradientTransformationExtraArgs(init, update)


def adapt_known_parameters(tx: optax.GradientTransformation) -> optax.GradientTransformation:
    """Return the lookahead of optax as a transformation of plain parameters, and any other as it is."""
    place = getattr(tx.init, "__module__", ""), getattr(tx.init, "__qualname__", "")
    if place == ("optax._src.lookahead", "lookahead.<locals>.init_fn"):
        return adapt_parameters(tx, optax.LookaheadParams.init_synced, "fast")
    return tx


def without_own_parameters(state: Any) -> Any:
    """Return a state without the parameters that `adapt_parameters` keeps in it."""
    return state.inner if isinstance(state, OwnParametersState) else state


def _get(own: Any, name: str) -> Any:
    return own[name] if isinstance(own, dict) else getattr(own, name)


def _put(own: Any, name: str, value: Any) -> Any:
    if isinstance(own, dict):
        return {**own, name: value}
    if hasattr(own, "_replace"):
        return own._replace(**{name: value})
    return dataclasses.replace(own, **{name: value})
