"""Functions of other libraries as values, compared by their code and by what they close over.

The factories of optax return functions that close over their arguments. Two such functions do the same if their code is
the same, and if what they close over is. Where they close over transformations of gradlab, those can be replaced.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import jax
import numpy as np

from .boundary import Boundary
from .values import Value


class Closures:
    """Several functions with what they close over, except for the gradlab values in it, which are `values`."""

    __slots__ = ("functions", "key", "values")

    def __init__(self, functions: tuple[Callable[..., Any], ...]):
        reader = _Reader()
        self.functions = functions
        self.key = tuple(map(reader.read, functions))
        self.values = tuple(reader.values)

    def rebuild(self, values: Sequence[Any]) -> tuple[Callable[..., Any], ...]:
        """Return the functions with other values in the place of `values`, in the same order."""
        if all(new is old for new, old in zip(values, self.values, strict=True)):
            return self.functions
        builder = _Builder({id(old): new for old, new in zip(self.values, values, strict=True)})
        return tuple(map(builder.build, self.functions))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Closures) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        return "..."

    def __deepcopy__(self, memo: Any) -> Closures:
        return self

    def __reduce__(self) -> Any:
        name = getattr(self.functions[-1], "__qualname__", "a function").split(".")[0]
        raise TypeError(
            f"{name} is made of functions that pickle does not find. Make it by a factory of gradlab, as in "
            f"gl.transformation(optax.{name})(...), which pickles"
        )


class _Reader:
    """Reads functions into a key that is equal for functions that do the same, and collects the values in them."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._seen: dict[int, int] = {}  # by the identity of an object: the order in which it was met
        self._alive: list[Any] = []  # keeps the identities from being used again

    def read(self, thing: Any) -> Hashable:
        if isinstance(thing, Value):
            position = next((i for i, value in enumerate(self.values) if value is thing), len(self.values))
            if position == len(self.values):
                self.values.append(thing)
            return ("value", position)
        if isinstance(thing, np.ndarray | np.generic) or _is_concrete(thing):
            array = np.asarray(thing)
            return ("array", array.dtype.name, array.shape, array.tobytes())
        if isinstance(
            thing, bool | int | float | complex | str | bytes | type | types.CodeType | types.ModuleType | None
        ):
            return (type(thing).__name__, thing)
        if id(thing) in self._seen:
            return ("again", self._seen[id(thing)])
        self._seen[id(thing)] = len(self._seen)
        self._alive.append(thing)
        parts = take_apart(thing)
        return ("object", _Same(thing)) if parts is None else (*parts[0], *map(self.read, parts[1]))


class _Builder:
    """Builds functions anew, with other values in what they close over. What holds none of them stays as it is."""

    def __init__(self, replaced: dict[int, Any]):
        self._replaced = replaced
        self._built: dict[int, Any] = {}

    def build(self, thing: Any) -> Any:
        if id(thing) in self._replaced:
            return self._replaced[id(thing)]
        if id(thing) in self._built:
            return self._built[id(thing)]
        self._built[id(thing)] = thing  # for what refers to itself
        parts = take_apart(thing)
        if parts is None or isinstance(thing, Value):
            return thing
        old = parts[1]
        new = [self.build(part) for part in old]
        if any(one is not other for one, other in zip(new, old, strict=True)):
            self._built[id(thing)] = parts[2](new)
        return self._built[id(thing)]


def take_apart(thing: Any) -> tuple[tuple[Hashable, ...], list[Any], Callable[[list[Any]], Any]] | None:
    """Return what an object is, its parts, and a function that makes it of other parts; None if that is not known."""
    if isinstance(thing, types.FunctionType):
        return _take_function_apart(thing)
    if isinstance(thing, types.MethodType) and isinstance(thing.__self__, Boundary):
        name = thing.__name__
        return ("method of a value", name), [thing.__self__.owner], lambda parts: getattr(parts[0], name)
    if isinstance(thing, types.MethodType):
        return ("method",), [thing.__func__, thing.__self__], lambda parts: types.MethodType(*parts)
    if isinstance(thing, functools.partial):
        names = tuple(thing.keywords)
        count = len(thing.args)

        def bind(parts: list[Any]) -> Any:
            return functools.partial(
                parts[0], *parts[1 : 1 + count], **dict(zip(names, parts[1 + count :], strict=True))
            )

        return ("partial", names), [thing.func, *thing.args, *thing.keywords.values()], bind
    if isinstance(thing, tuple):
        make = type(thing)._make if hasattr(thing, "_make") else type(thing)
        return (type(thing),), list(thing), make
    if type(thing) is list:
        return (list,), list(thing), list
    if type(thing) is dict and all(isinstance(key, str | int) for key in thing):
        keys = tuple(thing)
        return (dict, keys), list(thing.values()), lambda parts: dict(zip(keys, parts, strict=True))
    if type(thing).__module__.split(".")[0] == "optax" and hasattr(thing, "__dict__"):
        return _take_instance_apart(thing)
    return None


def _take_function_apart(function: types.FunctionType) -> Any:
    cells = [cell for cell in function.__closure__ or () if _is_filled(cell)]
    filled = tuple(map(_is_filled, function.__closure__ or ()))
    defaults, named = function.__defaults__ or (), function.__kwdefaults__ or {}

    def make(parts: list[Any]) -> Any:
        contents = iter(parts[: len(cells)])
        closure = tuple(types.CellType(next(contents)) if is_filled else types.CellType() for is_filled in filled)
        copy = types.FunctionType(function.__code__, function.__globals__, function.__name__, None, closure)
        copy.__defaults__ = tuple(parts[len(cells) : len(cells) + len(defaults)]) or None
        copy.__kwdefaults__ = dict(zip(named, parts[len(cells) + len(defaults) :], strict=True)) or None
        copy.__qualname__, copy.__module__ = function.__qualname__, function.__module__
        copy.__dict__.update(function.__dict__)
        return copy

    what = ("function", function.__code__, function.__module__, filled, tuple(named))
    return what, [*(cell.cell_contents for cell in cells), *defaults, *named.values()], make


def _take_instance_apart(thing: Any) -> Any:
    names = tuple(vars(thing))

    def make(parts: list[Any]) -> Any:
        copy = object.__new__(type(thing))
        copy.__dict__.update(zip(names, parts, strict=True))
        return copy

    return (type(thing), names), list(vars(thing).values()), make


def _is_filled(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018  (an empty cell raises)
    except ValueError:
        return False
    return True


def _is_concrete(thing: Any) -> bool:
    is_array = isinstance(thing, jax.Array) and not isinstance(thing, jax.core.Tracer)
    return is_array and not jax.dtypes.issubdtype(thing.dtype, jax.dtypes.extended)


class _Same:
    """An object of another library as a part of a key: equal to what it compares equal to, or only to itself."""

    __slots__ = ("thing",)

    def __init__(self, thing: Any):
        self.thing = thing

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Same) or type(self.thing) is not type(other.thing):
            return False
        return self.thing is other.thing or (_is_hashable(self.thing) and bool(self.thing == other.thing))

    def __hash__(self) -> int:
        return hash(self.thing) if _is_hashable(self.thing) else id(self.thing)


def _is_hashable(thing: Any) -> bool:
    try:
        hash(thing)
    except TypeError:
        return False
    return True
