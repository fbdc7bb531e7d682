"""Precise: at least single precision inside, rounded once at the end; finite at a zero gradient."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from ..law import Broken, NotApplicable, law
from ..subject import TREES, Subject, sample, samples

_HALVES = ("bfloat16", "float16")
_LUCK = 0.05  # the share of updates that may round the other way, as the two programs differ in the last digit


@law(
    "accumulators are at least float32 unless asked for",
    meaning="the state takes its dtype from half-precision parameters; a running mean with decay 0.999 then stands "
    "still, since its steps are below the rounding. Make it with jnp.zeros_like(p, dtype=jnp.float32)",
)
def wide_accumulators(subject: Subject) -> None:
    for dtype in _halves(subject):
        state = jax.eval_shape(subject.tx.init, sample(TREES["one vector"], dtype))
        for path, leaf in jax.tree_util.tree_leaves_with_path(state):
            if jnp.issubdtype(leaf.dtype, jnp.floating) and jnp.finfo(leaf.dtype).bits < 32:
                place = jax.tree_util.keystr(path)
                raise Broken(f"for {dtype} parameters the state at {place or 'its only leaf'} is {leaf.dtype}")


@law(
    "a zero gradient gives finite updates, with finite derivatives",
    meaning="a division by zero: an eps that vanishes in float16 (1e-8 is 0 there), or the root of 0, whose derivative "
    "is infinite. Compute in float32, and put the eps or a jnp.where inside the root before dividing",
)
def finite_at_zero(subject: Subject) -> None:
    for dtype in ("float32", *_halves(subject, required=False)):
        params = sample(TREES["one vector"], dtype)
        state, zero = subject.tx.init(params), jnp.zeros_like(params)

        def total(gradient, state=state, params=params):
            return (
                subject.update(gradient, state, params)[0].astype(jnp.float32).sum() * 2.0**-20
            )  # float16 holds slopes up to 65504

        updates, state_after = subject.jitted(zero, state, params)
        again, _ = subject.jitted(zero, state_after, params)
        for step, result in enumerate((updates, again)):
            if not np.all(np.isfinite(np.asarray(result, np.float32))):
                raise Broken(f"{dtype}: a zero gradient at step {step} gives {np.asarray(result, np.float32)}")
        slope = np.asarray(jax.jit(jax.grad(total))(zero), np.float32)
        if not np.all(np.isfinite(slope)):
            raise Broken(f"{dtype}: the derivative of the update at a zero gradient is {slope}")


@law(
    "half-precision updates are the single-precision ones, rounded once",
    meaning="intermediate results are rounded to the dtype of the gradient, or the state is; raise the gradient to "
    "float32 on entry and round the result on exit",
)
def rounded_once(subject: Subject) -> None:
    for dtype in _halves(subject):
        shape = (64,)  # enough to tell a second rounding, which changes every third number, from luck
        params, gradients = sample(shape, dtype), samples(shape, dtype)
        state, wide_params = subject.tx.init(params), params.astype(jnp.float32)
        wide_state = subject.tx.init(wide_params)
        for step, gradient in enumerate(gradients):
            updates, state = subject.jitted(gradient, state, params)
            wide_updates, wide_state = subject.jitted(gradient.astype(jnp.float32), wide_state, wide_params)
            expected = np.asarray(wide_updates.astype(dtype), np.float32)
            got = np.asarray(updates, np.float32)
            ulp = float(jnp.finfo(dtype).eps) * np.abs(np.nan_to_num(expected)) + float(jnp.finfo(dtype).tiny)
            with np.errstate(invalid="ignore"):
                gaps = np.where((got == expected) | (np.isnan(got) & np.isnan(expected)), 0, np.abs(got - expected))
            gaps = np.nan_to_num(gaps, nan=np.inf)
            if np.any(gaps > ulp) or np.mean(gaps > 0) > _LUCK:
                at = int(np.argmax(gaps / ulp))
                raise Broken(
                    f"{dtype}, step {step}: {np.mean(gaps > 0):.0%} of the updates differ, such as {got[at]} where the "
                    f"float32 result rounds to {expected[at]}"
                )


def _halves(subject: Subject, required: bool = True) -> list[str]:
    chosen = [dtype for dtype in subject.dtypes if dtype in _HALVES]
    if required and not chosen:
        raise NotApplicable("no half-precision dtype among those examined")
    return chosen
