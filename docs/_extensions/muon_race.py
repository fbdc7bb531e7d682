"""The race of eight implementations of Muon on the transformer, of which `docs/muon.md` shows the results.

`python docs/_extensions/muon_race.py` runs it, for 17 minutes on two cores, and writes `docs/muon_race.json`.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import sklearn
from muon_tables import TITLES, make, make_table

import gradlab as gl
from gradlab.lab._results.provenance import collect_provenance
from gradlab.lab.analysis.leaderboard import final_scores
from gradlab.lab.problems import Transformer
from gradlab.lab.problems.real_data.texts import load_long_text

FILE = Path(__file__).parents[1] / "muon_race.json"
COMMAND = "python docs/_extensions/muon_race.py"
PROBLEM = Transformer()
RATES = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2)
SEEDS = 6
LANES = 6  # at a time; more do not fit into the caches of a core, and take a third longer
HIDDEN = gl.ndim(2) & gl.path("blocks/**")  # the matrices that all implementations are meant for
REST_RATE = 0.01  # AdamW's best rate in this race, for implementations that leave the other leaves to the user
USERS_REST = ("torch", "heavyball", "nvidia")  # those that have no AdamW of their own


def contestants() -> dict[str, Callable[..., gl.Transformation]]:
    """Return a factory of the learning rate for each implementation, and for AdamW."""

    def contestant(name: str) -> Callable[..., gl.Transformation]:
        def factory(learning_rate: Any = 0.02) -> gl.Transformation:
            if name in USERS_REST:
                rest = gl.adamw(REST_RATE, 0.9, 0.95, weight_decay=0.0)
                return gl.partition((HIDDEN, make(name, learning_rate, precision=None)), default=rest)
            own_rate = {"adam_lr": REST_RATE} if name == "keller_jordan" else {}  # the others have one rate for all
            return make(name, learning_rate, matrices=HIDDEN, precision=None, **own_rate)

        return factory

    return {**{name: contestant(name) for name in TITLES}, "adamw": gl.adamw}


def describe() -> dict[str, Any]:
    """Return all that determines the race, but for versions: the command, the problem, the budget, the compositions."""
    text = load_long_text()
    return {
        "command": COMMAND,
        "problem": repr(PROBLEM),
        "text": hashlib.sha256(text.alphabet.encode() + text.codes.tobytes()).hexdigest()[:16],
        "rates": list(RATES),
        "seeds": SEEDS,
        "steps": PROBLEM.steps,
        "compositions": {name: str(factory(0.02)) for name, factory in contestants().items()},
    }


def run() -> dict[str, Any]:
    """Run the race, and return its manifest, the score of each run, and the leaderboard."""
    began = time.monotonic()
    results = gl.lab.race(PROBLEM, contestants(), rates=list(RATES), seeds=SEEDS, lanes=LANES)
    dataset = results[PROBLEM.name].to_dataset()
    versions = {**collect_provenance(COMMAND), "scikit-learn": sklearn.__version__}
    kept = ("gradlab", "jax", "jaxlib", "numpy", "scikit-learn", "python", "machine", "date")
    scores = {"validation": final_scores(dataset.assign_attrs(score=PROBLEM.score.chosen_by))}
    scores["test"] = final_scores(dataset)
    board = results.gradlab.leaderboard(PROBLEM.name)
    return {
        **describe(),
        **{name: versions[name] for name in kept},
        "minutes": round((time.monotonic() - began) / 60, 1),
        "roles": dataset.role.values.tolist(),  # of the seeds
        "bits": {
            name: {part: scores[part].sel(optimizer=name).values.round(4).tolist() for part in scores}
            for name in dataset.optimizer.values.tolist()
        },
        "leaderboard": [
            {name: getattr(row, name) for name in ("optimizer", "best_rate", "score", "spread")}
            for row in board.itertuples()
        ],
    }


def read() -> dict[str, Any]:
    """Return what `run` returned when the committed file was written."""
    return json.loads(FILE.read_text(encoding="utf-8"))


def show_budget() -> str:
    """Return the sentences that say how the committed results were made."""
    race = read()
    runs = len(race["bits"]) * len(race["rates"]) * race["seeds"]
    versions = ", ".join(f"{name} {race[name]}" for name in ("gradlab", "jax", "numpy", "scikit-learn"))
    return (
        f"`{race['command']}` trained `{race['problem']}` on {race['date'][:10]}: {len(race['bits'])} optimizers at "
        f"{len(race['rates'])} rates from {race['seeds']} seeds, {runs} runs of {race['steps']} steps, in "
        f"{race['minutes']:.0f} minutes on {race['machine'].partition(', ')[2]}, with {versions}. The rates were "
        f"{', '.join(f'{rate:g}' for rate in race['rates'])}."
    )


def show_results() -> str:
    """Return each at its best rate, with its score, and the rates at which its score is at most 0.1 bits higher."""
    race = read()
    reporting = [seed for seed, role in enumerate(race["roles"]) if role == "report"]
    rows = []
    for row in race["leaderboard"]:
        bits = np.array(race["bits"][row["optimizer"]]["test"])[:, reporting].mean(1)
        good = np.array(race["rates"])[bits <= row["score"] + 0.1]
        span = f"{good[0]:g}" if len(good) == 1 else f"{good[0]:g} to {good[-1]:g}"
        cells = [f"{row['best_rate']:g}", f"{row['score']:.2f} ± {row['spread']:.2f}", span]
        rows.append((TITLES.get(row["optimizer"], "AdamW alone"), cells))
    return make_table(["", "best rate", "test bits", "good rates"], rows)


if __name__ == "__main__":
    FILE.write_text(json.dumps(run(), indent=1) + "\n", encoding="utf-8")
