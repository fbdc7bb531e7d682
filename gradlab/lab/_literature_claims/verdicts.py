"""The verdict on a part of a claim, and the three-valued logic of the rules that make it.

A check is True if it was seen, False if its opposite was seen, and None if chance may have decided.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Check = bool | None
HOLDS, IN_PART, FAILS, OPEN = "holds", "holds in part", "not reproduced", "undecided"


@dataclass(frozen=True)
class Verdict:
    """The verdict on a part of a claim: a word, for `holds in part` a condition, and the numbers that it rests on."""

    part: str
    word: Literal["holds", "holds in part", "not reproduced", "undecided"]
    condition: str  # "when the rate is large", if it holds only then
    evidence: str

    def __str__(self) -> str:
        return f"holds {self.condition}" if self.word == IN_PART else self.word

    def agrees_with(self, other: Verdict) -> Check:
        """Say whether two verdicts are the same; None where one of them is undecided."""
        return None if OPEN in (self.word, other.word) else str(self) == str(other)


def decide(part: str, check: Check, evidence: str, is_brief: bool, condition: str = "") -> Verdict:
    """Return `holds`, with a condition if there is one, or `not reproduced` if the check is not True.

    A brief measurement that cannot tell leaves it undecided.
    """
    if check is None and is_brief:
        return Verdict(part, "undecided", "", evidence)
    if not check:
        return Verdict(part, "not reproduced", "", evidence)
    return Verdict(part, "holds in part" if condition else "holds", condition, evidence)


def every(checks: Iterable[Check]) -> Check:
    """Say whether all checks are True: False as soon as one is False, else None as soon as one is None."""
    found = list(checks)
    return False if False in found else None if None in found else True


def some(checks: Iterable[Check]) -> Check:
    """Say whether one of the checks is True: True as soon as one is, else None as soon as one is None."""
    found = list(checks)
    return True if True in found else None if None in found else False


def negate(check: Check) -> Check:
    """Return the opposite of a check."""
    return None if check is None else not check
