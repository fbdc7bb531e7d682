"""Charts of what studies have measured, as functions of the names that the code of their page defines."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import gradlab as gl
from gradlab.bench.counterparts import COUNTERPARTS
from gradlab.bench.step_rows import count_fewest_streams
from gradlab.lab._studies.speedrun.rules import TARGETS
from gradlab.lab.problems import PROBLEMS
from gradlab.testing.matrix_methods.check_polynomials import make_polynomial_iteration

from .bars import Bars
from .drawing import Chart, count_from
from .page_code import Page
from .runs import follow, take_best_curves


def draw_muon(page: Page) -> Chart:
    """Return the scores of `muon.md` over the learning rate, of the seeds that report."""
    import muon_race

    race = muon_race.read()
    reporting = [seed for seed, role in enumerate(race["roles"]) if role == "report"]
    bits = {name: np.array(scores["test"], float)[:, reporting].mean(1) for name, scores in race["bits"].items()}
    titles = {row["optimizer"]: muon_race.TITLES.get(row["optimizer"], "AdamW alone") for row in race["leaderboard"]}
    curves = {title: np.stack([race["rates"], bits[name]], 1) for name, title in titles.items()}
    return Chart(curves, "learning rate", "test bits per character", 2.5, 4.7, by_powers=True)


def draw_signs(page: Page) -> Chart:
    """Return what the iterations of `how-to/check-a-matrix-method.md` make of singular values, and the band of one."""
    values = np.append(np.geomspace(1e-3, 0.05, 150), np.linspace(0.05, 1.0, 600))
    iterations = {
        "JORDAN, 5 steps": make_polynomial_iteration(page["JORDAN"], 5),
        "RELEASED, 4 steps": make_polynomial_iteration(page["RELEASED"], 4),
        "RELEASED, 5 steps": make_polynomial_iteration(page["RELEASED"], 5, cycle=True),
    }
    curves = {label: np.stack([values, iteration(values)], 1) for label, iteration in iterations.items()}
    low, high = map(float, re.search(r"band=\((.*), (.*)\)\)", page.text).groups())
    band = np.array([[0.01, low], [1.0, low], [1.0, high], [0.01, high], [0.01, low]])
    return Chart({**curves, "the band": band}, "singular value", "after the iteration", -1.3, 1.3)


def draw_good_rates(page: Page) -> Chart:
    """Return how the scores of three optimizers on the digits depend on the rate, from gradlab's baselines."""
    from recipe_pictures.baseline_results import read_curves

    found = read_curves("digits")
    names = ("adamw", "momo_adam", "sgd")
    curves = {f"gl.{name}": np.stack([found.rates, found.scores[name]], 1) for name in names}
    return Chart(curves, "learning rate", found.label, 1.0, 100.0, logarithmic=True, by_powers=True)


def draw_streams(page: Page) -> Bars:
    """Return the fewest streams of steps in `how-to/bench.md`, from their equations."""
    names = ("sgd", "lion", "sgd_momentum", "rmsprop", "adam", "clip_adamw", "amsgrad", "lamb", "adan")
    counts = {name: count_fewest_streams(COUNTERPARTS[name], (1024,)) for name in names}
    return Bars({"streams": {name: count for name, count in counts.items() if count}}, "arrays read or written")


def draw_fusion(page: Page) -> Bars:
    """Return the table of times in `how-to/training-loops.md`."""
    rows = page.read_table("| | without | with |")
    columns = {"without fusion": 1, "with gl.enable_cpu_fusion()": 2}
    values = {label: {row[0]: float(row[column]) for row in rows} for label, column in columns.items()}
    return Bars(values, "time of a step / limit of the memory")


def draw_bits(page: Page) -> Chart:
    """Return the table of costs in `how-to/one-bit.md`: the score on `characters` over the bytes of a step."""
    rows = page.read_table("| what crosses |")
    dots = {row[0]: np.array([[float(row[1].split()[0].replace(",", "")), float(row[3].split()[0])]]) for row in rows}
    errors = {row[0]: float(row[3].partition(" ± ")[2]) for row in rows}
    return Chart(
        {}, "bytes of a step on digits", "bits per character", 3.7, 4.5, by_powers=True, dots=dots, errors=errors
    )


