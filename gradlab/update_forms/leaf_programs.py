"""The parts of a program that compute one leaf each, and which of them are equal.

A step of Adam computes each leaf by the same equations. Its program holds them once for each leaf, between those of the
other leaves. Here they are collected again: the elementwise equations that depend on each other are a part.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, NamedTuple

from .traced_programs import Equation, Variable, find_shape, is_literal


class LeafProgram(NamedTuple):
    """The elementwise equations of one leaf, on whose values nothing else in the program depends."""

    equations: list[Equation]
    sources: list[Variable]  # arrays of the shape of the leaf that they begin with
    scalars: list[Variable]  # numbers that they read
    results: list[Variable]


class _Part:
    """Elementwise equations that depend on each other, by their positions in the program."""

    def __init__(self, positions: list[int]):
        self.positions = positions
        self.is_read = False  # by an equation that is not elementwise
        self.joined: _Part | None = None  # the part that has these equations now

    def find(self) -> _Part:
        part = self
        while part.joined is not None:
            part = part.joined
        return part

    def join(self, other: _Part) -> _Part:
        """Return the longer one of two parts, with the equations of both."""
        if self is other:
            return self
        long, short = (self, other) if len(self.positions) >= len(other.positions) else (other, self)
        long.positions.extend(short.positions)
        long.is_read |= short.is_read
        short.joined, short.positions = long, []
        return long


def find_leaf_programs(jaxpr: Any) -> list[list[LeafProgram]]:
    """Return the leaf programs of a program in groups, each of equal ones: they differ in their sources only.

    The leaf programs of a group read the same scalars. Their sources and results correspond in order.
    """
    groups: dict[Hashable, list[LeafProgram]] = {}
    outputs = {v for v in jaxpr.outvars if not is_literal(v)}
    for part in _find_parts(jaxpr):
        key, program = _describe([jaxpr.eqns[position] for position in sorted(part.positions)], outputs)
        if program.sources and program.results:
            groups.setdefault(key, []).append(program)
    return list(groups.values())


def _find_parts(jaxpr: Any) -> list[_Part]:
    parts: list[_Part] = []
    part_of: dict[Variable, _Part] = {}
    shapes: dict[int, tuple[int, ...]] = {}  # of the equations that call a sub-program, by its identity
    for position, equation in enumerate(jaxpr.eqns):
        operands = [part_of[v].find() for v in equation.invars if not is_literal(v) and v in part_of]
        inner = id(equation.params.get("jaxpr", equation))
        if inner not in shapes:
            shapes[inner] = find_shape(equation)
        if not shapes[inner]:
            for part in operands:
                part.is_read = True
            continue
        part = _Part([position])
        parts.append(part)
        for other in operands:
            part = part.find().join(other.find())
        part_of.update(dict.fromkeys(equation.outvars, part))
    return [part for part in parts if part.joined is None and not part.is_read]


def _describe(equations: list[Equation], outputs: set[Variable]) -> tuple[Hashable, LeafProgram]:
    """Return a leaf program, and a key that it shares with equal ones: it has numbers in the place of arrays."""
    numbers: dict[Variable, int] = {}
    program = LeafProgram(equations, [], [], [])
    scalars: dict[Variable, None] = {}
    key: list[Hashable] = []
    for equation in equations:
        key.append((equation.primitive.name, *map(_make_hashable, equation.params.values())))
        for v in equation.invars:
            if is_literal(v):
                key.append((str(v.aval), repr(v.val)))
            elif not v.aval.shape:
                scalars[v] = None
                key.append(v)
            else:
                if v not in numbers:
                    numbers[v] = len(numbers)
                    program.sources.append(v)
                    key.append(v.aval)
                key.append(numbers[v])
        for v in equation.outvars:
            numbers[v] = len(numbers)
            key.append(v in outputs)
            if v in outputs:
                program.results.append(v)
    program.scalars.extend(scalars)
    return tuple(key), program


def _make_hashable(value: Any) -> Hashable:
    try:
        hash(value)
    except TypeError:
        return id(value)
    return value
