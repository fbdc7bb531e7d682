"""`python -m gradlab.testing.mutants [NAME ...]`: the mutation score of the kit."""

from __future__ import annotations

import sys

from . import MUTANTS, mutation_score


def main(names: list[str]) -> int:
    """Examine the mutants whose names contain one of these (all by default); 1 if any is not killed rightly."""
    chosen = [mutant for mutant in MUTANTS.values() if not names or any(name in mutant.name for name in names)]
    if not chosen:
        print(f"no mutant's name contains {' or '.join(names)}; there are: {', '.join(MUTANTS)}", file=sys.stderr)
        return 2
    done = 0

    def progress(outcome: object) -> None:
        nonlocal done
        done += 1
        print(f"{done:3}/{len(chosen)}  {outcome}", flush=True)

    score = mutation_score(mutants=chosen, progress=progress)
    print(f"\n{score}")
    return 0 if score.on_the_right_law == 1 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
