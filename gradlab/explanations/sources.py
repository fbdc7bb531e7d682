"""The publications of a composition, from the docstrings of its parts."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

from ..base import Transformation, find_transformations
from ..equations.latex_to_unicode import format_text

_SOURCE = re.compile(r"\bSources?: (.+?)\.?$", re.DOTALL)  # to the end of its paragraph


def find_sources(tx: Any) -> dict[str, str]:
    """Return the source of each recipe and link in a transformation whose docstring states one, by its name."""
    found: dict[str, str] = {}
    for part in _list_parts(tx):
        for paragraph in inspect.cleandoc(part.factory.build.__doc__ or "").split("\n\n"):
            if match := _SOURCE.search(paragraph):
                found.setdefault(part.factory.name, format_text(" ".join(match[1].split())))
    return found


def _list_parts(tx: Any) -> Iterator[Transformation]:
    """Yield a transformation, those among its arguments, and those that it composes."""
    if isinstance(tx, Transformation):
        yield tx
        for held in find_transformations(list(tx.arguments.values())):
            yield from _list_parts(held)
        if tx.composition is not tx:
            yield from _list_parts(tx.composition)
