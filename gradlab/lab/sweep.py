"""A sweep: one recipe at many learning rates, and from many seeds, as one compiled program."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from .problems.base import Problem, PyTree

DIVERGENCE_FACTOR = 1e3  # a loss beyond this many times the first one (or one, if that is larger) has diverged


class Draws(NamedTuple):
    """All that is random about the runs of some seeds, on a leading axis: where they start, and their batches."""

    params: PyTree
    batches: PyTree


class Curves(NamedTuple):
    """What the runs of a sweep gave, on leading axes (rate, seed); NaN from the step at which a run diverged on."""

    loss: jax.Array  # (rate, seed, step): on the batch of the step, before the update
    metrics: dict[str, jax.Array]  # (rate, seed, evaluation): at `evaluation_steps`
    diverged: jax.Array  # (rate, seed): bool
    divergence_step: jax.Array  # (rate, seed): int32, the updates made when it diverged; -1 if it did not
    path: jax.Array | None  # (rate, seed, step, 2): the point before the update, where there is a landscape


def stack(optimizers: Sequence[optax.GradientTransformation]) -> optax.GradientTransformation:
    """One optimizer whose hyperparameters are arrays over those of some, which must be of one recipe."""
    return jax.tree.map(lambda *numbers: jnp.stack([jnp.asarray(number) for number in numbers]), *optimizers)


def evaluation_steps(steps: int, points: int = 33) -> np.ndarray:
    """The numbers of updates after which the metrics are measured: at most `points` of 0 to `steps`, both included."""
    return np.unique(np.linspace(0, steps, min(points, steps + 1)).round().astype(int))


def draw(problem: Problem, seeds: Sequence[int], steps: int) -> Draws:
    """The starts and batches of some seeds. Every optimizer is given the same, so that comparisons are paired."""

    def one(seed: jax.Array) -> Draws:
        start, batches = jax.random.split(jax.random.key(seed))
        return Draws(problem.init(start), problem.batches(batches, steps))

    return jax.jit(jax.vmap(one))(jnp.asarray(seeds, jnp.uint32))


def train(problem: Problem, steps: int, tx: optax.GradientTransformation, draws: Draws) -> Curves:
    """One run: `steps` updates of one optimizer from one start. All arrays are without the axes (rate, seed)."""
    evaluated_at = evaluation_steps(steps)
    is_evaluated = np.isin(np.arange(steps), evaluated_at)
    optimizer = optax.with_extra_args_support(tx)
    nothing = jax.tree.map(lambda m: jnp.zeros(m.shape, m.dtype), jax.eval_shape(problem.metrics, draws.params))

    def step(carry: Any, now: Any) -> Any:
        params, state = carry
        batch, evaluate = now
        # The predicate is the same in all lanes, so this stays a branch under vmap.
        metrics = jax.lax.cond(evaluate, problem.metrics, lambda _: nothing, params)
        loss, grads = jax.value_and_grad(problem.loss)(params, batch)
        updates, state = optimizer.update(grads, state, params)
        point = params if problem.landscape is not None else None
        return (optax.apply_updates(params, updates), state), (loss, metrics, point)

    start = (draws.params, optimizer.init(draws.params))
    (params, _), (loss, metrics, path) = jax.lax.scan(step, start, (draws.batches, is_evaluated), length=steps)
    final = problem.metrics(params)
    metrics = jax.tree.map(lambda m, end: jnp.append(m[evaluated_at[:-1]], end), metrics, final)

    limit = DIVERGENCE_FACTOR * jnp.maximum(jnp.abs(loss[0]), 1.0)
    lost = jnp.append(~(loss <= limit), ~jnp.isfinite(jnp.stack(jax.tree.leaves(final))).all())  # NaN is not <=
    diverged = lost.any()
    end = jnp.where(diverged, jnp.argmax(lost), steps + 1)  # the first step without a value

    def known(curve: jax.Array, at: np.ndarray) -> jax.Array:
        return jnp.where(jnp.expand_dims(at < end, range(1, curve.ndim)), curve, jnp.nan)

    return Curves(
        loss=known(loss, np.arange(steps)),
        metrics={name: known(metric, evaluated_at) for name, metric in metrics.items()},
        diverged=diverged,
        divergence_step=jnp.where(diverged, end, -1).astype(jnp.int32),
        path=None if path is None else known(path, np.arange(steps)),
    )


def compile_sweep(
    problem: Problem, optimizers: optax.GradientTransformation, draws: Draws, steps: int
) -> Callable[[optax.GradientTransformation, Draws], Curves]:
    """The program that runs a stack of optimizers from each start: `program(optimizers, draws)`."""
    over_seeds = jax.vmap(partial(train, problem, steps), in_axes=(None, 0))
    return jax.jit(jax.vmap(over_seeds, in_axes=(0, None))).lower(optimizers, draws).compile()


def sweep(problem: Problem, optimizers: optax.GradientTransformation, seeds: Sequence[int], steps: int) -> Curves:
    """Run a stack of optimizers (see `stack`) from each seed, as one compiled program.

    A run's numbers do not depend on which others run beside it, up to the rounding of the compiled loops; a run that
    diverges changes no other one. Raises ValueError for no steps or seeds.
    """
    if steps < 1 or not len(seeds):
        raise ValueError(f"a sweep needs at least one step and one seed, got {steps} steps and {len(seeds)} seeds")
    draws = draw(problem, seeds, steps)
    return compile_sweep(problem, optimizers, draws, steps)(optimizers, draws)
