"""A run that is killed, at any moment, loses nothing that was done, and ends with the files of one that was not."""

from __future__ import annotations

import random
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab.lab._engine.task import Task, Watcher
from gradlab.lab._report.page import render_page
from gradlab.lab._results import results_file
from gradlab.lab._results.study_folder import FolderError
from gradlab.lab._storage import checkpoints
from gradlab.lab._storage.lock import LOCK
from gradlab.lab._studies.sweep import sweep
from gradlab.lab.problems import Problem

Start = Callable[..., subprocess.Popen[str]]
RATES = {"learning_rate": [0.1, 0.2, 0.3]}


def test_killed_at_random_moments_it_ends_with_the_same_files(
    small_sweep: Start, contents: Callable[[Path], dict[str, bytes]], tmp_path: Path
) -> None:
    first = small_sweep("whole")
    first.communicate(timeout=120)
    assert first.returncode == 0
    out, moments = tmp_path / "out", random.Random(0)
    for _ in range(3):
        process = small_sweep("out")
        enough = _done(out) + moments.randint(1, 30)
        while process.poll() is None and _done(out) < enough:
            time.sleep(0.001)
        time.sleep(moments.uniform(0, 0.01))
        process.kill()
        process.communicate()
    assert (out / LOCK).exists()
    last = small_sweep("out")
    _, errors = last.communicate(timeout=120)
    assert last.returncode == 0
    assert errors == f"{out} holds an unfinished run of this plan; going on from there\n"
    assert contents(out) == contents(tmp_path / "whole")
    assert (out / "report.html").exists()
    (out / "provenance.json").write_bytes((tmp_path / "whole" / "provenance.json").read_bytes())
    found, expected = (render_page(*results_file.read(folder / "results.nc")) for folder in (out, tmp_path / "whole"))
    assert found == expected


def _done(out: Path) -> int:
    return sum("carry" not in path.name for path in out.glob("parts/0*"))


class Stop(Watcher):
    """Interrupts after some runs."""

    def __init__(self, runs: float):
        self.left, self.warnings = runs, list[str]()

    def on_start(self, task: Task) -> None:
        pass

    def on_progress(self, runs: float) -> None:
        self.left -= runs
        if self.left < 0:
            raise KeyboardInterrupt

    def on_warning(self, message: str) -> None:
        self.warnings.append(message)


def test_from_python_the_same_call_goes_on(noisy: Problem, tmp_path: Path) -> None:
    options: dict[str, Any] = {"seeds": 2, "steps": 6, "chunk": 2, "lanes": 2}
    expected = sweep(noisy, gl.adam, RATES, **options).gradlab.dataset()
    with pytest.raises(KeyboardInterrupt):
        sweep(noisy, gl.adam, RATES, out=tmp_path, watcher=Stop(2.5), **options)
    done = len(list((tmp_path / "parts").iterdir()))
    assert done > 1
    found = sweep(noisy, gl.adam, RATES, out=tmp_path, **options).gradlab.dataset()
    np.testing.assert_array_equal(found.loss, expected.loss)
    np.testing.assert_array_equal(found.b, expected.b)
    again = sweep(noisy, gl.adam, RATES, out=tmp_path, watcher=Stop(0), **options).gradlab.dataset()
    assert found.identical(again)
    with pytest.raises(FolderError, match="steps of adam on noisy: 6 in the folder, 7 requested"):
        sweep(noisy, gl.adam, RATES, out=tmp_path, **options | {"steps": 7})


def test_a_state_of_random_keys_is_gone_on_from(noisy: Problem, tmp_path: Path) -> None:
    factory = gl.transformation(_descent_with_a_key)
    options: dict[str, Any] = {"seeds": 2, "steps": 7, "chunk": 3}
    expected = sweep(noisy, {"sgd": factory}, RATES, **options).gradlab.dataset()
    with pytest.raises(KeyboardInterrupt):
        sweep(noisy, {"sgd": factory}, RATES, out=tmp_path, watcher=Stop(1), **options)
    assert checkpoints.read_plan(tmp_path) is not None
    found = sweep(noisy, {"sgd": factory}, RATES, out=tmp_path, **options).gradlab.dataset()
    np.testing.assert_array_equal(found.loss, expected.loss)


def _descent_with_a_key(learning_rate: float = 0.1) -> Any:
    def update(updates: Any, state: Any) -> Any:
        moment, key = state
        moment = jax.tree.map(lambda m, g: m / 2 + g, moment, updates)
        return jax.tree.map(lambda m: -learning_rate * m, moment), (moment, key)

    return lambda params: (jax.tree.map(jnp.zeros_like, params), jax.random.key(0)), update
