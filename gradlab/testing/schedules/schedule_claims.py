"""Claims of schedules: where they start and end, that they never rise or fall, and that their phases meet."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from ..verdicts.law import Broken, ClaimValue
from .schedule_laws import schedule_law
from .schedule_subject import FIRST, ScheduleSubject, evaluate, is_plain_number


@schedule_law(
    "it starts at its declared value, at step 0",
    meaning="The schedule counts from 1, or has a start value that is not used.",
    claimed=True,
    value=ClaimValue("the value at step 0", "0.0", is_plain_number),
)
def start(subject: ScheduleSubject) -> None:
    require_value(subject, [0], float(subject.claims["start"]), "the value at step 0")


def _is_end(value: Any) -> bool:
    is_pair = isinstance(value, tuple | list) and len(value) == 2 and all(map(is_plain_number, value))
    return is_pair and value[0] >= 0 and value[0] == int(value[0])


@schedule_law(
    "it reaches its declared end value exactly at the declared step, and keeps it",
    meaning="The last phase is one step too long or short, its length counts the phases before it, or nothing bounds "
    "the step at the end.",
    claimed=True,
    value=ClaimValue("a pair of the step from which it has its last value, and that value", "(1000, 0.0)", _is_end),
)
def end(subject: ScheduleSubject) -> None:
    require_end(subject, *subject.claims["end"])


@schedule_law(
    "it never changes in the other direction",
    meaning="Two phases overlap or leave a gap, or the step is not bounded at the end of one.",
    claimed=True,
    value=ClaimValue('"falling" or "rising"', '"falling"', lambda value: value in ("falling", "rising")),
)
def monotone(subject: ScheduleSubject) -> None:
    direction = subject.claims["monotone"]
    values = subject.values if direction == "rising" else -subject.values
    wrong = ~(values[1:] >= values[:-1] - 1e-12 * subject.scale)  # NaN is neither larger nor smaller
    if wrong.any():
        at = int(wrong.argmax())
        before, after = subject.steps[at : at + 2]
        raise Broken(
            f"it should be {direction}, but the value is {subject.values[at]:.9g} at step {before}, and "
            f"{subject.values[at + 1]:.9g} at step {after}"
        )


@schedule_law(
    "its phases meet without a jump",
    meaning="A phase starts at another value than the one before it ends at, or counts its steps from another one.",
    claimed=True,
)
def continuous(subject: ScheduleSubject) -> None:
    values = subject.values[: FIRST + 1]
    with np.errstate(invalid="ignore"):
        changes = np.abs(np.diff(values))
        beside = np.maximum(np.append(changes[1:], 0.0), np.insert(changes[:-1], 0, 0.0))
        jumps = ~(changes <= 4 * beside + 0.02 * np.ptp(values))
    if jumps.any():
        at = int(np.where(jumps, changes, 0).argmax())
        raise Broken(
            f"it jumps from {values[at]:.9g} at step {at} to {values[at + 1]:.9g} at step {at + 1}; the steps "
            f"beside it change it by at most {beside[at]:.3g}"
        )


def require_end(subject: ScheduleSubject, step: float, value: float) -> None:
    """Require a value from a step on."""
    first = int(np.ceil(step))
    later = [first + n for n in (0, 1, 10, 1000)] + [2**31 - 2]
    require_value(subject, [n for n in later if first <= n < 2**31 - 1], value, f"the value from step {first} on")


def require_value(subject: ScheduleSubject, steps: list[int], expected: float, what: str) -> None:
    """Require the value at some steps up to the last digits, in single and in double precision."""
    for is_double in (True, False):
        with jax.enable_x64(is_double):
            values = evaluate(subject.schedule, np.array(steps, np.int32))
        precision = np.float64 if is_double and not subject.is_single else np.float32
        allowed = 8 * float(np.finfo(precision).eps) * max(abs(expected), subject.scale)
        wrong = ~(np.abs(values - expected) <= allowed)
        if wrong.any():
            at = int(wrong.argmax())
            raise Broken(f"{what} should be {expected:.9g}; at step {steps[at]} it is {values[at]:.9g}")
