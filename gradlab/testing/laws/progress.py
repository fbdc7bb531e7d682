"""Claims about progress: updates are right from the first step, and go downhill."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from ...fast_compilation import jit_fast
from ..law import Broken, law
from ..subject import Subject, describe_gap
from ..trees import sample

_SHAPE = (4,)


@law(
    "at a constant gradient, every update is the same",
    meaning="A running mean starts at zero and is not corrected, or is corrected with a step count that is off by one.",
    claimed=True,
)
def unbiased(subject: Subject) -> None:
    params, gradient = sample(_SHAPE), sample(_SHAPE, seed=1)
    state = subject.tx.init(params)
    first, state = subject.jitted(gradient, state, params)
    for step in range(1, 12):
        updates, state = subject.jitted(gradient, state, params)
        place = describe_gap(updates, first, "float32", factor=10.0)
        if place:
            raise Broken(f"the updates at step {step} differ from those at step 0, {place}")


@law(
    "it descends on a convex quadratic",
    meaning="The sign is wrong (updates are added to the parameters), or the learning rate is far too large.",
    claimed=True,
)
def descends(subject: Subject) -> None:
    curvature = jnp.asarray([1.0, 2.0, 0.5, 1.5], jnp.float32)

    def loss(x):
        return 0.5 * jnp.sum(curvature * x * x)

    def step(carry, _):
        x, state = carry
        updates, state = subject.update(curvature * x, state, x)
        return (x + updates, state), loss(x)

    start = sample(_SHAPE)
    (end, _), losses = jit_fast(lambda start: jax.lax.scan(step, start, None, length=100))(
        (start, subject.tx.init(start))
    )
    if not loss(end) < loss(start):
        raise Broken(f"the loss went from {float(losses[0]):.4g} to {float(loss(end)):.4g} in 100 steps")
