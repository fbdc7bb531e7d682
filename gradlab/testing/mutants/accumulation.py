"""Mutants of gradient accumulation over micro-batches."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

import gradlab as gl
from gradlab.core.boundary import raise_precision, restore_dtypes
from gradlab.core.tree_differences import require_same_trees

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


@breaks(
    "accumulates",
    of="accumulate",
    mistake="the last micro-batch of each batch is lost",
    claims={"accumulates": 4},  # found without the inner transformation
)
def accumulate_loses_the_last():
    return _wrong(lambda g, mean, i, last: (mean, jnp.where(last, 0, mean + g / 4)))


@breaks(
    "accumulates",
    of="accumulate",
    mistake="the micro-batches are counted in float16, which stops at 2048",
    claims=_FOUR,
)
def accumulate_counts_in_half_precision():
    right = accumulate(_inner())

    def init(params):
        return right.init(params)._replace(micro_step=jnp.zeros((), jnp.float16))

    def update(updates, state, params=None):
        emitted, after = right.update(
            updates, state._replace(micro_step=state.micro_step.astype(jnp.int32) % 4), params
        )
        return emitted, after._replace(micro_step=state.micro_step + jnp.float16(1))

    return optax.GradientTransformation(init, update)


def scheduled():
    """Return an inner optimizer whose rate counts the updates."""
    return gl.sgd(gl.schedules.inverse_time(0.1), momentum=0.9)


@breaks(
    "accumulates",
    of="accumulate_on_schedule",
    mistake="the inner optimizer's schedule counts micro-batches, not updates",
    source="Keras, issue 19990, 2024",
    claims={"accumulates": (4, scheduled())},
)
def accumulate_schedule_counts_micro_batches():
    return count_micro_batches(scheduled())


def count_micro_batches(inner):
    """Return a wrong accumulator whose inner optimizer counts each micro-batch as a step."""
    right = accumulate(inner)

    def update(updates, state, params=None):
        emitted, after = right.update(updates, state, params)
        advanced = inner.update(state.mean, state.inner, params)[1]
        counted = jax.tree.map(
            lambda kept, new: new if jnp.issubdtype(kept.dtype, jnp.integer) else kept, after.inner, advanced
        )
        return emitted, after._replace(inner=counted)

    return optax.GradientTransformation(right.init, update)


class WeightedState(NamedTuple):
    """The state of `accumulate_by_size`."""

    micro_step: jax.Array  # int32 scalar
    total: Any  # the sum of the gradients so far, each times its size
    size: jax.Array  # float32 scalar, the sum of the sizes so far
    inner: Any


def accumulate_by_size(inner, k=4, weigh=lambda size: size):
    """Return the right version: `inner` gets the mean of k gradients, weighted with the sizes of their batches."""

    def init(params):
        zeros = jax.tree.map(jnp.zeros_like, raise_precision(params, "the parameter"))
        return WeightedState(jnp.zeros((), jnp.int32), zeros, jnp.zeros((), jnp.float32), inner.init(params))

    def update(updates, state, params=None, *, size=1.0, **extra):
        require_same_trees(updates, state.total, "the updates", "the state")
        weight = weigh(jnp.asarray(size, jnp.float32))
        sizes = state.size + weight
        wide = raise_precision(updates, "the update")
        total = jax.tree.map(lambda t, g: t + g.astype(t.dtype) * weight.astype(t.dtype), state.total, wide)
        last = state.micro_step == k - 1
        change, after = inner.update(jax.tree.map(lambda t: t / sizes.astype(t.dtype), total), state.inner, params)
        emitted = jax.tree.map(lambda u: jnp.where(last, u, 0), change)
        kept = jax.tree.map(lambda new, old: jnp.where(last, new, old), after, state.inner)
        reset = jax.tree.map(lambda t: jnp.where(last, 0, t), total)
        size = jnp.where(last, 0.0, sizes)
        return restore_dtypes(emitted, updates), WeightedState((state.micro_step + 1) % k, reset, size, kept)

    return optax.GradientTransformationExtraArgs(init, update)


@breaks(
    "accumulates",
    of="accumulate_by_size",
    mistake="a small micro-batch counts as much as a large one",
    source="transformers, pull request 34191, 2024",
    claims={"accumulates": {"k": 4, "inner": _inner(), "size": "size"}},
)
def accumulate_ignores_sizes():
    return accumulate_by_size(_inner(), weigh=jnp.ones_like)
