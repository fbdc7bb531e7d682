"""The transformation value: a pure `(init, update)` pair that is also a pytree of its hyperparameters."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, ParamSpec, overload

import jax
import jax.numpy as jnp
import optax

from .boundary import PyTree, first_difference, like, precise, require_same_trees, unaliased
from .hyperparameters import checked, is_schedule, parameters_of, resolved
from .schedules.base import as_schedule, bind
from .values import Factory, Value, call, show

P = ParamSpec("P")


class ScheduledState(NamedTuple):
    """The state of a link with a hyperparameter that is a schedule."""

    step: jax.Array  # int32 scalar, the number of updates so far
    inner: PyTree


class Transformation(Value, optax.GradientTransformationExtraArgs):
    """An optimizer, or a link of one: `init(params) -> state`, `update(updates, state, params=None, **extra)`.

    Made by calling a factory (`gl.adam(1e-3)`), never directly. It is an optax transformation, a pytree whose leaves
    are its numeric hyperparameters, and a value: it compares equal, hashes and pickles by what it is.
    """

    @classmethod
    def _make(cls, factory: Factory, children: dict[str, Any]) -> Transformation:
        core = _Core(factory, children)
        transformation = tuple.__new__(cls, (core.init, core.update))
        transformation.__dict__.update(factory=factory, children=children, core=core)
        return transformation

    @classmethod
    def _decorate(cls, build: Callable[..., Any], **options: Any) -> Any:
        return _transformation(build, **options)

    @property
    def composition(self) -> Transformation:
        """What a recipe expands to, one level down; a link is its own composition."""
        made = self.core.pair()
        return made if isinstance(made, Transformation) else self

    @property
    def links(self) -> tuple[optax.GradientTransformation, ...]:
        """The links that this is made of, in order, with chains and recipes opened; a link has itself."""
        made = self.core.pair()
        if isinstance(made, Transformation):
            return made.links
        return getattr(made, "links", (self,))

    @property
    def splits_gradient(self) -> bool:
        """Whether what comes out is a direction, and no longer the gradient (see `chain`)."""
        links = self.links
        if links != (self,):
            return any(splits_gradient(link) for link in links)
        flag = self.factory.splits_gradient
        return splits_gradient(self.arguments[flag]) if isinstance(flag, str) else flag

    def __str__(self) -> str:
        composed = self
        try:
            while composed.composition is not composed:
                composed = composed.composition
        except (
            TypeError,
            ValueError,
        ):  # leaves that are no hyperparameters, as in a gradient shaped like this
            return repr(self)
        return _show_composition(composed)


class _Core:
    """The two functions of a transformation, built anew from the factory for each call, so that nothing is hidden."""

    def __init__(self, factory: Factory, children: dict[str, Any]):
        self.factory, self.children = factory, children

    @property
    def arguments(self) -> dict[str, Any]:
        return Value.arguments.fget(self)  # type: ignore[attr-defined]

    @property
    def scheduled(self) -> bool:
        """Whether this is a link with a schedule; a recipe hands its schedules on to its links."""
        given = self.arguments
        some = any(p.range is not None and is_schedule(given[name]) for name, p in self.factory.parameters.items())
        return some and not isinstance(self.pair(), Transformation)

    def pair(self) -> Any:
        """What the factory returns, with schedules unresolved: enough to know the parts."""
        parameters, arguments = self.factory.parameters, self.arguments
        scheduled = [name for name, p in parameters.items() if p.range is not None and is_schedule(arguments[name])]
        arguments |= {name: as_schedule(arguments[name]) for name in scheduled}
        try:
            return call(self.factory.build, parameters, arguments)
        except Exception:  # a link may compute with its hyperparameters, and needs numbers; a recipe hands them on
            if not scheduled or isinstance(made := self.pair_at(0), Transformation):
                raise
            return made

    def pair_at(self, step: Any) -> Any:
        """What the factory returns, with every hyperparameter a number."""
        arguments = resolved(self.factory.parameters, self.arguments, step)
        return call(self.factory.build, self.factory.parameters, arguments)

    def raw_init(self, params: PyTree) -> PyTree:
        if self.scheduled:
            step = jnp.zeros((), jnp.int32)
            return ScheduledState(step, self.pair_at(step)[0](params))
        made = self.pair()
        if isinstance(made, Transformation):
            return made.core.raw_init(params)
        return self.pair_at(0)[0](params)

    def raw_update(self, updates: PyTree, state: PyTree, params: PyTree, extra: dict[str, Any]) -> Any:
        if self.scheduled:
            pair = self.pair_at(state.step)
            updates, inner = _call_update(self.factory.name, pair[1], updates, state.inner, params, extra)
            return updates, ScheduledState(optax.safe_increment(state.step), inner)
        made = self.pair()
        if isinstance(made, Transformation):
            return made.core.raw_update(updates, state, params, extra)
        return _call_update(self.factory.name, self.pair_at(0)[1], updates, state, params, extra)

    def init(self, params: PyTree) -> PyTree:
        """The state for parameters (a tree of float or complex arrays of any shape), at least float32."""
        raised = precise(params, "the parameter")
        state = self.raw_init(raised)
        return unaliased(like(state, state), (params, raised))

    def update(self, updates: PyTree, state: PyTree, params: PyTree = None, **extra: Any) -> tuple[PyTree, PyTree]:
        """Transform the updates (a tree like the parameters); returns them and the next state."""
        raised = precise(updates, "the update")
        if params is not None:
            require_same_trees(updates, params, "updates", "params")
            params = precise(params, "the parameter")
        if extra.get("grads") is not None:
            require_same_trees(updates, extra["grads"], "updates", "grads")
            extra = extra | {"grads": precise(extra["grads"], "the gradient")}
        try:
            result, new_state = self.raw_update(raised, state, params, extra)
            same_state = first_difference(new_state, state) is None
        except Exception as error:
            self._require_own_state(state, raised, error)
            self._require_scalars(error)
            raise
        if not same_state:
            self._require_own_state(state, raised, None)
            require_same_trees(new_state, state, "the state after the update", "the state before")
        if first_difference(result, updates):
            self._require_scalars(None)
            require_same_trees(result, updates, "the transformed updates", "the updates")
        return like(result, updates), like(new_state, state)

    def _require_own_state(self, state: PyTree, updates: PyTree, cause: Exception | None) -> None:
        """Raise ValueError if a state is not what `init` gives for such updates: the usual cause of any failure."""
        try:
            own = jax.eval_shape(self.raw_init, updates)
        except Exception:
            return
        difference = first_difference(own, state)
        if difference:
            raise ValueError(
                f"this state is not one of {show(self.factory, self.arguments)} for these updates: at {difference[0]} "
                f"expected {difference[1]}, got {difference[2]}. Pass the state that its own init(params) or its last "
                f"update returned, for parameters of the same structure and shapes"
            ) from cause

    def _require_scalars(self, cause: Exception | None) -> None:
        """Raise ValueError if hyperparameters are stacked: the cause of a failure if they were not mapped over."""
        stacked = {name for name, value in self.arguments.items() for leaf in jax.tree.leaves(value) if jnp.ndim(leaf)}
        if stacked:
            raise ValueError(
                f"{show(self.factory, self.arguments)} holds arrays for {', '.join(sorted(stacked))}, which do not fit "
                f"the parameters. If it is a stack of optimizers, map over it: jax.vmap(train)(stack)"
            ) from cause


@overload
def transformation(factory: Callable[P, Any], /) -> Callable[P, Transformation]: ...
@overload
def transformation(
    *, splits_gradient: bool | str = False, name: str | None = None
) -> Callable[[Callable[P, Any]], Callable[P, Transformation]]: ...


def transformation(
    factory: Callable[..., Any] | None = None,
    /,
    *,
    splits_gradient: bool | str = False,
    name: str | None = None,
) -> Any:
    """Make transformation values of a function that takes hyperparameters and returns an `(init, update)` pair.

    `update(updates, state)` may name `params`, `grads` (the gradient of the chain) and any extra argument to be handed
    it. A function that returns another transformation is a *recipe*. optax's factories can be wrapped as they are:
    `scale_by_lion = gl.transformation(optax.scale_by_lion)` is a value, with hyperparameters that never recompile.

    `splits_gradient` says that the result is a direction from here on and no longer the gradient, as for momentum; a
    string names the argument whose transformation decides. `name` is the printed name, by default the function's.

    Raises TypeError and ValueError for arguments outside their declared ranges (see `gradlab.hyperparameters`).
    """
    if factory is None:
        return functools.partial(_transformation, splits_gradient=splits_gradient, name=name)
    return _transformation(factory, splits_gradient=splits_gradient, name=name)


def _transformation(factory: Callable[..., Any], *, splits_gradient: bool | str, name: str | None) -> Any:
    parameters = parameters_of(factory)
    label = name or factory.__name__

    @functools.wraps(factory)
    def make(*args: Any, **kwargs: Any) -> Transformation:
        bound = bind(factory, args, kwargs)
        arguments = {key: checked(label, parameters[key], value) for key, value in bound.items()}
        made = Transformation._from_arguments(make.factory, arguments)  # type: ignore[attr-defined]
        _require_pair(label, made.core.pair())
        return made

    make.factory = Factory(make, factory, label, parameters, splits_gradient)  # type: ignore[attr-defined]
    return make


def splits_gradient(link: Any) -> bool:
    """Whether a link of a chain turns the gradient into a direction; a foreign link never does."""
    return isinstance(link, Transformation) and link.splits_gradient


def raw_init(link: Any, params: PyTree) -> PyTree:
    """`init` of a link of ours or of optax's, inside the border: the caller has raised and checked the tree."""
    return link.core.raw_init(params) if isinstance(link, Transformation) else link.init(params)


