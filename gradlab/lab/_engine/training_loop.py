"""The training loop: the random numbers of a run, its steps, and the curves that it leaves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from gradlab.compilation.fast_compilation import compile_fast
from gradlab.states.points import eval_params, gradient_params
from gradlab.training.signals import select_signals

from ..problems.base import Problem, PyTree
from .devices import select_devices
from .evaluation_steps import choose_curve_steps, choose_evaluation_steps
from .random_key_conversion import unwrap_keys

# A run diverges when its loss exceeds this many times its first loss, or this number if the first loss is below one.
DIVERGENCE_FACTOR = 1e3


class Draws(NamedTuple):
    """All random numbers of the runs of some seeds, on a leading axis of seeds: initial parameters and batches."""

    params: PyTree
    batches: PyTree


class Curves(NamedTuple):
    """The curves of a task's runs, on leading axes (point, seed). From the step of a divergence on, they are NaN."""

    loss: np.ndarray  # (point, seed, step): on the batch of the step, before the update
    metrics: dict[str, np.ndarray]  # (point, seed, evaluation): at `evaluation_steps`
    diverged: np.ndarray  # (point, seed): bool
    divergence_step: np.ndarray  # (point, seed): int32, the number of updates before the run diverged, or -1
    path: np.ndarray | None  # (point, seed, step, 2): the parameters before the update, if the problem has a landscape
    pruned_step: np.ndarray | None = None  # (point, seed): int32, the updates before a run was stopped, or -1


class Trace(NamedTuple):
    """The records of a lane at each position of a chunk, on a leading axis. Position t comes after t updates."""

    loss: Any
    metrics: Any  # as `stack_metrics` returns them; zeros at positions that are not evaluated
    path: Any  # None if the problem has no landscape


class ProblemFunctions:
    """The functions of a problem that its runs call. All optimizers that are given the same instance share their trace.

    Tracing and mapping them takes a third of the time of a small optimizer's program.
    """

    def __init__(self, problem: Problem):
        self.problem, self.landscape = problem, problem.landscape
        self.loss = jax.jit(problem.loss)
        self.loss_and_gradient = jax.jit(jax.value_and_grad(problem.loss))
        self.metrics = jax.jit(lambda params: stack_metrics(_as_float(problem.metrics(params))))


def stack_metrics(metrics: Mapping[str, jax.Array]) -> dict[tuple[str, ...], jax.Array]:
    """Return metrics by their names, those of one dtype as one array: a program then has one record instead of many."""
    names: dict[Any, list[str]] = {}
    for name, metric in metrics.items():
        names.setdefault(metric.dtype, []).append(name)
    return {tuple(some): jnp.stack([metrics[name] for name in some]) for some in names.values()}


def unstack_metrics(stacks: Mapping[tuple[str, ...], np.ndarray]) -> dict[str, np.ndarray]:
    """Undo `stack_metrics`, on arrays whose last axis is that of the stack."""
    return {name: stack[..., place] for names, stack in stacks.items() for place, name in enumerate(names)}


def stack_optimizers(optimizers: Sequence[optax.GradientTransformation]) -> optax.GradientTransformation:
    """Return one optimizer whose hyperparameters are arrays, stacked from optimizers of the same structure."""

    def stack(*numbers: Any) -> Any:
        if any(isinstance(number, jax.Array) for number in numbers):
            return jnp.stack([jnp.asarray(number) for number in numbers])
        return jnp.asarray(np.asarray(numbers))  # far faster than to convert the numbers one by one

    return jax.tree.map(stack, *optimizers)


def draw(problem: Problem, seeds: Iterable[int], steps: int) -> Draws:
    """Draw the initial parameters and batches of some seeds, as NumPy arrays without random keys (see `unwrap_keys`).

    All optimizers are given the same draws, so that comparisons are paired. The seeds are drawn one after the other, so
    that the draws of a seed do not depend on the other seeds.
    """

    def draw_seed(seed: jax.Array) -> Draws:
        start, batches = jax.random.split(jax.random.key(seed))
        return unwrap_keys(Draws(problem.init(start), problem.batches(batches, steps)))

    compiled = compile_fast(jax.jit(draw_seed).lower(jnp.asarray(0, jnp.uint32)), select_devices()[0])
    seeds = list(seeds)
    shapes = jax.eval_shape(draw_seed, jax.ShapeDtypeStruct((), jnp.uint32))
    # All draws are written into one array, because separate arrays and their stack would take twice the memory.
    draws = jax.tree.map(lambda leaf: np.empty((len(seeds), *leaf.shape), leaf.dtype), shapes)
    for index, seed in enumerate(seeds):
        jax.tree.map(partial(_copy_into, index), draws, compiled(jnp.asarray(seed, jnp.uint32)))
    return draws


def _copy_into(index: int, target: np.ndarray, source: jax.Array) -> None:
    target[index] = source


def compute_draw_shapes(problem: Problem, steps: int) -> Draws:
    """Return the shapes and dtypes of one seed's draws. Random keys are keys, and not yet their data."""

    def draw_key(key: jax.Array) -> Draws:
        return Draws(problem.init(key), problem.batches(key, steps))

    return jax.eval_shape(draw_key, jax.eval_shape(lambda: jax.random.key(0)))


def make_initial_carry(tx: optax.GradientTransformation, params: PyTree) -> Any:
    """Return what a lane carries from step to step: the parameters, and the state of the optimizer."""
    return params, tx.init(params)


