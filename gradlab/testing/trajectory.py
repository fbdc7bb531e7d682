"""The trajectory of a transformation, compared with that of an independent reference in double precision."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import numpy as np
import optax

from ..base import Transformation
from ..hyperparameters import is_schedule
from ..schedules.base import as_schedule
from ..schedules.decay import exponential
from . import references
from .double_precision_runs import compute_points, draw_start, perturb_last_digit
from .gradient_sequences import SEQUENCES, draw
from .law import Broken
from .mistake_identification import name_mistake

STEPS = 120
TOLERANCE = 1e-11  # of the distance travelled


class Difference(NamedTuple):
    """The first step at which a trajectory leaves its reference."""

    sequence: str  # the name of the gradient sequence
    rate: str  # "constant" or "decaying"
    step: int  # counted from 0
    element: int
    update: float  # the transformation's update at that step
    expected: float  # the reference's
    gap: float  # between the points, as a fraction of the distance travelled

    def __str__(self) -> str:
        when = "" if self.rate == "constant" else " with a decaying learning rate"
        return (
            f"on {self.sequence} gradients{when}, at step {self.step} (counted from 0), element {self.element}, "
            f"the update is {self.update:.9g}; the reference gives {self.expected:.9g}. "
            f"The gap is {self.gap:.2g} times the distance travelled so far."
        )


def assert_same_trajectory(
    tx: optax.GradientTransformation,
    reference: str | Callable[..., Any],
    *,
    steps: int = STEPS,
    tolerance: float = TOLERANCE,
    sequences: tuple[str, ...] = tuple(SEQUENCES),
    **hyperparameters: Any,
) -> None:
    """Require that a transformation moves exactly as an independent step function, on all gradient `sequences`.

    `reference` is a step function as in `gradlab.testing.references`, or the name of one there. It is called with the
    `hyperparameters`; those of a gradlab value need not be given. If `tx` is a gradlab value whose `learning_rate` is a
    number, the comparison is repeated with a learning rate that decays to a tenth.

    A gap counts if it exceeds `tolerance` times the distance travelled so far, plus 100 times the effect that a change
    in the last digit of the gradients has on the reference itself. Raises AssertionError that says where the first
    difference is, and which known mistake gives exactly these numbers, if one does.
    """
    step = find_reference(reference)
    difference = find_difference(tx, step, steps, tolerance, sequences, hyperparameters)
    if difference is None:
        return
    text = f"not the trajectory of {step.__name__}: {difference}"
    versions = _list_versions(tx, _complete(tx, step, hyperparameters), steps)
    mistake = name_mistake(step.__name__, versions, sequences, steps)
    if mistake is not None:
        text += f"\nIt computes exactly what {step.__name__} does with this mistake: {mistake}."
    raise AssertionError(text)


def require_same_trajectory(
    tx: optax.GradientTransformation, reference: Any, hyperparameters: Mapping[str, Any]
) -> None:
    """Raise `Broken` unless `assert_same_trajectory` passes with its defaults."""
    try:
        assert_same_trajectory(tx, reference, **hyperparameters)
    except AssertionError as error:
        raise Broken(str(error)) from None


def list_references() -> list[str]:
    """Return the names of the step functions in `gradlab.testing.references`, sorted."""
    functions = [name for name, item in vars(references).items() if inspect.isfunction(item)]
    return sorted(name for name in functions if name != "trajectory")


def find_reference(reference: str | Callable[..., Any]) -> Callable[..., Any]:
    """Return the step function of that name; a function is returned as it is. Raise ValueError for an unknown name."""
    if callable(reference):
        return reference
    if reference not in list_references():
        names = ", ".join(list_references())
        raise ValueError(f"unknown reference {reference!r}; there are: {names}; or pass a step function")
    return getattr(references, reference)


def find_difference(
    tx: optax.GradientTransformation,
    step: Callable[..., Any],
    steps: int,
    tolerance: float,
    sequences: tuple[str, ...],
    hyperparameters: Mapping[str, Any],
) -> Difference | None:
    """Return the first difference between a transformation and a step function, or None."""
    hyperparameters = _complete(tx, step, hyperparameters)
    arguments = {name: _to_plain(value) for name, value in hyperparameters.items()}
    difference = _compare(tx, step, arguments, steps, tolerance, sequences, "constant")
    decaying = _decay_learning_rate(tx, hyperparameters, steps)
    if difference is not None or decaying is None:
        return difference
    initial, decay = hyperparameters["learning_rate"], _decay_per_step(steps)
    # The reference gets a plain Python function, so that a wrong schedule of gradlab's would show as a difference.
    arguments["learning_rate"] = lambda t: initial * decay**t
    if "initial_rate" in inspect.signature(step).parameters:
        arguments["initial_rate"] = initial
    return _compare(decaying, step, arguments, steps, tolerance, sequences, "decaying")


def _decay_per_step(steps: int) -> float:
    """The factor by which a learning rate that falls to a tenth is multiplied at each step."""
    return 0.1 ** (1 / steps)


def _decay_learning_rate(tx: Any, hyperparameters: Mapping[str, Any], steps: int) -> Transformation | None:
    """Return a gradlab value with a learning rate that decays to a tenth; None if its learning rate is no number."""
    rate = hyperparameters.get("learning_rate")
    if not isinstance(tx, Transformation) or not isinstance(rate, float) or "learning_rate" not in tx.arguments:
        return None
    return tx.replace(learning_rate=exponential(rate, 1.0, _decay_per_step(steps)))


def _list_versions(tx: Any, hyperparameters: dict[str, Any], steps: int) -> list[tuple[Any, dict[str, Any]]]:
    """Return a transformation and, if it can be made, the one with a decaying learning rate, with hyperparameters."""
    decaying = _decay_learning_rate(tx, hyperparameters, steps)
    if decaying is None:
        return [(tx, hyperparameters)]
    return [(tx, hyperparameters), (decaying, hyperparameters | {"learning_rate": decaying.learning_rate})]


def _complete(tx: Any, step: Callable[..., Any], hyperparameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the hyperparameters for a step function, with those of a gradlab value where none are given."""
    if not isinstance(tx, Transformation):
        return dict(hyperparameters)
    parameters = inspect.signature(step).parameters
    names = {"initial_accumulator_value": "initial_accumulator"}  # the references use a shorter name
    own = {names.get(name, name): value for name, value in tx.arguments.items()}
    return {name: value for name, value in own.items() if name in parameters} | dict(hyperparameters)


