"""Laws of precision: at least float32 inside, rounded once at the end, and finite at a zero gradient."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from ...fast_compilation import jit_fast
from ..law import Broken, NotApplicable, law
from ..subject import Subject
from ..trees import sample, samples

_HALVES = ("bfloat16", "float16")
_TOLERATED = 0.05  # the fraction of updates that may round the other way, because two programs differ in the last digit


@law(
    "floating-point numbers in the state are at least float32, unless a narrower dtype is asked for",
    meaning="The state takes its dtype from half-precision parameters. A running mean with decay 0.999 then stops "
    "changing, because its steps are below the rounding. Create it with jnp.zeros_like(p, dtype=jnp.float32).",
)
def wide_accumulators(subject: Subject) -> None:
    for dtype in _list_halves(subject):
        state = jax.eval_shape(subject.tx.init, sample(subject.small, dtype))
        for path, leaf in jax.tree_util.tree_leaves_with_path(state):
            if jnp.issubdtype(leaf.dtype, jnp.floating) and jnp.finfo(leaf.dtype).bits < 32:
                place = jax.tree_util.keystr(path)
                raise Broken(f"for {dtype} parameters, the state at {place or 'its only leaf'} is {leaf.dtype}")


@law(
    "a zero gradient gives finite updates with finite derivatives",
    meaning="It divides by zero, because eps vanishes in float16 (1e-8 is 0 there), or takes the root of 0, whose "
    "derivative is infinite. Compute in float32, and put eps or a jnp.where inside the root before dividing.",
)
def finite_at_zero(subject: Subject) -> None:
    for dtype in ("float32", *_list_halves(subject, required=False)):
        params = sample(subject.small, dtype)
        state, zero = subject.tx.init(params), jnp.zeros_like(params)

        def total(gradient, state=state, params=params):
            return (
                subject.update(gradient, state, params)[0].astype(jnp.float32).sum() * 2.0**-20
            )  # float16 holds slopes up to 65504

        updates, state_after = subject.jitted(zero, state, params)
        again, _ = subject.jitted(zero, state_after, params)
        for step, result in enumerate((updates, again)):
            if not np.all(np.isfinite(np.asarray(result, np.float32))):
                raise Broken(
                    f"in {dtype}, a zero gradient at step {step} gives the update {np.asarray(result, np.float32)}"
                )
        slope = np.asarray(jit_fast(jax.grad(total))(zero), np.float32)
        if not np.all(np.isfinite(slope)):
            raise Broken(f"in {dtype}, the derivative of the update at a zero gradient is {slope}")


@law(
    "half-precision updates are float32 updates rounded once",
    meaning="It rounds intermediate results, hyperparameters or the state to the dtype of the gradient. Convert the "
    "gradient to float32 first, and round the result once at the end.",
)
def rounded_once(subject: Subject) -> None:
    for dtype in _list_halves(subject):
        shape = (64,)  # enough to tell a second rounding, which changes every third number, from chance
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
            if np.any(gaps > ulp) or np.mean(gaps > 0) > _TOLERATED:
                at = int(np.argmax(gaps / ulp))
                raise Broken(
                    f"in {dtype} at step {step}, {np.mean(gaps > 0):.0%} of the updates differ; for example, one is "
                    f"{got[at]} where the float32 update rounds to {expected[at]}"
                )


def _list_halves(subject: Subject, required: bool = True) -> list[str]:
    halves = [dtype for dtype in subject.dtypes if dtype in _HALVES]
    if required and not halves:
        raise NotApplicable("no half-precision dtype is among those examined")
    return halves
