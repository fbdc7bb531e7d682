"""Hyperparameters: the numeric arguments of a transformation, their ranges, and their values at a step.

A numeric argument may be a Python number, an array, a tracer or a schedule. Annotate it with `Hyperparameter`, or with
one of the ranges below (`Decay`, `Positive`, ...). An argument whose default is a number is a `Hyperparameter` without
an annotation, too. Ranges are checked where the value is concrete, and never inside a trace. An argument annotated
`int`, `bool` or `str` is structure: a new value of it compiles a new program. In a factory of another library, a whole
number is also structure if the default of its argument is a whole number, because it may be the length of a loop.

>>> @gl.recipe
... def fading(rate: gl.NonNegative, decay: gl.Decay = 0.9, share: gl.Fraction = 0.5,
...            limit: gl.Limit = 1.0, factor: gl.Hyperparameter = -1.0, steps: gl.Steps = 0,
...            every: gl.PositiveSteps = 10, size: gl.Positive = 1.0, key: gl.Seed = 0,
...            dtype: gl.Dtype = "float32"):
...     return gl.chain(gl.clip_by_value(limit), gl.scale(factor), gl.sgd(rate))
>>> fading(0.1).dtype, gl.Range(0.0, 1.0).holds(1.0)
('float32', False)
>>> fading(0.1, decay=1.0)
Traceback (most recent call last):
ValueError: fading: decay must be ...
"""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
import optax

from .._compat import convert_weakly
from .annotation_evaluation import name_of, read_hints
from .value import is_number


@dataclass(frozen=True)
class Range:
    """The interval that a hyperparameter must lie in, with a hint for the error outside of it.

    >>> decay = gl.Range(0.0, 1.0)
    >>> print(decay, decay.holds(0.9), decay.holds(1.0))
    [0, 1) True False
    """

    low: float = -np.inf
    high: float = np.inf
    includes_low: bool = True
    includes_high: bool = False  # infinity is excluded by default
    hint: str = ""
    integer: bool = False
    steps: bool = False  # a number of steps stays an integer where a float32 would round it

    def __str__(self) -> str:
        return f"{'[' if self.includes_low else '('}{self.low:g}, {self.high:g}{']' if self.includes_high else ')'}"

    @property
    def kinds(self) -> str:
        """The kinds of values that may be passed, in words."""
        if self.integer:
            return "an integer, an array of such, or a jax.random.key"
        return f"a number in {self}, an array of such, or a schedule (a function of the step)"

    def holds(self, value: Any) -> bool:
        """Return whether every element of a concrete value lies in the interval. NaN lies in none."""
        value = np.asarray(value)
        above = value >= self.low if self.includes_low else value > self.low
        below = value <= self.high if self.includes_high else value < self.high
        return bool(np.all(above & below))


# The body of a factory receives numbers only, so these are `Any` to a type checker.
Hyperparameter: TypeAlias = Annotated[Any, Range(includes_low=False, hint="pass a finite number")]
Decay: TypeAlias = Annotated[Any, Range(0.0, 1.0, hint="a decay is the share of the past that is kept at each step")]
Fraction: TypeAlias = Annotated[Any, Range(0.0, 1.0, includes_high=True, hint="pass a share between 0 and 1")]
NonNegative: TypeAlias = Annotated[Any, Range(0.0, hint="pass a finite number that is not negative")]
Positive: TypeAlias = Annotated[Any, Range(0.0, includes_low=False, hint="pass a finite number above zero")]
Limit: TypeAlias = Annotated[Any, Range(0.0, includes_high=True, hint="pass a number that is not negative, or inf")]
SEED_RANGE = Range(includes_low=False, integer=True, hint="pass an integer, or a jax.random.key")
Seed: TypeAlias = Annotated[Any, SEED_RANGE]
Steps: TypeAlias = Annotated[Any, Range(0.0, steps=True, hint="pass a number of steps that is not negative")]
PositiveSteps: TypeAlias = Annotated[Any, Range(0.0, includes_low=False, steps=True, hint="pass a number above zero")]

_ANY_NUMBER = Range(includes_low=False, hint="pass a finite number")
_ANY_INTEGER = Range(includes_low=False, integer=True, hint="pass an integer")


