"""The mutation score of the laws: how many of the mutants they find, and which law finds each."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from .check import check
from .mutants import MUTANTS, Mutant
from .verdicts.report import BROKEN, Report


class Outcome(NamedTuple):
    """The laws that a kit found broken by one mutant."""

    mutant: Mutant
    broken: tuple[str, ...]  # the names of the laws
    seconds: float

    @property
    def is_killed(self) -> bool:
        """True if any law was found broken."""
        return bool(self.broken)

    @property
    def is_killed_by_own_law(self) -> bool:
        """True if the law that must find the mutant was found broken."""
        return self.mutant.law in self.broken

    def __str__(self) -> str:
        others = len(self.broken) - 1
        if self.is_killed_by_own_law:
            verdict, laws = "killed", self.mutant.law + (f", and {others} more" if others else "")
        elif self.is_killed:
            verdict, laws = "other law", f"{', '.join(self.broken)}, but not {self.mutant.law}"
        else:
            verdict, laws = "SURVIVED", f"not killed by {self.mutant.law}"
        source = f"  (released: {self.mutant.source})" if self.mutant.source else ""
        return f"{verdict:9} {self.mutant.name:40} {self.seconds:5.1f} s  {laws}{source}"


@dataclass(frozen=True)
class MutationScore:
    """The outcomes of all mutants."""

    outcomes: tuple[Outcome, ...]
    seconds: float

    @property
    def killed(self) -> tuple[str, ...]:
        """The names of the mutants that any law killed."""
        return tuple(outcome.mutant.name for outcome in self.outcomes if outcome.is_killed)

    @property
    def survivors(self) -> tuple[str, ...]:
        """The names of the mutants that no law killed."""
        return tuple(outcome.mutant.name for outcome in self.outcomes if not outcome.is_killed)

    @property
    def killed_by_other_laws(self) -> tuple[str, ...]:
        """The names of the mutants that were killed, but not by their own law."""
        return tuple(o.mutant.name for o in self.outcomes if o.is_killed and not o.is_killed_by_own_law)

    @property
    def fraction(self) -> float:
        """The fraction of the mutants that were killed."""
        return len(self.killed) / max(1, len(self.outcomes))

    @property
    def own_law_fraction(self) -> float:
        """The fraction of the mutants that were killed by their own law."""
        return sum(outcome.is_killed_by_own_law for outcome in self.outcomes) / max(1, len(self.outcomes))

    def __str__(self) -> str:
        own = Counter(outcome.mutant.law for outcome in self.outcomes)
        kills = Counter(outcome.mutant.law for outcome in self.outcomes if outcome.is_killed_by_own_law)
        breaches = Counter(law for outcome in self.outcomes for law in outcome.broken)
        width = max(map(len, breaches | own), default=0)
        lines = [
            f"{len(self.killed)} of {len(self.outcomes)} mutants killed ({self.fraction:.0%}), "
            f"{self.own_law_fraction:.0%} by their own law, in {self.seconds:.0f} s",
            f"  {'law':{width}}  its mutants  killed by it  broken by any",
        ]
        for law in sorted(breaches | own, key=lambda law: (-own[law], law)):
            lines.append(f"  {law:{width}}  {own[law]:11}  {kills[law]:12}  {breaches[law]:13}")
        for title, names in (("survived", self.survivors), ("killed by other laws only", self.killed_by_other_laws)):
            if names:
                lines.append(f"  {title}: {', '.join(names)}")
        return "\n".join(lines)


def measure_mutation_score(
    kit: Callable[..., Report] = check,
    *,
    mutants: Iterable[Mutant] | None = None,
    on_outcome: Callable[[Outcome], Any] | None = None,
) -> MutationScore:
    """Examine every mutant, and count those that the kit kills.

    `kit(tx, reference=..., claims=..., dtypes=...)` returns a report. The default, `gradlab.testing.check`, takes some
    minutes for all mutants. `mutants` are those to examine (all by default). `on_outcome` is called with each outcome.
    """
    start, outcomes = time.perf_counter(), []
    for mutant in MUTANTS.values() if mutants is None else mutants:
        before = time.perf_counter()
        report = mutant.examine(kit, reference=mutant.reference, claims=mutant.claims, dtypes=mutant.dtypes)
        broken = tuple(result.law for result in report.results if result.verdict == BROKEN or result.same_as)
        outcomes.append(Outcome(mutant, broken, time.perf_counter() - before))
        if on_outcome is not None:
            on_outcome(outcomes[-1])
    return MutationScore(tuple(outcomes), time.perf_counter() - start)
