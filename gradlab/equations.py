r"""Equations: the update that a composition computes, line by line, as LaTeX and as Unicode.

A link declares its equation where it is defined, as a function of a `Writer` and of its hyperparameters::

    @equation_of(scale_by_sign)
    def _(write):
        return write.direction().inside(r"\operatorname{sign}")

`equations_of` walks the links of a composition and lets each write its lines, in order. So the equations of a variant,
or of a user's composition, are its own. A link that declares none appears by its name, as a function of its input.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from .base import Transformation, splits_gradient
from .core import reads_gradient
from .expressions import Expression as Expression
from .expressions import Number as Number
from .plain_math import format_formula
from .schedules.base import shift_ahead
from .values import Value, is_number, show_argument

_MEAN = r"\beta"
_START = Expression("g_t")

_declared: dict[Callable[..., Any], Callable[..., Expression]] = {}  # by the factories of links


class Symbol(NamedTuple):
    """What a symbol of the equations stands for."""

    latex: str
    value: str

    def __str__(self) -> str:
        return f"{format_formula(self.latex)} = {self.value}"


@dataclass(frozen=True)
class Equations:
    """The update of a composition: its lines in LaTeX, in order, and what the symbols stand for."""

    lines: tuple[str, ...]
    symbols: tuple[Symbol, ...]

    @property
    def plain(self) -> tuple[str, ...]:
        """The lines as Unicode."""
        return tuple(map(format_formula, self.lines))

    @property
    def latex(self) -> str:
        """All lines as one display, aligned at the signs of equality."""
        rows = (line.replace(" = ", " &= ", 1).replace(r" \sim ", r" &\sim ", 1) for line in self.lines)
        return "\n".join([r"\begin{aligned}", " \\\\\n".join(rows), r"\end{aligned}"])

    def __str__(self) -> str:
        return "\n".join(f"({number}) {line}" for number, line in enumerate(self.plain, 1))


def equation_of(factory: Callable[..., Any]) -> Callable[[Callable[..., Expression]], Callable[..., Expression]]:
    """Declare the equation of a link: a function of a `Writer` and the link's hyperparameters, by name.

    It writes the lines of what the link remembers, and returns the new direction.
    """

    def declare(write: Callable[..., Expression]) -> Callable[..., Expression]:
        _declared[factory.factory.build] = write  # type: ignore[attr-defined]
        return write

    return declare


def equations_of(tx: Any, update: bool = True) -> Equations:
    """The equations of a transformation of gradlab, or of any other one, by its name.

    $g_t$ is the gradient, $x_t$ are the parameters, and $t$ counts the updates from 1. The last line is the update of
    the parameters; without `update` it is the direction.
    """
    writer = Writer()
    writer.walk(_links_of(tx))
    if {number.role for number in writer.numbers if number.base == _MEAN} == {"1", "2"}:
        return writer.finish(update)
    writer = Writer(indexed=False)  # with one mean there is no need to number its decay
    writer.walk(_links_of(tx))
    return writer.finish(update)


@dataclass
class Writer:
    """Writes the equations of links, one after another, and knows the gradient and the direction at each.

    `letter` is what a running mean is called here, and `role` which mean it is: "1" of the direction, "2" of squares.
    """

    indexed: bool = True
    letter: str = "m"
    role: str = "1"
    lines: list[str] = field(default_factory=list)
    numbers: list[Number] = field(default_factory=list)
    _given: list[Symbol] = field(default_factory=list)
    _letters: set[str] = field(default_factory=set)
    _gradient: Expression = _START
    _direction: Expression = _START
    _split: bool = False

    def walk(self, links: Iterable[Any]) -> Expression:
        """Let links write their lines; returns the direction behind them."""
        links = list(links)
        for position, link in enumerate(links):
            if splits_gradient(link) and not self._split and any(map(reads_gradient, links[position + 1 :])):
                self._settle_gradient()
            declared = _declared.get(link.factory.build) if isinstance(link, Transformation) else None
            self._direction = declared(self, **link.arguments) if declared else self._by_name(link)
            self._split = self._split or splits_gradient(link)
            if not self._split:
                self._gradient = self._direction
        return self._direction

    def inside(self, tx: Any, letter: str, role: str, direction: Expression, gradient: Expression) -> Expression:
        """Let a transformation within a link write its lines; returns what it makes of a direction."""
        outer = self.letter, self.role, self._gradient, self._direction, self._split
        self.letter, self.role = letter, role
        self._gradient, self._direction, self._split = gradient, direction, gradient != direction
        made = self.walk(_links_of(tx))
        self.letter, self.role, self._gradient, self._direction, self._split = outer
        return made

    def direction(self) -> Expression:
        """The direction, as it is; a long one of several terms as a symbol with a line of its own."""
        return self.symbol() if self._direction.kind == "sum" else self._direction

    def symbol(self) -> Expression:
        """The direction as one symbol; a longer one gets a line of its own."""
        if not self._split:
            return self.gradient()
        if self._direction.kind != "atom" or self._direction.negative:
            self._direction = self.line(self.fresh("d"), self._direction)
        return self._direction

    def gradient(self) -> Expression:
        """The gradient of the chain as one symbol; a longer one gets a line of its own."""
        if self._gradient.kind != "atom" or self._gradient.negative:
            self._gradient = self.line(self.fresh(r"\tilde g"), self._gradient)
        if not self._split:
            self._direction = self._gradient
        return self._gradient

    def _settle_gradient(self) -> None:
        """Give what is gradient and direction a symbol, before they part; a multiple of one is short enough."""
        if self._gradient.kind not in ("atom", "scaled"):
            self.gradient()

    def read_gradient(self) -> Expression:
        """The gradient of the chain, as it is."""
        return self._gradient if self._gradient.kind != "sum" else self.gradient()

    def whole(self) -> Expression:
        """The direction, as it is, sums too."""
        return self._direction

    def line(self, letter: str, right: Any) -> Expression:
        """Write what a quantity is at step t; returns its symbol."""
        self.lines.append(f"{letter}_t = {right}")
        return Expression(f"{letter}_t")

    def distribution(self, letter: str, law: str) -> Expression:
        """Write how a quantity is drawn; returns its symbol."""
        self.lines.append(rf"{letter}_t \sim {law}")
        return Expression(f"{letter}_t")

    def fresh(self, letter: str) -> str:
        """A letter that stands for nothing else yet: with primes, if it has to be."""
        while letter in self._letters:
            letter += "'"
        self._letters.add(letter)
        return letter

    def number(self, base: str, value: Any, role: str = "") -> Number:
        """A hyperparameter's symbol: the same for equal values of one kind, with a prime for others."""
        kin = [known for known in self.numbers if known.base.rstrip("'") == base and known.role == role]
        same = next((known for known in kin if _is_same(known.value, value)), None)
        if same is None:
            index = role if self.indexed and base == _MEAN else ""
            same = Number(base + "'" * len(kin), value, role, index)
            self.numbers.append(same)
        return same

    def decay(self, value: Any, role: str | None = None, base: str = _MEAN) -> Number:
        """The decay of a running mean: that of a mean before with this value, or else a new symbol."""
        role = role or self.role
        decays = (number for number in self.numbers if number.base.startswith((_MEAN, r"\mu")) and number.role == role)
        return next((known for known in decays if _is_same(known.value, value)), None) or self.number(base, value, role)

    def start(self, letter: str, value: Any) -> None:
        """Say where a quantity starts, unless it is at 0."""
        if not is_zero(value):
            self._given.append(Symbol(f"{letter}_0", _show_value(value)))

    def starts_with(self, letter: str, value: Expression) -> None:
        """Say that a quantity is not computed from the step before at the first one."""
        self._given.append(Symbol(f"{letter}_1", format_formula(str(value).replace("_t", "_1"))))

    def finish(self, update: bool) -> Equations:
        """The equations, with the last line."""
        if update:
            self.lines.append(f"x_t = {Expression('x_{t-1}').plus(self._direction)}")
        elif self._direction.kind != "atom" or not self.lines:
            self.line(self.fresh("d"), self._direction)
        numbers = (Symbol(str(number), _show_value(number.value)) for number in self.numbers)
        return Equations(tuple(self.lines), (*numbers, *self._given))

    def _by_name(self, link: Any) -> Expression:
        """A link that declares no equation, as a function of what it is given."""
        name = link.factory.name if isinstance(link, Transformation) else show_argument(link)
        gradient = [str(self.gradient())] if self._split and reads_gradient(link) else []
        direction = self._direction if self._direction.kind == "square" else self.symbol()
        return self.line(self.fresh("u"), direction.inside(rf"\operatorname{{{_escape(name)}}}", *gradient))


