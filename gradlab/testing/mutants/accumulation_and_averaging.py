"""Mutants of gradient accumulation over micro-batches, and of averaged (slow) weights."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

import gradlab as gl
from gradlab.boundary import raise_precision, require_same_trees, restore_dtypes

from .mutant import breaks


class AccumulateState(NamedTuple):
    """The state of an accumulator."""

    micro_step: jax.Array  # int32 scalar, from 0 to k - 1
    mean: Any  # of the gradients of this batch so far
    inner: Any


def accumulate(inner, k=4):
    """Return the right version: `inner` gets the mean of k gradients, and nothing moves in between."""

    def init(params):
        zeros = jax.tree.map(jnp.zeros_like, raise_precision(params, "the parameter"))
        return AccumulateState(jnp.zeros((), jnp.int32), zeros, inner.init(params))

    def update(updates, state, params=None):
        require_same_trees(updates, state.mean, "the updates", "the state")
        wide = raise_precision(updates, "the update")
        mean = jax.tree.map(lambda m, g: m + g.astype(m.dtype) / k, state.mean, wide)
        last = state.micro_step == k - 1
        change, after = inner.update(mean, state.inner, params)
        emitted = jax.tree.map(lambda u: jnp.where(last, u, 0), change)
        kept = jax.tree.map(lambda new, old: jnp.where(last, new, old), after, state.inner)
        reset = jax.tree.map(lambda m: jnp.where(last, 0, m), mean)
        return restore_dtypes(emitted, updates), AccumulateState((state.micro_step + 1) % k, reset, kept)

    return optax.GradientTransformation(init, update)


_FOUR = {"accumulates": (4, gl.sgd(0.1, momentum=0.9))}


def _inner():
    return gl.sgd(0.1, momentum=0.9)


def _wrong(step):
    """Return an accumulator with these equations: step(g, mean, i, last) -> (mean for `inner`, mean for the state)."""
    inner, k = _inner(), 4

    def init(params):
        return accumulate(inner, k).init(params)

    def update(updates, state, params=None):
        require_same_trees(updates, state.mean, "the updates", "the state")
        last = state.micro_step == k - 1
        wide = jax.tree.map(lambda m, g: g.astype(m.dtype), state.mean, raise_precision(updates, "the update"))
        both = jax.tree.map(lambda g, m: step(g, m, state.micro_step, last), wide, state.mean)
        used, kept = (jax.tree.map(lambda _, pair, i=i: pair[i], wide, both) for i in (0, 1))
        change, after = inner.update(used, state.inner, params)
        emitted = jax.tree.map(lambda u: jnp.where(last, u, 0), change)
        memory = jax.tree.map(lambda new, old: jnp.where(last, new, old), after, state.inner)
        return restore_dtypes(emitted, updates), AccumulateState(
            (state.micro_step + 1) % k, restore_dtypes(kept, state.mean), memory
        )

    return optax.GradientTransformation(init, update)


@breaks("accumulates", of="accumulate", mistake="the sum of k gradients is divided by k + 1, not by k", claims=_FOUR)
def accumulate_divides_by_one_more():
    def step(g, mean, i, last):
        mean = mean + g / 5
        return mean, jnp.where(last, 0, mean)

    return _wrong(step)


@breaks(
    "accumulates",
    of="accumulate",
    mistake="the running mean divides by k instead of the count so far",
    claims=_FOUR,
)
def accumulate_running_mean_of_k():
    def step(g, mean, i, last):
        mean = mean + (g - mean) / 4
        return mean, jnp.where(last, 0, mean)

    return _wrong(step)


@breaks(
    "accumulates",
    of="accumulate",
    mistake="the mean is not reset, so each batch starts with the mean of the previous one",
    claims=_FOUR,
)
def accumulate_without_reset():
    def step(g, mean, i, last):
        mean = mean + g / 4
        return mean, mean

    return _wrong(step)


@breaks(
    "accumulates",
    of="accumulate",
    mistake="the last micro-batch is left out of its batch, and starts the next",
    claims=_FOUR,
)
def accumulate_forgets_the_last():
    def step(g, mean, i, last):
        return mean, jnp.where(last, g / 4, mean + g / 4)

    return _wrong(step)


@breaks("accumulates", of="accumulate", mistake="only the last micro-batch counts", claims=_FOUR)
def accumulate_keeps_the_last_only():
    return _wrong(lambda g, mean, i, last: (g / 4, g / 4))


@breaks("accumulates", of="accumulate", mistake="the step is taken one micro-batch too early", claims=_FOUR)
def accumulate_emits_early():
    right = accumulate(_inner())

    def init(params):
        return right.init(params)._replace(micro_step=jnp.ones((), jnp.int32))

    return optax.GradientTransformation(init, right.update)


@breaks(
    "still between steps",
    of="accumulate",
    mistake="between steps the update is multiplied by zero, but NaN times zero is NaN",
    claims=_FOUR | {"still between steps": 4},
)
def accumulate_multiplies_by_zero():
    inner, k = _inner(), 4
    right = accumulate(inner, k)

    def update(updates, state, params=None):
        require_same_trees(updates, state.mean, "the updates", "the state")
        wide = raise_precision(updates, "the update")
        mean = jax.tree.map(lambda m, g: m + g.astype(m.dtype) / k, state.mean, wide)
        last = state.micro_step == k - 1
        change, after = inner.update(mean, state.inner, params)
        emitted = jax.tree.map(lambda u: u * last.astype(u.dtype), change)
        kept = jax.tree.map(lambda new, old: jnp.where(last, new, old), after, state.inner)
        reset = jax.tree.map(lambda m: jnp.where(last, 0, m), mean)
        return restore_dtypes(emitted, updates), AccumulateState((state.micro_step + 1) % k, reset, kept)

    return optax.GradientTransformation(right.init, update)


@breaks(
    "accumulates", of="accumulate", mistake="the inner optimizer's state advances at each micro-batch", claims=_FOUR
)
def accumulate_inner_always_advances():
    inner, k = _inner(), 4
    right = accumulate(inner, k)

    def update(updates, state, params=None):
        emitted, after = right.update(updates, state, params)
        seen = jax.tree.map(lambda m, g: m + g.astype(m.dtype) / k, state.mean, raise_precision(updates, "the update"))
        return emitted, after._replace(inner=inner.update(seen, state.inner, params)[1])

    return optax.GradientTransformation(right.init, update)


class SlowState(NamedTuple):
    """The state of `follow_slowly`."""

    slow: Any  # the slow copy of the parameters


def follow_slowly(copy=jnp.copy):
    """Return the right version of slow weights: each step goes halfway back to a slow copy of the parameters."""

    def init(params):
        return SlowState(jax.tree.map(lambda p: copy(p), raise_precision(params, "the parameter")))

    def update(updates, state, params):
        require_same_trees(updates, state.slow, "the updates", "the state")
        wide = raise_precision(updates, "the update"), raise_precision(params, "the parameter")
        slow = jax.tree.map(lambda s, x: s + (x.astype(s.dtype) - s) / 2, state.slow, wide[1])
        change = jax.tree.map(
            lambda g, s, x: (s.astype(x.dtype) - x) / 2 - g.astype(x.dtype) / 10, wide[0], slow, wide[1]
        )
        return restore_dtypes(change, updates), SlowState(restore_dtypes(slow, state.slow))

    return optax.GradientTransformation(init, update)


@breaks(
    "unaliased",
    of="follow_slowly",
    mistake="the slow weights are at first the parameters themselves, not a copy of them",
)
def slow_weights_alias_parameters():
    return follow_slowly(copy=lambda p: p)
