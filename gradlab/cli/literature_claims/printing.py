"""The output of `gradlab claims`: the list of claims, and the results of an experiment beside the record."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from ...equations.latex_to_unicode import format_formula
from ...lab._formatting import format_count
from ...lab._literature_claims.catalogue import CLAIMS
from ...lab._literature_claims.record import read_record, read_verdicts
from ...lab._literature_claims.verdicts import Verdict
from ..terminal.printing import make_console, print_json
from ..terminal.tables import TrimmedLines, print_columns, print_note, print_paths

if TYPE_CHECKING:
    from ...lab._literature_claims.examination import Examination


def plain(text: str) -> str:
    """Return Markdown with formulas as plain text."""
    return re.sub(r"\$([^$]+)\$", lambda found: format_formula(found[1]), text).replace("`", "")


def print_list(as_json: bool) -> None:
    """Print all claims with their recorded verdicts, and the seconds that each took when it was recorded."""
    records = {claim: read_record(claim) for claim in CLAIMS}
    verdicts = {claim: [] if record is None else read_verdicts(record) for claim, record in records.items()}
    if as_json:
        rows = [
            {
                "claim": claim.number,
                "title": claim.title,
                "statement": claim.statement,
                "recorded": {verdict.part: str(verdict) for verdict in verdicts[claim]},
                "seconds": record and record["seconds"],
                "date": record and record["date"],
            }
            for claim, record in records.items()
        ]
        print_json({"format": "gradlab-claims-1", "claims": rows})
        return
    console = make_console()
    for claim, record in records.items():
        took = f"  {record['seconds']:.0f} s" if record else "  not recorded"
        console.print(Text.assemble((f"{claim.number:>2}  {claim.title}", "bold"), (took, "dim")))
        console.print(_indent(Text(plain(claim.statement)), 4))
        for verdict in verdicts[claim]:
            console.print(_indent(Text(f"{verdict.part}: {verdict}", style=_style(verdict)), 4))
    known = [record for record in records.values() if record]
    minutes = sum(record["seconds"] for record in known) / 60
    print_note(
        console,
        f"gradlab claims N runs the experiment of claim N; all of them took {minutes:.0f} minutes when they were "
        'recorded (--brief: a fraction). The page "The claims" of the documentation has what they found.',
    )


def _indent(text: Text, blanks: int) -> TrimmedLines:
    """Return a text whose lines all begin with blanks, those that are wrapped too."""
    return TrimmedLines(Padding(text, (0, 0, 0, blanks)))


def print_examination(console: Console, found: Examination, written: Sequence[Path]) -> None:
    """Print the tables of a claim, each verdict with its numbers beside the recorded one, and the files."""
    claim = found.claim
    console.print(Text(f"Claim {claim.number}: {claim.title}", style="bold"))
    console.print(TrimmedLines(Text(plain(claim.statement))))
    for table in claim.experiment.tabulate(found.numbers):
        columns = {
            plain(title) or " " * at: [plain(row[at]) for row in table.rows] for at, title in enumerate(table.columns)
        }
        print_columns(console, columns)
    recorded = {verdict.part: str(verdict) for verdict in found.recorded or ()}
    for verdict in found.verdicts:
        beside = recorded.get(verdict.part, "none")
        head = Text.assemble(f"{verdict.part}: ", (str(verdict), _style(verdict)), (f"  (recorded: {beside})", "dim"))
        console.print(TrimmedLines(head))
        console.print(_indent(Text(f"{plain(verdict.evidence)}."), 2))
    how = "briefly" if found.numbers["brief"] else "at full size"
    runs = f"{format_count(found.runs, 'run')} {how}, {found.seconds:.0f} s"
    print_note(console, f"{runs}. {describe_agreement(found)}")
    if written:
        console.print("Written:")
        print_paths(console, written)
    console.print()


def describe_agreement(found: Examination) -> str:
    """Say whether the verdicts are those of the record."""
    if found.recorded is None:
        return "Nothing is recorded of this claim."
    if found.agrees:
        return "The verdicts are the recorded ones."
    differing = [new.part for new in found.verdicts if new.word != "undecided" and new not in _agreeing(found)]
    if found.agrees is None or not differing:
        return "What is decided agrees with the record; the rest needs the full size."
    return f"This differs from the record: {', '.join(differing)}."


def _agreeing(found: Examination) -> list[Verdict]:
    return [
        new for new in found.verdicts for old in found.recorded or () if new.part == old.part and str(new) == str(old)
    ]


def print_summary(console: Console, found: Sequence[Examination]) -> None:
    """Print how many claims agree with the record."""
    agree = sum(each.agrees is True for each in found)
    differ = [str(each.claim.number) for each in found if each.agrees is False]
    unsure = len(found) - agree - len(differ)
    text = f"{agree} of {len(found)} claims have the recorded verdicts"
    text += f"; undecided or not recorded: {unsure}" * bool(unsure)
    console.print(f"{text}; these differ: {', '.join(differ)}." if differ else f"{text}.")


def _style(verdict: Verdict) -> str:
    return {"holds": "green", "holds in part": "yellow", "not reproduced": "red"}.get(verdict.word, "dim")
