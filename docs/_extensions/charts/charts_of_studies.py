"""Charts and pictures of the studies that pages make on the command line, from the same studies in Python."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import numpy as np

import gradlab as gl
from gradlab.bench.step_figure import make_figure
from gradlab.lab.analysis.choosing_metric import with_choosing_metric
from gradlab.lab.analysis.drawn_scores import to_drawn_scores
from gradlab.lab.analysis.leaderboard import mean_scores
from gradlab.lab.plots.paper.figures import paper_figures

from .drawing import Chart, count_from
from .page_code import Page, files_of, run_file
from .pictures import Picture
from .runs import take_best_curves

DOCS = Path(__file__).parents[2]
BENCH, TRANSFORMER = DOCS / "bench_sizes.json", DOCS / "transformer_run.json"


def _draw(results: Any, kind: str, axis: str) -> Any:
    """Return the one figure of a kind that `gradlab figures` draws of some results."""
    (figure,) = paper_figures({name: results[name].to_dataset() for name in results}, kind, axis=axis).values()
    return figure


def draw_paper_choices(page: Page) -> Picture:
    """Return the heat map of `how-to/write-a-paper.md`."""
    adamw = run_file(page, "my_schedules.py")["adamw"]
    values = {"peak": "log:0.03:0.3:3", "schedule": ["constant", "warmup_cosine", "linear"]}
    results = gl.lab.sweep("matrix_sensing", adamw, values, seeds=2, steps=60)
    return Picture(
        _draw(results, "choices", "schedule"), "choices: the score of adamw with each of three schedules", True
    )


def draw_paper_scaling(page: Page) -> Picture:
    """Return the law of `how-to/write-a-paper.md`."""
    results = gl.lab.race("matrix_factorization:rows=4|8|16", ["sgd"], rates=3, seeds=6, steps=40)
    return Picture(_draw(results, "scaling", "rows"), "scaling: the score of sgd over the rows, with a power law")


def draw_watched(page: Page) -> Chart:
    """Return the curves that `how-to/watch-a-study.md` watches, with a dot where each chunk ended."""
    seen: dict[str, list[np.ndarray]] = {}

    def watch(chunk: gl.lab.FinishedChunk) -> None:
        for place, rate in enumerate(chunk.hyperparameters["learning_rate"]):
            points = np.stack([np.asarray(chunk.steps) + 1, chunk.loss[place].mean(0)], 1)
            seen.setdefault(f"learning_rate={rate:g}", []).append(points)

    rates = {"learning_rate": [0.001, 0.003]}
    gl.lab.sweep("ravine", "sgd", rates, seeds=2, steps=150, chunk=50, log=watch)
    curves = {label: np.concatenate(chunks) for label, chunks in seen.items()}
    ends = np.concatenate([[chunk[-1] for chunk in chunks] for chunks in seen.values()])
    return Chart(curves, "step", "loss", 1.0, 50.0, logarithmic=True, dots={"the end of a chunk": ends})


def draw_grams(page: Page) -> Chart:
    """Return the scores of the race of `tutorials/from-a-paper-to-a-recipe.md` at each learning rate."""
    grams = run_file(page, "grams.py")["grams"]
    results = gl.lab.race("digits", ["adam", grams], rates="log:1e-3:0.3:6", seeds=6)
    dataset = with_choosing_metric(results["digits"].to_dataset())
    scores, label = to_drawn_scores(dataset, mean_scores(dataset))
    curves = {
        str(name): np.stack([dataset.learning_rate.sel(optimizer=name), scores.sel(optimizer=name)], 1)
        for name in dataset.optimizer.values
    }
    return Chart(curves, "learning rate", label, 2.0, 10.0, logarithmic=True, by_powers=True)


def draw_exported(page: Page) -> Chart:
    """Return the curves of `how-to/open-results.md`, which its table of losses has, too."""
    values = {"learning_rate": [0.01, 0.1, 10]}
    dataset = gl.lab.sweep("ravine", ["adam", "sgd"], values, seeds=2, steps=50)["ravine"].to_dataset()
    curves = {}
    for place, name in enumerate(dataset.optimizer.values.tolist()):
        for point in range(3):
            rate = float(dataset.learning_rate[place, point])
            curves[f"{name}, {rate:g}"] = count_from(0, np.median(dataset.loss[place, point], 0))
    return Chart(curves, "step", "median loss", 1e-3, 1e6, logarithmic=True)


def draw_own_model(page: Page) -> Chart:
    """Return the learning curves of the first model of `how-to/race-your-own-model.md` at its best learning rates."""
    with files_of(page, "my_data.py", "my_flax_net.py", "race_flax.py"):
        problem = importlib.import_module("race_flax").problem
        results = gl.lab.race([problem], ["adam", "sgd_momentum"], rates=3, seeds=2, steps=60)
    curves = take_best_curves(results, "race_flax")
    return Chart(curves, "update", "loss on a batch", 0.01, 10.0, logarithmic=True)


def draw_bench_plot(page: Page) -> Picture:
    """Return what `gradlab bench --plot` draws of the measurement in `how-to/bench.md`, from a file of it."""
    figure = make_figure(json.loads(BENCH.read_text("utf-8")))
    return Picture(figure, "Time of a training step against the size, with the limit of the memory: sgd and adam")


def draw_transformer(page: Page) -> Chart:
    """Return the loss of the run of `tutorials/train-a-transformer.md` after each step, from a file of it."""
    bits = json.loads(TRANSFORMER.read_text("utf-8"))["bits"]
    curves = {label: count_from(1, values) for label, values in bits.items()}
    return Chart(curves, "step", "bits per character", 3.5, 6.5)
