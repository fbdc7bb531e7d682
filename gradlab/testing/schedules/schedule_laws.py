"""The laws of schedules."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ...schedules.base import Schedule
from ..verdicts.exceptions import summarize
from ..verdicts.law import Broken, ClaimValue, Law, NotApplicable
from .schedule_subject import FIRST, LAST, ScheduleSubject, evaluate

SCHEDULE_LAWS: dict[str, Law] = {}
SCHEDULE_CLAIMS: dict[str, Law] = {}
_FEW = (0, 1, 2, 7, 31, 100, 1000)  # steps at which it is called one by one
_ROUNDING = 4e-6  # of the largest value: two programs in float32 differ by less


def schedule_law(statement: str, *, meaning: str, claimed: bool = False, value: ClaimValue | None = None) -> Any:
    """Register the decorated function as a law of schedules, under its own name with spaces for underscores."""

    def register(examine: Callable[[ScheduleSubject], str | None]) -> Any:
        name = examine.__name__.replace("_", " ")
        (SCHEDULE_CLAIMS if claimed else SCHEDULE_LAWS)[name] = Law(name, statement, meaning, examine, claimed, value)
        return examine

    return register


@schedule_law(
    "the value at a step is one real number, at least in float32",
    meaning="It returns an array with an axis, an integer, a complex number or half precision.",
)
def real_scalar(subject: ScheduleSubject) -> None:
    for step in (0, 5, jnp.int32(5), jnp.int32(FIRST)):
        value = subject(step)
        if isinstance(value, bool) or not isinstance(value, int | float | np.ndarray | np.generic | jax.Array):
            raise Broken(f"at step {step} it returns {type(value).__name__}: {value!r}")
        shape, dtype = np.shape(value), jnp.result_type(value)
        if shape != ():
            raise Broken(f"at step {step} it returns an array of shape {shape}")
        is_plain_integer = isinstance(value, int)
        if not is_plain_integer and not jnp.issubdtype(dtype, jnp.floating):
            raise Broken(f"at step {step} it returns {dtype.name}, expected a floating-point number")
        if not is_plain_integer and jnp.finfo(dtype).bits < 32:
            raise Broken(f"at step {step} it returns {dtype.name}, expected at least float32")


@schedule_law(
    f"its values are finite from step 0 to step {LAST}, where an int32 counter stays",
    meaning="A root or a logarithm of a negative number, a division by zero at step 0, or step + 1, which overflows at "
    "the last step. Bound the step first, as in jnp.minimum(step, last).",
)
def finite(subject: ScheduleSubject) -> None:
    last = np.array([LAST], np.int32)
    grows = abs(subject.values[FIRST]) > abs(subject.values[0])  # what grows without end overflows in the end
    for values, steps in ((subject.values, subject.steps), (evaluate(subject.schedule, last), last)):
        wrong = np.isnan(values) | (np.isinf(values) & ((steps <= FIRST) | ~grows))
        if wrong.any():
            at = int(wrong.argmax())
            raise Broken(f"at step {steps[at]} the value is {values[at]}")


@schedule_law(
    "under jit, vmap and scan it gives the same value as outside of them",
    meaning="It branches on the step with Python's if, min or max, or calls the module math. Use jnp.where, "
    "jnp.minimum and jax.numpy.",
)
def traced_alike(subject: ScheduleSubject) -> None:
    steps = jnp.asarray(_FEW, jnp.int32)
    eager = np.array([_number(subject(jnp.int32(step))) for step in _FEW])

    def one(step: Any) -> Any:
        return jnp.asarray(subject(step)).astype(jnp.float32)

    jitted = jax.jit(one)
    # Each of the three sees the step in a form of its own: a scalar, a row of a batch, and a counter that is carried.
    programs: dict[str, Callable[[], Any]] = {
        "jit": lambda: jnp.stack([jitted(step) for step in steps]),
        "vmap": lambda: jax.vmap(one)(steps),
        "scan": lambda: jax.lax.scan(lambda count, _: (count + 1, one(count)), jnp.int32(0), length=8)[1],
    }
    for name, run in programs.items():
        try:
            values = np.asarray(run(), np.float64)
        except Exception as error:
            raise Broken(f"under {name} it raises {summarize(error)}") from error
        at = (0, 1, 2, 7) if name == "scan" else range(len(_FEW))
        found = values[list(at)] if name == "scan" else values
        gaps = np.abs(found - eager[: len(found)])
        if np.any(~(gaps <= _ROUNDING * subject.scale) & (found != eager[: len(found)])):
            worst = int(np.nan_to_num(gaps, nan=np.inf).argmax())
            raise Broken(
                f"at step {_FEW[worst]} the value under {name} is {found[worst]:.9g}, but {eager[worst]:.9g} outside"
            )


@schedule_law(
    "integers of Python, NumPy and JAX give the same value",
    meaning="It asks for the type of the step, or computes in the dtype of the step, where numbers are cut off or "
    "overflow. Convert the step first, as in jnp.asarray(step, jnp.float32).",
)
def any_integer(subject: ScheduleSubject) -> None:
    for step in (0, 3, 100):
        expected = _number(subject(jnp.int32(step)))
        for kind in (int, np.int32, np.int64):
            try:
                value = _number(subject(kind(step)))
            except Exception as error:
                name = f"the step {step} of type {kind.__name__}"
                raise Broken(f"for {name}, it raises {summarize(error)}") from error
            if not abs(value - expected) <= _ROUNDING * subject.scale:
                raise Broken(
                    f"the step {step} gives {value:.9g} as {kind.__name__}, but {expected:.9g} as an int32 array"
                )


@schedule_law(
    "the value depends on the step alone, in whatever order steps are asked for",
    meaning="It remembers something between calls, such as a Python counter or the last value. Compute the value from "
    "the step alone.",
)
def function_of_the_step(subject: ScheduleSubject) -> None:
    first = [_number(subject(step)) for step in _FEW]
    orders = {"the same steps in reverse order": _FEW[::-1], "the same steps once more": _FEW}
    for what, order in orders.items():
        again = dict(zip(order, [_number(subject(step)) for step in order], strict=True))
        for step, value in zip(_FEW, first, strict=True):
            if again[step] != value and not (np.isnan(again[step]) and np.isnan(value)):
                raise Broken(f"at step {step} it gave {value:.9g}, and {again[step]:.9g} when asked for {what}")


@schedule_law(
    "equal calls make equal schedules, which hash alike and pickle",
    meaning="An argument does not compare, hash or pickle by its value.",
)
def a_value(subject: ScheduleSubject) -> None:
    schedule = subject.schedule
    if not isinstance(schedule, Schedule):
        raise NotApplicable("it is a plain function, which compares by identity; gl.schedules.schedule makes values")
    again = schedule.replace()
    if again != schedule or hash(again) != hash(schedule):
        raise Broken(f"made twice from the same arguments, {schedule!r} is not equal to itself")
    copy = pickle.loads(pickle.dumps(schedule))
    if copy != schedule or _number(copy(3)) != _number(schedule(3)):
        raise Broken(f"pickled and restored, {schedule!r} is {copy!r}")


@schedule_law(
    "each numeric argument changes the value at some step",
    meaning="An argument is ignored, or replaced by a number in the code.",
)
def every_argument_matters(subject: ScheduleSubject) -> str | None:
    if not subject.numeric_arguments:
        raise NotApplicable("no numeric argument is known: pass a factory and its arguments")
    left = []
    for name in subject.numeric_arguments:
        changed = subject.list_changes(name)
        if not changed:
            left.append(name)
        elif not any(_differ(subject, other) for other in changed) and not _matters_elsewhere(subject, name):
            values = ", ".join(f"{other.arguments[name]:g}" for other in changed)
            raise Broken(f"{name}={subject.arguments[name]:g} and {name}={values} give the same values at all steps")
    return f"{', '.join(left)}, of which no other value was accepted. Pass other arguments" if left else None


def _matters_elsewhere(subject: ScheduleSubject, name: str) -> bool:
    """Return whether an argument matters once another one has been changed, as a length between equal ends does."""
    for other in subject.numeric_arguments:
        if other != name:
            for base in subject.list_changes(other)[:1]:
                if any(_differ(base, changed) for changed in base.list_changes(name)):
                    return True
    return False


def _differ(left: ScheduleSubject, right: ScheduleSubject) -> bool:
    """Return whether two schedules have different values at a step at which both are known."""
    _, here, there = np.intersect1d(left.steps, right.steps, return_indices=True)
    with np.errstate(invalid="ignore"):
        gaps = np.abs(left.values[here] - right.values[there])
    return bool(np.any(gaps > 1e-12 * max(left.scale, right.scale)))


def _number(value: Any) -> float:
    if np.shape(value) != ():
        raise NotApplicable(f"its values are arrays of shape {np.shape(value)}")
    return float(np.asarray(value))
