"""The two functions of a transformation, inside the border: built anew from its factory for each call."""

from __future__ import annotations

import functools
import inspect
import types
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from .boundary import PyTree
from .factories import Factory, call, takes
from .hyperparameters import is_schedule, resolved
from .schedules.base import as_schedule
from .values import Value, rejoin


class ScheduledState(NamedTuple):
    """The state of a link with a hyperparameter that is a schedule."""

    step: jax.Array  # int32 scalar, the number of updates so far
    inner: PyTree


class Core:
    """A factory and its arguments, run as `init` and `update` on trees that the border has raised and checked."""

    def __init__(self, factory: Factory, children: dict[str, Any]):
        self.factory, self.children = factory, children
        self._parts: Any = None  # what `parts` returned, where that can be kept
        self._composes: bool | None = factory.is_recipe  # None: not declared, and not asked yet

    def parts(self) -> Any:
        """Return what the factory returns: the transformation that a recipe composes, or the pair of a link.

        A recipe is called with schedules as they are, because it hands them on to its links. A link computes with
        numbers, so a schedule is replaced by its value at step 0.
        """
        if self._parts is None:
            parts = self.parts_at(None if self._is_recipe() else np.int32(0))
            if not _has_only_numbers(parts):
                return parts
            self._parts = parts
        return self._parts

    def parts_at(self, step: Any) -> Any:
        """Return what the factory returns for hyperparameters at a step; for None, schedules stay what they are."""
        parameters, arguments = self.factory.parameters, self._arguments()
        arguments = arguments | self._schedules(arguments)
        return call(self.factory.build, parameters, resolved(parameters, arguments, step))

    def _is_recipe(self) -> bool:
        """Return what the factory declares, or else whether it returns a transformation when it is given numbers."""
        if self._composes is None:
            if not self._schedules(self._arguments()):
                return False  # without schedules, a recipe and a link are called in the same way
            self._composes = isinstance(self.parts_at(np.int32(0)), Value)
        return self._composes

    def init(self, params: PyTree) -> PyTree:
        parts = self.parts()
        if isinstance(parts, Value):
            return raw_init(parts, params)
        if not self._schedules(self._arguments()):
            return self._call("init", parts[0], params)
        step = jnp.zeros((), jnp.int32)
        return ScheduledState(step, self._call("init", self.parts_at(step)[0], params))

    def update(self, updates: PyTree, state: PyTree, params: PyTree, extra: dict[str, Any]) -> Any:
        parts = self.parts()
        if isinstance(parts, Value):
            return raw_update(parts, updates, state, params, extra)
        if not self._schedules(self._arguments()):
            return self._call_update(parts[1], updates, state, params, extra)
        parts = self.parts_at(state.step)
        updates, inner = self._call_update(parts[1], updates, state.inner, params, extra)
        return updates, ScheduledState(optax.safe_increment(state.step), inner)

    def _call(self, name: str, function: Any, *arguments: Any, **given: Any) -> Any:
        """Call `init` or `update`; raises TypeError that shows both signatures if they do not fit."""
        try:
            return function(*arguments, **given)
        except TypeError as error:
            if takes(function, *arguments, **given):
                raise
            called = "init(params)"
            if name == "update":
                called = "update(updates, state), with params and grads if it has arguments of these names"
            raise TypeError(
                f"{name} of {self.factory.name} takes {inspect.signature(function)}, but is called as {called}: {error}"
            ) from None

    def _arguments(self) -> dict[str, Any]:
        return {name: rejoin(child) for name, child in self.children.items()}

    def _schedules(self, arguments: dict[str, Any]) -> dict[str, Any]:
        ranged = [name for name, parameter in self.factory.parameters.items() if parameter.range is not None]
        return {name: as_schedule(arguments[name]) for name in ranged if is_schedule(arguments[name])}

    def _call_update(self, update: Any, updates: PyTree, state: PyTree, params: PyTree, extra: dict[str, Any]) -> Any:
        """Call a link's update with those of `params`, `grads` and the extra arguments that it asks for."""
        names, takes_any = _accepted(getattr(update, "__code__", None) or update)
        given = {key: value for key, value in extra.items() if key in names or (takes_any and key != "grads")}
        if "params" not in names:
            return self._require_two(self._call("update", update, updates, state, **given))
        if params is None and inspect.signature(update).parameters["params"].default is inspect.Parameter.empty:
            raise ValueError(f"{self.factory.name} needs the parameters: call update(updates, state, params)")
        return self._require_two(self._call("update", update, updates, state, params, **given))

    def _require_two(self, result: Any) -> Any:
        if isinstance(result, tuple | list) and len(result) == 2:
            return result
        kind = "an array" if hasattr(result, "shape") else f"a {type(result).__name__}"
        found = "it returned nothing" if result is None else f"it returned {kind} alone"
        raise TypeError(f"update of {self.factory.name} must return (updates, state), but {found}")


def raw_init(link: Any, params: PyTree) -> PyTree:
    """`init` of a link of ours or of optax's, inside the border."""
    return link.core.init(params) if isinstance(link, Value) else link.init(params)


def raw_update(link: Any, updates: PyTree, state: PyTree, params: PyTree, extra: dict[str, Any]) -> Any:
    """`update` of a link of ours or of optax's, inside the border; optax's are not handed `grads`."""
    if isinstance(link, Value):
        return link.core.update(updates, state, params, extra)
    extra = {key: value for key, value in extra.items() if key != "grads"}
    return optax.with_extra_args_support(link).update(updates, state, params, **extra)


def reads_gradient(link: Any) -> bool:
    """Whether a link asks for the gradient of its chain, beside the direction; optax's are not handed it."""
    if not isinstance(link, Value):
        return False
    update = link.core.parts()[1]
    return "grads" in _accepted(getattr(update, "__code__", None) or update)[0]


def _has_only_numbers(parts: Any) -> bool:
    """Return whether a recipe or a chain holds Python numbers only. It can be kept then; an array may be traced."""
    links = parts if isinstance(parts, Value) else getattr(parts, "links", None)
    return links is not None and all(isinstance(leaf, float | int) for leaf in jax.tree.leaves(links))


@functools.lru_cache(maxsize=1024)
def _accepted(update: Any) -> tuple[frozenset[str], bool]:
    """The names of a function's arguments (it is given by its code, where it has one), and whether it takes any."""
    if isinstance(update, types.CodeType):
        names = update.co_varnames[: update.co_argcount + update.co_kwonlyargcount]
        return frozenset(names), bool(update.co_flags & inspect.CO_VARKEYWORDS)
    parameters = inspect.signature(update).parameters.values()
    takes_any = any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters)
    return frozenset(parameter.name for parameter in parameters), takes_any
