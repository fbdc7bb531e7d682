"""Mutants of averaged (slow) weights."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

import gradlab as gl
from gradlab.core.boundary import raise_precision, restore_dtypes
from gradlab.core.tree_differences import require_same_trees

from .mutant import breaks


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


class AverageState(NamedTuple):
    """The state of `keep_average`."""

    step: jax.Array  # int32 scalar, the number of updates so far
    average: Any  # of the parameters after each step, at least in float32
    inner: Any


def _average(after, before, average, step, decay):
    return decay * average + (1 - decay) * after


def keep_average(inner=None, decay=0.999, equation=_average, wide=True, start=jnp.copy):
    """Return the right version: it keeps an exponential average of the parameters after each step, from their start.

    `equation(after, before, average, step, decay)` is the average of one leaf after a step, counted from 1.
    """
    inner = gl.sgd(0.1, momentum=0.9) if inner is None else inner

    def init(params):
        source = raise_precision(params, "the parameter") if wide else params
        return AverageState(jnp.zeros((), jnp.int32), jax.tree.map(start, source), inner.init(params))

    def update(updates, state, params):
        change, after = inner.update(updates, state.inner, params)
        step = optax.safe_increment(state.step)

        def follow(p, u, average):
            before, moved = p.astype(average.dtype), (p + u.astype(p.dtype)).astype(average.dtype)
            return equation(moved, before, average, step, jnp.asarray(decay, average.dtype)).astype(average.dtype)

        average = jax.tree.map(follow, params, change, state.average)
        return change, AverageState(step, average, after)

    return optax.GradientTransformation(init, update)


_EXPONENTIAL = {"averages": 0.999}


@breaks("averages", of="keep_average", mistake="the average is of the parameters before the step", claims=_EXPONENTIAL)
def average_of_the_step_before():
    return keep_average(equation=lambda after, before, average, step, d: d * average + (1 - d) * before)


@breaks("averages", of="keep_average", mistake="it starts at zero and is not debiased", claims=_EXPONENTIAL)
def average_without_debiasing():
    return keep_average(start=jnp.zeros_like)


@breaks(
    "averages",
    of="keep_average",
    mistake="it has the dtype of the parameters, where a share of 0.001 is lost",
    claims=_EXPONENTIAL,
)
def average_in_half_precision():
    return keep_average(wide=False)


@breaks("averages", of="keep_average", mistake="it starts ten steps late", claims=_EXPONENTIAL)
def average_starts_late():
    return keep_average(
        equation=lambda after, before, average, step, d: jnp.where(step <= 10, after, d * average + (1 - d) * after)
    )


@breaks("averages", of="keep_average", mistake="the decay is the share of the new parameters", claims=_EXPONENTIAL)
def average_with_exchanged_shares():
    return keep_average(equation=lambda after, before, average, step, d: (1 - d) * average + d * after)


class LastState(NamedTuple):
    """The state of `keep_last`."""

    kept: Any  # a stack of the parameters after the last steps, the newest last
    average: Any
    inner: Any


def keep_last(k=5, count=None):
    """Return the right version: it keeps the mean of the parameters after the last k steps."""
    inner = gl.sgd(0.1, momentum=0.9)
    count = k if count is None else count

    def init(params):
        wide = raise_precision(params, "the parameter")
        return LastState(
            jax.tree.map(lambda p: jnp.repeat(p[None], count, axis=0), wide),
            jax.tree.map(jnp.copy, wide),
            inner.init(params),
        )

    def update(updates, state, params):
        change, after = inner.update(updates, state.inner, params)
        kept = jax.tree.map(
            lambda p, u, past: jnp.concatenate([past[1:], (p + u.astype(p.dtype)).astype(past.dtype)[None]]),
            params,
            change,
            state.kept,
        )
        return change, LastState(kept, jax.tree.map(lambda past: past.mean(axis=0), kept), after)

    return optax.GradientTransformation(init, update)


@breaks(
    "averages the last",
    of="keep_last",
    mistake="one step too many is kept",
    claims={"averages the last": 5},
)
def average_of_one_more():
    return keep_last(count=6)


class LookaheadState(NamedTuple):
    """The state of `look_ahead`."""

    step: jax.Array  # int32 scalar
    slow: Any  # the slow weights
    inner: Any


def look_ahead(k=5, share=0.5, offset=0, returns=True):
    """Return the right version: after each k steps, slow weights follow, and the parameters return to them."""
    inner = gl.sgd(0.1, momentum=0.9)

    def init(params):
        wide = raise_precision(params, "the parameter")
        return LookaheadState(jnp.zeros((), jnp.int32), jax.tree.map(jnp.copy, wide), inner.init(params))

    def update(updates, state, params):
        change, after = inner.update(updates, state.inner, params)
        step = optax.safe_increment(state.step)
        is_due = (step + offset) % k == 0

        def follow(p, u, slow):
            fast = p.astype(slow.dtype) + u.astype(slow.dtype)
            return jnp.where(is_due, slow + jnp.asarray(share, slow.dtype) * (fast - slow), slow)

        slow = jax.tree.map(follow, params, change, state.slow)
        if returns:
            change = jax.tree.map(
                lambda p, u, s: jnp.where(is_due, (s - p.astype(s.dtype)).astype(u.dtype), u), params, change, slow
            )
        return change, LookaheadState(step, slow, after)

    return optax.GradientTransformation(init, update)


_SLOW = {"slow weights": (5, 0.5, gl.sgd(0.1, momentum=0.9))}


@breaks("slow weights", of="look_ahead", mistake="they follow one step early", claims=_SLOW)
def slow_weights_one_step_early():
    return look_ahead(offset=1)


@breaks("slow weights", of="look_ahead", mistake="they go nine tenths of the way, not half", claims=_SLOW)
def slow_weights_go_too_far():
    return look_ahead(share=0.9)


@breaks("slow weights", of="look_ahead", mistake="the parameters do not return to them", claims=_SLOW)
def slow_weights_without_return():
    return look_ahead(returns=False, share=0.9)
