"""Functions of other libraries as values, compared by their code and by what they close over.

The factories of optax return functions that close over their arguments. Two such functions do the same if their code is
the same, and if what they close over is. Where they close over transformations of gradlab, those can be replaced.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Callable, Hashable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ..values.factories import name_of_maker
from ..values.value import Value
from .boundary import Boundary


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
        name = name_of_maker(self.functions[-1], "a function")
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
        return ("object", _Same(thing)) if parts is None else (*parts.kind, *map(self.read, parts.contents))


class _Builder:
    """Builds functions anew, with other values in what they close over. What holds none of them stays as it is."""

    def __init__(self, replaced: dict[int, Any]):
        self._built = dict(replaced)  # by the identity of what it stands for
        self._replaced = frozenset(replaced)

    def build(self, thing: Any) -> Any:
        if id(thing) in self._built:
            return self._built[id(thing)]
        parts = take_apart(thing)
        if parts is None or not self._holds_replaced(thing):
            return thing

        def register(copy: Any) -> None:  # before it is filled, because it may refer to itself
            self._built[id(thing)] = copy

        parts.copy(self.build, register)
        return self._built[id(thing)]

    def _holds_replaced(self, thing: Any) -> bool:
        seen, waiting = {id(thing)}, [thing]
        while waiting:
            parts = take_apart(waiting.pop())
            for part in parts.contents if parts else ():
                if id(part) in self._replaced:
                    return True
                if id(part) not in seen:
                    seen.add(id(part))
                    waiting.append(part)
        return False


class Parts(NamedTuple):
    """The kind of an object and its contents, with a function that makes a copy with other contents.

    `copy(build, register)` passes the copy to `register`, and fills it with what `build` makes of the contents.
    """

    kind: tuple[Hashable, ...]
    contents: list[Any]
    copy: Callable[[Callable[[Any], Any], Callable[[Any], None]], None]


def take_apart(thing: Any) -> Parts | None:
    """Return the parts of a function, a method, a container or an instance of optax's, or None for anything else."""
    if isinstance(thing, Value):
        return None
    if isinstance(thing, types.FunctionType):
        return _take_function_apart(thing)
    if isinstance(thing, types.MethodType) and isinstance(thing.__self__, Boundary):
        name = thing.__name__
        return _of(("method of a value", name), [thing.__self__.owner], lambda parts: getattr(parts[0], name))
    if isinstance(thing, types.MethodType):
        return _of(("method",), [thing.__func__, thing.__self__], lambda parts: types.MethodType(*parts))
    if isinstance(thing, functools.partial):
        names, count = tuple(thing.keywords), len(thing.args)
        return _of(
            ("partial", names, count),
            [thing.func, *thing.args, *thing.keywords.values()],
            lambda parts: functools.partial(
                parts[0], *parts[1 : 1 + count], **dict(zip(names, parts[1 + count :], strict=True))
            ),
        )
    if isinstance(thing, tuple):
        return _of((type(thing),), list(thing), getattr(type(thing), "_make", type(thing)))
    if type(thing) is list:
        return _of((list,), thing, list)
    if type(thing) is dict and all(isinstance(key, str | int) for key in thing):
        keys = tuple(thing)
        return _of((dict, keys), list(thing.values()), lambda parts: dict(zip(keys, parts, strict=True)))
    if type(thing).__module__.split(".")[0] == "optax" and hasattr(thing, "__dict__"):
        return _take_instance_apart(thing)
    return None


def _of(kind: tuple[Hashable, ...], contents: list[Any], make: Callable[[list[Any]], Any]) -> Parts:
    return Parts(kind, contents, lambda build, register: register(make(list(map(build, contents)))))


def _take_function_apart(function: types.FunctionType) -> Parts:
    cells = function.__closure__ or ()
    filled = tuple(map(_is_filled, cells))
    closed_over = [cell.cell_contents for cell, is_filled in zip(cells, filled, strict=True) if is_filled]
    defaults, named = function.__defaults__ or (), function.__kwdefaults__ or {}

    def copy(build: Callable[[Any], Any], register: Callable[[Any], None]) -> None:
        new_cells = tuple(types.CellType() for _ in cells)
        new = types.FunctionType(function.__code__, function.__globals__, function.__name__, None, new_cells)
        new.__qualname__, new.__module__ = function.__qualname__, function.__module__
        new.__dict__.update(function.__dict__)
        register(new)
        new.__defaults__ = tuple(map(build, defaults)) or None
        new.__kwdefaults__ = {name: build(value) for name, value in named.items()} or None
        for cell, old, is_filled in zip(new_cells, cells, filled, strict=True):
            if is_filled:
                cell.cell_contents = build(old.cell_contents)

    kind = ("function", function.__code__, function.__module__, filled, len(defaults), tuple(named))
    return Parts(kind, [*closed_over, *defaults, *named.values()], copy)


def _take_instance_apart(thing: Any) -> Parts:
    def copy(build: Callable[[Any], Any], register: Callable[[Any], None]) -> None:
        new = object.__new__(type(thing))
        register(new)
        new.__dict__.update({name: build(value) for name, value in vars(thing).items()})

    kind: Any = (type(thing), tuple(vars(thing)))
    return Parts(kind, list(vars(thing).values()), copy)


def _is_filled(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018  (an empty cell raises)
    except ValueError:
        return False
    return True


def _is_concrete(thing: Any) -> bool:
    is_array = isinstance(thing, jax.Array) and not isinstance(thing, jax.core.Tracer)
    return is_array and not jnp.issubdtype(thing.dtype, jax.dtypes.extended)


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
