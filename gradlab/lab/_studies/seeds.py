"""The seeds of a study: so many from 0 on, or those that are given, so that several machines can share one study."""

from __future__ import annotations

import itertools
import operator
import re
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from .._formatting import describe_seeds
from .._inputs.argument_checks import is_whole_number, require_whole_number

Seeds: TypeAlias = int | str | Sequence[int]

LARGEST = 2**32 - 1  # a seed is drawn from as an unsigned number of 32 bits
EXPECTED = "expected a number of seeds (10), or the seeds themselves (5:10 for seeds 5 to 9, or 0,1,4)"

_ENOUGH = 1_000_000  # of a range in a text
_PART = re.compile(r"(\d+)(?::(\d+))?")


def as_seeds(seeds: Seeds) -> tuple[int, ...]:
    """Return seeds in ascending order: those from 0 up to a number, or those of a range, a list, or a text.

    A text is a number (`10`), or a list of seeds and of ranges without their end, as in Python (`0,1,4`, `5:10`).
    Raises TypeError for what are no whole numbers, and ValueError for no seeds, too many, a seed that is given twice,
    and one that is below zero or too large.
    """
    from .size_limits import SEEDS, require_count  # imports JAX

    if isinstance(seeds, str):
        return as_seeds(parse_seeds(seeds))
    if is_whole_number(seeds) or isinstance(seeds, bool) or not isinstance(seeds, Iterable):
        require_whole_number("seeds", seeds)
        require_count("seeds", operator.index(seeds), SEEDS)  # type: ignore[arg-type]
        return tuple(range(operator.index(seeds)))  # type: ignore[arg-type]
    if hasattr(seeds, "__len__"):
        require_count("seeds", len(seeds), SEEDS)
    given = list(seeds)
    for seed in given:
        if not is_whole_number(seed):
            raise TypeError(f"seeds must be whole numbers; got {type(seed).__name__}: {seed!r}")
        if not 0 <= seed <= LARGEST:
            raise ValueError(f"seeds must lie from 0 to {LARGEST:,}, got {seed}")
    numbers = sorted(map(int, given))
    if not numbers:
        raise ValueError(f"seeds has none; {EXPECTED}")
    if twice := sorted({seed for seed, following in itertools.pairwise(numbers) if seed == following}):
        raise ValueError(f"seeds has {describe_seeds(twice)} twice; give each once")
    return tuple(numbers)


def parse_seeds(text: str) -> int | list[int]:
    """Return the number of seeds in a text such as `10`, or the seeds of a list such as `0,1,4` or `5:10,20`.

    Raises ValueError. It imports neither JAX nor NumPy, so the command line can call it before anything else.
    """
    text = text.replace(" ", "")
    if re.fullmatch(r"-?\d+", text):
        if int(text) < 1:
            raise ValueError(f"seeds must be at least 1, got {text}")
        return int(text)
    seeds: list[int] = []
    for part in text.split(","):
        found = _PART.fullmatch(part)
        if not found:
            raise ValueError(f"seeds must be whole numbers, got {text!r}; {EXPECTED}")
        first, end = int(found[1]), int(found[2] or int(found[1]) + 1)
        if first >= end:
            raise ValueError(f"seeds has no seed in {part}, which ends before {end}; write {first}:{first + 1} for one")
        seeds.extend(range(first, min(end, first + _ENOUGH)))  # more are refused anyway
    return seeds


def format_seeds(seeds: Sequence[int]) -> int | str:
    """Return ascending seeds as they can be given again: `10`, "5:10" or "0,1,4,8:12"."""
    if list(seeds) == list(range(len(seeds))):
        return len(seeds)
    starts = [at for at, seed in enumerate(seeds) if not at or seed != seeds[at - 1] + 1]
    runs = [seeds[start:end] for start, end in zip(starts, [*starts[1:], len(seeds)])]
    texts = [f"{run[0]}:{run[-1] + 1}" if len(run) > 2 or len(seeds) == 1 else ",".join(map(str, run)) for run in runs]
    return ",".join(texts)
