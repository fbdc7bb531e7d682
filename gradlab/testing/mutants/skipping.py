"""Mutants of the skipping of steps that are not finite."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

import gradlab as gl

from .mutant import breaks

_LIMIT = 2


class SkipState(NamedTuple):
    """The state of what skips."""

    bad: jax.Array  # int32 scalar, how many gradients in a row were not finite
    inner: Any


def _is_finite(updates):
    return jnp.all(jnp.asarray([jnp.all(jnp.isfinite(leaf)) for leaf in jax.tree.leaves(updates)] or [True]))


def _zero(passes, change):
    return jax.tree.map(lambda u: jnp.where(passes, u, 0), change)


def _keep(passes, new, old):
    return jax.tree.map(lambda after, before: jnp.where(passes, after, before), new, old)


def _reset(finite, bad):
    return jnp.where(finite, 0, bad + 1)


def skip(examine=_is_finite, rest=_zero, keep=_keep, count=_reset, limit=_LIMIT):
    """Return what skips, by default the right version: zero updates, and the state from before."""
    inner = gl.sgd(0.1, momentum=0.9)

    def init(params):
        return SkipState(jnp.zeros((), jnp.int32), inner.init(params))

    def update(updates, state, params=None):
        finite = examine(updates)
        bad = count(finite, state.bad)
        passes = finite | (bad > limit)
        change, after = inner.update(updates, state.inner, params)
        return rest(passes, change), SkipState(bad, keep(passes, after, state.inner))

    return optax.GradientTransformation(init, update)


def _breaks(mistake):
    return breaks("skips nonfinite", of="skip", mistake=mistake, claims={"skips nonfinite": _LIMIT})


@_breaks("the update is multiplied by zero, and NaN times zero is NaN")
def skip_multiplies():
    return skip(rest=lambda passes, change: jax.tree.map(lambda u: u * passes.astype(u.dtype), change))


@_breaks("infinities are not looked for")
def skip_only_nan():
    return skip(lambda updates: ~jnp.any(jnp.asarray([jnp.isnan(leaf).any() for leaf in jax.tree.leaves(updates)])))


@_breaks("only the first leaf is examined")
def skip_by_first_leaf():
    return skip(lambda updates: _is_finite(jax.tree.leaves(updates)[:1]))


@_breaks("the momentum has seen the gradient that was skipped")
def skip_remembers():
    return skip(keep=lambda passes, new, old: jax.tree.map(lambda m: jnp.nan_to_num(m, posinf=0.0, neginf=0.0), new))


@_breaks("the counter does not begin again at a finite gradient")
def skip_counts_all():
    return skip(count=lambda finite, bad: bad + jnp.where(finite, 0, 1))


@_breaks("it gives up one gradient too early")
def skip_gives_up_early():
    return skip(limit=_LIMIT - 1)


@_breaks("it never gives up")
def skip_for_ever():
    return skip(limit=2**30)
