"""The laws that a reference adds: the same trajectory, as it was given, at other values, and on complex leaves."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from ..subjects.setting_runs import list_refused, runs_of
from ..subjects.settings import UNCHANGED
from ..subjects.subject import Subject
from ..verdicts.law import (
    TRAJECTORY,
    TRAJECTORY_AT_SETTINGS,
    TRAJECTORY_ON_COMPLEX,
    TRAJECTORY_ON_SCHEDULE,
    Broken,
    Law,
    NotApplicable,
)
from .argument_names import describe_values, list_hyperparameters, list_missing, match_arguments
from .trajectory import TOLERANCE, assert_same_trajectory
from .trajectory_at_settings import find_difference_at_settings, name_exchange, split_by_reference
from .trajectory_on_complex_leaves import require_same_on_complex_leaves
from .trajectory_on_schedule import require_same_on_schedule


def make_trajectory_laws(
    step: Callable[..., Any], subject: Subject | None = None, options: Mapping[str, Any] | None = None
) -> tuple[Law, ...]:
    """Return the laws that a subject moves as a step function does.

    They compare it as it was given, at other values, with a schedule, and on complex leaves.

    `options` are those of `assert_same_trajectory` for the first of them, such as `steps`. With the `subject`, a
    statement names the arguments that are varied.
    """
    varied = [] if subject is None else [argument.name for argument in split_by_reference(subject, step)[0]]
    statement = f"it moves as the reference {step.__name__} does"

    def make(
        name: str, text: str, meaning: str, examine: Callable[[Subject, Any], str | None], excludes: Any = ()
    ) -> Law:
        def compare(subject: Subject) -> str | None:
            _require_counterparts(subject, step)
            if TRAJECTORY in subject.broken_laws:
                raise NotApplicable("it does not move as the reference at the values that were given; mend that first")
            try:
                return examine(subject, _give_extra(step, subject.extra))
            except Broken:
                subject.broken_laws.add(name)
                raise

        return Law(name, text, meaning, compare, excludes=excludes)

    return (
        make(
            TRAJECTORY,
            f"{statement}, in double precision",
            "",
            lambda subject, step: _examine(subject, step, options or {}),
        ),
        make(
            TRAJECTORY_AT_SETTINGS,
            f"{statement} at other values of {_join(varied) or 'the arguments that both have'}",
            "The argument is ignored, replaced by a constant, mixed up with another, or used with the default of "
            "another. Compute with the values that the factory is given.",
            _examine_at_settings,
        ),
        make(
            TRAJECTORY_ON_SCHEDULE,
            f"{statement} when its learning rate is a schedule, for 3,000 steps",
            "The schedule starts at step 1, lags, is frozen, counts something else than updates, or ends late.",
            require_same_on_schedule,
        ),
        make(
            TRAJECTORY_ON_COMPLEX,
            f"{statement} on complex leaves",
            "It squares with g * g where |g|^2 is meant, or loses a part of a number in a cast or in its state.",
            require_same_on_complex_leaves,
            ("real", "stochastic"),
        ),
    )


def _give_extra(step: Callable[..., Any], extra: Mapping[str, Any]) -> Callable[..., Any]:
    """Return a reference that is given the extra arguments of the update that it names too, such as `value`."""
    known = {name: extra[name] for name in extra if name in list_hyperparameters(step)}
    if not known:
        return step
    signature = inspect.signature(step)

    @functools.wraps(step)
    def call(*arguments: Any, **hyperparameters: Any) -> Any:
        return step(*arguments, **(known | hyperparameters))

    del call.__wrapped__  # which would make it the reference of a user
    call.__signature__ = signature  # type: ignore[attr-defined]
    return call


def _require_counterparts(subject: Subject, step: Callable[..., Any]) -> None:
    """Raise NotApplicable if an argument of the subject chooses leaves, which a reference treats all alike."""
    masks = match_arguments(step, subject.arguments).masks
    if masks:
        raise NotApplicable(
            f"the reference {step.__name__} moves all leaves alike, and the optimizer is given {' and '.join(masks)}; "
            "compare it without"
        )


def _examine(subject: Subject, step: Callable[..., Any], options: Mapping[str, Any]) -> str:
    """Return the values that were compared; raise `Broken` where the trajectories differ."""
    shared = match_arguments(step, subject.arguments)
    missing = list_missing(step, shared.values)
    if missing and not hasattr(step, "__wrapped__"):  # the wrapper of a user's function says what it lacks
        names = " and ".join(missing)
        raise NotApplicable(f"the reference {step.__name__} needs {names}; pass a factory that has an argument for it")
    tx = subject.tx if subject.value is None else subject.value
    try:
        settings = {"shapes": subject.network, "extra": subject.extra} | dict(options)
        assert_same_trajectory(tx, step, **settings, **shared.values)
    except AssertionError as error:
        raise Broken(f"{error}\n{describe_values(step, shared)}") from None
    return describe_values(step, shared)


def _examine_at_settings(subject: Subject, step: Callable[..., Any]) -> str | None:
    """Raise `Broken` with the first values of the arguments at which the trajectories differ.

    Return which arguments were not compared at other values, and why; None if all were.
    """
    runs = runs_of(subject)
    runs.require()
    shared = match_arguments(step, subject.arguments)
    varied, others = split_by_reference(subject, step)
    if not varied:
        raise NotApplicable(f"it has no numeric argument in common with the reference {step.__name__}")
    if list_missing(step, shared.values):
        raise NotApplicable(f"the reference {step.__name__} needs {' and '.join(list_missing(step, shared.values))}")
    found = find_difference_at_settings(subject, step, TOLERANCE)
    if found is not None and found[0] == UNCHANGED:
        raise NotApplicable("it does not move as the reference at the values that were given either")
    if found is not None:
        raise Broken(f"not the trajectory of {step.__name__}: {found[1]}{name_exchange(subject, step, found[0])}")
    refused = list_refused(runs, varied)
    if len(refused) == len(varied):
        raise NotApplicable(f"no argument could be compared at another value: {'; '.join(refused.values())}")
    reasons = [f"not compared at other values: {'; '.join(refused.values())}"] if refused else []
    if others:
        was, such = ("was", "argument") if len(others) == 1 else ("were", "arguments")
        names = _join([argument.name for argument in others])
        reasons.append(f"{names} {was} not varied, because the reference has no such {such}")
    return "; ".join(reasons) or None


def _join(names: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))
