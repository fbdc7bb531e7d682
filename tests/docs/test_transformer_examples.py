"""The scripts that train a transformer: each is killed and goes on bit for bit, and its optimizer is one value."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab import public_names

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
SCRIPTS = ["transformer_in_flax", "transformer_in_equinox"]
LAYER = {"kernel": jnp.ones((32, 40)), "bias": jnp.ones(3)}
PARAMS = {"embedding": {"table": jnp.ones((5, 3))}, "head": LAYER}


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def start(name: str, folder: Path, cache: Path) -> subprocess.Popen[str]:
    environment = os.environ | {
        "JAX_COMPILATION_CACHE_DIR": str(cache),
        "JAX_ENABLE_X64": "0",
        "JAX_NUMPY_DTYPE_PROMOTION": "standard",
        "PYTHONWARNINGS": "default",
        "XLA_FLAGS": "--xla_backend_optimization_level=0",  # these few steps compile longer than they run
    }
    command = [sys.executable, str(EXAMPLES / f"{name}.py"), str(folder)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process: subprocess.Popen[str]) -> list[str]:
    out, errors = process.communicate(timeout=600)
    assert process.returncode == 0, errors
    return out.splitlines()


@pytest.mark.slow
@pytest.mark.parametrize("name", SCRIPTS)
def test_a_run_that_is_killed_goes_on_bit_for_bit(name: str, tmp_path: Path) -> None:
    whole = finish(start(name, tmp_path / "whole", tmp_path / "cache"))
    killed = start(name, tmp_path / "killed", tmp_path / "cache")
    assert killed.stdout is not None
    while not killed.stdout.readline().startswith("step 20"):
        assert killed.poll() is None
    killed.kill()
    killed.communicate()  # which also closes its pipes
    resumed = finish(start(name, tmp_path / "killed", tmp_path / "cache"))
    steps = [line.split()[1] for line in resumed if line.startswith("step")]
    assert steps in (["30:", "40:"], ["40:"]), resumed  # it may have come further before it died
    assert resumed[-1] == whole[-1]
    assert whole[-1].startswith("the end, ")
    shutil.rmtree(tmp_path / "whole" / "160")  # what is left is of step 30, after the change of the rate
    late = finish(start(name, tmp_path / "whole", tmp_path / "cache"))
    assert [line.split()[1] for line in late if line.startswith("step")] == ["40:"]
    assert late[-1] == whole[-1]
    bits = [float(line.split()[2]) for line in whole if line.startswith("step")]
    assert len(bits) == 4
    assert bits[-1] < bits[0] - 0.4 < np.log2(44) - 0.4


@pytest.mark.slow
@pytest.mark.parametrize("name", SCRIPTS)
def test_the_whole_optimizer_is_one_value(name: str) -> None:
    pytest.importorskip("equinox" if "equinox" in name else "flax")
    build: Any = load(name).build_optimizer
    tx = build()
    assert tx == build()
    assert tx != build(peak=1e-3)
    names: dict[str, Any] = {**vars(public_names), **vars(gl.schedules), **vars(gl.codecs), **vars(gl.selectors)}
    assert eval(repr(tx), names) == tx
    assert len(gl.hyperparameters(tx)) > 10
    traces = []

    @jax.jit
    def step(tx: Any, state: Any) -> Any:
        traces.append(tx)
        return tx.update(PARAMS, state, PARAMS)

    state = tx.init(PARAMS)
    moved = []
    for peak in np.linspace(1e-3, 1e-2, 10):
        current = state
        for _ in range(8):  # two steps: in warm-up the rate of the first is 0
            updates, current = step(build(peak), current)
        moved.append(float(updates["head"]["bias"][0]))
    assert len(traces) == 1
    np.testing.assert_allclose(moved, -0.1 * np.linspace(1e-3, 1e-2, 10), rtol=1e-3)
    stack = jax.tree.map(lambda *leaves: jnp.stack(leaves), *(build(peak).as_arrays() for peak in (1e-3, 2e-3, 3e-3)))

    def run(tx: Any) -> Any:
        state = tx.init(PARAMS)
        for _ in range(8):
            updates, state = tx.update(PARAMS, state, PARAMS)
        return updates["head"]["bias"][0]

    np.testing.assert_allclose(jax.jit(jax.vmap(run))(stack), -0.1 * np.array([1e-3, 2e-3, 3e-3]), rtol=1e-3)
