"""Errors for things that are not transformations: a factory that was not called, and one that returns no pair."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any


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


def require_pair(owner: str, result: Any) -> None:
    """Raise TypeError unless a factory returned a pair of functions."""
    is_pair = isinstance(result, tuple) and len(result) >= 2 and callable(result[0]) and callable(result[1])
    if not is_pair:
        raise TypeError(
            f"{owner} must return an (init, update) pair of functions, but it returned {describe_result(result)}"
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
