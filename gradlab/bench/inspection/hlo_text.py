"""The instructions of a compiled program, read from the text that XLA prints of it.

XLA's text is not documented. What is not understood raises ValueError.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import jax

ARRAY = re.compile(r"\b([a-z]\w*)\[([\d,]*)\]")  # such as f32[8,16]
_HEADER = re.compile(r"(?P<entry>ENTRY )?%(?P<name>\S+) \(.*\) -> .* \{$")
_INSTRUCTION = re.compile(
    r"\s+(?P<root>ROOT )?%(?P<name>\S+) = (?P<type>\(.*?\)|\S+) "
    r"(?P<operation>[a-z][\w-]*)\((?P<operands>.*?)\)(?P<rest>.*)"
)
_REFERENCE = re.compile(r"%([\w.-]+)")
_CALLED = re.compile(r"\b(?:calls|to_apply|body|condition|\w+_computation|branch_computations)=(\{[^}]*\}|%[\w.-]+)")
_COMMENT = re.compile(r"/\*.*?\*/")


class Array(NamedTuple):
    """The size of an array in a program."""

    elements: int
    bytes: int


class Instruction(NamedTuple):
    """A line of a program: what it computes, from what, and the computations that it calls."""

    name: str
    operation: str  # such as "fusion" or "copy"
    results: tuple[Array, ...]
    operands: tuple[str, ...]  # names of other instructions of the same computation; of a parameter, its number
    called: tuple[str, ...]  # names of computations
    is_root: bool


class Program(NamedTuple):
    """The computations of a program by name, each as its instructions by name, in the order of the text."""

    computations: Mapping[str, Mapping[str, Instruction]]
    entry: str


def read_program(compiled: jax.stages.Compiled) -> Program:
    """Return the computations of a compiled program. Raises ValueError if its text has no entry."""
    computations: dict[str, dict[str, Instruction]] = {}
    entry = ""
    body: dict[str, Instruction] = {}
    for line in _lines(compiled.as_text() or ""):
        if header := _HEADER.match(line):
            body = computations[header["name"]] = {}
            entry = header["name"] if header["entry"] else entry
        elif match := _INSTRUCTION.match(line):
            body[match["name"]] = _read_instruction(match)
    if not entry:
        raise ValueError(
            "the text of the compiled program has no ENTRY computation; this backend may print another one"
        )
    return Program(computations, entry)


def count_array_bytes(dtype: str, shape: str) -> int:
    """Return the bytes of an array from the names of XLA, such as f32 and 8,16."""
    bits = 8 if dtype == "pred" else int(re.sub(r"^[a-z]+(\d+).*$", r"\1", dtype))
    return math.ceil(_count_elements(shape) * bits / 8)


def _lines(text: str) -> Iterator[str]:
    """Yield the lines that hold computations, without comments, which count the operands in long lists."""
    for line in text.splitlines():
        if "%" in line:
            yield _COMMENT.sub("", line)


def _read_instruction(match: re.Match[str]) -> Instruction:
    called = [name for group in _CALLED.findall(match["rest"]) for name in _REFERENCE.findall(group)]
    return Instruction(
        match["name"],
        match["operation"],
        tuple(
            Array(_count_elements(shape), count_array_bytes(dtype, shape))
            for dtype, shape in ARRAY.findall(match["type"])
        ),
        (match["operands"],) if match["operation"] == "parameter" else tuple(_REFERENCE.findall(match["operands"])),
        tuple(called),
        match["root"] is not None,
    )


def _count_elements(shape: str) -> int:
    return math.prod(int(size) for size in shape.split(",") if size)
