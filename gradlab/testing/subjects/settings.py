"""Other values for each numeric argument of a transformation, at which the laws and trajectories are examined too."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import jax
import numpy as np

from ...values.factories import read_parameters
from ...values.numeric_arguments import Range
from ...values.value import Value, is_number
from .subject import Subject

# Arguments that are not part of the arithmetic, or whose other values need other inputs.
_NOT_NUMERIC = re.compile(
    r"seed|print|key|rng|dtype|axis|axes|dimension|name|verbose|debug|foreach|fused|capturable|differentiable"
)
_NUMBER = re.compile(r"\b(float|int|Scalar\w*|Number|Numeric|ArrayLike|Array)\b")

# Kinds of arguments by name, for those without a declared range. The first match counts.
_KINDS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("small", re.compile(r"eps|epsilon|regularizer|tiny")),
    ("penalty", re.compile(r"weight_decay|(^|_)wd$|(^|_)l[12]($|_)|lambda")),
    ("share", re.compile(r"^b\d$|_b\d$|beta|momentum|^mu$|^rho$|decay(_rate)?$|dampening|ema|fraction|percent")),
    ("rate", re.compile(r"^lr$|rate|step_size|stepsize|(^|_)lr0?$")),
    ("bound", re.compile(r"clip|threshold|max|limit|norm")),
)


class Argument(NamedTuple):
    """A numeric argument, its value, and other values to try."""

    name: str  # with the index of an element of a tuple, such as "betas[0]"
    value: Any
    others: tuple[Any, ...]
    is_structure: bool = False  # whether a new value makes another program of a gradlab value


class Setting(NamedTuple):
    """Changed values of some arguments. No change stands for the transformation as it was given."""

    changes: dict[str, Any]
    before: dict[str, Any]  # the values that were given, for the same arguments

    def __str__(self) -> str:
        parts = [
            f"{name}={show_number(value)} instead of {show_number(self.before[name])}"
            for name, value in self.changes.items()
        ]
        return f"with {', '.join(parts)}" if parts else "as it was given"


UNCHANGED = Setting({}, {})


def change(*changes: tuple[Argument, Any]) -> Setting:
    """Return the setting in which these arguments have these values."""
    return Setting(
        {argument.name: value for argument, value in changes},
        {argument.name: argument.value for argument, _ in changes},
    )


def change_all(arguments: list[Argument]) -> Setting:
    """Return the setting in which every argument has the first of its other values."""
    return change(*((argument, argument.others[0]) for argument in arguments))


def show_number(value: Any) -> str:
    """Return the value of an argument as short text."""
    if callable(value):
        return _name(value)
    if isinstance(value, bool) or value is None or not is_number(value):
        return repr(value)
    return f"{float(value):.6g}" if np.ndim(value) == 0 else repr(np.asarray(value).tolist())


def list_arguments(subject: Subject) -> list[Argument]:
    """Return the numeric arguments of a gradlab value or of a factory, each with other values to try.

    An argument is numeric if its value is a number or a boolean, or if it is None and declared as a number. Each
    element of a tuple of numbers is an argument by itself. A function that is a mask is listed as well, with the mask
    that chooses the other leaves. The list is empty if the arguments are not known.
    """
    if subject.value is not None and subject.factory is None:
        found = list(_list_value_arguments(subject.value))
    else:
        found = list(_list_factory_arguments(subject))
    arguments = []
    for index, (name, value, interval, is_structure) in enumerate(found):
        others = propose_values(name, value, index, interval)
        if others:
            arguments.append(Argument(name, value, others, is_structure))
    masks = [(name, value) for name, value in subject.arguments.items() if "mask" in name and callable(value)]
    return arguments + [Argument(name, mask, (_invert(mask),), True) for name, mask in masks]


def _invert(mask: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return the mask that chooses the leaves which another one leaves out."""

    def others(params: Any) -> Any:
        return jax.tree.map(lambda chosen: not chosen, mask(params))

    others.__name__ = f"all but {_name(mask)}"
    return others


def _name(function: Any) -> str:
    return getattr(function, "__name__", repr(function))


Found = tuple[str, Any, Range | None, bool]  # name, value, range, and whether it is structure


def _list_value_arguments(value: Value) -> Iterator[Found]:
    """List the arguments of a value, without those of the values among them, such as the links of a chain."""
    for name, argument in value.arguments.items():
        parameter = value.factory.parameters[name]
        if _NOT_NUMERIC.search(name) or parameter.variadic:
            continue
        ranges = parameter.elements or (parameter.range,)
        for index, (path, part) in enumerate(_list_parts(name, argument)):
            interval = ranges[index] if len(ranges) > index else ranges[0]
            is_structure = bool(parameter.static) or (parameter.whole and isinstance(part, int)) or part is None
            if is_structure and (isinstance(part, int) or interval is not None):
                yield path, part, interval, True
            elif is_number(part) and np.ndim(part) == 0 and not is_structure:
                yield path, part, interval, False


def _list_factory_arguments(subject: Subject) -> Iterator[Found]:
    annotations = _read_annotations(subject.factory)
    for name, argument in subject.arguments.items():
        if _NOT_NUMERIC.search(name):
            continue
        for path, part in _list_parts(name, argument):
            is_declared = bool(_NUMBER.search(annotations.get(name, ""))) or _find_kind(name) is not None
            if isinstance(part, bool) or is_number(part) or (part is None and is_declared and "mask" not in name):
                yield path, part, None, True


