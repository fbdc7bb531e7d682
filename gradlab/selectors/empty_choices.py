"""Warnings about a selector of names that chooses no leaf, so that what it is for happens nowhere."""

from __future__ import annotations

import contextlib
import contextvars
import warnings
from collections.abc import Iterator, Sequence

from ..remedies.user_lines import find_stacklevel
from .base import Selector
from .leaves import Leaf

_is_silent = contextvars.ContextVar("_is_silent", default=False)


@contextlib.contextmanager
def on_trees_of_others() -> Iterator[None]:
    """Do not warn within, where trees are tried whose names the user has not chosen."""
    token = _is_silent.set(True)
    try:
        yield
    finally:
        _is_silent.reset(token)


def warn_of_no_choice(owner: str, selector: object, leaves: Sequence[Leaf], consequence: str) -> None:
    """Warn if a selector that reads names chooses none of some leaves. `owner` is the name of who asks.

    One that reads shapes and dtypes only is meant for any tree, and may find nothing in some of them.
    """
    has_names = any(leaf.path for leaf in leaves)  # parameters that are one array have none
    if _is_silent.get() or not has_names or not isinstance(selector, Selector) or not selector.reads_names:
        return
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        is_empty = not any(selector.choose(leaves))
    if is_empty and not caught:  # else the selector says itself which name is meant
        some = ", ".join(map(str, leaves[:3])) + ", ..." * (len(leaves) > 3)
        text = f"{owner}: {selector!r} selects none of the leaves {some}; {consequence}"
        warnings.warn(text, stacklevel=find_stacklevel())