def run_chunk(
    functions: ProblemFunctions, tx: optax.GradientTransformation, carry: Any, batches: PyTree, evaluate: jax.Array
) -> tuple[Any, Trace]:
    """Run one lane for one chunk, and return its carry and its trace.

    There is one update for each element of `evaluate`, a boolean array that says at which positions metrics are
    evaluated.
    """

    def step(carry: Any, inputs: Any) -> tuple[Any, Trace]:
        return run_step(functions, tx, carry, *inputs)

    return jax.lax.scan(step, carry, (batches, evaluate), length=len(evaluate))


def run_step(
    functions: ProblemFunctions,
    tx: optax.GradientTransformation,
    carry: Any,
    batch: PyTree,
    is_evaluated: jax.Array,
) -> tuple[Any, Trace]:
    """Run one update of one lane, and return its carry and its records at one position.

    Metrics are those at the evaluation point of the optimizer, and the loss and its gradient those at its gradient
    point.
    """
    params, state = carry

    zeros = jax.tree.map(lambda m: jnp.zeros(m.shape, m.dtype), jax.eval_shape(functions.metrics, params))
    # The predicate is the same in all lanes, so vmap does not turn this branch into a selection.
    metrics = jax.lax.cond(
        is_evaluated, lambda params: functions.metrics(eval_params(tx, state, params)), lambda _: zeros, params
    )
    loss, grads = functions.loss_and_gradient(gradient_params(tx, state, params), batch)
    # A gradient is often transposed last. Without the barrier, XLA transposes it again for each moment.
    grads = jax.lax.optimization_barrier(grads)
    objective = partial(functions.loss, batch=batch)
    known = {"value": loss, "grad": grads, "value_fn": objective, "gradient_fn": jax.grad(objective)}
    signals = select_signals(tx, known | {"loss_scale": 1.0})
    updates, state = optax.with_extra_args_support(tx).update(grads, state, params, **signals)
    point = _as_float(params) if functions.landscape is not None else None
    return (optax.apply_updates(params, updates), state), Trace(_as_float(loss), metrics, point)


def assemble_curves(loss: np.ndarray, metrics: Mapping[str, np.ndarray], path: np.ndarray | None) -> Curves:
    """Return the curves of a task from its traces on (point, seed, step or evaluation), with NaN after a divergence."""
    steps = loss.shape[-1]
    with np.errstate(invalid="ignore"):
        limit = DIVERGENCE_FACTOR * np.maximum(np.abs(loss[..., :1]), 1.0)
        exceeds = ~(loss <= limit)  # also where the loss is NaN
    finals = np.stack([metric[..., -1] for metric in metrics.values()], -1)
    # The last update has no loss after it, so its outcome is judged by the metrics.
    exceeds = np.concatenate([exceeds, ~np.isfinite(finals).all(-1, keepdims=True)], -1)
    diverged = np.asarray(exceeds.any(-1))
    end = np.where(diverged, exceeds.argmax(-1), steps + 1)[..., None]  # the first step without a value

    def cut_off(curve: np.ndarray, curve_steps: np.ndarray) -> np.ndarray:
        mask = curve_steps < end
        return np.where(mask.reshape(mask.shape + (1,) * (curve.ndim - mask.ndim)), curve, curve.dtype.type(np.nan))

    return Curves(
        loss=cut_off(loss, np.arange(steps)),
        metrics={name: cut_off(metric, choose_evaluation_steps(steps)) for name, metric in metrics.items()},
        diverged=diverged,
        divergence_step=np.where(diverged, end[..., 0], -1).astype(np.int32),
        path=None if path is None else cut_off(path, np.arange(steps)),
    )


def join_chunks(chunks: Sequence[Mapping[str, np.ndarray]], steps: int, curve_points: int | None) -> Curves:
    """Return the curves of a block, given the arrays of all its chunks, on (point, seed, step or evaluation).

    With `curve_points`, the steps that are not kept are dropped, after all were searched for divergence.
    """
    arrays = {name: np.concatenate([chunk[name] for chunk in chunks], axis=2) for name in chunks[0]}
    metrics = {name.removeprefix("metric "): array for name, array in arrays.items() if name.startswith("metric ")}
    curves = assemble_curves(arrays["loss"], metrics, arrays.get("path"))
    return thin(curves, steps, curve_points)


def thin(curves: Curves, steps: int, curve_points: int | None) -> Curves:
    """Return curves with at most so many values of the loss and the path, if there is a number."""
    if curve_points is None:
        return curves
    kept = choose_curve_steps(steps, curve_points)
    path = None if curves.path is None else curves.path[..., kept, :]
    return curves._replace(loss=curves.loss[..., kept], path=path)


def arrays_of_curves(curves: Curves) -> dict[str, np.ndarray]:
    """Return the arrays of curves by name; `curves_of_arrays` undoes it."""
    metrics = {f"metric {name}": array for name, array in curves.metrics.items()}
    own = {"loss": curves.loss, "diverged": curves.diverged, "divergence_step": curves.divergence_step}
    return own | metrics | ({} if curves.path is None else {"path": curves.path})


def curves_of_arrays(arrays: Mapping[str, np.ndarray]) -> Curves:
    """Return the curves of arrays by name."""
    metrics = {name.removeprefix("metric "): array for name, array in arrays.items() if name.startswith("metric ")}
    return Curves(arrays["loss"], metrics, arrays["diverged"], arrays["divergence_step"], arrays.get("path"))


def _as_float(tree: PyTree) -> PyTree:
    """Return the tree with float32 in place of dtypes that have no NaN in NumPy: integers, booleans and bfloat16."""

    def convert(leaf: Any) -> Any:
        array = jnp.asarray(leaf)
        return array if array.dtype.kind in "fc" else array.astype(jnp.float32)

    return jax.tree.map(convert, tree)