def _list_parts(name: str, argument: Any) -> Iterator[tuple[str, Any]]:
    if type(argument) in (tuple, list):
        for index, part in enumerate(argument):
            yield from _list_parts(f"{name}[{index}]", part)
    else:
        yield name, argument


def _read_annotations(factory: Callable[..., Any] | None) -> dict[str, str]:
    return {
        name: "" if parameter.annotation is parameter.empty else str(parameter.annotation)
        for name, parameter in read_parameters(factory).items()
    }


def replace_part(arguments: Mapping[str, Any], name: str, value: Any) -> dict[str, Any]:
    """Return arguments with one of them, or one element of a tuple such as "betas[0]", replaced."""
    base, *indices = re.findall(r"\w+", name)

    def replace(argument: Any, path: list[int]) -> Any:
        if not path:
            return value
        parts = [replace(part, path[1:]) if index == path[0] else part for index, part in enumerate(argument)]
        return type(argument)(parts)

    return dict(arguments) | {base: replace(arguments[base], list(map(int, indices)))}


def apply_setting(arguments: Mapping[str, Any], setting: Setting) -> Mapping[str, Any]:
    """Return all arguments at a setting."""
    for name, value in setting.changes.items():
        arguments = replace_part(arguments, name, value)
    return arguments


def is_mode(name: str, value: Any) -> bool:
    """Return whether an argument is a word that may switch other arguments off, such as mode="hard"."""
    return isinstance(value, str) and not _NOT_NUMERIC.search(name)


def propose_values(name: str, value: Any, index: int = 0, interval: Range | None = None) -> tuple[Any, ...]:
    """Return two other values for an argument, or one for a boolean; none if it has no other sensible value.

    They lie in its declared range, or in the range that its name and value suggest: decays stay below 1, an eps stays
    positive. `index` is the place of the argument among all: equal arguments get different values at different places,
    so that arguments that were swapped show.
    """
    if isinstance(value, bool | np.bool_):
        return (not value,)
    if isinstance(value, int | np.integer):
        return _propose_integers(int(value), index)
    if interval is not None and interval.steps:
        proposed: tuple[float, ...] = (2.0 + 2 * index, 3.0 + 2 * index, 101.0 + index)
    else:
        proposed = _propose_numbers(name, value, index, interval)
    allowed = [other for other in proposed if _is_allowed(other, interval)]
    return tuple(other for other in dict.fromkeys(allowed) if value is None or other != value)[:2]


def _propose_integers(value: int, index: int) -> tuple[int, ...]:
    if value >= 8:
        return 2 + index % 2, value // 2
    return (value + 1, value + 2) if value >= 0 else ()


def _propose_numbers(name: str, value: Any, index: int, interval: Range | None) -> tuple[float, ...]:
    kind, small = _find_kind(name, value, interval), 1 + index % 16 / 32
    size = 0.0 if value is None else abs(float(value))
    if kind == "share":
        shift = (index % 16) / 64
        if size == 0:
            return (0.9 - shift, 0.5 + shift, 0.3)
        return (size * (0.5 + shift), 1 - (1 - size) * (0.5 - shift), 0.4 + shift, 0.7)
    if kind == "small":
        return (1e-3 * small, 1e-5 * small) if size < 1e-4 else (size * 4 * small, size / 4 * small)
    if math.isinf(size) or size == 0:
        first, second = {"penalty": (0.1, 0.02), "rate": (1e-2, 3e-3), "bound": (0.5, 0.1)}.get(str(kind), (0.25, 0.1))
        return (first * small, second * small, 0.5 * small)
    number = float(value)
    if name.endswith("]"):  # an element such as the coefficient of a polynomial, whose iteration may diverge soon
        return (number * 0.9 * small**0.1, number * 1.05 * small**0.1)
    return (number * 0.6 * small, number * 1.5 * small, number / 3, number * 3)


def _is_allowed(value: float, interval: Range | None) -> bool:
    return math.isfinite(value) and (interval is None or interval.holds(value))


def _find_kind(name: str, value: Any = None, interval: Range | None = None) -> str | None:
    """Return the kind of a number: "share" (in [0, 1)), "small", "penalty", "rate", "bound", or None."""
    lowered = name.partition("[")[0].lower()
    by_name = next((kind for kind, pattern in _KINDS if pattern.search(lowered)), None)
    if interval is not None and interval.high == 1 and interval.low == 0:
        return "share"
    if by_name == "share":
        is_share = value is None or 0 <= float(value) < 1
        return "share" if is_share and (interval is None or interval.low <= 0) else None
    if by_name is None and value is not None and interval is None and 0.5 < float(value) < 1:
        return "share"
    return by_name


def make(subject: Subject, setting: Setting) -> Any:
    """Return the transformation of a subject at another setting. Raises what its factory raises."""
    arguments = apply_setting(subject.arguments, setting)
    changes = {name: value for name, value in arguments.items() if value is not subject.arguments[name]}
    if subject.factory is not None:
        return subject.factory(**changes)
    assert subject.value is not None
    return subject.value.replace(**changes)
