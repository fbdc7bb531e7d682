"""Small problems, and results with known values, for the tests of the laboratory."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr

import gradlab as gl
from gradlab.lab._engine.task import TaskResult
from gradlab.lab._engine.task_runner import run_tasks
from gradlab.lab._inputs.default_contestants import collect_contestants
from gradlab.lab._results.assembly import assign_roles
from gradlab.lab._studies.race import RaceStudy
from gradlab.lab.problems import Problem, Ravine


class Slope(Problem):
    """The loss x^2 / 2, from x = 1. A step of gradient descent with learning rate r multiplies x by 1 - r."""

    name, summary = "slope", "Its runs can be worked out by hand."

    def init(self, key: jax.Array) -> jax.Array:
        return jnp.ones((), jnp.float32)

    def loss(self, params: jax.Array, batch: Any) -> jax.Array:
        return 0.5 * params**2


class Noisy(Problem):
    """A quadratic loss whose minimum is at another place in each batch. The parameters are a tree."""

    name, summary = "noisy", "Random in its starts and in its batches."

    def init(self, key: jax.Array) -> Any:
        return {"a": jax.random.normal(key, (3,), jnp.float32), "b": jnp.zeros((2, 2), jnp.float32)}

    def batches(self, key: jax.Array, steps: int) -> jax.Array:
        return jax.random.normal(key, (steps, 3), jnp.float32)

    def loss(self, params: Any, batch: jax.Array) -> jax.Array:
        return jnp.sum((params["a"] - batch) ** 2) + jnp.sum((params["b"] - 1) ** 2)

    def metrics(self, params: Any) -> dict[str, jax.Array]:
        return {"final_loss": jnp.sum(params["a"] ** 2), "b": jnp.mean(params["b"])}


@pytest.fixture
def slope() -> Problem:
    return Slope()


@pytest.fixture
def noisy() -> Problem:
    return Noisy()


@pytest.fixture(scope="session")
def task_results() -> list[TaskResult]:
    """Two optimizers on the ravine. The lowest learning rate is far too small, and the highest one of sgd diverges."""
    table = collect_contestants()
    study = RaceStudy((Ravine(),), (table["sgd"], table["adam"]), rates=5, seeds=4, steps=30)
    return list(run_tasks(study.tasks))


@pytest.fixture
def make_dataset() -> Callable[..., xr.Dataset]:
    """`make_dataset(scores, rates, roles, **attributes)`: results of a race with given final scores.

    `scores` are on (optimizer, rate, seed), `rates` on (rate,) or (optimizer, rate), and `roles` on (seed,).
    """

    def make(scores: Any, rates: Any, roles: list[str], **attributes: Any) -> xr.Dataset:
        final = np.asarray(scores, float)
        optimizers, _, seeds = final.shape
        names = [f"optimizer_{index}" for index in range(optimizers)]
        curves = np.stack([np.ones_like(final), final], -1)
        runs = ("optimizer", "rate", "seed")
        return xr.Dataset(
            {
                "final_loss": ((*runs, "evaluation"), curves),
                "diverged": (runs, np.isnan(final)),
                "run_seconds": ("optimizer", np.arange(optimizers, dtype=float)),
            },
            {
                "optimizer": names,
                "family": ("optimizer", [f"family {index % 2}" for index in range(optimizers)]),
                "learning_rate": (("optimizer", "rate"), np.broadcast_to(rates, final.shape[:2])),
                "seed": np.arange(seeds),
                "role": ("seed", roles),
                "evaluation": [0, 10],
                "step": np.arange(10),
            },
            {
                "problem": "made", "summary": "Made by hand.", "score": "final_loss", "score_label": "loss",
                "higher_is_better": 0, "logarithmic": 1, "tolerance": 10.0,
            } | attributes,
        )  # fmt: skip

    return make


@pytest.fixture
def accuracy() -> dict[str, Any]:
    """Attributes of a Dataset whose score is an accuracy."""
    return {"higher_is_better": 1, "logarithmic": 0, "tolerance": 0.01, "score_label": "test accuracy"}


LINE = """
import jax, jax.numpy as jnp
from gradlab.lab.problems import Problem

class Line(Problem):
    name, summary = "line", "Linear regression on random batches."
    def init(self, key):
        return {"w": jax.random.normal(key, (7, 3), jnp.float32), "b": jnp.zeros(3, jnp.float32)}
    def batches(self, key, steps):
        return jax.random.normal(key, (steps, 33, 7), jnp.float32)
    def loss(self, params, batch):
        return jnp.mean((batch @ params["w"] + params["b"] - jnp.sin(batch[:, :3])) ** 2)
    def metrics(self, params):
        return {"final_loss": jnp.sum(params["w"] ** 2)}
