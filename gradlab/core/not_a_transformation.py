"""Errors for things that are not transformations: a factory that was not called, one that returns no pair, and links
that exchange updates and state or return another state."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from ..remedies.optax_names import suggest_wrapped
from .tree_differences import find_difference


def refuse_to_run(factory: Any, label: str) -> Any:
    """Give a factory an `init` and an `update` that raise TypeError, because it must be called first. Returns it."""

    def refused(method: str) -> Callable[..., Any]:
        def refuse(*args: Any, **kwargs: Any) -> Any:
            raise TypeError(
                f"{label} makes transformations and is not one itself; call it first: {label}(...).{method}(...)"
            )

        return refuse

    factory.init, factory.update = refused("init"), refused("update")
    return factory


def describe_wrong(thing: Any, call: str) -> str:
    """Return what came in place of a transformation, with the call that is meant: "explain({})" takes it at the braces.

    A name of gradlab as text is answered with the transformation of that name.
    """
    if isinstance(thing, str):
        import gradlab as gl

        name = thing.rpartition(".")[2]
        is_known = name.isidentifier() and hasattr(getattr(gl, name, None), "factory")
        meant = call.format(f"gl.{name}()" if is_known else "gl.adam()")
        return f"the text {thing!r}; pass the transformation itself{':' if is_known else ', as in'} {meant}"
    if remedy := suggest_wrapped(thing):
        return f"{type(thing).__name__}; {remedy}"
    if callable(thing):
        name = getattr(thing, "__qualname__", type(thing).__name__)
        return f"{name}; call it, as in {call.format(f'{name}()')}"
    return type(thing).__name__


def require_pair(owner: str, result: Any) -> None:
    """Raise TypeError unless a factory returned a pair of functions."""
    is_pair = isinstance(result, tuple) and len(result) >= 2 and callable(result[0]) and callable(result[1])
    if not is_pair:
        raise TypeError(
            f"{owner} must return an (init, update) pair of functions, but it returned {describe_result(result)}"
        )


class ExchangedError(TypeError):
    """A link that takes or returns updates and state in the wrong order."""


class ChangedStateError(ValueError):
    """A link that returns its state in another structure than it came in."""


def require_names(owner: str, update: Any) -> None:
    """Raise ExchangedError if an update calls its first argument the state, and not its second."""
    first, second = (*inspect.signature(update).parameters, "", "")[:2]
    if "state" in first and "state" not in second:
        raise ExchangedError(
            f"update of {owner} takes ({first}, {second}), but is called as update(updates, state); exchange the two"
        )


def require_order(owner: str, result: Any, updates: Any, state: Any) -> None:
    """Raise ExchangedError if an update returned (state, updates) in place of (updates, state)."""
    if not isinstance(result, tuple | list) or len(result) != 2 or find_difference(updates, state) is None:
        return
    if find_difference(result[0], state) is None and find_difference(result[1], updates) is None:
        raise ExchangedError(
            f"update of {owner} must return (updates, state), but it returned what looks like (state, updates): a "
            f"{type(result[0]).__name__} like the state before a {type(result[1]).__name__} like the updates; exchange "
            f"the two"
        )


def require_like_state(owner: str, update: Any, result: Any, state: Any) -> None:
    """Raise ChangedStateError if an update returned a state of another structure or of other shapes."""
    difference = find_difference(result[1], state) if isinstance(result, tuple | list) and len(result) == 2 else None
    if difference is None:
        return
    path, after, before = difference
    text = describe_changed_state(f"update of {owner}", path, before, after)
    if str(getattr(update, "__module__", "")).partition(".")[0] == "optax":
        text += (
            ". Of optax's links, `monitor` does: take `optax.snapshot` for it, or put it in front, as in "
            "optax.chain(optax.monitor(...), tx)"
        )
    raise ChangedStateError(text)


def describe_changed_state(who: str, path: str, before: str, after: str) -> str:
    """Return the message about a link that changes its state at a path."""
    return (
        f"{who} changes the structure or the shapes of its own state (at {path} from {before} to {after}), which no "
        f"compiled loop can hold; return the state in the structure and order in which init returned it, with numbers "
        f"as arrays"
    )


def describe_result(result: Any) -> str:
    """Return in a few words what a factory returned in place of a transformation."""
    if result is None:
        return "nothing"
    if isinstance(result, type) or inspect.isroutine(result):
        kind = "class" if isinstance(result, type) else "function"
        return f"the {kind} {getattr(result, '__name__', type(result).__name__)} alone"
    if isinstance(result, (list, tuple)) and any(hasattr(link, "update") for link in result):
        return f"a {type(result).__name__} of links, of which gl.chain makes one: gl.chain(*links)"
    text = " ".join(repr(result).split())
    return f"a {type(result).__name__}" + (f": {text}" if len(text) < 60 and " at 0x" not in text else "")