def raw_update(link: Any, updates: PyTree, state: PyTree, params: PyTree, extra: dict[str, Any]) -> Any:
    """`update` of a link of ours or of optax's, inside the border; optax's are not handed `grads`."""
    if isinstance(link, Transformation):
        return link.core.raw_update(updates, state, params, extra)
    extra = {key: value for key, value in extra.items() if key != "grads"}
    return optax.with_extra_args_support(link).update(updates, state, params, **extra)


@functools.lru_cache(maxsize=1024)
def _accepted(code: Any) -> tuple[frozenset[str], bool]:
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    return frozenset(names), bool(code.co_flags & inspect.CO_VARKEYWORDS)


def _call_update(
    owner: str,
    update: Callable[..., Any],
    updates: PyTree,
    state: PyTree,
    params: PyTree,
    extra: dict[str, Any],
) -> Any:
    """Call a link's update with those of `params`, `grads` and the extra arguments that it asks for."""
    code = getattr(update, "__code__", None)
    if code is None:  # a callable object
        signature = inspect.signature(update).parameters.values()
        names = frozenset(p.name for p in signature)
        takes_any = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in signature)
    else:
        names, takes_any = _accepted(code)
    given = {key: value for key, value in extra.items() if key in names or (takes_any and key != "grads")}
    if "params" not in names:
        return update(updates, state, **given)
    if params is None and inspect.signature(update).parameters["params"].default is inspect.Parameter.empty:
        raise ValueError(f"{owner} needs the parameters: call update(updates, state, params)")
    return update(updates, state, params, **given)


def _require_pair(owner: str, made: Any) -> None:
    pair = isinstance(made, tuple) and len(made) >= 2 and callable(made[0]) and callable(made[1])
    if not pair:
        raise TypeError(f"{owner} must return an (init, update) pair of functions, got {type(made).__name__}: {made!r}")


def _show_composition(composed: Transformation) -> str:
    line = repr(composed)
    links: Iterable[Any] = composed.arguments.get("links", ())
    if len(line) <= 88 or not links:
        return line
    return f"{composed.factory.name}(\n" + "".join(f"    {link!r},\n" for link in links) + ")"
