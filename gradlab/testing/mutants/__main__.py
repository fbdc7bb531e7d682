"""`python -m gradlab.testing.mutants [--mechanical | --all] [NAME ...]` measures the mutation score of the laws."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import NamedTuple

from ..mechanical_mutants import list_mutants
from ..mechanical_mutants.examination import SURVIVED, examine_quickly, examine_thoroughly
from ..mechanical_mutants.record import read_record, summarize, write_record
from ..mutation_score import measure_mutation_score
from . import MUTANTS


def main(arguments: list[str]) -> int:
    """Examine mutants, and print the mutation score.

    Without `--mechanical`, examine the hand-written mutants whose names contain one of the names (all by default), and
    with `--all`, both kinds. Returns 0 if each is killed by its own law, 1 if not, and 2 if no name matches.
    """
    parser = argparse.ArgumentParser(prog="python -m gradlab.testing.mutants", description=main.__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="what to examine; all by default")
    parser.add_argument("--mechanical", action="store_true", help="examine the edits of recipes, links and functions")
    parser.add_argument("--all", action="store_true", help="examine the hand-written mutants, and then the edits")
    parser.add_argument("--record", type=Path, metavar="FILE", help="keep the outcomes here, and continue from them")
    parser.add_argument("--again", action="store_true", help="examine the survivors in the record again")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after so many seconds")
    options = parser.parse_args(arguments)
    if options.all:
        written, edits = _examine_written(options.names), _examine_edits(options)
        print(f"\nhand-written: {written.score}\n{edits.score}")
        return max(written.status, edits.status)
    return (_examine_edits(options) if options.mechanical else _examine_written(options.names)).status


class _Examined(NamedTuple):
    """The exit status after some mutants, and the score in one line."""

    status: int
    score: str


def _examine_written(names: list[str]) -> _Examined:
    mutants = [mutant for mutant in MUTANTS.values() if not names or any(name in mutant.name for name in names)]
    if not mutants:
        print(f"no mutant's name contains {' or '.join(names)}; there are: {', '.join(MUTANTS)}", file=sys.stderr)
        return _Examined(2, "none examined")
    done = 0

    def show(outcome: object) -> None:
        nonlocal done
        done += 1
        print(f"{done:3}/{len(mutants)}  {outcome}", flush=True)

    score = measure_mutation_score(mutants=mutants, on_outcome=show)
    print(f"\n{score}")
    return _Examined(0 if score.own_law_fraction == 1 else 1, str(score).splitlines()[0])


def _examine_edits(options: argparse.Namespace) -> _Examined:
    """Examine mechanical mutants. The status is 0 if none survives, 1 if one does, and 2 if no name matches."""
    mutants = list_mutants(*options.names)
    if not mutants:
        print(f"no recipe, link or function is called {' or '.join(options.names)}", file=sys.stderr)
        return _Examined(2, "mechanical: none examined")
    record = read_record(options.record) if options.record else {}
    known = {name for name, outcome in record.items() if not (options.again and outcome.verdict == SURVIVED)}
    waiting = [mutant for mutant in mutants if mutant.name not in known]
    end, done = time.perf_counter() + options.seconds, len(mutants) - len(waiting)
    for look in (
        examine_quickly,
        examine_thoroughly,
    ):  # the first decides on most mutants, in a fraction of a second each
        for mutant in list(waiting):
            if time.perf_counter() > end:
                break
            outcome = look(mutant)
            if outcome is None:
                continue
            waiting.remove(mutant)
            done += 1
            record[mutant.name] = outcome
            print(f"{done:4}/{len(mutants)}  {outcome}", flush=True)
            if options.record:
                write_record(options.record, record.values())
    if waiting:
        print(f"stopped after {options.seconds:g} s; the same command continues", file=sys.stderr)
    outcomes = [record[mutant.name] for mutant in mutants if mutant.name in record]
    summary = summarize(outcomes)
    print(f"\n{summary}")
    return _Examined(int(any(outcome.verdict == SURVIVED for outcome in outcomes)), summary.splitlines()[0])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
