"""The grid of the race as a sweep, beside a Python loop over compiled optax steps that does the same runs.

Optimizers of optax are trained on problems of the race, with the learning rates and seeds of the race, in two ways. One
is a sweep; its time includes the compilation. The other is a usual script, with one compiled step for each learning
rate, and a loop over seeds and steps. Both are measured in one process, one after the other, and their losses are
compared. Afterwards the runs of one optimizer on each problem are measured alone, to compare their matrix products with
the product of large matrices.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np
import optax

from ..lab._engine.compiler import Compiler
from ..lab._engine.evaluation_steps import choose_evaluation_steps
from ..lab._engine.task import Task
from ..lab._engine.task_runner import run_tasks
from ..lab._engine.training_loop import Draws, compute_draw_shapes, draw
from ..lab._inputs.default_contestants import collect_contestants
from ..lab._inputs.factory_adapter import as_factory
from ..lab._inputs.name_lookup import look_up
from ..lab.problems import Problem
from .counterparts import COUNTERPARTS
from .inspection.matrix_products import count_product_operations, measure_matrix_speed

# The contestants whose grid has been measured since the first version, so that its figures can be compared.
RACERS = (
    "sgd", "sgd_momentum", "sgd_nesterov", "sign_sgd", "adagrad", "adadelta", "rmsprop", "rmsprop_centered",
    "rmsprop_momentum", "adam", "adamw", "adamax", "nadam", "amsgrad",
)  # fmt: skip


class Measurement(NamedTuple):
    """The seconds that the same runs take in both ways, and the difference of their losses."""

    runs: int
    sweep_seconds: float
    loop_seconds: float
    # The processor time of all cores in each way, which is more reliable when other programs run on the machine.
    sweep_processor_seconds: float
    loop_processor_seconds: float
    # The median over runs of the largest relative difference in the first tenth of the steps. Later, differences of
    # rounding have grown.
    difference: float
    matrix_speed: float  # floating-point operations per second of a product of large matrices
    # By problem: the optimizer that was run, the operations of its matrix products, and the seconds of its runs.
    products: dict[str, dict[str, Any]]

    @property
    def ratio(self) -> float:
        """How many times faster the sweep is than the loop."""
        return self.loop_seconds / self.sweep_seconds


def find_optimizers(names: Sequence[str]) -> dict[str, Callable[..., Any]]:
    """Return optax's factories by the names of contestants. No names stand for the 14 of the first version.

    Raises UnknownNameError for a name that optax has no counterpart of.
    """
    known = {
        name: counterpart.optax
        for name, counterpart in COUNTERPARTS.items()
        if counterpart.optax is not None and name in collect_contestants() and not counterpart.reads_loss
    }
    return {name: look_up(name, known, "optimizer of the race with a counterpart in optax") for name in names or RACERS}


def measure(
    problems: Sequence[Problem],
    optimizers: Mapping[str, Callable[..., Any]],
    rates: int,
    seeds: int,
    steps: int | None = None,
    on_start: Callable[[str], object] = lambda label: None,
    kept: dict[str, Any] | None = None,
) -> Measurement:
    """Measure both ways, the sweep first. If `steps` is None, each problem has its own number of steps.

    `optimizers` are factories of optax by the name of a contestant of the race. `on_start` is called with a few words
    on what begins. `kept` is filled with what is known before the end: the seconds of the sweep, and those of the loops
    that are done with their number, `loops`.
    """
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
    on_start("one program for each optimizer")
    sweep_losses = [result.curves.loss for result in run_tasks(tasks)]
    between = _clocks()
    kept = {} if kept is None else kept
    kept |= _name_seconds("sweep", begin, between)
    loop_losses = []
    for problem, count in zip(problems, steps_of):
        for name, make in optimizers.items():
            on_start(f"a loop over steps of {name} on {problem.name}")
            loop_losses.append(_loop(problem, make, _rates(name, problem, rates), seeds, count))
            kept |= {"loops": len(loop_losses), **_name_seconds("loop", between, _clocks())}
    end = _clocks()
    differences = [_early_differences(*both) for both in zip(sweep_losses, loop_losses)]
    difference = float(np.median(np.concatenate(differences)))
    (sweep_wall, sweep_processor), (loop_wall, loop_processor) = between - begin, end - between
    runs = len(tasks) * rates * seeds
    on_start("matrix products")
    products = {task.problem.name: _measure_products(task) for task in tasks[:: len(optimizers)]}
    return Measurement(
        runs, sweep_wall, loop_wall, sweep_processor, loop_processor, difference, measure_matrix_speed(), products
    )


def _measure_products(task: Task) -> dict[str, Any]:
    """Return the `optimizer` of a task, the `operations` of its matrix products, and the `seconds` that its runs take.

    The operations are those of the gradients and metrics. The seconds are the least of three, on all cores, without
    compilation and with nothing beside it.
    """
    clocks = []
    with Compiler(reuse_programs=True) as compiler:
        for _ in range(4):
            list(run_tasks([task], compiler=compiler))  # which compiles the first time
            clocks.append(_clocks()[0])
    params, batch = _example(task.problem)
    gradient = jax.make_jaxpr(jax.grad(task.problem.loss))(params, batch)
    metrics = jax.make_jaxpr(task.problem.metrics)(params)
    updates, evaluations = task.partition.chunk * task.partition.chunks, len(choose_evaluation_steps(task.steps))
    run = updates * count_product_operations(gradient) + evaluations * count_product_operations(metrics)
    return {"optimizer": task.name, "operations": task.run_count * run, "seconds": float(np.diff(clocks).min())}


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


def _name_seconds(way: str, begin: np.ndarray, end: np.ndarray) -> dict[str, float]:
    wall, processor = (end - begin).tolist()
    return {f"{way}_seconds": wall, f"{way}_processor_seconds": processor}


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
