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
        self._parts: Any = None  # what `made` gave, where that can be kept

    def made(self) -> Any:
        """What the factory returns with its schedules as they are: the whole of a recipe, the pair of a link."""
        if self._parts is None:
            made = self._make()
            if not _only_numbers(made):
                return made
            self._parts = made
        return self._parts

    def _make(self) -> Any:
        parameters, arguments = self.factory.parameters, self._arguments()
        schedules = self._schedules(arguments)
        try:
            return call(self.factory.build, parameters, resolved(parameters, arguments | schedules, None))
        except Exception:  # a link may compute with its hyperparameters, and needs numbers; a recipe hands them on
            if not schedules or isinstance(made := self.made_at(np.int32(0)), Value):
                raise
            return made

    def made_at(self, step: Any) -> Any:
        """What the factory returns with every hyperparameter a number."""
        parameters = self.factory.parameters
        return call(self.factory.build, parameters, resolved(parameters, self._arguments(), step))

    def init(self, params: PyTree) -> PyTree:
        made = self.made()
        if isinstance(made, Value):
            return raw_init(made, params)
        if not self._schedules(self._arguments()):
            return self._call("init", made[0], params)
        step = jnp.zeros((), jnp.int32)
        return ScheduledState(step, self._call("init", self.made_at(step)[0], params))

    def update(self, updates: PyTree, state: PyTree, params: PyTree, extra: dict[str, Any]) -> Any:
        made = self.made()
        if isinstance(made, Value):
            return raw_update(made, updates, state, params, extra)
        if not self._schedules(self._arguments()):
            return self._call_update(made[1], updates, state, params, extra)
        made = self.made_at(state.step)
        updates, inner = self._call_update(made[1], updates, state.inner, params, extra)
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
    update = link.core.made()[1]
    return "grads" in _accepted(getattr(update, "__code__", None) or update)[0]


def _only_numbers(made: Any) -> bool:
    """Whether a recipe or a chain holds Python's numbers only: then it can be kept, while an array may be traced."""
    parts = made if isinstance(made, Value) else getattr(made, "links", None)
    return parts is not None and all(isinstance(leaf, float | int) for leaf in jax.tree.leaves(parts))


@functools.lru_cache(maxsize=1024)
def _accepted(update: Any) -> tuple[frozenset[str], bool]:
    """The names of a function's arguments (it is given by its code, where it has one), and whether it takes any."""
    if isinstance(update, types.CodeType):
        names = update.co_varnames[: update.co_argcount + update.co_kwonlyargcount]
        return frozenset(names), bool(update.co_flags & inspect.CO_VARKEYWORDS)
    parameters = inspect.signature(update).parameters.values()
    takes_any = any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters)
    return frozenset(parameter.name for parameter in parameters), takes_any
