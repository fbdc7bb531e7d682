"""Every combinator around every recipe, examined by the law kit.

`python -m tests.combinators.every_recipe [NAMES]` examines all of them, or those combinators whose names are given. It
takes about five seconds for each pair, so the tests examine a sample only. With `--quick`, it takes a first look.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable
from typing import Any

import gradlab as gl
from gradlab import registry
from gradlab.core.claims import claims_of
from gradlab.testing import check

COMBINATORS: dict[str, Callable[[Any], Any]] = {
    "chain": lambda tx: gl.chain(gl.probe("gradient"), gl.clip_by_global_norm(1.0), tx, gl.probe("update", "cosine")),
    "isolate": gl.isolate,
    "add": lambda tx: gl.add(tx, gl.scale(-0.01)),
    "each": gl.each,
    "partition": lambda tx: gl.partition((gl.ndim(2), tx), default=gl.sgd(0.1)),
    "only": lambda tx: gl.only(~gl.path("**/bias"), tx, otherwise="zero"),
    "accumulate": lambda tx: gl.accumulate(tx, 1),
    "skip_nonfinite": gl.skip_nonfinite,
    "dynamic_loss_scale": gl.dynamic_loss_scale,
    "store": lambda tx: gl.store(tx, "float32"),
    "master_params": gl.master_params,
    "round_params": gl.round_params,
    "average_params": lambda tx: gl.average_params(tx, 0.9),
    "lookahead": lambda tx: gl.lookahead(tx, 3, 0.5),
    "sam": lambda tx: gl.sam(tx, 0.01),
    "gradient_at": lambda tx: gl.chain(gl.gradient_at(gl.clip_by_global_norm(0.01)), tx),
}


def main(arguments: list[str]) -> int:
    """Examine the combinators that are named, or all of them. Return 1 if a law is broken, else 0."""
    quick = "--quick" in arguments
    chosen = [name for name in arguments if not name.startswith("--")] or list(COMBINATORS)
    failed = 0
    for combinator, (recipe, entry) in itertools.product(chosen, registry.of_kind("recipe").items()):
        try:
            tx = COMBINATORS[combinator](entry.example)
        except ValueError as error:  # a pair that makes no sense, such as a lookahead around averaged points
            print(f"{combinator}({recipe}) is refused: {error}", flush=True)
            continue
        report = check(tx, claims=claims_of(tx), quick=quick)
        failed += not report.ok
        print(f"{combinator}({recipe}): {'holds' if report.ok else report}", flush=True)
    print(f"{failed} failed")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
