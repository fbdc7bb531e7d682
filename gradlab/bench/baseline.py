"""The time of a sweep beside its baseline: a Python loop over compiled optax steps that does the same runs.

`python -m gradlab.bench.baseline` trains optax's optimizers on problems of the race, with the learning rates and seeds
of the race, in two ways. One is a sweep; its time includes the compilation. The other is a usual script, with one
compiled step for each learning rate, and a loop over seeds and steps. Both are measured in one process, one after the
other, and their losses are compared.
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

from ..lab._engine.task import Task
from ..lab._engine.task_runner import run_tasks
from ..lab._engine.training_loop import Draws, compute_draw_shapes, draw
from ..lab._inputs.default_contestants import collect_contestants
from ..lab._inputs.factory_adapter import as_factory
from ..lab._inputs.loading import find_problem
from ..lab.problems import Problem

OPTIMIZERS: dict[str, Callable[..., Any]] = {  # contestant of the race -> the corresponding optimizer of optax
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
    """The seconds that the same runs take in both ways, and the difference of their losses."""

    runs: int
    sweep_seconds: float
    loop_seconds: float
    # The processor time of all cores, which is more reliable when other programs run on the machine.
    sweep_processor_seconds: float
    loop_processor_seconds: float
    # The median over runs of the largest relative difference in the first tenth of the steps. Later, differences of
    # rounding have grown.
    difference: float

    @property
    def ratio(self) -> float:
        """How many times faster the sweep is than the loop."""
        return self.loop_seconds / self.sweep_seconds


def measure(
    problems: Sequence[Problem],
    optimizers: Mapping[str, Callable[..., Any]],
    rates: int,
    seeds: int,
    steps: int | None = None,
) -> Measurement:
    """Measure both ways, the sweep first. If `steps` is None, each problem has its own number of steps."""
    steps_of = [problem.steps if steps is None else steps for problem in problems]
    for problem in problems:
        jax.eval_shape(problem.loss, *_example(problem))  # loads the data, so that neither way has to
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
        for problem, count in zip(problems, steps_of)
        for name, make in optimizers.items()
    ]
    sweep_losses = [result.curves.loss for result in run_tasks(tasks)]
    between = _clocks()
    loop_losses = [
        _loop(problem, make, _rates(name, problem, rates), seeds, count)
        for problem, count in zip(problems, steps_of)
        for name, make in optimizers.items()
    ]
    end = _clocks()
    differences = [_early_differences(*both) for both in zip(sweep_losses, loop_losses)]
    difference = float(np.median(np.concatenate(differences)))
    (sweep_wall, sweep_processor), (loop_wall, loop_processor) = between - begin, end - between
    runs = len(tasks) * rates * seeds
    return Measurement(runs, sweep_wall, loop_wall, sweep_processor, loop_processor, difference)


def _rates(name: str, problem: Problem, count: int) -> np.ndarray:
    """Return the learning rates of the race."""
    return collect_contestants()[name].choose_rates(problem.name, count)


def _early_differences(sweep: np.ndarray, loop: np.ndarray) -> np.ndarray:
    """Return the largest relative difference of each run in the first tenth of its steps."""
    early = slice(0, max(1, sweep.shape[-1] // 10))
    differences = np.abs(sweep - loop) / np.maximum(1.0, np.abs(loop))
    return np.nan_to_num(differences[..., early]).max(-1).ravel()  # NaN after a divergence counts as no difference


def _example(problem: Problem) -> tuple[Any, Any]:
    """Return the shapes of the parameters and of a batch."""
    shapes = compute_draw_shapes(problem, 1)
    return shapes.params, jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape[1:], leaf.dtype), shapes.batches)


def _clocks() -> np.ndarray:
    """Return the time of the clock on the wall, and the processor time, in seconds."""
    return np.array([time.perf_counter(), time.process_time()])


def _loop(problem: Problem, make: Callable[..., Any], rates: np.ndarray, seeds: int, steps: int) -> np.ndarray:
    """Return the losses on (rate, seed, step), computed as a script would."""
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
            # NumPy arrays, because taking a batch of a JAX array is slower.
            params, batches = jax.tree.map(lambda array, at=seed: array[at], draws)
            state, run_losses = optimizer.init(params), []
            for index in range(steps):
                batch = jax.tree.map(lambda array, at=index: array[at], batches)
                params, state, loss = step(params, state, batch)
                run_losses.append(loss)
                if index % max(1, steps // 32) == 0:  # about as often as the sweep
                    evaluate(params)
            losses[row, seed] = np.asarray(run_losses)
    return losses


def main() -> None:
    """Measure both ways with the options of the command line, and print the result."""
    parser = argparse.ArgumentParser(prog="python -m gradlab.bench.baseline", description=__doc__)
    parser.add_argument("--problem", action="append", help="a problem; default: digits and ravine")
    parser.add_argument("--optimizer", action="append", choices=list(OPTIMIZERS), help="an optimizer; default: all")
    parser.add_argument("--rates", type=int, default=13)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--steps", type=int, default=None, help="updates in a run; default: those of each problem")
    options = parser.parse_args()
    names = options.optimizer or list(OPTIMIZERS)
    optimizers = {name: OPTIMIZERS[name] for name in names}
    problems = options.problem or ["digits", "ravine"]
    measurement = measure(
        [find_problem(name) for name in problems], optimizers, options.rates, options.seeds, options.steps
    )
    print(f"{measurement.runs} runs on {' and '.join(problems)}: {', '.join(names)}")
    rows = {
        "one program for each optimizer": f"{_format(measurement.sweep_seconds, measurement.sweep_processor_seconds)}; "
        f"compilation included",
        "a loop over jitted optax steps": f"{_format(measurement.loop_seconds, measurement.loop_processor_seconds)}; "
        f"one compilation for each rate",
        "ratio": f"{measurement.ratio:7.1f}",
        "difference of the losses": f"{measurement.difference:7.1e} in the median run, in the first tenth of its steps",
    }
    for label, text in rows.items():
        print(f"{label:33}{text}")


def _format(seconds: float, processor_seconds: float) -> str:
    return f"{seconds:7.1f} s, {processor_seconds:.1f} s of processor time"


if __name__ == "__main__":
    main()
