"""Words for numbers, and lists of problems, in the sentences on the recipes."""

from __future__ import annotations

from collections.abc import Sequence

from gradlab.lab._inputs.default_contestants import VARIANTS
from gradlab.registry import of_kind

from .backgrounds import PROBLEM_WORDS

MOST_NAMED = 4  # problems in a sentence


def list_problems(names: Sequence[str]) -> str:
    """Return problems with what they are about; the first few of many."""
    shown = [f"`{name}` ({PROBLEM_WORDS[name]})" for name in names[:MOST_NAMED]]
    more = len(names) - len(shown)
    return join([*shown, f"{more} more"] if more else shown)


def count_problems(names: Sequence[str]) -> str:
    """Return the number of problems with their names; some of many."""
    shown = ", ".join(f"`{name}`" for name in names[:MOST_NAMED])
    among = "among them " if len(names) > MOST_NAMED else ""
    return f"{len(names)} problem{'s' * (len(names) > 1)} ({among}{shown})"


def join(texts: Sequence[str]) -> str:
    return " and ".join([*([", ".join(texts[:-1])] if texts[1:] else []), texts[-1]])


def link(name: str) -> str:
    """Return the name of an optimizer with a link to its page if it has one; a variant is its recipe with settings."""
    recipe, settings = VARIANTS.get(name, (name, {}))
    given = ", ".join(f"{key}={value!r}" for key, value in settings.items())
    known = f"[`{recipe}`]({recipe}.md)" if recipe in of_kind("recipe") else f"`{recipe}`"
    return f"{known} with `{given}`" if given else known


def span(ends: tuple[float, float]) -> str:
    low, high = map(write_rate, ends)
    return low if low == high else f"between {low} and {high}"


def write_rate(rate: float) -> str:
    return f"{float(f'{rate:.2g}'):g}"


def ordinal(number: int) -> str:
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return {1: "best", 2: "second", 3: "third"}.get(number, f"{number}{ending}")
