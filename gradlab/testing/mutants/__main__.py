"""`python -m gradlab.testing.mutants [NAME ...]` measures the mutation score of the laws."""

from __future__ import annotations

import sys

from ..mutation_score import measure_mutation_score
from . import MUTANTS


def main(names: list[str]) -> int:
    """Examine the mutants whose names contain one of these (all by default).

    Returns 0 if each is killed by its own law, 1 if not, and 2 if no name matches.
    """
    mutants = [mutant for mutant in MUTANTS.values() if not names or any(name in mutant.name for name in names)]
    if not mutants:
        print(f"no mutant's name contains {' or '.join(names)}; there are: {', '.join(MUTANTS)}", file=sys.stderr)
        return 2
    done = 0

    def show(outcome: object) -> None:
        nonlocal done
        done += 1
        print(f"{done:3}/{len(mutants)}  {outcome}", flush=True)

    score = measure_mutation_score(mutants=mutants, on_outcome=show)
    print(f"\n{score}")
    return 0 if score.own_law_fraction == 1 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