class DtypeName(str):
    """The name of a dtype, which is stored in place of the dtype itself."""


Dtype: TypeAlias = Annotated[Any, DtypeName]  # anything that `jnp.dtype` takes


@dataclass(frozen=True)
class Reader:
    """An annotation for arguments of another kind: `read(where, value)` checks a value and returns what to store.

    `where` names the argument in errors.
    """

    read: Callable[[str, Any], Any]


class Parameter(NamedTuple):
    """The declaration of one argument of a factory."""

    name: str
    default: Any
    range: Range | None  # None: not a hyperparameter
    transformation: bool  # the argument may be a transformation, and must be one if it has no range
    static: tuple[type, ...]  # the types of an argument that is declared as structure
    variadic: bool  # the `*links` of a chain
    elements: tuple[Range, ...] = ()  # the ranges of a tuple of hyperparameters, or one range for all
    positional: bool = False  # the argument cannot be given by name
    whole: bool = False  # whole numbers are structure, as in factories of other libraries with a whole default
    read: Callable[[str, Any], Any] | None = None  # see `Reader`
    optional: bool = False  # the argument may be None, by its annotation or its default


def read_parameters(
    factory: Callable[..., Any], label: str | None = None, integers_are_structure: bool = False
) -> dict[str, Parameter]:
    """Read the declarations of a factory from its signature and its annotations. `label` is its name in errors.

    With `integers_are_structure`, a whole number is structure if it is passed for an argument whose default is a whole
    number, as in a factory of another library.

    Raises TypeError for a signature that cannot be read, for `**options`, for an annotation that cannot be evaluated,
    and for a range in an annotation where no value is checked against it, as in a dictionary.
    """
    label = label or name_of(factory)
    try:
        signature = inspect.signature(factory).parameters.values()
    except (TypeError, ValueError):
        text = f"{type(factory).__name__}: {factory!r}"
        raise TypeError(f"a factory must be a function of hyperparameters, got {text}") from None
    hints = read_hints(factory, label)
    before_variadic = any(parameter.kind is inspect.Parameter.VAR_POSITIONAL for parameter in signature)
    parameters = {}
    for parameter in signature:
        name, hint = parameter.name, hints[parameter.name]
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            raise TypeError(f"{label}: a factory takes arguments by name, not **{name}; list them")
        variadic = parameter.kind is inspect.Parameter.VAR_POSITIONAL
        before_variadic = before_variadic and not variadic
        static = _static_types(hint)
        interval = None if static else _range_of(hint)
        elements = () if interval is not None and not variadic else _element_ranges(hint, variadic)
        if interval is None and not elements and _holds_range(hint):
            raise TypeError(
                f"{label}: nothing would be checked against the range in the annotation of {name}; annotate a number, "
                f"or a tuple of numbers"
            )
        interval = None if elements else interval
        if interval is None and not (static or variadic or elements):
            members = _members(hint)
            if is_number(parameter.default) or any(member in members for member in (int, float, jax.Array)):
                interval = _ANY_INTEGER if int in members and float not in members else _ANY_NUMBER
        nested = any(isinstance(m, type) and issubclass(m, optax.GradientTransformation) for m in _members(hint))
        by_place = parameter.kind is inspect.Parameter.POSITIONAL_ONLY or before_variadic
        takes_integers = int in _members(hint) or integers_are_structure
        whole = takes_integers and not (static or elements) and _range_of(hint) is None and is_whole(parameter.default)
        optional = parameter.default is None or type(None) in _members(hint)
        read = _reader_of(hint)
        parameters[name] = Parameter(
            name, parameter.default, interval, nested, static, variadic, elements, by_place, whole, read, optional
        )
    return parameters