"""
SWEEP = (
    "sweep", "--problem", "line_of_the_tests:Line", "--optimizer", "adam", "--optimizer", "sgd", "--set",
    "learning_rate=log:0.001:1:6", "--seeds", "3", "--steps", "40", "--lanes", "2", "--chunk", "9",
)  # fmt: skip


@pytest.fixture
def small_sweep(small_sweep_in: Callable[..., subprocess.Popen[str]], tmp_path: Path) -> Callable[..., Any]:
    """`small_sweep("out", "--fresh", devices=8, HOME="x")`: a process that sweeps 2 tasks of 9 blocks of 5 chunks."""
    return functools.partial(small_sweep_in, tmp_path)


@pytest.fixture(scope="session")
def small_sweep_in() -> Callable[..., subprocess.Popen[str]]:
    """`small_sweep_in(folder, "out", ...)`: the same in any folder, for fixtures that several tests share."""

    def start(folder: Path, out: str, *arguments: str, devices: int = 1, **variables: str) -> subprocess.Popen[str]:
        (folder / "line_of_the_tests.py").write_text(LINE)
        silent = "shown_progress.FIRST_SECONDS = shown_progress.SECONDS = 1e6"  # a slow machine would print more lines
        imports = "import sys; from gradlab.cli import main; from gradlab.cli.terminal import shown_progress"
        program = f"{imports}; {silent}; sys.exit(main())"
        root = str(Path(gl.__file__).parents[1])
        return subprocess.Popen(
            [sys.executable, "-c", program, *SWEEP, "--out", str(folder / out), *arguments],
            cwd=folder,
            env=os.environ
            | {"PYTHONPATH": root, "JAX_NUM_CPU_DEVICES": str(devices), "JAX_PLATFORMS": "cpu"}
            | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start


@pytest.fixture(scope="session")
def contents() -> Callable[[Path], dict[str, bytes]]:
    """`contents(folder)`: all files in it by name, but not those that differ from run to run: provenance and report."""
    varying = ("provenance.json", "report.html")

    def read(folder: Path) -> dict[str, bytes]:
        files = [path for path in folder.rglob("*") if path.is_file() and path.name not in varying]
        return {str(path.relative_to(folder)): path.read_bytes() for path in files}

    return read


@pytest.fixture
def make_sweep() -> Callable[..., xr.Dataset]:
    """`make_sweep(scores, points, sampler="grid", **attributes)`: results of a sweep with given final scores.

    `scores` are on (optimizer, point, seed). `points` maps each hyperparameter to its values on (point,). The second
    half of the seeds has the role "report".
    """

    def make(scores: Any, points: Any, sampler: str = "grid", **attributes: Any) -> xr.Dataset:
        final = np.asarray(scores, float)
        optimizers, _, seeds = final.shape
        runs = ("optimizer", "point", "seed")
        return xr.Dataset(
            {
                "final_loss": ((*runs, "evaluation"), np.stack([np.ones_like(final), final], -1)),
                "loss": ((*runs, "step"), np.repeat(final[..., None], 10, -1)),
                "diverged": (runs, np.isnan(final)),
                "divergence_step": (runs, np.where(np.isnan(final), 3, -1)),
                "run_seconds": ("optimizer", np.arange(1.0, optimizers + 1)),
            },
            {
                "optimizer": ["sgd", "adam", "own"][:optimizers],
                "family": ("optimizer", ["swept"] * optimizers),
                "composition": ("optimizer", ["chain()"] * optimizers),
                **{name: (("optimizer", "point"), np.tile(values, (optimizers, 1))) for name, values in points.items()},
                "seed": np.arange(seeds),
                "role": ("seed", assign_roles(seeds)),
                "evaluation": [0, 10],
                "step": np.arange(10),
            },
            {
                "problem": "made", "summary": "Made by hand.", "score": "final_loss", "score_label": "loss",
                "higher_is_better": 0, "logarithmic": 1, "tolerance": 10.0, "setup": "Made()", "sampler": sampler,
                "hyperparameters": json.dumps(list(points)),
            } | attributes,
        )  # fmt: skip

    return make


@pytest.fixture
def make_curves(make_dataset: Callable[..., xr.Dataset]) -> Callable[..., xr.Dataset]:
    """`make_curves(curves, **attributes)`: results of a race at one learning rate with given curves of the score.

    `curves` are on (optimizer, seed, evaluation), with ten updates between evaluations. NaN at the end of a curve means
    that the run diverged.
    """

    def make(curves: Any, **attributes: Any) -> xr.Dataset:
        scores = np.asarray(curves, float)[:, None]  # (optimizer, rate, seed, evaluation)
        roles = ["both"]
        if scores.shape[2] > 1:  # one more seed chooses; all optimizers have the score 1 with it
            roles = ["choose"] + ["report"] * scores.shape[2]
            scores = np.concatenate([np.ones_like(scores[:, :, :1]), scores], 2)
        made = make_dataset(scores[..., -1], [0.1], roles, **attributes).drop_vars(("final_loss", "evaluation"))
        runs = ("optimizer", "rate", "seed", "evaluation")
        made = made.assign(final_loss=(runs, scores))
        return made.assign_coords(evaluation=10 * np.arange(scores.shape[-1]))

    return make
