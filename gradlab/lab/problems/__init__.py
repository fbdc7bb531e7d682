"""The problems to race on, by name: one a file, each a value with the few parts that `Problem` lists."""

from __future__ import annotations

from collections.abc import Callable

from ..names import pick
from .base import Landscape as Landscape
from .base import Problem as Problem
from .base import Score as Score
from .digits import Digits as Digits
from .ravine import Ravine as Ravine

PROBLEMS: dict[str, Callable[[], Problem]] = {"digits": Digits, "ravine": Ravine}


def find(name: str) -> Problem:
    """The problem of a name; a KeyError that lists the near matches if there is none."""
    return pick(name, PROBLEMS, "problem")()