def resolve(parameters: Mapping[str, Parameter], arguments: Mapping[str, Any], step: Any) -> dict[str, Any]:
    """Return the arguments as numbers: arrays become weakly typed, and schedules become their value at a step.

    For a step of None, schedules stay as they are.
    """
    values = dict(arguments)
    for name, parameter in parameters.items():
        value = values.get(name)
        if parameter.range is None or parameter.range.integer or value is None:
            continue
        if is_schedule(value) and step is not None:
            value = value(step)
        if isinstance(value, (jax.Array, np.ndarray, np.generic)):
            may_be_integer = parameter.whole or parameter.range.steps
            is_integer = may_be_integer and jnp.issubdtype(value.dtype, jnp.integer)
            value = as_weak(value, int if is_integer else float)
        values[name] = value
    return values


def is_concrete(values: Any) -> bool:
    """Return whether a tree holds numbers only, without tracers, schedules and placeholders."""
    return all(is_number(leaf) and not isinstance(leaf, jax.core.Tracer) for leaf in jax.tree.leaves(values))


def is_schedule(value: Any) -> bool:
    """Return whether the value of a hyperparameter is a function of the step."""
    return callable(value) and not hasattr(value, "update")


def find_inexact_dtype(value: Any) -> np.dtype[Any] | None:
    """Return the floating-point or complex dtype that a value names, or None. (NumPy takes None for float64.)"""
    try:
        dtype = None if value is None else jnp.dtype(value)
    except TypeError:
        return None
    return dtype if dtype is not None and jnp.issubdtype(dtype, jnp.inexact) else None


def is_whole(value: Any) -> bool:
    """Return whether a value is a Python or NumPy integer, or a tree of them."""
    leaves = jax.tree.leaves(value)
    kinds = (int, np.integer)
    return bool(leaves) and all(isinstance(leaf, kinds) and not isinstance(leaf, bool) for leaf in leaves)


def as_key(seed: Any) -> jax.Array:
    """Return the `jax.random.key` for the value of a `Seed`, an integer or a key."""
    is_key = isinstance(seed, jax.Array) and jnp.issubdtype(seed.dtype, jax.dtypes.prng_key)
    return seed if is_key else jax.random.key(seed)


def draw_keys(seed: Any, step: Any, count: int) -> jax.Array:
    """Return keys for the draws of one step, one for each of `count` arrays; one for none, which cannot be split.

    `seed` is the value of a `Seed`, and `step` an integer scalar.
    """
    return jax.random.split(jax.random.fold_in(as_key(seed), step), max(count, 1))


def as_weak(value: Any, kind: type = float) -> jax.Array:
    """Convert a value to a weakly typed array, which takes on the dtype that it meets as a Python number does.

    `kind` is `float` or `int`. So a float32 rate scales a bfloat16, float64 or complex64 leaf without changing its
    dtype.
    """
    return convert_weakly(value, jax.dtypes.canonicalize_dtype(kind))


def _members(hint: Any) -> tuple[Any, ...]:
    return typing.get_args(hint) if typing.get_origin(hint) in (typing.Union, types.UnionType) else (hint,)


def _range_of(hint: Any) -> Range | None:
    for member in _members(hint):
        for note in getattr(member, "__metadata__", ()):
            if isinstance(note, Range):
                return note
    return None


def _reader_of(hint: Any) -> Callable[[str, Any], Any] | None:
    return next((note.read for note in getattr(hint, "__metadata__", ()) if isinstance(note, Reader)), None)


def _element_ranges(hint: Any, variadic: bool) -> tuple[Range, ...]:
    """Return the ranges of the numbers in a tuple or a list, or the one range of all `*arguments`."""
    if variadic:
        interval = _range_of(hint)
        return () if interval is None else (interval,)
    for member in _members(hint):
        if typing.get_origin(member) in (tuple, list):
            ranges = [_range_of(argument) for argument in typing.get_args(member) if argument is not Ellipsis]
            if all(interval is not None for interval in ranges):
                return tuple(interval for interval in ranges if interval is not None)
    return ()


def _holds_range(hint: Any) -> bool:
    return _range_of(hint) is not None or any(map(_holds_range, typing.get_args(hint)))


def _static_types(hint: Any) -> tuple[type, ...]:
    members = tuple(
        DtypeName if DtypeName in getattr(member, "__metadata__", ()) else member
        for member in _members(hint)
        if member is not type(None)
    )
    return members if all(member in (int, bool, str, DtypeName) for member in members) else ()
