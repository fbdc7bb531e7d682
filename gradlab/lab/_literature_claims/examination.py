"""The examination of a claim: its experiment is run, judged, and compared with the record."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .._results.provenance import collect_provenance
from .budget import Budget
from .catalogue import Claim, Numbers
from .record import FORMAT, read_record, read_verdicts
from .summaries import rounded
from .verdicts import Check, Verdict, every


@dataclass(frozen=True)
class Examination:
    """The numbers of an experiment, the verdicts on them and those of the record, and what it took."""

    claim: Claim
    numbers: Numbers
    verdicts: list[Verdict]
    recorded: list[Verdict] | None
    runs: int
    seconds: float
    provenance: dict[str, str]

    @property
    def agrees(self) -> Check:
        """True if all verdicts are those of the record; None if none differs and some are undecided."""
        if self.recorded is None:
            return None
        if [verdict.part for verdict in self.verdicts] != [verdict.part for verdict in self.recorded]:
            return False
        return every(new.agrees_with(old) for new, old in zip(self.verdicts, self.recorded))

    def to_document(self) -> dict[str, Any]:
        """Return all of it as JSON."""
        return {
            "format": FORMAT,
            "claim": self.claim.number,
            "title": self.claim.title,
            "statement": self.claim.statement,
            **{name: value for name, value in self.provenance.items() if name not in ("format", "devices")},
            "seconds": round(self.seconds, 1),
            "runs": self.runs,
            "verdicts": [asdict(verdict) for verdict in self.verdicts],
            "numbers": self.numbers,
        }


def examine(
    claim: Claim,
    command: str,
    is_brief: bool = False,
    on_task: Callable[[str], None] = lambda text: None,
    out: Path | None = None,
) -> Examination:
    """Run the experiment of a claim, briefly or at full size, and judge what it measured.

    `on_task` is told what is trained. With `out`, the results of its studies are written to folders there.
    """
    began, budget = time.monotonic(), Budget(is_brief, on_task, out)
    numbers = rounded({"brief": is_brief, **claim.experiment.measure(budget)})
    verdicts = claim.experiment.judge(numbers)
    record = read_record(claim)
    recorded = None if record is None else read_verdicts(record)
    seconds = time.monotonic() - began
    return Examination(claim, numbers, verdicts, recorded, budget.runs, seconds, collect_provenance(command))
