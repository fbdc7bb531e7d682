"""The names of runs in tools that show a run as a folder: problem, optimizer, configuration, seed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

import numpy as np

LONGEST_NAME = 200  # bytes of one folder's name; most file systems allow 255

# What Windows, a shell or a path takes for something else. The percent sign makes the replacement unambiguous.
_UNSAFE = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|%]|^\.|[. ]$')


def name_configuration(problem: str, optimizer: str, number: int, hyperparameters: Mapping[str, Any]) -> PurePosixPath:
    """Return the folder of a configuration, such as `digits/adam/3 learning_rate=0.1 b1=0.9`.

    `number` is that of the configuration, and makes its name unique. Numbers have four digits; all digits are in the
    hyperparameters of the run.
    """
    values = [f"{name}={_format(value)}" for name, value in select_present(hyperparameters).items()]
    return PurePosixPath(*map(make_safe, (problem, optimizer, " ".join([str(number), *values]))))


def select_present(hyperparameters: Mapping[str, Any]) -> dict[str, float | str]:
    """Return the hyperparameters that exist, as plain numbers and texts: not those that are NaN or an empty text."""
    plain = {name: value.item() if isinstance(value, np.generic) else value for name, value in hyperparameters.items()}
    # NaN is the only value that is not equal to itself.
    return {name: value for name, value in plain.items() if value == value and value != ""}


def _format(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.4g}"


def make_safe(name: str) -> str:
    """Return a name as that of a folder: without signs that mean something in a path, and not too long."""
    name = _UNSAFE.sub(lambda found: f"%{ord(found[0]):02X}", name)
    cut = name.encode("utf-8", errors="replace")[:LONGEST_NAME].decode("utf-8", errors="ignore")
    return cut if cut == name else f"{cut.rstrip('. ')}\N{HORIZONTAL ELLIPSIS}"