def add_accent(accent: str, symbol: Expression) -> str:
    r"""The letter of a symbol with an accent, such as `\hat`."""
    letter = symbol.latex.removesuffix("_t")
    return f"{accent}{{{letter}}}" if " " in letter else f"{accent} {letter}"


def is_zero(value: Any) -> bool:
    """Whether a hyperparameter is the number 0, and no array, tracer or schedule that may be."""
    return isinstance(value, (int, float)) and value == 0


def is_ahead(later: Any, now: Any) -> bool:
    """Whether one hyperparameter is another one, a step later."""
    return _is_same(later, shift_ahead(now))


def _links_of(tx: Any) -> tuple[Any, ...]:
    return tx.links if isinstance(tx, Transformation) else (tx,)


def _is_same(one: Any, other: Any) -> bool:
    if one is other:
        return True
    if isinstance(one, (float, int, Value)) and isinstance(other, (float, int, Value)):
        return bool(one == other)
    concrete = all(isinstance(value, (np.ndarray, np.generic)) for value in (one, other))
    return concrete and np.array_equal(one, other)


def _show_value(value: Any) -> str:
    if isinstance(value, (int, float)) and is_number(value):
        short = f"{value:g}"
        return short if float(short) == value else repr(value)
    return show_argument(value)


def _escape(name: str) -> str:
    return name.replace("_", r"\_")
