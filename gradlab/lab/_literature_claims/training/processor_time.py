"""The processor time of a run of gradient descent, without the evaluations of a race."""

from __future__ import annotations

import time

import jax
import jax.numpy as jnp

from ...problems.base import Problem, PyTree

REPETITIONS = 5


def measure_run(problem: Problem, steps: int) -> float:
    """Return the processor seconds of the updates of one run by itself, without compilation.

    It is the least of five measurements of all threads of this process. Other processes hardly lengthen it, because
    the time in which they have the processor does not count.
    """
    start, key = jax.random.split(jax.random.key(0))
    params, batches = problem.init(start), problem.batches(key, steps)

    def step(params: PyTree, batch: PyTree) -> tuple[PyTree, None]:
        gradient = jax.grad(problem.loss)(params, batch)
        rate = 0.01  # any: the time of an update does not depend on it
        return jax.tree.map(lambda value, slope: value - jnp.asarray(rate, value.dtype) * slope, params, gradient), None

    train = jax.jit(lambda params, batches: jax.lax.scan(step, params, batches)[0])
    jax.block_until_ready(train(params, batches))  # compile
    seconds = []
    for _ in range(REPETITIONS):
        began = time.process_time()
        jax.block_until_ready(train(params, batches))
        seconds.append(time.process_time() - began)
    return min(seconds)
