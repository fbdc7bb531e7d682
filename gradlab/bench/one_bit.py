"""Data-parallel training in one bit for each element, beside averages in 32: the bytes that cross, and the scores.

`python -m gradlab.bench.one_bit` compiles one training step of each method for eight workers, and counts the bytes
that each worker sends. Then it trains problems of the laboratory from several seeds, at a grid of learning rates. Half
of the seeds choose the rate, by the validation score, and the other half measure the test score. `--bytes` only counts.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

import gradlab as gl

from ..compilation.fast_compilation import compile_fast, jit_fast
from ..lab._engine.training_loop import draw, stack_optimizers
from ..lab._inputs.loading import find_problem
from ..lab.problems import Problem
from .inspection.collectives import count_bytes

AXIS, WORKERS = "data", 8
PROBLEMS = ("digits", "characters")
RATES = np.logspace(-4, 1, 11)  # two in a decade
SEEDS, LATE = 6, 20  # the score of a run is the mean over its last steps


class Method(NamedTuple):
    """A way to train: what happens to the gradients of the workers, and the optimizer."""

    name: str
    averages: bool  # whether the gradients are averaged in float32 first
    links: tuple[gl.Transformation, ...]  # the links before the learning rate
    after: tuple[gl.Transformation, ...] = ()  # the links after the learning rate

    def optimizer(self, learning_rate: float, steps: int) -> gl.Transformation:
        """Return the optimizer at a learning rate that falls to 0 along a cosine."""
        rate = gl.schedules.cosine(learning_rate, steps)
        return gl.chain(*self.links, gl.scale_by_learning_rate(rate), *self.after)


MEMORY = gl.scale_by_momentum(0.9)
METHODS = (
    Method("SGD with momentum of the mean", True, (MEMORY,)),
    Method("sign of the mean", True, (gl.scale_by_sign(),)),
    Method("sign of the momentum of the mean", True, (MEMORY, gl.scale_by_sign())),
    Method("majority vote", False, (gl.majority_vote(AXIS),)),
    Method("majority vote of the momenta", False, (MEMORY, gl.majority_vote(AXIS))),
    Method("majority vote of the momenta, ties to plus", False, (MEMORY, gl.majority_vote(AXIS, ties="plus"))),
    Method("majority vote of the momenta, zeros abstain", False, (MEMORY, gl.majority_vote(AXIS, zeros="abstain"))),
    Method("mean of the momenta in one bit, with error feedback", False, (MEMORY,), (gl.one_bit_mean(AXIS),)),
)


def find_gradient(problem: Problem, method: Method, params: Any, batch: Any) -> Any:
    """Return the gradient of one worker on its own part of a batch, or the mean over workers if the method averages."""
    gradient = jax.grad(problem.loss)(params, batch)
    return jax.lax.pmean(gradient, AXIS) if method.averages else gradient


def count_bytes_of_step(problem: Problem, method: Method, workers: int = WORKERS) -> int:
    """Return the bytes that each worker sends in one training step, on as many devices."""
    mesh = jax.make_mesh((workers,), (AXIS,), axis_types=(jax.sharding.AxisType.Auto,))
    whole, split = jax.P(), jax.P(AXIS)
    links, after = method.links, method.after
    if not method.averages:
        links, after = (gl.per_worker(gl.chain(*links)),), tuple(map(gl.per_worker, after))
    tx = method._replace(links=links, after=after).optimizer(0.1, problem.steps)
    place = whole if method.averages else (split, whole, *[split] * len(after))

    def step(params: Any, state: Any, batch: Any) -> Any:
        gradient = find_gradient(problem, method, jax.lax.pcast(params, AXIS, to="varying"), batch)
        updates, state = tx.update(gradient, state, params)
        return gl.apply_updates(params, updates), state

    params = problem.init(jax.random.key(0))
    batch = jax.tree.map(lambda leaf: leaf[0], problem.batches(jax.random.key(0), 1))
    state = jax.jit(jax.shard_map(tx.init, mesh=mesh, in_specs=whole, out_specs=place))(params)
    mapped = jax.shard_map(step, mesh=mesh, in_specs=(whole, place, split), out_specs=(whole, place))
    return count_bytes(compile_fast(jax.jit(mapped).lower(params, state, batch), jax.devices()[0]))


def train(
    problem: Problem,
    method: Method,
    rates: Sequence[float],
    seeds: int,
    workers: int = WORKERS,
    steps: int | None = None,
) -> dict[str, np.ndarray]:
    """Return the metrics in the late steps of each run, [rate, seed].

    `jax.vmap` takes the place of the workers. It computes what they compute, in one program for all runs.
    """
    steps = steps or problem.steps
    draws = draw(problem, range(seeds), steps)

    def run(tx: Any, params: Any, batches: Any) -> Any:
        def step(carry: Any, batch: Any) -> Any:
            params, state = carry
            parts = jax.tree.map(lambda leaf: leaf.reshape(workers, -1, *leaf.shape[1:]), batch)

            def work(state: Any, part: Any) -> Any:
                return tx.update(find_gradient(problem, method, params, part), state, params)

            updates, state = jax.vmap(work, axis_name=AXIS)(state, parts)
            params = gl.apply_updates(params, jax.tree.map(lambda leaf: leaf[0], updates))
            return (params, state), params

        # The workers begin alike, but how many there are is known only where they are mapped.
        state = jax.vmap(lambda _: tx.init(params), axis_name=AXIS)(jnp.arange(workers))
        early = jax.tree.map(lambda leaf: leaf[:-LATE], batches)
        late = jax.tree.map(lambda leaf: leaf[-LATE:], batches)
        carry, _ = jax.lax.scan(lambda carry, batch: (step(carry, batch)[0], None), (params, state), early)
        _, points = jax.lax.scan(step, carry, late)
        return jax.tree.map(jnp.mean, jax.vmap(problem.metrics)(points))

    over_seeds = jax.vmap(run, in_axes=(None, 0, 0))
    found = jit_fast(jax.vmap(over_seeds, in_axes=(0, None, None)))(
        stack_optimizers([method.optimizer(rate, steps) for rate in rates]), draws.params, draws.batches
    )
    return {name: np.asarray(values) for name, values in found.items()}


def score(problem: Problem, metrics: dict[str, np.ndarray]) -> tuple[int, np.ndarray]:
    """Return the position of the best rate on one half of the seeds, and its scores from the other half."""
    chosen_by = metrics[problem.score.chosen_by or problem.score.metric]
    half = chosen_by.shape[1] // 2
    values = chosen_by[:, :half].mean(axis=1)
    best = int(np.nanargmax(values) if problem.score.higher_is_better else np.nanargmin(values))
    return best, metrics[problem.score.metric][best, half:]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "problems", nargs="*", default=PROBLEMS, help="problems of the laboratory, whose batches divide"
    )
    parser.add_argument("--bytes", action="store_true", help="only count the bytes")
    options = parser.parse_args(arguments)
    jax.config.update("jax_num_cpu_devices", WORKERS)
    for name in options.problems:
        problem = find_problem(name)
        elements = sum(leaf.size for leaf in jax.tree.leaves(jax.eval_shape(problem.init, jax.random.key(0))))
        print(f"{name}: {elements} parameters, {WORKERS} workers")
        baseline = count_bytes_of_step(problem, METHODS[0])
        for method in METHODS:
            sent = count_bytes_of_step(problem, method)
            line = f"  {method.name:52} {sent:8} bytes, 1/{baseline / sent:.1f}"
            if not options.bytes:
                best, scores = score(problem, train(problem, method, RATES.tolist(), SEEDS))
                error = scores.std(ddof=1) / np.sqrt(len(scores))
                line += f", {problem.score.label} {scores.mean():.4f} +- {error:.4f} at {RATES[best]:.1e}"
            print(line, flush=True)


if __name__ == "__main__":
    main()
