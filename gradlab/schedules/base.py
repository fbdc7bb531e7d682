"""The schedule value: a hyperparameter that is a function of the step, which counts from 0."""

from __future__ import annotations

import functools
import inspect
import operator
from collections.abc import Callable
from typing import Any, ParamSpec, TypeAlias, overload

import jax

from ..arithmetic.safe_arithmetic import power
from ..values.annotation_evaluation import name_of
from ..values.factories import Factory, accepts, call, is_found_by_name
from ..values.factory_arguments import read_call
from ..values.numeric_arguments import Hyperparameter, Seed, as_weak, is_concrete, is_schedule, read_parameters, resolve
from ..values.value import Value, complete_arguments, is_number, show_argument
from .compiled_steps import explain_unknown_step
from .step_arithmetic import Count, split, steps_since
from .step_validation import as_count, as_counter, is_too_large

Step: TypeAlias = Any  # an integer scalar: Python's, an array or a tracer

P = ParamSpec("P")

_OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "**": power,
}

# The forms in which a function receives the step, by their names in `schedule`.
_FORMS: dict[str, Callable[[Count], Any]] = {
    "float": lambda step: step.as_float,
    "integer": lambda step: step.whole,
    "exact": lambda step: step,
}


class Schedule(Value):
    """A function of the step that is also a pytree of its numbers, with `+ - * / **` as on numbers.

    Call it with the step, an integer scalar counted from 0: of Python, of NumPy, or an array of any integer dtype. A
    negative step counts as step 0. A float must hold a whole number; inside a trace it is rounded down. The result is a
    weakly typed scalar, which takes on the dtype that it meets. It is the same whether the schedule is compiled, closed
    over or mapped. Boundaries are compared as integers, up to step $2^{31} - 1$, the last that an int32 counter
    reaches. A Python number may be larger. Raises TypeError for a step that is not a number, and ValueError for one
    that is not whole.

    Like a transformation, a schedule is compared by its factory and arguments, pickles, prints as the call that made
    it, and never causes a second compilation.

    >>> rate = 0.1 * gl.schedules.linear(1.0, 0.0, 10)
    >>> [round(float(rate(step)), 3) for step in (0, 5, 10)]
    [0.1, 0.05, 0.0]
    """

    __slots__ = ("__weakref__", "children", "factory")
    __array_ufunc__ = None  # NumPy then leaves `array * schedule` to the schedule

    def __call__(self, step: Step) -> Any:
        if isinstance(step, Count):  # the call comes from a schedule that holds this one
            return self._at(step)
        counter = as_counter(step)
        if is_too_large(counter) and not jax.config.jax_enable_x64:  # type: ignore[attr-defined]
            with jax.enable_x64(True):
                value = self._at(as_count(counter))
            return as_weak(value)
        return self._at(as_count(counter))

    def _at(self, step: Count) -> Any:
        factory = self.factory
        arguments = {
            name: as_schedule(value) if factory.parameters[name].range is not None and is_schedule(value) else value
            for name, value in self.arguments.items()
        }
        arguments = resolve(factory.parameters, arguments, step)
        function = arguments["function"] if factory is from_callable.factory else factory.public  # type: ignore[attr-defined]
        with explain_unknown_step(name_of(function)):
            return call(factory.build, factory.parameters, arguments)(_FORMS[factory.step](step))

    def __reduce__(self) -> tuple[Any, ...]:
        factory = self.factory
        if is_found_by_name(factory.build):  # a wrapped function, of which pickle finds only the bare function
            return _unpickle_wrapped, (factory.build, factory.step, self.children)
        return super().__reduce__()

    def _constant(self) -> Any:
        arguments = self.arguments
        if self.factory is constant.factory:  # type: ignore[attr-defined]
            return arguments["value"] if is_concrete(arguments["value"]) else None
        if self.factory is not combined.factory:  # type: ignore[attr-defined]
            return None
        sides = [
            side._constant() if isinstance(side, Schedule) else side if is_number(side) and is_concrete(side) else None
            for side in (arguments["left"], arguments["right"])
        ]
        return None if any(side is None for side in sides) else _OPERATIONS[arguments["operation"]](*sides)

    def __add__(self, other: Any) -> Schedule:
        return combined("+", self, other)

    def __radd__(self, other: Any) -> Schedule:
        return combined("+", other, self)

    def __sub__(self, other: Any) -> Schedule:
        return combined("-", self, other)

    def __rsub__(self, other: Any) -> Schedule:
        return combined("-", other, self)

    def __mul__(self, other: Any) -> Schedule:
        return combined("*", self, other)

    def __rmul__(self, other: Any) -> Schedule:
        return combined("*", other, self)

    def __truediv__(self, other: Any) -> Schedule:
        return combined("/", self, other)

    def __rtruediv__(self, other: Any) -> Schedule:
        return combined("/", other, self)

    def __pow__(self, other: Any) -> Schedule:
        return combined("**", self, other)

    def __rpow__(self, other: Any) -> Schedule:
        return combined("**", other, self)

    def __neg__(self) -> Schedule:
        return combined("*", -1.0, self)

    def __repr__(self) -> str:
        if self.factory is combined.factory:  # type: ignore[attr-defined]
            return f"({show_argument(self.left)} {self.operation} {show_argument(self.right)})"
        return super().__repr__()


@overload
def schedule(factory: Callable[P, Callable[[Any], Any]], /, *, step: str = "float") -> Callable[P, Schedule]: ...
@overload
def schedule(*, step: str = "float") -> Callable[[Callable[P, Callable[[Any], Any]]], Callable[P, Schedule]]: ...