def _compare(
    tx: optax.GradientTransformation,
    step: Callable[..., Any],
    arguments: Mapping[str, Any],
    steps: int,
    tolerance: float,
    sequences: tuple[str, ...],
    rate: str,
) -> Difference | None:
    """Return the first difference; `arguments` are those of the step function: numbers, or functions of the step."""
    start, gradients = draw_start(), draw(sequences, steps)
    perturbed = perturb_last_digit(gradients)
    points = compute_points(tx, sequences, steps)[0]
    for index, name in enumerate(sequences):
        expected = references.trajectory(step, start, gradients[index], **arguments)
        uncertainty = np.abs(references.trajectory(step, start, perturbed[index], **arguments) - expected)
        travelled = np.maximum.accumulate(np.abs(expected - start), axis=0)
        allowed = tolerance * travelled.max(axis=1, keepdims=True) + 1e-15
        allowed = allowed + 100 * np.maximum.accumulate(uncertainty, axis=0)
        gaps = np.abs(points[index] - expected)
        wrong = ~(gaps <= allowed)  # written so that NaN is wrong too
        if wrong.any():
            at = int(wrong.any(axis=1).argmax())
            element = int(wrong[at].argmax())
            distance = float(travelled[at].max()) or 1.0
            update, right = (float(path[at, element] - path[at - 1, element]) for path in (points[index], expected))
            return Difference(name, rate, at - 1, element, update, right, float(gaps[at, element]) / distance)
    return None


def _to_plain(value: Any) -> Any:
    """Return a hyperparameter as a Python number, or as a function of the step that returns one in double precision."""
    if isinstance(value, jax.Array):
        return float(value)
    if not is_schedule(value):
        return value
    # Outside of jit, a power of the step would be compiled anew for each step. All sequences ask for the same steps,
    # so the values are remembered.
    schedule = jax.jit(as_schedule(value))

    @functools.cache
    def evaluate(step: float) -> float:
        with jax.enable_x64(True):
            return float(schedule(int(step)))

    return evaluate
