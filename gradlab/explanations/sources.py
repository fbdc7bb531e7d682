"""The publications of a composition, from the docstrings of its parts."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

import jax

from ..core.base import Transformation
from ..equations.latex_to_unicode import format_text
from ..values.value import Value

_SOURCE = re.compile(r"\bSources?:\s+(.+?)\.?$", re.DOTALL)  # to the end of its paragraph


def find_sources(tx: Any) -> dict[str, str]:
    """Return the sources that the docstrings of a transformation and of its parts state, by the names of the parts."""
    found: dict[str, str] = {}
    for part in _list_parts(tx):
        for paragraph in inspect.cleandoc(part.factory.build.__doc__ or "").split("\n\n"):
            if match := _SOURCE.search(paragraph):
                found.setdefault(part.factory.name, format_text(" ".join(match[1].split())))
    return found


def _list_parts(tx: Any) -> Iterator[Value]:
    """Yield a transformation, the values among its arguments, such as schedules, and those that it composes."""
    if isinstance(tx, Value):
        yield tx
        for held in jax.tree.leaves(list(tx.arguments.values()), is_leaf=lambda node: isinstance(node, Value)):
            yield from _list_parts(held)
        if isinstance(tx, Transformation) and tx.composition is not tx:
            yield from _list_parts(tx.composition)
