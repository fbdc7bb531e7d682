"""Claims about what the updates do: correct from the first step, downhill, and in micro-batches."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from ..law import Broken, law
from ..subject import Subject, differ, sample

_SHAPE = (4,)


@law(
    "on a constant gradient every update is the same",
    meaning="running means start from zero and are not corrected, or are corrected with a count that is off by one",
    claimed=True,
)
def unbiased(subject: Subject) -> None:
    params, gradient = sample(_SHAPE), sample(_SHAPE, seed=1)
    state = subject.tx.init(params)
    first, state = subject.jitted(gradient, state, params)
    for step in range(1, 12):
        updates, state = subject.jitted(gradient, state, params)
        place = differ(updates, first, "float32", factor=10.0)
        if place:
            raise Broken(f"the updates at step {step} and at step 0 differ, {place}")


@law(
    "it descends on a convex quadratic",
    meaning="the sign is wrong (updates are added to the parameters), or the rate is far too large",
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
    (end, _), losses = jax.lax.scan(step, (start, subject.tx.init(start)), None, length=100)
    if not loss(end) < loss(start):
        raise Broken(f"the loss went from {float(losses[0]):.4g} to {float(loss(end)):.4g} in 100 steps")


@law(
    "k micro-batches equal one batch",
    meaning="the sum is not divided by k, the step is taken one micro-batch too early or late, or the last one is lost",
    claimed=True,
)
def accumulates(subject: Subject) -> None:
    k = int(subject.claims["accumulates"])
    params = sample(_SHAPE)
    parts = [sample(_SHAPE, seed=30 + i) for i in range(2 * k)]
    state, emitted = subject.tx.init(params), []
    for part in parts:
        updates, state = subject.jitted(part, state, params)
        emitted.append(np.asarray(updates))
    for i, updates in enumerate(emitted):
        if (i + 1) % k and np.any(updates != 0):
            raise Broken(f"micro-batch {i + 1} of {k} already moves the parameters by {updates}")
    means = [sum(parts[i * k : (i + 1) * k]) / k for i in range(2)]
    state = subject.tx.init(params)
    for batch, mean in enumerate(means):
        for _ in range(k):
            updates, state = subject.jitted(mean, state, params)
        place = differ(emitted[(batch + 1) * k - 1], updates, "float32")
        if place:
            raise Broken(f"batch {batch} in {k} parts and as {k} equal parts give different updates, {place}")
