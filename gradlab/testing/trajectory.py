"""Comparison of a transformation with an independent step function, in double precision."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from ..base import Transformation
from ..hyperparameters import is_schedule
from ..schedules.decay import exponential
from . import references
from .law import Broken
from .sequences import SEQUENCES, WIDTH, draw

STEPS = 120
TOLERANCE = 1e-11  # of the distance travelled


class Difference(NamedTuple):
    """The first step at which a trajectory leaves its reference."""

    sequence: str
    rate: str  # "constant" or "decaying"
    step: int  # counted from 0
    element: int
    got: float  # the update there
    expected: float
    gap: float  # over the distance travelled

    def __str__(self) -> str:
        when = "" if self.rate == "constant" else " under a decaying rate"
        return (
            f"on {self.sequence} gradients{when}, at step {self.step} (counted from 0), element {self.element}: "
            f"the update is {self.got:.9g}, the reference's {self.expected:.9g}; "
            f"the gap is {self.gap:.2g} of the distance travelled"
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
    """Require that a transformation moves as an independent step function does, over all `sequences` of gradients.

    `reference` is a step function as in `gradlab.testing.references`, or the name of one there. It is called with the
    `hyperparameters`; of a gradlab value, those that are not given are its own. If `tx` has an argument
    `learning_rate` that is a number, the comparison is repeated with a rate that decays to a tenth.

    A gap counts if it exceeds `tolerance` of the distance travelled so far, and also what the last digit of the
    gradients does to the reference itself (a variance that cancels is known no better). Raises AssertionError that
    says where the first difference is, and which known mistake gives exactly these numbers, if one does.
    """
    difference, named = compare(tx, reference, steps, tolerance, sequences, hyperparameters)
    if difference is not None:
        raise AssertionError(explain(tx, named, difference, hyperparameters, steps, tolerance, sequences))


def require_same_trajectory(
    tx: optax.GradientTransformation, reference: Any, hyperparameters: Mapping[str, Any]
) -> None:
    """`assert_same_trajectory` with its defaults, as a law."""
    try:
        assert_same_trajectory(tx, reference, **hyperparameters)
    except AssertionError as error:
        raise Broken(str(error)) from None


def compare(
    tx: optax.GradientTransformation,
    reference: str | Callable[..., Any],
    steps: int,
    tolerance: float,
    sequences: tuple[str, ...],
    hyperparameters: Mapping[str, Any],
) -> tuple[Difference | None, Callable[..., Any]]:
    """The first difference, or None; and the step function that a name stands for."""
    step = _reference(reference)
    given = _own_hyperparameters(tx, step) | dict(hyperparameters)
    gradients = draw(sequences, steps)
    difference = _compare_once(tx, step, gradients, given, tolerance, sequences, "constant")
    rate = given.get("learning_rate")
    if (
        difference is None
        and isinstance(tx, Transformation)
        and isinstance(rate, float)
        and "learning_rate" in tx.arguments
    ):
        decay = 0.1 ** (1 / steps)
        falling = given | {"learning_rate": lambda t: rate * decay**t}
        if "initial_rate" in inspect.signature(step).parameters:
            falling["initial_rate"] = rate
        scheduled = tx.replace(learning_rate=exponential(rate, 1.0, decay))
        difference = _compare_once(scheduled, step, gradients, falling, tolerance, sequences, "decaying")
    return difference, step


def _reference(reference: str | Callable[..., Any]) -> Callable[..., Any]:
    if callable(reference):
        return reference
    found = getattr(references, reference, None)
    if found is None or reference == "trajectory":
        names = sorted(
            name for name, item in vars(references).items() if inspect.isfunction(item) and name != "trajectory"
        )
        raise ValueError(f"there is no reference {reference!r}; there are {', '.join(names)}, or pass a step function")
    return found


def _own_hyperparameters(tx: Any, step: Callable[..., Any]) -> dict[str, Any]:
    if not isinstance(tx, Transformation):
        return {}
    wanted = inspect.signature(step).parameters
    renamed = {"initial_accumulator_value": "initial_accumulator"}
    given = {renamed.get(name, name): value for name, value in tx.arguments.items()}
    return {name: value for name, value in given.items() if name in wanted}


def _compare_once(
    tx: optax.GradientTransformation,
    step: Callable[..., Any],
    gradients: np.ndarray,
    hyperparameters: Mapping[str, Any],
    tolerance: float,
    names: tuple[str, ...],
    rate: str,
) -> Difference | None:
    start = np.random.default_rng(99).standard_normal(WIDTH)
    got = run(tx, start, gradients)
    given = {name: _plain(value) for name, value in hyperparameters.items()}
    nudged = gradients * (1 + 2.0**-51 * np.sign(np.random.default_rng(98).standard_normal(gradients.shape)))
    for index, name in enumerate(names):
        expected = references.trajectory(step, start, gradients[index], **given)
        doubt = np.abs(references.trajectory(step, start, nudged[index], **given) - expected)
        travelled = np.maximum.accumulate(np.abs(expected - start), axis=0)
        allowed = tolerance * travelled.max(axis=1, keepdims=True) + 100 * np.maximum.accumulate(doubt, axis=0) + 1e-15
        gaps = np.abs(got[index] - expected)
        wrong = ~(gaps <= allowed)  # NaN is wrong too
        if wrong.any():
            at = int(wrong.any(axis=1).argmax())
            element = int(wrong[at].argmax())
            distance = float(travelled[at].max()) or 1.0
            update, reference = (float(path[at, element] - path[at - 1, element]) for path in (got[index], expected))
            return Difference(name, rate, at - 1, element, update, reference, float(gaps[at, element]) / distance)
    return None


def run(tx: optax.GradientTransformation, start: np.ndarray, gradients: np.ndarray) -> np.ndarray:
    """The points that a transformation visits in double precision, [sequences, steps + 1, width], from one program."""
    extended = optax.with_extra_args_support(tx)

    def trajectory(sequence: jax.Array) -> jax.Array:
        def step(carry: Any, gradient: jax.Array) -> Any:
            point, state = carry
            updates, state = extended.update(gradient, state, point)
            point = point + updates
            return (point, state), point

        first = jnp.asarray(start)
        _, points = jax.lax.scan(step, (first, extended.init(first)), sequence)
        return jnp.concatenate([first[None], points])

    with jax.enable_x64(True):
        return np.asarray(jax.jit(jax.vmap(trajectory))(jnp.asarray(gradients)))


def explain(
    tx: Any,
    step: Callable[..., Any],
    difference: Difference,
    hyperparameters: Mapping[str, Any],
    steps: int,
    tolerance: float,
    sequences: tuple[str, ...],
) -> str:
    """What differs, and which known mistake gives exactly the numbers of this transformation."""
    from .mutants import known_slips

    text = f"not the trajectory of {step.__name__}: {difference}"
    start, gradients = np.random.default_rng(99).standard_normal(WIDTH), draw(sequences, steps)
    got = run(tx, start, gradients)
    given = _own_hyperparameters(tx, step) | dict(hyperparameters)
    for mutant in known_slips(step.__name__, given):
        try:
            wrong = run(mutant.tx, start, gradients)
        except Exception:  # a mistake that cannot run with these hyperparameters
            continue
        if np.allclose(wrong, got, rtol=1e-9, atol=1e-13, equal_nan=True):
            return f"{text}\nIt computes exactly what {step.__name__} does with this mistake: {mutant.slip}."
    return text


def _plain(value: Any) -> Any:
    if isinstance(value, jax.Array):
        return float(value)
    return (lambda step: float(value(int(step)))) if is_schedule(value) else value
