"""Calls of `init` and `update` inside the boundary. The factory makes both anew for each call."""

from __future__ import annotations

import contextlib
import functools
import inspect
import types
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from ..schedules.base import as_schedule
from ..values.factories import Factory, accepts, call, name_of_maker
from ..values.numeric_arguments import is_schedule, resolve
from ..values.value import Value, rejoin
from .boundary import PyTree
from .composites import Composite, find_kinds
from .not_a_transformation import require_pair
from .running_calls import seek_exchange, standing_between
from .scheduled_states import ScheduledState


class ScheduledKind(NamedTuple):
    """The kind of a transformation whose hyperparameters include schedules."""

    is_recipe: bool
    reads: frozenset[str]  # what `reads` returns
    points: frozenset[str]  # what `points` returns


class Core:
    """A factory and its arguments, with `init` and `update` for trees that the boundary has checked and raised."""

    def __init__(self, factory: Factory, children: dict[str, Any]):
        self.factory, self.children = factory, children
        self._parts: Any = None  # what `parts` returned, where that can be kept
        self._scheduled: ScheduledKind | None = None  # what `_examine` returned
        self._facts: dict[str, Any] = {}  # what `recall` has found
        self._schedules: dict[str, Any] | None = None  # what `schedules` returned

    def parts(self) -> Any:
        """Return the transformation that a recipe composes, or the pair of a link; None for a link with schedules.

        A recipe is called with schedules as they are, because it hands them on to its links. A link computes with
        numbers, so if it has schedules, `parts_at` makes its pair anew at each step.

        Raises TypeError if the factory returns anything else.
        """
        if self._parts is not None:
            return self._parts
        if self._has_schedules() and not self._is_recipe():
            return None
        parts = self.parts_at(None)
        require_pair(self.factory.name, parts)
        if _has_only_numbers(parts):
            self._parts = parts
        return parts

    def parts_at(self, step: Any) -> Any:
        """Return what the factory returns for hyperparameters at a step; for None, schedules stay what they are."""
        return self._call_factory(self.schedules(), step)

    def _call_factory(self, changes: dict[str, Any], step: Any) -> Any:
        parameters, arguments = self.factory.parameters, self._arguments() | changes
        return call(self.factory.build, parameters, resolve(parameters, arguments, step))

    def reads(self) -> frozenset[str]:
        """Return the names of the signals that `update` reads, beside the direction and the state.

        They are "params", "grads" (the gradient of the chain) and extra arguments. What a combinator only hands on to
        the transformations that it holds counts if one of those reads it.
        """
        return self.recall("reads", lambda parts: self._examine().reads if parts is None else _find_signals(parts))

    def points(self) -> frozenset[str]:
        """Return which points a transformation defines, it or one within it: "eval_params", "gradient_params"."""
        return self.recall("points", lambda parts: self._examine().points if parts is None else find_kinds(parts))

    def recall(self, name: str, find: Callable[[Any], Any]) -> Any:
        """Return `find(parts)`, computed once. It must be a fact that holds no array, because an array may be traced.

        Chains and wrappers ask each transformation for its facts at every call, and each would make the parts of all
        that it holds anew.
        """
        if name not in self._facts:
            self._facts[name] = find(self.parts())
        return self._facts[name]

    def _is_recipe(self) -> bool:
        declared = self.factory.is_recipe
        return self._examine().is_recipe if declared is None else declared

    def _examine(self) -> ScheduledKind:
        """Return what kind of transformation the factory makes of numbers in the place of its schedules.

        The numbers are abstract, so nothing is computed, and no schedule is called.
        """
        if self._scheduled is None:
            kinds = []

            def examine(numbers: dict[str, jax.Array]) -> None:
                parts = self._call_factory(numbers, None)
                require_pair(self.factory.name, parts)
                kinds.append(ScheduledKind(isinstance(parts, Value), _find_signals(parts), find_kinds(parts)))

            number = jax.ShapeDtypeStruct((), jax.dtypes.canonicalize_dtype(float), weak_type=True)
            jax.eval_shape(examine, dict.fromkeys(self.schedules(), number))
            self._scheduled = kinds[0]
        return self._scheduled

    def init(self, params: PyTree) -> PyTree:
        """Return the state for parameters."""
        parts = self.parts()
        if isinstance(parts, Value):
            return raw_init(parts, params)
        if parts is not None:
            return self._call("init", parts[0], params)
        step = jnp.zeros((), jnp.int32)
        return ScheduledState(step, self._call("init", self.parts_at(step)[0], params))

    def update(self, updates: PyTree, state: PyTree, params: PyTree, extra: dict[str, Any]) -> Any:
        """Return the transformed updates and the next state."""
        parts = self.parts()
        if isinstance(parts, Value):
            return raw_update(parts, updates, state, params, extra)
        if parts is not None:
            return self._call_update(parts, updates, state, params, extra)
        parts = self.parts_at(state.step)
        updates, inner = self._call_update(parts, updates, state.inner, params, extra)
        return updates, ScheduledState(optax.safe_increment(state.step), inner)

    def _call(self, name: str, function: Any, *arguments: Any, **options: Any) -> Any:
        """Call `init` or `update`. Raises TypeError with both signatures if they do not fit."""
        try:
            return function(*arguments, **options)
        except TypeError as error:
            if accepts(function, *arguments, **options):
                raise
            called, hint = "init(params)", "; a factory returns init before update"
            if name == "update":
                called, hint = "update(updates, state), with params and grads if it has arguments of these names", ""
            raise TypeError(
                f"{name} of {self.factory.name} takes {inspect.signature(function)}, but is called as {called}: "
                f"{error}{hint}"
            ) from None

    def _arguments(self) -> dict[str, Any]:
        return {name: rejoin(child) for name, child in self.children.items()}

    def schedules(self) -> dict[str, Any]:
        """Return the hyperparameters that are functions of the step, as schedules.

        They are computed once: every call of `init` and `update` asks for them, twice, and the children never change.
        """
        if self._schedules is None:
            ranged = [name for name, parameter in self.factory.parameters.items() if parameter.range is not None]
            numbers = {name: rejoin(self.children[name]) for name in ranged}
            self._schedules = {name: as_schedule(number) for name, number in numbers.items() if is_schedule(number)}
        return self._schedules

    def _has_schedules(self) -> bool:
        return bool(self.schedules())

    def _call_update(self, parts: Any, updates: PyTree, state: PyTree, params: PyTree, extra: dict[str, Any]) -> Any:
        """Call the update of a link with those of `params`, `grads` and the extra arguments that it names."""
        update = parts[1]
        names, takes_any = _read_arguments(update)
        is_split = "grads" in extra
        if not takes_any:  # a link; what takes any argument may hand it on, for which the two are still one signal
            extra = {"grads": updates, **extra}
        options = {key: value for key, value in extra.items() if key in names or (takes_any and key != "grads")}
        arguments: tuple[Any, ...] = (update, updates, state)
        if "params" in names:
            if params is None and inspect.signature(update).parameters["params"].default is inspect.Parameter.empty:
                raise ValueError(f"{self.factory.name} needs the parameters: call update(updates, state, params)")
            arguments += (params,)

        def call_once() -> Any:
            return self._call("update", *arguments, **options)

        name = self.factory.name
        if isinstance(parts, Composite):
            return self._require_two(call_once())
        may_call_others = is_split and takes_any
        with standing_between(name) if may_call_others else contextlib.nullcontext():
            return self._require_two(seek_exchange(name, update, updates, state, call_once))

    def _require_two(self, result: Any) -> Any:
        """Return the result of an update, or raise TypeError unless it is a pair."""
        if isinstance(result, tuple | list) and len(result) == 2:
            return result
        kind = "an array" if hasattr(result, "shape") else f"a {type(result).__name__}"
        number = f"of {len(result)}" if isinstance(result, tuple | list) else "alone"
        returned = "nothing" if result is None else f"{kind} {number}"
        raise TypeError(f"update of {self.factory.name} must return (updates, state), but it returned {returned}")


