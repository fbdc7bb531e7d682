"""Notes of the running calls for those inside them: the parameters that entered, and what lost the gradient."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp

from .not_a_transformation import require_like_state, require_names, require_order

PyTree: TypeAlias = Any

# The name of what stands between a chain whose direction has left the gradient and the link that is called now.
_between: ContextVar[str] = ContextVar("between", default="")


@contextlib.contextmanager
def standing_between(name: str) -> Iterator[None]:
    """Say that a transformation, such as a wrapper of another library, calls what it holds through the boundary."""
    token = _between.set(name)
    try:
        yield
    finally:
        _between.reset(token)


def find_between() -> str:
    """Return the name of what stands between a split chain and the link that is called; "" if nothing does."""
    return _between.get()


# Whether a failed update runs once more, abstractly, to find a link that returns or takes its arguments exchanged.
_seeking: ContextVar[bool] = ContextVar("seeking", default=False)


@contextlib.contextmanager
def seeking_exchange() -> Iterator[None]:
    """Let links compare what they take and return with what is expected, which costs time in each call."""
    token = _seeking.set(True)
    try:
        yield
    finally:
        _seeking.reset(token)


def seek_exchange(name: str, update: Any, updates: PyTree, state: PyTree, call: Callable[[], Any]) -> Any:
    """Return what a call of an update returns. While that is sought, raise an error for what it exchanges or changes.

    Raises ExchangedError and ChangedStateError; messages call the transformation `name`.
    """
    if not _seeking.get():
        return call()
    require_names(name, update)
    result = call()
    require_order(name, result, updates, state)
    require_like_state(name, update, result, state)
    return result


class _Entered:
    """The parameters and the updates of the outermost call that runs, as they came; None if they did not."""

    def __init__(self, params: PyTree, updates: PyTree):
        self.params, self.updates = params, updates

    @functools.cached_property
    def by_keys(self) -> dict[Any, Any]:
        return dict(jax.tree_util.tree_flatten_with_path(self.params)[0])

    @functools.cached_property
    def updates_by_keys(self) -> dict[Any, Any]:
        return dict(jax.tree_util.tree_flatten_with_path(self.updates)[0])


_entered: ContextVar[_Entered | None] = ContextVar("_entered", default=None)


@contextlib.contextmanager
def entering(params: PyTree, updates: PyTree = None) -> Iterator[None]:
    """Remember the parameters and the updates of the outermost call while it runs, for their dtypes."""
    token = None if _entered.get() else _entered.set(_Entered(params, updates))
    try:
        yield
    finally:
        if token:
            _entered.reset(token)


def is_outermost() -> bool:
    """Return whether no call runs within which a call that began now would be."""
    return _entered.get() is None


def find_entered_dtype(keys: tuple[Any, ...], leaf: Any) -> Any:
    """Return the dtype with which the parameter at a place entered the outermost call, before it was raised.

    Outside of a call, and for a place that the parameters do not have, it is the dtype of `leaf`.

    Raises ValueError if the call did not receive the parameters.
    """
    entered = _entered.get()
    if entered is not None and entered.params is None:
        raise ValueError(
            "what depends on the dtypes of the parameters, such as the selector dtype(...), needs the parameters: call "
            "update(updates, state, params)"
        )
    return jnp.result_type(leaf if entered is None else entered.by_keys.get(keys, leaf))


def find_update_dtype(keys: tuple[Any, ...], leaf: Any) -> Any:
    """Return the dtype with which the update at a place entered the outermost call, and will leave it.

    Outside of a call, and for a place that the updates do not have, it is the dtype of `leaf`.
    """
    entered = _entered.get()
    return jnp.result_type(leaf if entered is None else entered.updates_by_keys.get(keys, leaf))
