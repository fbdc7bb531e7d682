"""Lanes: training runs side by side. What is drawn for each, what one does in a chunk of steps, and its curves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from ..problems.base import Problem, PyTree
from .devices import compile_fast, local_devices
from .evaluation_steps import evaluation_steps
from .random_keys import unwrap_keys

DIVERGENCE_FACTOR = 1e3  # a loss beyond this many times the first one (or one, if that is larger) has diverged


class Draws(NamedTuple):
    """All that is random about the runs of some seeds, on a leading axis: where they start, and their batches."""

    params: PyTree
    batches: PyTree


class Curves(NamedTuple):
    """What the runs of a task gave, on leading axes (point, seed); NaN from the step at which a run diverged on."""

    loss: np.ndarray  # (point, seed, step): on the batch of the step, before the update
    metrics: dict[str, np.ndarray]  # (point, seed, evaluation): at `evaluation_steps`
    diverged: np.ndarray  # (point, seed): bool
    divergence_step: np.ndarray  # (point, seed): int32, the updates made when it diverged; -1 if it did not
    path: np.ndarray | None  # (point, seed, step, 2): the point before the update, where there is a landscape


class Trace(NamedTuple):
    """What a lane leaves behind, on a leading axis of positions; position t comes after t updates, before the next."""

    loss: Any
    metrics: Any  # zeros where it was not evaluated
    path: Any


def stack_optimizers(optimizers: Sequence[optax.GradientTransformation]) -> optax.GradientTransformation:
    """One optimizer whose hyperparameters are arrays over those of some, which must be of one structure."""

    def together(*numbers: Any) -> Any:
        if any(isinstance(number, jax.Array) for number in numbers):
            return jnp.stack([jnp.asarray(number) for number in numbers])
        return jnp.asarray(np.asarray(numbers))  # far faster than array by array

    return jax.tree.map(together, *optimizers)


def draw(problem: Problem, seeds: Iterable[int], steps: int) -> Draws:
    """The starts and batches of some seeds, as raw NumPy arrays (see `raw`).

    Every optimizer is given the same, so that comparisons are paired. They are drawn one seed after the other, so that
    what a seed means does not depend on which others there are.
    """

    def one(seed: jax.Array) -> Draws:
        start, batches = jax.random.split(jax.random.key(seed))
        return unwrap_keys(Draws(problem.init(start), problem.batches(batches, steps)))

    compiled = compile_fast(jax.jit(one).lower(jnp.asarray(0, jnp.uint32)), local_devices()[0])
    chosen = list(seeds)
    shapes = jax.eval_shape(one, jax.ShapeDtypeStruct((), jnp.uint32))
    # Written into one array, because the arrays of the seeds and their stack together take twice the memory.
    drawn = jax.tree.map(lambda leaf: np.empty((len(chosen), *leaf.shape), leaf.dtype), shapes)
    for index, seed in enumerate(chosen):
        jax.tree.map(partial(_put, index), drawn, compiled(jnp.asarray(seed, jnp.uint32)))
    return drawn


def _put(index: int, whole: np.ndarray, part: jax.Array) -> None:
    whole[index] = part


def draw_shapes(problem: Problem, steps: int) -> Draws:
    """The shapes and dtypes of one seed's draws, before `raw`."""

    def one(key: jax.Array) -> Draws:
        return Draws(problem.init(key), problem.batches(key, steps))

    return jax.eval_shape(one, jax.eval_shape(lambda: jax.random.key(0)))


def initial_carry(tx: optax.GradientTransformation, params: PyTree) -> Any:
    """What a lane carries from step to step: the parameters, and the state of its optimizer."""
    return params, tx.init(params)


def run_chunk(
    problem: Problem, tx: optax.GradientTransformation, carry: Any, batches: PyTree, evaluate: jax.Array
) -> tuple[Any, Trace]:
    """One lane over one chunk: an update for each element of `evaluate`, which says whether to measure the metrics."""
    optimizer = optax.with_extra_args_support(tx)

    def measure(params: PyTree) -> Any:
        return _recorded(problem.metrics(params))

    nothing = jax.tree.map(lambda m: jnp.zeros(m.shape, m.dtype), jax.eval_shape(measure, carry[0]))

    def step(carry: Any, now: Any) -> Any:
        params, state = carry
        batch, evaluate = now
        # The predicate is the same in all lanes, so this stays a branch under vmap.
        metrics = jax.lax.cond(evaluate, measure, lambda _: nothing, params)
        loss, grads = jax.value_and_grad(problem.loss)(params, batch)
        objective = partial(problem.loss, batch=batch)
        # What line searches and Polyak's steps ask for, by the names that optax gives them.
        extra = {"value": loss, "grad": grads, "value_fn": objective}
        updates, state = optimizer.update(grads, state, params, **extra)
        point = _recorded(params) if problem.landscape is not None else None
        return (optax.apply_updates(params, updates), state), Trace(_recorded(loss), metrics, point)

    return jax.lax.scan(step, carry, (batches, evaluate), length=len(evaluate))


def assemble_curves(loss: np.ndarray, metrics: Mapping[str, np.ndarray], path: np.ndarray | None) -> Curves:
    """The curves of a task from its traces, on (point, seed, step or evaluation), cut off where a run diverged."""
    steps = loss.shape[-1]
    with np.errstate(invalid="ignore"):
        limit = DIVERGENCE_FACTOR * np.maximum(np.abs(loss[..., :1]), 1.0)
        lost_on_the_way = ~(loss <= limit)  # NaN is not <=
    finals = np.stack([metric[..., -1] for metric in metrics.values()], -1)
    lost = np.concatenate([lost_on_the_way, ~np.isfinite(finals).all(-1, keepdims=True)], -1)
    diverged = np.asarray(lost.any(-1))
    end = np.where(diverged, lost.argmax(-1), steps + 1)[..., None]  # the first step without a value

    def known(curve: np.ndarray, at: np.ndarray) -> np.ndarray:
        mask = at < end
        return np.where(mask.reshape(mask.shape + (1,) * (curve.ndim - mask.ndim)), curve, curve.dtype.type(np.nan))

    return Curves(
        loss=known(loss, np.arange(steps)),
        metrics={name: known(metric, evaluation_steps(steps)) for name, metric in metrics.items()},
        diverged=diverged,
        divergence_step=np.where(diverged, end[..., 0], -1).astype(np.int32),
        path=None if path is None else known(path, np.arange(steps)),
    )


def _recorded(tree: PyTree) -> PyTree:
    """The tree with float32 in the place of what NumPy has no NaN for: integers, truth values and bfloat16."""

    def record(leaf: Any) -> Any:
        array = jnp.asarray(leaf)
        return array if array.dtype.kind in "fc" else array.astype(jnp.float32)

    return jax.tree.map(record, tree)
