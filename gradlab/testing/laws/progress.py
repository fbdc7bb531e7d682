"""Claims about progress: updates are right from the first step, go downhill, and accumulate over micro-batches."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

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
    (end, _), losses = jax.lax.scan(step, (start, subject.tx.init(start)), None, length=100)
    if not loss(end) < loss(start):
        raise Broken(f"the loss went from {float(losses[0]):.4g} to {float(loss(end)):.4g} in 100 steps")


@law(
    "k micro-batches give the same update as one batch",
    meaning="The sum is not divided by k, the step is one micro-batch too early or late, or the last one is lost.",
    claimed=True,
)
def accumulates(subject: Subject) -> None:
    """The claim is k, or a pair of k and the transformation that gets the mean of k gradients."""
    claim = subject.claims["accumulates"]
    k, inner = claim if isinstance(claim, tuple) else (int(claim), None)
    params = sample(_SHAPE)
    parts = [sample(_SHAPE, seed=30 + i) for i in range(2 * k)]
    emitted = _list_updates(subject, parts, params)
    for i, updates in enumerate(emitted):
        if (i + 1) % k and np.any(updates != 0):
            raise Broken(f"micro-batch {i + 1} of {k} moves the parameters by {updates}, but only the last may")
    means = [sum(parts[i * k : (i + 1) * k]) / k for i in range(2)]
    whole = _list_updates(subject, [mean for mean in means for _ in range(k)], params)[k - 1 :: k]
    state = None if inner is None else inner.init(params)
    for batch, mean in enumerate(means):
        got = emitted[(batch + 1) * k - 1]
        place = describe_gap(got, whole[batch], "float32")
        if place:
            raise Broken(
                f"batch {batch} in {k} different parts and in {k} equal parts gives different updates, {place}"
            )
        if inner is not None:
            updates, state = inner.update(mean, state, params)
            place = describe_gap(got, updates, "float32")
            if place:
                raise Broken(
                    f"batch {batch} in {k} parts and as a whole, without accumulation, gives different updates, {place}"
                )


@law(
    "nothing moves until k micro-batches are complete, even with a NaN among them",
    meaning="It multiplies the update by zero, but NaN times zero is NaN. Use jnp.where.",
    claimed=True,
)
def still_between_steps(subject: Subject) -> None:
    k = int(subject.claims["still between steps"])
    params = sample(_SHAPE)
    sick = [jnp.full(_SHAPE, jnp.nan, jnp.float32), *(sample(_SHAPE, seed=30 + i) for i in range(k - 2))]
    for i, updates in enumerate(_list_updates(subject, sick, params)):
        if np.any(updates != 0):
            raise Broken(
                f"with a NaN in the first micro-batch, micro-batch {i + 1} of {k} moves the parameters by {updates}"
            )


def _list_updates(subject: Subject, parts: list[Any], params: Any) -> list[np.ndarray]:
    """Return the updates for gradients in a row, at fixed parameters."""
    state, emitted = subject.tx.init(params), []
    for part in parts:
        updates, state = subject.jitted(part, state, params)
        emitted.append(np.asarray(updates))
    return emitted
