"""The verdicts of an examination, as text for people and as JSON for programs."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from .law import TRAJECTORIES, TRAJECTORY_AT_SETTINGS

HOLDS, BROKEN, NOT_APPLICABLE, NOT_EXAMINED = "holds", "broken", "not applicable", "not examined"
NO_TIME = "left out of a quick look"  # how the reason begins for laws that such a look has no time for
NOT_TRIED = "not tried"  # how the reason begins for laws that are left for lack of time
_SUMMARY = {  # for one law and for several
    HOLDS: ("law holds", "laws hold"),
    BROKEN: ("is broken", "are broken"),
    NOT_APPLICABLE: ("does not apply", "do not apply"),
    NOT_EXAMINED: ("was not examined", "were not examined"),
}


@dataclass(frozen=True)
class Result:
    """The verdict of one law on a transformation.

    >>> from gradlab import testing
    >>> (result,) = testing.check(gl.scale(2.0), laws=("pure",), dtypes=("float32",)).results
    >>> result.law, result.verdict
    ('pure', 'holds')
    """

    law: str
    statement: str
    verdict: str  # "holds", "broken", "not applicable" or "not examined"
    detail: str = ""  # the counterexample, or why the law, or a part of it, does not apply or was not examined
    meaning: str = ""  # the usual cause of a breach, and the remedy
    seconds: float = 0.0
    same_as: str = ""  # the law under which the report describes the exception that stopped this one


@dataclass(frozen=True)
class Unexamined:
    """Promises that were not examined for the same reason.

    >>> from gradlab import testing
    >>> report = testing.check(gl.scale(2.0), laws=("pure",), dtypes=("float32",))
    >>> report.unexamined[0].reason, "traceable" in report.unexamined[0].laws
    ('not asked for, because `laws` names others', True)
    """

    reason: str
    laws: tuple[str, ...]


@dataclass(frozen=True)
class Report:
    """The verdicts of all laws on one transformation.

    >>> from gradlab import testing
    >>> report = testing.check(gl.scale(2.0), laws=("pure",), dtypes=("float32",))
    >>> report.subject, report.ok, report.broken
    ('scale(factor=2.0)', True, ())
    """

    subject: str
    results: tuple[Result, ...]
    left_out: tuple[Unexamined, ...] = ()  # the laws without a result: what nobody claimed or asked for

    @property
    def ok(self) -> bool:
        """True if no law is broken and none was left for lack of time. See `unexamined` for what that leaves open."""
        return not self.broken and not any(result.detail.startswith(NOT_TRIED) for result in self.results)

    @property
    def broken(self) -> tuple[Result, ...]:
        """The broken laws."""
        return tuple(result for result in self.results if result.verdict == BROKEN)

    @property
    def unexamined(self) -> tuple[Unexamined, ...]:
        """All promises that were not examined, or only in part, grouped by the reason."""
        by_reason: dict[str, tuple[str, ...]] = {}
        for result in self.results:
            if result.verdict != BROKEN and result.detail and result not in self._compared:
                name = f"{result.law} (in part)" if self.holds_in_part(result) else result.law
                by_reason[result.detail] = (*by_reason.get(result.detail, ()), name)
        return (*(Unexamined(reason, laws) for reason, laws in by_reason.items()), *self.left_out)

    def holds_in_part(self, result: Result) -> bool:
        """Return whether a law holds and a part of it was not examined, which its `detail` says."""
        return result.verdict == HOLDS and bool(result.detail) and result not in self._compared

    @property
    def _compared(self) -> tuple[Result, ...]:
        """The trajectories that agree. Their details are the values at which they were compared."""
        laws = [law for law in TRAJECTORIES if law != TRAJECTORY_AT_SETTINGS]  # whose details are what is left out
        return tuple(r for r in self.results if r.law in laws and r.verdict == HOLDS and r.detail)

    @property
    def seconds(self) -> float:
        """The duration of the examination, in seconds."""
        return sum(result.seconds for result in self.results)

    def __getitem__(self, law: str) -> Result:
        """Return the verdict of a law by its name. Raise KeyError if it was not examined."""
        for result in self.results:
            if result.law == law:
                return result
        raise KeyError(f"the law {law!r} was not examined; examined: {', '.join(r.law for r in self.results)}")

    def __str__(self) -> str:
        return self.to_text()

    def to_text(self, width: int = 110) -> str:
        """Return how many laws have each verdict, what was not examined and what is broken, in lines of this width."""
        counts = {verdict: sum(result.verdict == verdict for result in self.results) for verdict in _SUMMARY}
        summary = ", ".join(f"{count} {_SUMMARY[verdict][count != 1]}" for verdict, count in counts.items() if count)
        quick = sum(len(group.laws) for group in self.left_out if group.reason.startswith(NO_TIME))
        others = f"; a quick look left out {quick} more" if quick else ""
        lines = [f"{self.subject}: {summary} ({self.seconds:.1f} s){others}"]
        for result in self._compared:
            lines += ["", *_wrap(f"{result.law}: {result.detail}", width, 2, 4)]
        if self.unexamined:
            lines += ["", "  NOT EXAMINED"]
            for group in self.unexamined:
                lines += _wrap_paragraph(", ".join(group.laws), group.reason, width)
        not_tried = sum(result.detail.startswith(NOT_TRIED) for result in self.results)
        if not_tried:
            laws = "1 law was" if not_tried == 1 else f"{not_tried} laws were"
            text = f"{laws} not tried, for lack of time: raise seconds_per_law (--seconds-per-law)."
            text += "" if self.broken else " No law is broken, but the exit code is 1 until all laws were tried."
            lines += ["", *_wrap(f"UNFINISHED  {text}", width, 2, 4)]
        # What is broken comes last, where a terminal shows it.
        for result in self.broken:
            lines += ["", *_wrap(f"BROKEN  {result.law}: {result.statement}", width, 2, 10)]
            lines += _wrap_paragraph("found", result.detail, width)
            if result.meaning:
                lines += _wrap_paragraph("usual cause", result.meaning, width)
        return "\n".join(lines)

    def to_json(self) -> str:
        """Return the report as JSON: `subject`, `ok`, `seconds`, and the lists `results` and `unexamined`."""
        data = {"subject": self.subject, "ok": self.ok, "seconds": round(self.seconds, 3)}
        lists = {"results": _as_dicts(self.results), "unexamined": _as_dicts(self.unexamined)}
        return json.dumps(data | lists, indent=2)


def _as_dicts(items: Iterable[Result | Unexamined]) -> list[dict[str, object]]:
    return [asdict(item) for item in items]


def _wrap_paragraph(head: str, text: str, width: int) -> list[str]:
    """Return a paragraph in lines. The lines of its text begin new lines."""
    first, *rest = text.splitlines() or [""]
    lines = _wrap(f"{head}: {first}", width, 4, 6)
    for line in rest:
        lines += _wrap(line, width, 6, 6)
    return lines


def _wrap(text: str, width: int, first: int, rest: int) -> list[str]:
    """Return a text in lines of at most this width. Words are not broken."""
    return textwrap.wrap(
        text,
        width,
        initial_indent=" " * first,
        subsequent_indent=" " * rest,
        break_long_words=False,
        break_on_hyphens=False,
    ) or [""]
