"""The bytes that cross between devices in a compiled program, counted from its text."""

from __future__ import annotations

import math
import re
from fractions import Fraction
from typing import NamedTuple

import jax

from .hlo_text import ARRAY, count_array_bytes

# The bytes that each of N devices sends, in units of the result that it holds, by the algorithm that sends the fewest.
_SENT = {
    "all-reduce": lambda n: Fraction(2 * (n - 1), n),
    "all-gather": lambda n: Fraction(n - 1, n),
    "all-to-all": lambda n: Fraction(n - 1, n),
    "ragged-all-to-all": lambda n: Fraction(n - 1, n),
    "reduce-scatter": lambda n: Fraction(n - 1),
    "collective-permute": lambda n: Fraction(1),
    "collective-broadcast": lambda n: Fraction(1),
}
_OPERATION = re.compile(rf"= (?P<type>\(.*?\)|\S+) (?P<kind>{'|'.join(_SENT)})(?P<start>-start)?\(")
_GROUPS = re.compile(r"replica_groups=(?:\{\{([\d,]+)\}|\[\d+,(\d+)\])")
_DEVICES = re.compile(r"(?:num_partitions|replica_count)=(\d+)")


class Collective(NamedTuple):
    """An operation of a program by which devices exchange arrays."""

    kind: str  # such as "all-reduce"
    devices: int  # how many exchange among each other
    sent: int  # the bytes that each of them sends


def find_collectives(compiled: jax.stages.Compiled) -> list[Collective]:
    """Return the collective operations of a compiled program, in order. One in a loop is listed once.

    XLA's text is not documented; an operation that is not understood raises ValueError.
    """
    text = compiled.as_text() or ""
    everyone = math.prod(int(count) for count in _DEVICES.findall(text.partition("\n")[0])) or 1
    return [_read(match, line, everyone) for line in text.splitlines() if (match := _OPERATION.search(line))]


def count_bytes(compiled: jax.stages.Compiled) -> int:
    """Return the bytes that each device sends in one call of a compiled program without loops."""
    return sum(collective.sent for collective in find_collectives(compiled))


def _read(match: re.Match[str], line: str, everyone: int) -> Collective:
    sizes = [count_array_bytes(*found.groups()) for found in ARRAY.finditer(match["type"])]
    if not sizes:
        raise ValueError(f"the type {match['type']} of a {match['kind']} holds no array")
    if match["start"]:  # an operation in two parts, whose first returns operands and results
        sizes = sizes[len(sizes) // 2 :]
    groups = _GROUPS.search(line)
    members = everyone if groups is None else int(groups[2]) if groups[2] else len(groups[1].split(","))
    return Collective(match["kind"], members, math.ceil(sum(sizes) * _SENT[match["kind"]](members)))
