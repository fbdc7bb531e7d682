"""The trajectory of a transformation whose learning rate is a schedule, compared with that of its reference."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..inputs.gradient_sequences import draw, spread_over_steps
from ..inputs.trees import VECTOR_AND_MATRIX, by_path, select_ranks
from ..references.runner import displacements
from ..subjects.double_precision_runs import draw_start, pick_lane, run
from ..subjects.subject import Subject
from ..verdicts.exceptions import describe
from ..verdicts.law import Broken, NotApplicable
from .argument_names import list_hyperparameters, match_arguments
from .trajectory import LONG
from .trajectory_difference import Difference, Paths, compare_paths

_RATE = "learning_rate"
_TOLERANCE = 1e-6  # of the distance travelled: many transformations round the rate to float32
_RISE, _FALL, _LAST = 50, 2500, 0.04  # steps of the warm-up, steps until it stays, and the share at which it stays


def require_same_on_schedule(subject: Subject, step: Callable[..., Any]) -> str | None:
    """Raise `Broken` where a transformation with a schedule for its rate leaves the reference, within 3,000 steps.

    Frameworks differ in whether the rate enters a buffer of momentum or multiplies it. Both are right, and what is
    returned says that it is the form that the reference has not.
    """
    shared = match_arguments(step, subject.arguments)
    rate, name = shared.values.get(_RATE), shared.names.get(_RATE)
    if name is None or not isinstance(rate, int | float) or isinstance(rate, bool):
        raise NotApplicable("no learning rate is known that is a number, and that the reference has as well")
    tx = _remake(subject, name, float(rate))
    shapes = select_ranks(VECTOR_AND_MATRIX, subject.network)
    start, gradients = draw_start(shapes), draw(("long",), LONG, shapes)
    try:
        own = by_path(pick_lane(run(tx, start, gradients, subject.extra), 0))
    except Exception as error:
        raise NotApplicable(f"it takes no schedule for {name}: with one, it raises {describe(error)}") from None

    def follow(tree: Any, schedule: Callable[[float], float]) -> Paths:
        values = {**shared.values, _RATE: schedule}
        if "initial_rate" in list_hyperparameters(step):
            values["initial_rate"] = schedule(0)
        return displacements(step, by_path(start), by_path(pick_lane(tree, 0)), **values)

    def compare(form: Callable[[], Paths]) -> Difference | None:
        return compare_paths(own, form(), form, _TOLERANCE, "long", "with a schedule")

    def compare_schedule(schedule: Callable[[float], float]) -> Difference | None:
        return compare(lambda: follow(gradients, schedule))

    difference = compare_schedule(lambda t: _share(t) * rate)
    if difference is None:
        return None
    shares = np.array([_share(t) for t in range(LONG)])
    weighted = jax.tree.map(lambda g: g * spread_over_steps(shares, g.shape[1:]), gradients)
    forms = {
        "multiplies": lambda: _weigh(follow(gradients, lambda t: rate), shares),
        "enters": lambda: follow(weighted, lambda t: rate),
    }
    for verb, form in forms.items():
        if compare(form) is None:
            return (
                f"the form of the reference {step.__name__} under a schedule: here the rate {verb} the momentum, a "
                "published form as well, which differs only while the rate changes"
            )
    raise Broken(f"not the trajectory of {step.__name__}: {difference}{_name_cause(compare_schedule, float(rate))}")


def _weigh(paths: Paths, shares: np.ndarray) -> Paths:
    """Return the paths whose changes are multiplied by the share of each step."""
    return {
        path: np.concatenate(
            [
                sums[:1],
                np.cumsum(np.diff(sums, axis=0) * spread_over_steps(shares[: len(sums) - 1], sums.shape), axis=0),
            ]
        )
        for path, sums in paths.items()
    }


def _share(t: float) -> float:
    """Return the share of the rate at a step: it rises in a straight line, falls in another one, and stays."""
    return min((t + 1) / _RISE, 1.0) * max(1 - t / _FALL, _LAST)


def _remake(subject: Subject, name: str, rate: float) -> Any:
    """Return the transformation with a plain function of the step as its learning rate."""

    def schedule(t: Any) -> Any:
        t = jnp.asarray(t, float)
        return rate * jnp.minimum((t + 1) / _RISE, 1) * jnp.maximum(1 - t / _FALL, _LAST)

    if subject.remake is None:
        raise NotApplicable("it cannot be made again with a schedule: pass a factory and its arguments")
    try:
        if subject.value is not None:
            return subject.value.replace(**{name: schedule})
        return subject.remake({name: schedule})
    except Exception as error:
        raise NotApplicable(f"it takes no schedule for {name}: with one, it raises {describe(error)}") from None


def _name_cause(compare: Callable[..., Difference | None], rate: float) -> str:
    """Return the known mistake that explains all updates, as a line, or nothing."""
    mistakes: dict[str, Callable[[float], float]] = {
        "the schedule starts at step 1 instead of step 0": lambda t: rate * _share(t + 1),
        "the rate is that of the step before": lambda t: rate * _share(max(t - 1, 0)),
        "the schedule stays at its first value": lambda t: rate * _share(0),
        "the schedule does not advance each step, but each second one": lambda t: rate * _share(t // 2),
        "the schedule counts two steps at a time": lambda t: rate * _share(2 * t),
    }
    for words, schedule in mistakes.items():
        if compare(schedule) is None:
            return f"\nIt moves as the reference does with this mistake: {words}."
    return ""
