"""The verdict on a part of a claim that was tested on several problems: it holds on all of them, or on some."""

from __future__ import annotations

from collections.abc import Mapping

from .verdicts import Check, Verdict, decide


def decide_where(part: str, checks: Mapping[str, Check], evidence: str, is_brief: bool) -> Verdict:
    """Return `holds` if the checks of all problems are True, `holds on` those where they are, or `not reproduced`.

    A brief measurement leaves it undecided if one of the checks is.
    """
    places = [label for label, check in checks.items() if check]
    unsure = is_brief and None in checks.values()
    condition = "" if len(places) == len(checks) else f"on {enumerate_words(places)}"
    return decide(part, None if unsure else bool(places), evidence, is_brief, condition)


def enumerate_words(words: list[str]) -> str:
    """Return words as a sentence has them: `a`, `a and b`, `a, b and c`."""
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)
