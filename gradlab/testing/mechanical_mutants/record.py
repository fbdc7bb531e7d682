"""The record of what became of the mechanical mutants, in a JSON file with which an examination can be continued."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from .examination import EQUIVALENT, KILLED, STILLBORN, SURVIVED, EditOutcome
from .explained import EXPLAINED, SAME_UPDATES


def read_record(path: Path) -> dict[str, EditOutcome]:
    """Return the outcomes in a file by the names of the mutants; none if there is no file."""
    if not path.exists():
        return {}
    return {item["name"]: EditOutcome(**item) for item in json.loads(path.read_text())}


def write_record(path: Path, outcomes: Iterable[EditOutcome]) -> None:
    """Write outcomes to a file, which is complete at every moment."""
    text = json.dumps([outcome._asdict() for outcome in outcomes], indent=0)
    temporary = path.with_suffix(".part")
    temporary.write_text(text)
    temporary.replace(path)


def summarize(outcomes: Iterable[EditOutcome]) -> str:
    """Return the mutation score in all, by kind of edit and by transformation, with every survivor and equivalent."""
    outcomes = [_judge(outcome) for outcome in outcomes]
    lines = [_describe(outcomes)]
    for title, attribute in (("kind of edit", "kind"), ("transformation", "of")):
        groups: dict[str, list[EditOutcome]] = {}
        for outcome in outcomes:
            groups.setdefault(getattr(outcome, attribute), []).append(outcome)
        width = max(map(len, groups), default=0)
        lines.append(f"\n  {title:{width}}  killed  of  equivalent  stillborn")
        for name, group in sorted(groups.items()):
            counts = Counter(outcome.verdict for outcome in group)
            alive = counts[KILLED] + counts[SURVIVED]
            row = f"{counts[KILLED]:6}  {alive:2}  {counts[EQUIVALENT]:10}  {counts[STILLBORN]:9}"
            lines.append(f"  {name:{width}}  {row}")
    laws = Counter(outcome.law for outcome in outcomes if outcome.verdict == KILLED)
    lines.append("\n  killed by: " + ", ".join(f"{law} {count}" for law, count in laws.most_common()))
    for verdict in (SURVIVED, EQUIVALENT):
        for outcome in outcomes:
            if outcome.verdict == verdict:
                reason = EXPLAINED.get(outcome.name, "" if verdict == EQUIVALENT else "NOT EXPLAINED")
                lines.append(
                    f"  {verdict.lower()}: {outcome.kind}: {outcome.text}" + (f" ({reason})" if reason else "")
                )
    return "\n".join(lines)


def _judge(outcome: EditOutcome) -> EditOutcome:
    """Return an outcome, equivalent for a survivor of which it is known that it changes the state alone."""
    if outcome.verdict == SURVIVED and EXPLAINED.get(outcome.name) in SAME_UPDATES:
        return outcome._replace(verdict=EQUIVALENT)
    return outcome


def _describe(outcomes: list[EditOutcome]) -> str:
    counts = Counter(outcome.verdict for outcome in outcomes)
    alive = counts[KILLED] + counts[SURVIVED]
    share = counts[KILLED] / max(1, alive)
    seconds = sum(outcome.seconds for outcome in outcomes)
    return (
        f"mechanical: {counts[KILLED]} of {alive} mutants killed ({share:.1%}); beside them {counts[EQUIVALENT]} are "
        f"equivalent and {counts[STILLBORN]} stillborn; {seconds:.0f} s"
    )