def raw_init(link: Any, params: PyTree) -> PyTree:
    """Call `init` of a link of gradlab or of optax, inside the boundary."""
    return link.core.init(params) if isinstance(link, Value) else link.init(params)


def raw_update(link: Any, updates: PyTree, state: PyTree, params: PyTree, extra: dict[str, Any]) -> Any:
    """Call `update` of a link of gradlab or of optax, inside the boundary. Links of optax do not receive `grads`."""
    if isinstance(link, Value):
        return link.core.update(updates, state, params, extra)
    return call_other(link, updates, state, params, extra)


def hand_on(extra: dict[str, Any], grads: PyTree) -> dict[str, Any]:
    """Return the signals that a combinator hands on: its extra arguments, and the gradient once it is another signal.

    Until then `grads` is None, and is left out, so that a chain within the combinator still has one signal.
    """
    return extra if grads is None else {**extra, "grads": grads}


def call_other(
    link: Any, updates: PyTree, state: PyTree, params: PyTree, extra: dict[str, Any], hands_on: bool = False
) -> Any:
    """Call `update` of a transformation of another library. It gets the gradient only to hand it on to what it holds.

    `hands_on` says that it holds a transformation of gradlab. `MultiSteps` gets no gradient, because it hands on the
    mean of several directions, which does not belong to the gradient of the last step.
    """
    name = name_of_maker(link.update)
    is_split = "grads" in extra
    if not hands_on or name == "MultiSteps":
        extra = {key: value for key, value in extra.items() if key != "grads"}
    with standing_between(name if is_split else ""):
        update = optax.with_extra_args_support(link).update
        return seek_exchange(name, link.update, updates, state, lambda: update(updates, state, params, **extra))