def schedule(factory: Callable[..., Any] | None = None, /, *, step: str = "float") -> Any:
    """Make a schedule factory of a function that takes hyperparameters and returns a function of the step.

    The step arrives as a weakly typed float scalar, so plain arithmetic and `jax.numpy` keep the dtype of what the
    result will scale::

        @gl.schedules.schedule
        def square_root_decay(init_value: gl.Positive, timescale: gl.Positive = 1.0):
            return lambda step: init_value / jnp.sqrt(1 + step / timescale)

    In float32 this step is exact up to $2^{24}$. With `step="integer"` it arrives as an integer scalar, which is exact
    up to $2^{31} - 1$, for example to index a table or to compare with a boundary::

        @gl.schedules.schedule(step="integer")
        def alternating(high: gl.Positive, low: gl.Positive):
            return lambda step: jnp.where(step % 2 == 0, high, low)

    Raises ValueError for any other `step`. Raises TypeError for an annotation that cannot be evaluated, and for an
    argument with the name of an attribute that every schedule has, such as `replace`.

    >>> @gl.schedules.schedule
    ... def square_root_decay(init_value: gl.Positive, timescale: gl.Positive = 1.0):
    ...     return lambda step: init_value / jnp.sqrt(1 + step / timescale)
    >>> square_root_decay(0.1)
    square_root_decay(init_value=0.1, timescale=1.0)
    >>> float(square_root_decay(0.5)(3))
    0.25
    """
    if factory is None:
        return functools.partial(schedule, step=step)
    if step not in _FORMS:
        raise ValueError(f'step must be "float" or "integer", the form in which the step arrives; got {step!r}')
    label = name_of(factory)
    parameters = read_parameters(factory, label)
    Schedule._require_free_names(label, parameters)

    @functools.wraps(factory)
    def make(*args: Any, **kwargs: Any) -> Schedule:
        arguments = read_call(label, factory, parameters, args, kwargs)
        at = call(factory, parameters, arguments)
        if not callable(at):
            raise TypeError(f"{label} must return a function of the step, got {type(at).__name__}: {at!r}")
        return Schedule._from_arguments(make.factory, arguments)  # type: ignore[attr-defined]

    make.factory = Factory(make, factory, label, parameters, step=step)  # type: ignore[attr-defined]
    return make


def _unpickle_wrapped(build: Callable[..., Any], step: str, children: dict[str, Any]) -> Schedule:
    factory = schedule(build, step=step).factory  # type: ignore[attr-defined]
    return Schedule._make(factory, complete_arguments(factory, children))


def as_schedule(value: Any) -> Schedule:
    """Return a schedule of anything that may be a hyperparameter: a number, an array, a function or a schedule.

    Raises TypeError for anything else.

    >>> schedule = gl.schedules.as_schedule(lambda step: 0.1 / (step + 1))
    >>> round(float(schedule(4)), 3)
    0.02
    """
    if isinstance(value, Schedule):
        return value
    if is_number(value) or isinstance(value, jax.core.Tracer):
        return constant(value)
    if callable(value) and not isinstance(value, type):
        return from_callable(value)
    raise TypeError(f"a schedule is a number or a function of the step; got {type(value).__name__}: {value!r}")


@schedule
def constant(value: Hyperparameter):
    """Return the same value at every step.

    >>> float(gl.schedules.constant(0.5)(1000))
    0.5
    """
    return lambda step: value


@schedule(step="integer")
def from_callable(function):
    """Make a schedule of a function of the integer step. It equals another if their functions are the same object."""
    return lambda step: _call_schedule(function, step)


def _call_schedule(function: Any, step: Any) -> Any:
    """Call a user's function of the step. Raises TypeError if it does not accept the step or returns no number."""
    name = getattr(function, "__qualname__", type(function).__name__)
    try:
        value = function(step)
    except TypeError:
        if accepts(function, step):
            raise
        raise TypeError(
            f"the schedule {name} is called with the step, but takes {inspect.signature(function)}"
        ) from None
    if not (is_number(value) or hasattr(value, "dtype")):
        raise TypeError(f"the schedule {name} must return a number, got {type(value).__name__}: {value!r}")
    return value


@schedule(step="exact")
def shift(inner, offset: Seed):
    """Take another schedule `offset` steps later. A negative offset delays it, with its value of step 0 until then.

    >>> line = gl.schedules.linear(1.0, 0.0, 10)
    >>> [round(float(gl.schedules.shift(line, offset)(5)), 3) for offset in (-2, 0, 2)]
    [0.7, 0.5, 0.3]
    """
    return lambda step: as_schedule(inner)(steps_since(step, split(-offset)))


def as_operand(value: Any) -> Any:
    """Return a hyperparameter that arithmetic takes: a function of the step as a schedule, anything else as it is."""
    return as_schedule(value) if is_schedule(value) else value


def shift_ahead(value: Any) -> Any:
    """Return a hyperparameter one step later: a schedule is shifted by one, anything else is returned as it is."""
    return shift(as_schedule(value), 1) if is_schedule(value) else value


@schedule(step="exact")
def combined(operation: str, left, right):
    """Combine two schedules, or a schedule and a number, by `+ - * / **`. The operators of `Schedule` call this.

    A power of 0 whose slope is infinite, as that of a square root, has derivative 0.
    """
    for side in (left, right):
        if isinstance(side, (str, bytes, list, tuple, dict)) or side is None:
            raise TypeError(f"a schedule is joined by {operation} with a number or a schedule; got {side!r}")
    if operation not in _OPERATIONS:
        raise ValueError(f"operation must be one of {', '.join(_OPERATIONS)}, got {operation!r}")
    return lambda step: _OPERATIONS[operation](as_schedule(left)(step), as_schedule(right)(step))
