"""Values that are typed as NAME=VALUE, such as `--arg b1=0.8` and `--claim accumulates=4`."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

from ..terminal.printing import fail


def parse_assignments(option: str, assignments: Sequence[str], example: str) -> dict[str, Any]:
    """Return values by name. Ends the command for what is not NAME=VALUE, and for a name that is given twice."""
    values: dict[str, Any] = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals or not name.isidentifier():
            fail(f"{option} takes NAME=VALUE, such as {example}; got {assignment!r}")
        if name in values:
            fail(f"{option} {name} is given twice ({values[name]!r} and {text}); leave one out")
        values[name] = parse_value(text)
    return values


def parse_value(text: str) -> Any:
    """Return the value of a Python literal, such as a number or a tuple (0.68,1.14). Any other text stays a text."""
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return text
