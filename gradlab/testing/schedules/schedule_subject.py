"""The schedule under examination, its values at many steps, and the ways in which one is given."""

from __future__ import annotations

import functools
import inspect
import itertools
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ...schedules.base import Schedule
from ...values.factories import complete_arguments
from ...values.value import is_number
from ..subjects.pairs import make_label
from ..verdicts.law import NotApplicable

FIRST = 3000  # every step up to this one is examined
LAST = 2**31 - 1  # the step at which an int32 counter stays
LATE = (2**24 - 1, 2**24, 2**24 + 1, 10**8 + 1, 2**31 - 2)  # a float32 counts to 2^24
_MOST = 6  # arguments whose sums may be the ends of phases


class ScheduleSubject:
    """A schedule under examination: a function of the step, and how it was made.

    `remake`, if it is known, makes it again with other `arguments`.
    """

    domain: tuple[str, ...] = ()  # a schedule is promised everywhere

    def __init__(
        self,
        schedule: Callable[[Any], Any],
        *,
        label: str,
        arguments: Mapping[str, Any] | None = None,
        remake: Callable[..., Callable[[Any], Any]] | None = None,
        claims: Mapping[str, Any] | None = None,
    ):
        self.schedule, self.label, self.remake = schedule, label, remake
        self.arguments, self.claims = dict(arguments or {}), dict(claims or {})
        self._changes: dict[str, list[ScheduleSubject]] = {}

    def __call__(self, step: Any) -> Any:
        return self.schedule(step)

    @functools.cached_property
    def steps(self) -> np.ndarray:
        """The steps to examine: the first ones, those about the numbers among its arguments, and late ones."""
        return list_steps(self.arguments)

    @functools.cached_property
    def values(self) -> np.ndarray:
        """The values at `steps`, in double precision."""
        with jax.enable_x64(True):
            values = evaluate(self.schedule, self.steps)
        if values.shape != self.steps.shape:
            raise NotApplicable(f"its values are arrays of shape {values.shape[1:]}")
        return values

    @functools.cached_property
    def is_single(self) -> bool:
        """True if it computes in single precision although double precision is on."""
        try:
            with jax.enable_x64(True):
                return bool(jax.eval_shape(self.schedule, np.int32(0)).dtype == np.float32)
        except Exception:  # it cannot be traced
            return False

    @functools.cached_property
    def scale(self) -> float:
        """The largest finite value, by which gaps are measured."""
        finite = np.abs(self.values[np.isfinite(self.values)])
        return float(finite.max()) if finite.size and finite.max() > 0 else 1.0

    @property
    def numeric_arguments(self) -> list[str]:
        """The names of the arguments that are numbers; an empty list if the schedule cannot be made again."""
        if self.remake is None:
            return []
        return [name for name, value in self.arguments.items() if is_plain_number(value)]

    def list_changes(self, name: str) -> list[ScheduleSubject]:
        """Return the schedule with other values of one argument, as far as they are accepted."""
        if name not in self._changes:
            self._changes[name] = [
                changed for other in _list_others(self.arguments[name]) if (changed := self._change(name, other))
            ]
        return self._changes[name]

    def _change(self, name: str, value: Any) -> ScheduleSubject | None:
        assert self.remake is not None
        arguments = self.arguments | {name: value}
        try:
            made = self.remake(**arguments)
        except Exception:  # the factory refuses this value
            return None
        return ScheduleSubject(made, label=self.label, arguments=arguments, remake=self.remake, claims=self.claims)


