"""The curves of races with a wrapper and without it.

`python -m docs._extensions.recipe_experiments.stored_pairs` runs the races in a minute and writes
`docs/recipe_pairs.json`. A page cannot run them: Sphinx copies its process, which JAX does not bear.
"""

from __future__ import annotations

import contextlib
import functools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from gradlab.lab._engine.evaluation_steps import choose_evaluation_steps

from .pairs import PAIRS, write_pair, write_race
from .stored_lines import write_lines

FILE = Path(__file__).parents[2] / "recipe_pairs.json"
COMMAND = "python -m docs._extensions.recipe_experiments.stored_pairs"


def run(name: str) -> dict[str, Any]:
    """Run the code of a page, and return what the file has of it: each curve by the update."""
    names: dict[str, Any] = {"__name__": name}
    with evaluate_every_update():
        exec(f"{write_pair(name)}\n{write_race(name)}", names)
    curves = names["curves"]
    values = {str(label): curves.sel(optimizer=label).values for label in curves.optimizer.values}
    return {
        **describe(name),
        "updates": curves.evaluation.values.tolist(),
        "curves": {label: [float(f"{value:.4g}") for value in own] for label, own in values.items()},
    }


@contextlib.contextmanager
def evaluate_every_update() -> Iterator[None]:
    """Let races evaluate the metrics after each update, which changes no run.

    A race evaluates some updates, and more at its end. In a chart of these, a zigzag would begin where they get denser.
    """
    usual = choose_evaluation_steps.__defaults__
    choose_evaluation_steps.__defaults__ = (10**6,)  # more points than a run has updates
    try:
        yield
    finally:
        choose_evaluation_steps.__defaults__ = usual


def describe(name: str) -> dict[str, Any]:
    """Return what determines the curves, but for versions: the code, and the compositions."""
    names: dict[str, Any] = {"__name__": name}
    exec(write_pair(name), names)
    made = {label: str(make(PAIRS[name].rate)) for label, make in names["pair"].items()}
    return {"code": f"{write_pair(name)}\n{write_race(name)}", "compositions": made}


@functools.cache
def read() -> dict[str, dict[str, np.ndarray]]:
    """Return the stored curves (update, value) by wrapper and label, without those whose code has changed."""
    stored = json.loads(FILE.read_text(encoding="utf-8"))["pairs"]
    return {
        name: {label: np.stack([own["updates"], values], 1) for label, values in own["curves"].items()}
        for name, own in stored.items()
        if name in PAIRS and describe(name).items() <= own.items()
    }


def write() -> None:
    """Run all races and write the file, with a line for each."""
    write_lines(FILE, {"command": COMMAND}, "pairs", {name: run(name) for name in PAIRS})


if __name__ == "__main__":
    write()
    print(f"{FILE}: {FILE.stat().st_size / 1024:.0f} KiB")
