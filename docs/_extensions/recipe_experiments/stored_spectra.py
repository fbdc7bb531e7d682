"""The singular values of a gradient, and of the updates that methods for matrices make of it.

`python -m docs._extensions.recipe_experiments.stored_spectra` computes them in a minute and writes
`docs/recipe_spectra.json`. A page cannot compute them: Sphinx copies its process, which JAX does not bear.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import gradlab as gl
from gradlab.registry import entries

from .stored_lines import write_lines

FILE = Path(__file__).parents[2] / "recipe_spectra.json"
COMMAND = "python -m docs._extensions.recipe_experiments.stored_spectra"
SHAPE, WEAKEST, SEED = (32, 16), 0.01, 0
LATE = 100  # the number of the update that is shown beside the first one
# The methods, and the arguments that are not their defaults here: at these, the rank would be full.
METHODS: dict[str, dict[str, Any]] = {
    "adam": {}, "muon": {}, "normuon": {}, "muon_hyperball": {}, "scion": {}, "dion": {"rank": 4}, "shampoo": {},
    "soap": {}, "kron": {}, "galore": {"rank": 4},
}  # fmt: skip


def make_matrices() -> tuple[np.ndarray, np.ndarray]:
    """Return a gradient with singular values from 1 to `WEAKEST`, and parameters with equal ones."""
    generator, (rows, columns) = np.random.default_rng(SEED), SHAPE
    left, right, params = (np.linalg.qr(generator.normal(size=(n, columns)))[0] for n in (rows, columns, rows))
    return left * np.geomspace(1, WEAKEST, columns) @ right.T, params


def make_method(name: str) -> gl.Transformation:
    """Return a method without weight decay, which would add the parameters to the updates."""
    factory: Any = entries()[name].factory
    decay = {"weight_decay": 0.0} if "weight_decay" in factory.factory.parameters else {}
    return factory(**METHODS[name], **decay)


def run(name: str) -> dict[str, Any]:
    """Return the singular values of the first update that is not zero, and of a late one, from the same gradients."""
    gradient, params = (jnp.asarray(matrix, jnp.float32) for matrix in make_matrices())
    tx = make_method(name)
    update, state = jax.jit(tx.update), tx.init(params)
    spectra: dict[int, list[float]] = {}
    for number in range(1, LATE + 1):
        direction, state = update(gradient, state, params)
        values = np.linalg.svd(np.asarray(direction), compute_uv=False)
        if values[0] > 0 and (not spectra or number == LATE):
            spectra[number] = [float(f"{value:.3g}") if value > 1e-5 else 0.0 for value in values / values[0]]
    return {"composition": str(tx), "updates": spectra}


def describe() -> dict[str, Any]:
    """Return what determines the gradient."""
    return {"command": COMMAND, "shape": list(SHAPE), "weakest": WEAKEST, "seed": SEED}


@functools.cache
def read() -> dict[str, dict[int, np.ndarray]]:
    """Return the stored singular values by method and number of the update, without methods that have changed.

    Raises ValueError for those of another gradient.
    """
    stored = json.loads(FILE.read_text(encoding="utf-8"))
    for key, value in describe().items():
        if stored[key] != value:
            raise ValueError(f"{FILE.name} has the {key} {stored[key]}, and this code {value}; renew it: {COMMAND}")
    return {
        name: {int(number): np.array(values) for number, values in own["updates"].items()}
        for name, own in stored["methods"].items()
        if name in METHODS and own["composition"] == str(make_method(name))
    }


def write() -> None:
    """Compute all and write the file, with a line for each method."""
    write_lines(FILE, describe(), "methods", {name: run(name) for name in METHODS})


if __name__ == "__main__":
    write()
    print(f"{FILE}: {FILE.stat().st_size / 1024:.0f} KiB")
