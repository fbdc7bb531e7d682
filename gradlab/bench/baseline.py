"""How much faster a sweep is as one program: the same runs as a Python loop over jitted optax steps.

`python -m gradlab.bench.baseline` trains optax's optimizers on the problems of the race, with the learning rates and
seeds of the race. It does so twice: as a sweep, compilation included; and as people write it, with one compiled step
for each rate and a loop over seeds and steps. Both are measured in this process, one after the other, and the losses
are compared.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import numpy as np
import optax

from ..lab.engine.runner import run_tasks
from ..lab.engine.task import Task
from ..lab.engine.training_loop import Draws, compute_draw_shapes, draw
from ..lab.inputs.contestants import collect_contestants
from ..lab.inputs.factory_adapter import as_factory
from ..lab.inputs.loading import find_problem
from ..lab.problems import Problem

OPTIMIZERS: dict[str, Callable[..., Any]] = {  # contestant of the race -> what optax has of the kind
    "sgd": optax.sgd,
    "sgd_momentum": partial(optax.sgd, momentum=0.9),
    "sgd_nesterov": partial(optax.sgd, momentum=0.9, nesterov=True),
    "sign_sgd": optax.sign_sgd,
    "adagrad": optax.adagrad,
    "adadelta": optax.adadelta,
    "rmsprop": optax.rmsprop,
    "rmsprop_centered": partial(optax.rmsprop, centered=True),
    "rmsprop_momentum": partial(optax.rmsprop, momentum=0.9),
    "adam": optax.adam,
    "adamw": optax.adamw,
    "adamax": optax.adamax,
    "nadam": optax.nadam,
    "amsgrad": optax.amsgrad,
}


class Measurement(NamedTuple):
    """Seconds for the same runs in both ways, and how their losses differ, relative to them."""

    runs: int
    sweep_seconds: float
    loop_seconds: float
    sweep_processor_seconds: float  # of all cores: what tells on a machine that is busy with other things
    loop_processor_seconds: float
    difference: float  # the median over runs of the largest of the first tenth of the steps; later, rounding has grown

    @property
    def ratio(self) -> float:
        """How many times faster the sweep was."""
        return self.loop_seconds / self.sweep_seconds


def measure(
    problems: Sequence[Problem],
    optimizers: Mapping[str, Callable[..., Any]],
    rates: int,
    seeds: int,
    steps: int | None = None,
) -> Measurement:
    """Run both, the sweep first; `steps` left out are each problem's own."""
    updates = [problem.steps if steps is None else steps for problem in problems]
    for problem in problems:
        jax.eval_shape(problem.loss, *_example(problem))  # so that neither has to load its data
    begin = _clocks()
    tasks = [
        Task(
            problem,
            name,
            "optax",
            as_factory(name, make),
            {"learning_rate": _rates(name, problem, rates)},
            tuple(range(seeds)),
            count,
        )
        for problem, count in zip(problems, updates)
        for name, make in optimizers.items()
    ]
    swept = [result.curves.loss for result in run_tasks(tasks)]
    swept_at = _clocks()
    looped = [
        _loop(problem, make, _rates(name, problem, rates), seeds, count)
        for problem, count in zip(problems, updates)
        for name, make in optimizers.items()
    ]
    looped_at = _clocks()
    difference = float(np.median(np.concatenate([_early_differences(*both) for both in zip(swept, looped)])))
    (sweep_wall, sweep_processor), (loop_wall, loop_processor) = swept_at - begin, looped_at - swept_at
    runs = len(tasks) * rates * seeds
    return Measurement(runs, sweep_wall, loop_wall, sweep_processor, loop_processor, difference)


def _rates(name: str, problem: Problem, count: int) -> np.ndarray:
    """The learning rates of the race."""
    return collect_contestants()[name].choose_rates(problem.name, count)


def _early_differences(swept: np.ndarray, looped: np.ndarray) -> np.ndarray:
    early = slice(0, max(1, swept.shape[-1] // 10))
    found = np.abs(swept - looped) / np.maximum(1.0, np.abs(looped))
    return np.nan_to_num(found[..., early]).max(-1).ravel()  # where it diverged, there is nothing to compare


def _example(problem: Problem) -> tuple[Any, Any]:
    shapes = compute_draw_shapes(problem, 1)
    return shapes.params, jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape[1:], leaf.dtype), shapes.batches)


def _clocks() -> np.ndarray:
    return np.array([time.perf_counter(), time.process_time()])


def _loop(problem: Problem, make: Callable[..., Any], rates: np.ndarray, seeds: int, steps: int) -> np.ndarray:
    """The losses on (rate, seed, step), as a script would compute them."""
    draws: Draws = draw(problem, range(seeds), steps)
    evaluate = jax.jit(problem.metrics)
    losses = np.empty((len(rates), seeds, steps), np.float32)
    for row, rate in enumerate(rates.tolist()):
        optimizer = make(rate)

        @jax.jit
        def step(params: Any, state: Any, batch: Any, optimizer: Any = optimizer) -> Any:
            loss, grads = jax.value_and_grad(problem.loss)(params, batch)
            updates, state = optimizer.update(grads, state, params)
            return optax.apply_updates(params, updates), state, loss

        for seed in range(seeds):
            # As NumPy arrays, of which a batch is cut faster than of JAX's.
            params, batches = jax.tree.map(lambda array, at=seed: array[at], draws)
            state, found = optimizer.init(params), []
            for index in range(steps):
                batch = jax.tree.map(lambda array, at=index: array[at], batches)
                params, state, loss = step(params, state, batch)
                found.append(loss)
                if index % max(1, steps // 32) == 0:  # as often as the sweep
                    evaluate(params)
            losses[row, seed] = np.asarray(found)
    return losses


def main() -> None:
    """Measure, and print the ratio."""
    parser = argparse.ArgumentParser(prog="python -m gradlab.bench.baseline", description=__doc__)
    parser.add_argument("--problem", action="append", help="left out: digits and ravine")
    parser.add_argument("--optimizer", action="append", choices=list(OPTIMIZERS), help="left out: all")
    parser.add_argument("--rates", type=int, default=13)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--steps", type=int, default=None, help="left out: the problems' own")
    chosen = parser.parse_args()
    names = chosen.optimizer or list(OPTIMIZERS)
    optimizers = {name: OPTIMIZERS[name] for name in names}
    problems = chosen.problem or ["digits", "ravine"]
    found = measure([find_problem(name) for name in problems], optimizers, chosen.rates, chosen.seeds, chosen.steps)
    print(f"{found.runs} runs on {' and '.join(problems)}: {', '.join(names)}")
    print(
        f"one program for each optimizer   {found.sweep_seconds:7.1f} s, {found.sweep_processor_seconds:.1f} s of "
        f"processor; compilation included"
    )
    print(
        f"a loop over jitted optax steps   {found.loop_seconds:7.1f} s, {found.loop_processor_seconds:.1f} s of "
        f"processor; one compilation for each rate"
    )
    print(f"ratio                            {found.ratio:7.1f}")
    print(
        f"difference of the losses         {found.difference:7.1e}, of the median run, in the first tenth of its steps"
    )


if __name__ == "__main__":
    main()