def is_plain_number(value: Any) -> bool:
    """Return whether a value is a number of Python's, and no boolean."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _list_others(value: float) -> list[float]:
    """Return other values to try for a number. A whole number of at least 1 stays whole."""
    if value == 0:
        return [0.01, 0.5] if isinstance(value, float) else [7]
    if value >= 1 and value == int(value):
        others = {int(1.5 * value), max(int(value) // 2, 1), int(value) + 1} - {int(value)}
        return [type(value)(other) for other in sorted(others)[:1] + sorted(others)[-1:]]
    return [1.5 * value, 0.5 * value]


def list_steps(arguments: Mapping[str, Any]) -> np.ndarray:
    """Return the steps to examine, in rising order, as int32."""
    lengths = [float(n) for n in jax.tree.leaves(dict(arguments)) if is_number(n) and np.ndim(n) == 0 and n >= 1]
    lengths = lengths[:_MOST]
    ends = {sum(part) for count in (1, 2, 3) for part in itertools.combinations(lengths, count)}
    near = {int(end) + offset for end in ends if end < LAST - 2 for offset in (-1, 0, 1)}
    return np.array(sorted({*range(FIRST + 1), *near, *LATE}), np.int32)


def evaluate(schedule: Callable[[Any], Any], steps: np.ndarray) -> np.ndarray:
    """Return the values of a schedule as float64, in one program, or one by one if it cannot be traced."""
    try:
        if isinstance(schedule, Schedule):  # all schedules of one factory share a program
            padded = np.pad(steps, (0, -len(steps) % 256), mode="edge")
            return np.asarray(_evaluate_value(schedule, jnp.asarray(padded)), np.float64)[: len(steps)]
        values = jax.jit(jax.vmap(lambda step: jnp.asarray(schedule(step))))(jnp.asarray(steps))
    except Exception:
        values = [np.asarray(schedule(int(step))) for step in steps]
    return np.asarray(values, np.float64)


@jax.jit
def _evaluate_value(schedule: Schedule, steps: jax.Array) -> jax.Array:
    return jax.vmap(lambda step: jnp.asarray(schedule(step)))(steps)


def find_schedule(subject: Any, arguments: Mapping[str, Any], claims: Mapping[str, Any]) -> ScheduleSubject | None:
    """Return the schedule that an object is or makes, or None if it is something else.

    It may be a schedule of gradlab, any function of the step, or a factory of one, which is called with `arguments`.
    """
    if isinstance(subject, Schedule):
        label = repr(subject)
        make: Any = subject.factory.public
        return ScheduleSubject(subject, label=label, arguments=subject.arguments, remake=make, claims=claims)
    is_pair = isinstance(subject, tuple) or all(hasattr(subject, name) for name in ("init", "update"))
    if is_pair or not callable(subject) or isinstance(subject, type):
        return None
    label = make_label(subject, arguments)
    try:
        made = subject(**arguments)
    except Exception:
        made = None
    if isinstance(made, Schedule):
        return ScheduleSubject(made, label=label, arguments=made.arguments, remake=made.factory.public, claims=claims)
    if _is_function_of_step(made):
        complete = complete_arguments(subject, arguments)
        return ScheduleSubject(made, label=label, arguments=complete, remake=subject, claims=claims)
    if _is_scalar(made) or made is None:
        function = functools.partial(subject, **arguments)
        if not _is_function_of_step(function):
            return None
        complete = complete_arguments(subject, arguments)
        complete.pop(_first_name(subject), None)
        name = getattr(subject, "__name__", type(subject).__name__)
        remake = functools.partial(functools.partial, subject)
        return ScheduleSubject(function, label=name, arguments=complete, remake=remake, claims=claims)
    return None


def _is_function_of_step(made: Any) -> bool:
    if isinstance(made, tuple | type) or not callable(made) or hasattr(made, "init"):
        return False
    try:
        return _is_scalar(made(0))
    except Exception:
        return False


def _is_scalar(value: Any) -> bool:
    is_array = isinstance(value, np.ndarray | np.generic | jax.Array)
    return not isinstance(value, bool) and (is_number(value) or (is_array and np.ndim(value) == 0))


def _first_name(function: Any) -> str:
    return next(iter(inspect.signature(function).parameters), "")
