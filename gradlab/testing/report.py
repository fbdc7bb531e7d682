"""The verdicts of an examination, as text for people and as JSON for programs."""

from __future__ import annotations

import json
import textwrap
from dataclasses import asdict, dataclass

HOLDS, BROKEN, NOT_APPLICABLE = "holds", "broken", "not applicable"
_SUMMARY = {  # for one law and for several
    HOLDS: ("law holds", "laws hold"),
    BROKEN: ("is broken", "are broken"),
    NOT_APPLICABLE: ("does not apply", "do not apply"),
}


@dataclass(frozen=True)
class Result:
    """The verdict of one law on a transformation."""

    law: str
    statement: str
    verdict: str  # HOLDS, BROKEN or NOT_APPLICABLE
    detail: str = ""  # the counterexample, the reason why the law does not apply, or the part that was not examined
    meaning: str = ""  # the usual cause of a breach, and the remedy
    seconds: float = 0.0


@dataclass(frozen=True)
class Report:
    """The verdicts of all laws on one transformation."""

    subject: str
    results: tuple[Result, ...]

    @property
    def ok(self) -> bool:
        """True if no law is broken."""
        return not self.broken

    @property
    def broken(self) -> tuple[Result, ...]:
        """The broken laws."""
        return tuple(result for result in self.results if result.verdict == BROKEN)

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
        """Return the number of laws with each verdict, and what is broken, in lines of at most this width."""
        counts = {
            verdict: sum(r.verdict == verdict for r in self.results) for verdict in (HOLDS, BROKEN, NOT_APPLICABLE)
        }
        summary = ", ".join(f"{count} {_SUMMARY[verdict][count != 1]}" for verdict, count in counts.items() if count)
        lines = [f"{self.subject}: {summary} ({self.seconds:.1f} s)"]
        for result in self.broken:
            lines += ["", *_wrap(f"BROKEN  {result.law}: {result.statement}", width, 2, 10)]
            lines += _wrap_paragraph("found", result.detail, width)
            if result.meaning:
                lines += _wrap_paragraph("usual cause", result.meaning, width)
        for result in self.results:
            if result.verdict == HOLDS and result.detail:
                lines += ["", *_wrap(f"IN PART  {result.law}: {result.statement}", width, 2, 11)]
                lines += _wrap_paragraph("not examined", result.detail, width)
        return "\n".join(lines)

    def to_json(self) -> str:
        """Return the report as JSON text."""
        data = {"subject": self.subject, "ok": self.ok, "seconds": round(self.seconds, 3)}
        return json.dumps(data | {"results": [asdict(result) for result in self.results]}, indent=2)


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