def reads_gradient(link: Any) -> bool:
    """Return whether a link asks for the gradient of its chain beside the direction; optax's do not receive it."""
    return "grads" in signals_of(link)


def signals_of(link: Any) -> frozenset[str]:
    """Return the names of the signals that a link reads; none are known of a transformation of another library."""
    return link.core.reads() if isinstance(link, Value) else frozenset()


def _has_only_numbers(parts: Any) -> bool:
    """Return whether a recipe or a chain holds Python numbers only. It can be kept then; an array may be traced."""
    links = parts if isinstance(parts, Value) else getattr(parts, "links", None)
    return links is not None and all(isinstance(leaf, float | int) for leaf in jax.tree.leaves(links))


def _find_signals(parts: Any) -> frozenset[str]:
    """Return the names of the signals that the update of a pair, a composite or a recipe's transformation reads."""
    if isinstance(parts, Value):
        return signals_of(parts)
    names, takes_any = _read_arguments(parts[1])
    if not isinstance(parts, Composite):
        return names
    inner = frozenset().union(*map(signals_of, parts.inner.values())) - parts.provides
    handed_on = inner if takes_any else inner & names
    if "grads" not in names:
        handed_on -= {"grads"}
    return (names - {"params", "grads"}) | handed_on | parts.reads


def _read_arguments(update: Any) -> tuple[frozenset[str], bool]:
    """Return the names of the arguments of `update` after the first two, and whether it takes any others."""
    code = getattr(update, "__code__", None)
    return (
        _read_arguments_of_code(update, 0) if code is None else _read_arguments_of_code(code, inspect.ismethod(update))
    )


@functools.lru_cache(maxsize=1024)
def _read_arguments_of_code(update: Any, bound: int) -> tuple[frozenset[str], bool]:
    """Do what `_read_arguments` does, for the code of a function, which stays the same when a link is made anew.

    `bound` is how many of its first arguments are bound.
    """
    if isinstance(update, types.CodeType):
        names = update.co_varnames[: update.co_argcount + update.co_kwonlyargcount]
        positional = min(update.co_argcount, bound + 2)
        return frozenset(names[positional:]), bool(update.co_flags & inspect.CO_VARKEYWORDS)
    parameters = list(inspect.signature(update).parameters.values())
    takes_any = any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters)
    by_place = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)][:2]
    return frozenset(parameter.name for parameter in parameters if parameter not in by_place), takes_any
