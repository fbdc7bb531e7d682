"""The mutation score of a kit: how many of the mutants it kills, and on the right law."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..report import Report
from .base import MUTANTS, Mutant


class Outcome(NamedTuple):
    """What a kit said about one mutant."""

    mutant: Mutant
    broken: tuple[str, ...]  # the laws that the kit found broken
    seconds: float

    @property
    def killed(self) -> bool:
        """Whether any law was found broken."""
        return bool(self.broken)

    @property
    def on_the_right_law(self) -> bool:
        """Whether the mutant's own law was among them."""
        return self.mutant.law in self.broken

    def __str__(self) -> str:
        verdict = "killed  " if self.on_the_right_law else "astray  " if self.killed else "SURVIVED"
        also = len(self.broken) - self.on_the_right_law
        beside = f", and {also} more" if also and self.on_the_right_law else ""
        laws = self.mutant.law if self.on_the_right_law else ", ".join(self.broken) or f"not by {self.mutant.law}"
        return f"{verdict} {self.mutant.name:40} {self.seconds:5.1f} s  {laws}{beside}"


@dataclass(frozen=True)
class Score:
    """The outcomes of all mutants."""

    outcomes: tuple[Outcome, ...]
    seconds: float

    @property
    def killed(self) -> tuple[str, ...]:
        """The names of the mutants of which some law was found broken."""
        return tuple(outcome.mutant.name for outcome in self.outcomes if outcome.killed)

    @property
    def survived(self) -> tuple[str, ...]:
        """The names of the mutants of which no law was found broken."""
        return tuple(outcome.mutant.name for outcome in self.outcomes if not outcome.killed)

    @property
    def astray(self) -> tuple[str, ...]:
        """The names of the mutants that were killed on other laws than their own only."""
        return tuple(o.mutant.name for o in self.outcomes if o.killed and not o.on_the_right_law)

    @property
    def fraction(self) -> float:
        """The share of the mutants that were killed."""
        return len(self.killed) / max(1, len(self.outcomes))

    @property
    def on_the_right_law(self) -> float:
        """The share of the mutants that were killed on their own law."""
        return sum(outcome.on_the_right_law for outcome in self.outcomes) / max(1, len(self.outcomes))

    def __str__(self) -> str:
        own = Counter(outcome.mutant.law for outcome in self.outcomes)
        right = Counter(outcome.mutant.law for outcome in self.outcomes if outcome.on_the_right_law)
        found = Counter(law for outcome in self.outcomes for law in outcome.broken)
        width = max(map(len, found | own), default=0)
        lines = [
            f"{len(self.killed)} of {len(self.outcomes)} mutants killed ({self.fraction:.0%}), "
            f"{self.on_the_right_law:.0%} on the right law, in {self.seconds:.0f} s",
            f"  {'law':{width}}  its mutants  killed by it  broken by any",
        ]
        for law in sorted(found | own, key=lambda law: (-own[law], law)):
            lines.append(f"  {law:{width}}  {own[law]:11}  {right[law]:12}  {found[law]:13}")
        for title, names in (("survived", self.survived), ("killed on another law", self.astray)):
            if names:
                lines.append(f"  {title}: {', '.join(names)}")
        return "\n".join(lines)


def mutation_score(
    kit: Callable[..., Report] | None = None,
    *,
    mutants: Iterable[Mutant] | None = None,
    progress: Callable[[Outcome], Any] | None = None,
) -> Score:
    """Examine every mutant, and count those that the kit kills.

    `kit(tx, reference=..., claims=..., dtypes=...)` returns a report; by default it is `gradlab.testing.check`, which
    takes some minutes for all of them. `mutants` are those to examine (all by default), and `progress` is called
    with each outcome.
    """
    if kit is None:
        from ..check import check

        kit = check
    start, outcomes = time.perf_counter(), []
    for mutant in MUTANTS.values() if mutants is None else mutants:
        before = time.perf_counter()
        report = kit(mutant.tx, reference=mutant.reference, claims=mutant.claims, dtypes=mutant.dtypes)
        broken = tuple(result.law for result in report.broken)
        outcomes.append(Outcome(mutant, broken, time.perf_counter() - before))
        if progress is not None:
            progress(outcomes[-1])
    return Score(tuple(outcomes), time.perf_counter() - start)
