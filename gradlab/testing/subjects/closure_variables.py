"""The variables of a factory that its `init` or `update` writes to: they are lost, unlike a state."""

from __future__ import annotations

import types
from collections import deque
from collections.abc import Iterator
from typing import Any

import jax
import numpy as np

from ...core.base import Transformation
from ...core.composites import Composite
from ...core.transformation_calls import Core
from ...values.value import Value
from ..inputs.trees import sample
from .subject import Subject

_DEPTH = 4  # of containers within containers


def find_written_variable(subject: Subject) -> tuple[str, str] | None:
    """Return which function, "init" or "update", writes to a variable outside it, and the name of the variable.

    Only links made by gradlab's decorators are examined: their factories are called anew for each `init` and `update`,
    so nothing else shows that the variable is forgotten. None if no variable is written to.
    """
    params, gradient = sample(subject.pair), sample(subject.pair, seed=1)
    for link in subject.value.links if subject.value is not None else ():
        if not isinstance(link, Transformation):
            continue
        core = _OnePair(link.core)
        if not isinstance(core.pair, tuple) or isinstance(core.pair, Value | Composite):
            continue  # a recipe or a combinator has no functions of its own, and a link with schedules no pair
        try:
            before = _read_variables(core.pair)
            state = core.init(params)
            if name := _find_change(before, _read_variables(core.pair)):
                return "init", name
            core.update(gradient, state, params, dict(subject.extra))
        except Exception:  # as a link alone, it may need what the others give it
            continue
        if name := _find_change(before, _read_variables(core.pair)):
            return "update", name
    return None


class _OnePair(Core):
    """The calls of a link, all of them with the same pair of functions."""

    def __init__(self, core: Core):
        super().__init__(core.factory, core.children)
        self.pair = core.parts()

    def parts(self) -> Any:
        return self.pair


class _Same:
    """A thing that equals only itself."""

    def __init__(self, thing: Any):
        self.thing = thing

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.thing is self.thing

    __hash__ = None  # type: ignore[assignment]


def _read_variables(pair: Any) -> dict[tuple[int, str], Any]:
    """Return what the variables hold that two functions, and functions in these variables, take from around them."""
    return {(id(cell), name): _freeze(content) for cell, name, content in _list_cells(pair, set())}


def _list_cells(functions: Any, seen: set[int]) -> Iterator[tuple[Any, str, Any]]:
    for function in functions:
        if not isinstance(function, types.FunctionType) or id(function) in seen:
            continue
        seen.add(id(function))
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
            try:
                content = cell.cell_contents
            except ValueError:  # it is empty
                continue
            yield cell, name, content
            yield from _list_cells((content,), seen)


def _freeze(thing: Any, depth: int = _DEPTH) -> Any:
    """Return what equals the same of a later time if nothing was written to a thing or its containers."""
    if depth and isinstance(thing, dict):
        return [(_Same(key), _freeze(value, depth - 1)) for key, value in thing.items()]
    if depth and isinstance(thing, list | set | deque):
        return [_freeze(value, depth - 1) for value in thing]
    if isinstance(thing, np.ndarray) and not isinstance(thing, jax.Array):
        return thing.dtype, thing.shape, thing.tobytes()
    return _Same(thing)


def _find_change(before: dict[tuple[int, str], Any], after: dict[tuple[int, str], Any]) -> str | None:
    changed = [name for (cell, name), content in before.items() if after.get((cell, name)) != content]
    return changed[0] if changed else None
