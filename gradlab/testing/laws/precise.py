"""Laws of precision: at least float32 inside, and rounded once at the end."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..inputs.trees import sample, samples, to_array
from ..subjects.own_parameters import without_own_parameters
from ..subjects.subject import Subject
from ..verdicts.law import Broken, NotApplicable, law

_HALVES = ("bfloat16", "float16")
_FIXED = (
    "init makes it in a dtype of its own, whatever the parameters are. A running mean with decay 0.999 then stops "
    "changing, because its steps are below the rounding. Create it with jnp.zeros_like(p, dtype=jnp.float32)."
)
_COUNTER = (
    "init makes a counter of few bits, to save memory that a single number does not need. Count in jnp.zeros((), "
    "jnp.int32), and add 1 by optax.safe_increment, which stops at the largest number."
)
_TOLERATED = 0.05  # the fraction of updates that may round the other way, because two programs differ in the last digit


@law(
    "numbers in the state are at least float32, unless a narrower dtype is asked for, and counters at least int32",
    meaning="The state takes its dtype from half-precision parameters. A running mean with decay 0.999 then stops "
    "changing, because its steps are below the rounding. Create it with jnp.zeros_like(p, dtype=jnp.float32).",
)
def wide_accumulators(subject: Subject) -> None:
    of_float32: dict[str, str] = {}  # the dtypes of the state for float32 parameters
    for path, leaf in jax.tree_util.tree_leaves_with_path(jax.eval_shape(subject.tx.init, sample(subject.small))):
        of_float32[jax.tree_util.keystr(path) or "its only leaf"] = str(leaf.dtype)
        if jnp.issubdtype(leaf.dtype, jnp.integer) and not leaf.shape and jnp.iinfo(leaf.dtype).bits < 32:
            raise Broken(
                f"the counter in the state at {jax.tree_util.keystr(path) or 'its only leaf'} is {leaf.dtype}, which "
                f"overflows after {jnp.iinfo(leaf.dtype).max} steps",
                _COUNTER,
            )
    for dtype in list_halves(subject):
        state = jax.eval_shape(subject.tx.init, sample(subject.small, dtype))
        for path, leaf in jax.tree_util.tree_leaves_with_path(without_own_parameters(state)):
            if jnp.issubdtype(leaf.dtype, jnp.floating) and jnp.finfo(leaf.dtype).bits < 32:
                place = jax.tree_util.keystr(path) or "its only leaf"
                if str(leaf.dtype) == of_float32.get(place):
                    raise Broken(
                        f"for float32 and {dtype} parameters alike, the state at {place} is {leaf.dtype}", _FIXED
                    )
                raise Broken(f"for {dtype} parameters, the state at {place} is {leaf.dtype}")


@law(
    "half-precision updates are float32 updates rounded once, for gradients from 1e-6 to 6e4",
    meaning="It rounds intermediate results, hyperparameters or the state to the dtype of the gradient, where the "
    "square of 300 overflows in float16 and the square of 1e-4 vanishes. Convert the gradient to float32 first, and "
    "round the result once at the end.",
    excludes=("stochastic",),
)
def rounded_once(subject: Subject) -> None:
    if callable(subject.extra.get("gradient_fn")):
        raise NotApplicable(
            "it asks for the gradient at a point of its own, which a model in half precision receives rounded"
        )
    for dtype in list_halves(subject):
        for size, gradients in _list_gradients(subject, dtype).items():
            params = sample(subject.long, dtype)
            wide_params = to_array(params, "float32")
            state, wide_state = subject.start(params), subject.start(wide_params)
            for step, gradient in enumerate(gradients):
                updates, state = subject.jitted(gradient, state, params)
                wide_gradient = to_array(gradient, "float32")
                wide_updates, wide_state = subject.jitted(wide_gradient, wide_state, wide_params)
                if difference := _describe_rounding(updates, wide_updates, dtype):
                    raise Broken(f"in {dtype}, with gradients of {size}, at step {step}, {difference}")


def _list_gradients(subject: Subject, dtype: str) -> dict[str, list[jax.Array]]:
    """Return gradients of a dtype by their size, up to the largest that float16 holds (65504)."""
    ordinary = samples(subject.long, "float32")
    sizes = {"ordinary size": 1.0, "1e-6": 1e-6, "1e3": 1e3, "up to 6e4": 6e4}
    if dtype == "bfloat16":
        sizes["1e6"] = 1e6
    gradients = {}
    for name, size in sizes.items():
        scaled = [size * np.asarray(gradient) for gradient in ordinary]
        gradients[name] = [to_array(np.clip(numbers, -max(6e4, size), max(6e4, size)), dtype) for numbers in scaled]
    return gradients


def _describe_rounding(updates: Any, wide_updates: Any, dtype: str) -> str | None:
    """Return how updates differ from wide updates that are rounded once, as text, or None."""
    expected = np.asarray(to_array(wide_updates, dtype), np.float32)
    got = np.asarray(updates, np.float32)
    smallest = float(jnp.finfo(dtype).smallest_subnormal if dtype == "float16" else jnp.finfo(dtype).tiny)
    ulp = float(jnp.finfo(dtype).eps) * np.abs(np.nan_to_num(expected)) + smallest
    with np.errstate(invalid="ignore"):
        gaps = np.where((got == expected) | (np.isnan(got) & np.isnan(expected)), 0, np.abs(got - expected))
    gaps = np.nan_to_num(gaps, nan=np.inf)
    if np.all(gaps <= ulp) and np.mean(gaps > 0) <= _TOLERATED:
        return None
    at = np.unravel_index(np.argmax(gaps / ulp), gaps.shape)
    return (
        f"{np.mean(gaps > 0):.0%} of the updates differ; for example, one is {got[at]} where the float32 update rounds "
        f"to {expected[at]}"
    )


def list_halves(subject: Subject, required: bool = True) -> list[str]:
    """Return the half-precision dtypes to examine. Raise `NotApplicable` if they are required and there are none."""
    halves = [dtype for dtype in subject.dtypes if dtype in _HALVES]
    if required and not halves:
        raise NotApplicable("no half-precision dtype is among those examined")
    return halves