def draw_pruned_updates(page: Page) -> Bars:
    """Return the updates that each rule made in the table of `how-to/prune.md`."""
    rows = page.read_table("| updates (%) |")
    rules = ("halving", "hyperband", "median")
    values = {rule: {row[0]: float(row[column]) for row in rows} for column, rule in enumerate(rules, 1)}
    return Bars(values, "updates that were made (%)")


def draw_first_laws(page: Page) -> Bars:
    """Return the mutants that each law found first, as `mutation_score.md` says in words."""
    (found,) = re.findall(r"^The law that found each first: (.*)\.$", page.text, re.MULTILINE)
    counts = re.findall(r"(\D+?) ([\d,]+)(?:, |$)", found)
    values = {law: float(count.replace(",", "")) for law, count in counts}
    return Bars({"mutants": values}, "mutants that it found first")


def draw_optax_kinds(page: Page) -> Bars:
    """Return in how many transformations of `optax_laws.md` each kind of breach is found, if in three or more."""
    _, _, listed = page.text.partition("## The transformations")
    kinds = [kind for line in re.findall(r"^- `.*`: (.*)$", listed, re.MULTILINE) for kind in line.split(", ")]
    counts = {kind.strip("*"): float(count) for kind, count in Counter(kinds).most_common() if count >= 3}
    return Bars({"transformations": counts}, "transformations of optax, of 131")


def draw_spread(page: Page) -> Bars:
    """Return the table of bytes in `how-to/sharding.md`."""
    rows = page.read_table("| | state a device |")
    state = [float(row[1].split()[0].replace(",", "")) / 1e6 for row in rows]
    sums = [row[2].partition(" bytes")[0].rpartition("= ")[2] for row in rows]
    values = {
        label.strip("`"): {"state": round(kept, 2), "sent in a step": round(float(sent.replace(",", "")) / 1e6, 2)}
        for (label, *_), kept, sent in zip(rows, state, sums, strict=True)
    }
    return Bars(values, "megabytes of each device")


def draw_sweep(page: Page) -> Chart:
    """Return the scores of the grid of `how-to/sweeps.md`."""
    scores = page["scores"]
    curves = {
        f"b1={b1:g}": np.stack([scores.learning_rate.values, scores.sel(b1=b1).values], 1) for b1 in scores.b1.values
    }
    return Chart(curves, "learning rate", "loss", 1e-16, 1e2, logarithmic=True, by_powers=True)


def draw_arrival(page: Page) -> Chart:
    """Return a run of the speed run on the ravine, whose target it passes before it is reached for good."""
    problem, target = PROBLEMS["ravine"](), TARGETS["ravine"]

    def loss(params: Any) -> jax.Array:
        return problem.loss(params, None)

    start = problem.init(jax.random.key(0))
    losses = follow(gl.sgd(0.01, momentum=0.9), start, jax.grad(loss), loss, target.steps)
    curves = {"sgd(0.01, momentum=0.9)": losses, "target": jnp.full(target.steps, target.score)}
    curves = {label: count_from(0, values) for label, values in curves.items()}
    losses = np.asarray(losses)
    arrival = 1 + int(np.flatnonzero(losses > target.score)[-1])
    dots = {"reached for good": np.array([[arrival, losses[arrival]]])}
    return Chart(curves, "update", "loss", 1e-8, 1e2, logarithmic=True, dots=dots)


def draw_small_race(page: Page) -> Chart:
    """Return the learning curves of the small race of `how-to/race.md`, at each optimizer's best rate."""
    race = gl.lab.race(["ravine"], ["sgd", "sgd_momentum"], rates=5, seeds=2)
    return Chart(take_best_curves(race, "ravine"), "update", "loss", 1e-10, 1e2, logarithmic=True)
