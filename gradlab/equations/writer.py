r"""The equations of a composition, line by line, as LaTeX and as Unicode.

A link declares its equation where it is defined, as a function of a `Writer` and of its hyperparameters::

    @equation_of(scale_by_sign)
    def _(write):
        return write.direction().inside(r"\operatorname{sign}")

`equations_of` walks through the links of a composition, and each writes its lines. So a variant or a user's composition
has equations of its own. A link that declares no equation appears by its name, as a function of its input.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from ..core.base import Transformation, splits_gradient
from ..core.transformation_calls import reads_gradient, signals_of
from ..values.value import show_argument
from .hyperparameter_values import is_same, is_zero, show_value
from .latex_expressions import Expression, Number, group_primed
from .latex_to_unicode import format_formula
from .letters import Letter, find_letter, read_letters
from .lines import Equations, Symbol
from .schedule_formulas import write_schedule

_MEAN = r"\beta"
_START = Expression("g_t")

_declared: dict[Callable[..., Any], Callable[..., Expression]] = {}  # by the factories of links


def equation_of(factory: Callable[..., Any]) -> Callable[[Callable[..., Expression]], Callable[..., Expression]]:
    """Declare the equation of a link, as a function of a `Writer` and of the link's hyperparameters by name.

    The function writes a line for each quantity that the link remembers, and returns the new direction.
    """

    def declare(write: Callable[..., Expression]) -> Callable[..., Expression]:
        _declared[factory.factory.build] = write  # type: ignore[attr-defined]
        return write

    return declare


def equations_of(tx: Any, update: bool = True) -> Equations:
    """Return the equations of a transformation. One of another library appears by its name.

    $g_t$ is the gradient, $x_t$ are the parameters, and $t$ counts the updates from 1. The last line is the update of
    the parameters, or the direction if `update` is false.
    """
    letters = read_letters(tx)
    writer = Writer(letters=letters)
    writer.walk(_links_of(tx))
    if len({number.role for number in writer.numbers if number.base == _MEAN}) > 1:
        return writer.finish(update)
    writer = Writer(indexed=False, letters=letters)  # with means of one kind there is no need to number their decays
    writer.walk(_links_of(tx))
    return writer.finish(update)


@dataclass
class Writer:
    """A writer of the equations of links, one after another, that knows the gradient and the direction at each.

    `letter` is the symbol of a running mean at this place. `role` is "1" for a mean of the direction, "2" for a mean of
    squares.
    """

    indexed: bool = True
    letter: str = "m"
    role: str = "1"
    letters: tuple[Letter, ...] = ()
    lines: list[str] = field(default_factory=list)
    numbers: list[Number] = field(default_factory=list)
    signals: dict[str, str] = field(default_factory=dict)  # what a combinator hands on, by name, in LaTeX
    _given: list[Symbol] = field(default_factory=list)
    _letters: set[str] = field(default_factory=set)
    _gradient: Expression = _START
    _direction: Expression = _START
    _split: bool = False
    steps: str = "t"  # how many values the running means at this place hold at step t
    _evaluated: str = ""  # the point at which the model is evaluated, in LaTeX; empty for the parameters

    def walk(self, links: Iterable[Any]) -> Expression:
        """Let links write their lines, and return the direction after them."""
        links = list(links)
        for position, link in enumerate(links):
            if splits_gradient(link) and not self._split and any(map(reads_gradient, links[position + 1 :])):
                self._settle_gradient()
            write_equation = _declared.get(link.factory.build) if isinstance(link, Transformation) else None
            self._direction = write_equation(self, **link.arguments) if write_equation else self._by_name(link)
            self._split = self._split or splits_gradient(link)
            if not self._split:
                self._gradient = self._direction
        return self._direction

    def through(self, tx: Any) -> Expression:
        """Let a transformation write its lines as if it stood here itself, and return the direction after it."""
        return self.walk(_links_of(tx))

    def with_signals(self, tx: Any, **signals: str) -> Expression:
        """Do what `through` does, for a transformation that is handed signals, which have these symbols."""
        outer, self.signals = self.signals, {**self.signals, **signals}
        result = self.through(tx)
        self.signals = outer
        return result

    def inside(self, tx: Any, letter: str, role: str, direction: Expression, gradient: Expression) -> Expression:
        """Let a transformation within a link write its lines, and return what it makes of a direction."""
        outer = self.letter, self.role, self._gradient, self._direction, self._split
        self.letter, self.role = letter, role
        self._gradient, self._direction, self._split = gradient, direction, gradient != direction
        result = self.walk(_links_of(tx))
        self.letter, self.role, self._gradient, self._direction, self._split = outer
        return result

    def direction(self) -> Expression:
        """Return the direction. A sum gets a line of its own, and is returned as a symbol."""
        return self.symbol() if self._direction.kind == "sum" else self._direction

    def symbol(self) -> Expression:
        """Return the direction as one symbol. A longer expression gets a line of its own."""
        if not self._split:
            return self.gradient()
        if self._direction.kind != "atom" or self._direction.negative:
            self._direction = self.line(self.fresh("d"), self._direction)
        return self._direction

    def gradient(self) -> Expression:
        """Return the gradient of the chain as one symbol. A longer expression gets a line of its own."""
        if self._gradient.kind != "atom" or self._gradient.negative:
            self._gradient = self.line(self.fresh(r"\tilde g"), self._gradient)
        if not self._split:
            self._direction = self._gradient
        return self._gradient

    def _settle_gradient(self) -> None:
        """Give the gradient a symbol before the direction departs from it. A multiple of a symbol is short enough."""
        if self._gradient.kind not in ("atom", "scaled"):
            self.gradient()

    def read_gradient(self) -> Expression:
        """Return the gradient of the chain. A sum gets a line of its own."""
        return self._gradient if self._gradient.kind != "sum" else self.gradient()

    def whole(self) -> Expression:
        """Return the direction as it is, even if it is a sum."""
        return self._direction

    def line(self, letter: str, right: Any) -> Expression:
        """Write the value of a quantity at step t, and return its symbol."""
        self.lines.append(f"{letter}_t = {right}")
        return Expression(f"{letter}_t")

    def constant(self, letter: str, right: Any) -> Expression:
        """Write the value of a quantity that is the same at every step, and return its symbol."""
        self.lines.append(f"{letter} = {right}")
        return Expression(letter)

    def line_every(self, every: int, letter: str, right: Any, step: int = 1) -> Expression:
        """Write the value of a quantity that is renewed at a step, and after each number of steps from there on."""
        if every == 1:
            return self.line(letter, right)
        number = self.number("k", every)
        return self.line_if(rf"{number} \mid t - {step}", letter, right)

    def line_if(self, condition: str, letter: str, right: Any) -> Expression:
        """Write the value of a quantity that is renewed under a condition, which is LaTeX."""
        return self.line(letter, rf"{right} \text{{ if }} {condition}, \text{{ else }} {letter}_{{t-1}}")

    def distribution(self, letter: str, law: str) -> Expression:
        """Write the distribution that a quantity is drawn from, and return its symbol."""
        self.lines.append(rf"{letter}_t \sim {law}")
        return Expression(f"{letter}_t")

    def fresh(self, letter: str) -> str:
        """Return a letter that has no meaning yet, with as many primes as that takes."""
        while letter in self._letters:
            letter += "'"
        self._letters.add(letter)
        return letter

    def number(self, base: str, value: Any, role: str = "") -> Number:
        """Return the symbol of a hyperparameter. Equal values of one kind share a symbol; others get a prime."""
        own = find_letter(self.letters, base, role, value)
        if own:
            stem, _, index = own.partition("_")
            named = Number(stem, value, role, index)
            self.numbers += [] if str(named) in map(str, self.numbers) else [named]
            return named
        kin = [other for other in self.numbers if other.base.rstrip("'") == base and other.role == role]
        same = next((other for other in kin if is_same(other.value, value)), None)
        if same is None:
            index = role if self.indexed and base == _MEAN else ""
            same = Number(base + "'" * len(kin), value, role, index)
            self.numbers.append(same)
        return same

    def decay(self, value: Any, role: str | None = None, base: str = _MEAN) -> Number:
        """Return the symbol of the decay of a running mean, which is shared with earlier means of the same decay."""
        role = role or self.role
        decays = (number for number in self.numbers if number.base.startswith((_MEAN, r"\mu")) and number.role == role)
        return next((other for other in decays if is_same(other.value, value)), None) or self.number(base, value, role)

    def start(self, letter: str, value: Any) -> None:
        """Note the initial value of a quantity, unless it is 0."""
        if not is_zero(value):
            self._given.append(Symbol(f"{letter}_0", show_value(value)))

    def given(self, letter: str, meaning: str) -> None:
        """Note what a symbol stands for, in words."""
        self._given.append(Symbol(letter, meaning))

    def given_as_formula(self, letter: str, formula: str) -> None:
        """Note what a symbol stands for, as a formula in LaTeX."""
        self._given.append(Symbol(letter, format_formula(formula), formula))

    def mask(self, letter: str, leaves: str) -> str:
        """Note a mask that is 1 at some leaves and 0 elsewhere, and return its symbol."""
        self._given.append(Symbol(letter, f"1 at {leaves}, else 0"))
        return letter

    def starts_with(self, letter: str, value: Expression, step: int = 1) -> None:
        """Note the value of a quantity at the first step, or before it at step 0, as one of the first step."""
        first = str(value).replace("_{t-1}", "_0").replace("_t", "_1")
        self.given_as_formula(f"{letter}_{step}", first)

    def starts_at_parameters(self, letter: str) -> None:
        """Note that a quantity begins as the parameters."""
        self.given_as_formula(f"{letter}_0", "x_0")

    def evaluates_at(self, point: Expression) -> None:
        """Note at which point the model is evaluated, if that is not the parameters."""
        self._evaluated = str(point)

    def evaluation_point(self, step: Expression) -> str:
        """Return the point at which the model is evaluated after a step, in LaTeX."""
        return self._evaluated or step.point or str(Expression("x_{t-1}").plus(step))

    def takes_gradient_at(self, point: Expression) -> None:
        """Note at which point the gradient is taken, if that is not the parameters."""
        self.given_as_formula(str(_START), rf"\nabla f({point})")

    def finish(self, update: bool) -> Equations:
        """Write the last line, and return the equations."""
        if update and self._direction.point:
            self.lines.append(f"x_t = {self._direction.point}")
        elif update:
            self.lines.append(f"x_t = {Expression('x_{t-1}').plus(self._direction)}")
        elif self._direction.kind != "atom" or not self.lines:
            self.line(self.fresh("d"), self._direction)
        numbers = (
            Symbol(str(number), show_value(number.value), write_schedule(number.value)) for number in self.numbers
        )
        return Equations(tuple(map(group_primed, self.lines)), (*numbers, *self._given))

    def _by_name(self, link: Any) -> Expression:
        """Return a link without an equation as a function of the direction, and of what else it reads."""
        name = link.factory.name if isinstance(link, Transformation) else show_argument(link)
        also = [str(self.gradient())] if self._split and reads_gradient(link) else []
        also += ["x_{t-1}"] if "params" in signals_of(link) else []
        direction = self._direction if self._direction.kind == "square" else self.symbol()
        escaped = name.replace("_", r"\_")
        return self.line(self.fresh("u"), direction.inside(rf"\operatorname{{{escaped}}}", *also))


def write_step(write: Writer, tx: Any) -> Expression:
    """Let a whole optimizer within a combinator write its lines, and return its step, with a line for a long one."""
    step = write.walk(_links_of(tx))
    return step if step.kind in ("atom", "scaled") or step.point else write.line(write.fresh("u"), step)


def add_accent(accent: str, symbol: Expression) -> str:
    r"""Return the letter of a symbol with an accent, such as `\hat`."""
    letter = symbol.latex.removesuffix("_t")
    return f"{accent}{{{letter}}}" if " " in letter else f"{accent} {letter}"


def _links_of(tx: Any) -> tuple[Any, ...]:
    return tx.links if isinstance(tx, Transformation) else (tx,)
