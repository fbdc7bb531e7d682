"""Adafactor, Adam-mini, Scion and NorMuon against what was released (`tests/golden/generate_layer_methods.py`)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl

from .runs import points

with np.load(Path(__file__).parents[1] / "golden" / "layer_methods.npz") as found:
    ARRAYS = {name: found[name] for name in found.files}
STORED = (1, 2, 10, 50)
EVERYWHERE = gl.ndim(2)


def bounded_rate(step: Any) -> Any:
    """The rate of PyTorch's Adafactor, which is at most 1 / sqrt(t)."""
    return jnp.minimum(0.5, (1 + step.astype(float)) ** -0.5)


MINI: dict[str, Any] = {"b2": 0.95, "weight_decay": 0.1, "layout": "torch"}
SCION: dict[str, Any] = {"radius": 3.0, "output_radius": 3.0, "layout": "torch"}
CASES: dict[str, Any] = {
    # PyTorch factors every matrix.
    "adafactor/matrix": lambda: gl.adafactor(bounded_rate, min_size=1),
    "adafactor/bias": lambda: gl.adafactor(bounded_rate),
    "adam_mini/mlp": lambda: gl.adam_mini(0.1, **MINI),
    "adam_mini/query": lambda: gl.adam_mini(0.1, heads=EVERYWHERE, head_layout="torch", head_size=2, **MINI),
    "adam_mini/norm": lambda: gl.adam_mini(0.1, b2=0.95),
    "scion/Spectral": lambda: gl.scion(0.01, **SCION),
    "scion/Sign": lambda: gl.scion(0.01, outputs=EVERYWHERE, **SCION),
    "scion/ColNorm": lambda: gl.scion(0.01, embeddings=EVERYWHERE, **SCION),
    "scion/BiasRMS": lambda: gl.scion(0.01, **SCION),
    "normuon/matrix": lambda: gl.chain(
        gl.scale_by_momentum(0.75, dampening=0.0),
        gl.orthogonalize("polar_express_5", eps=1e-8, norm_factor=1.02, layout="torch"),
        gl.graft(gl.isolate(gl.scale_by_rms(gl.block_mean(0.95, layout="torch"), 1e-8)), gl.chain()),
        gl.scale_by_shape("sqrt(r / c)", layout="torch"),
        gl.add_decayed_weights(0.125),
        gl.scale_by_learning_rate(0.125),
    ),
}
# dion keeps its decays in float32.
TOLERANCES = {"normuon/matrix": 1e-6}


@pytest.mark.parametrize("name", CASES)
def test_the_steps_are_those_that_were_released(name: str) -> None:
    leaf = "bias" if name.endswith(("bias", "norm", "BiasRMS")) else "matrix"
    start, gradients = (jnp.asarray(ARRAYS[f"{kind}/{leaf}"]) for kind in ("start", "gradients"))
    visited = np.asarray(points(CASES[name](), start, gradients))[list(STORED)]
    moved = np.abs(ARRAYS[name] - ARRAYS[f"start/{leaf}"]).max()
    assert np.abs(visited - ARRAYS[name]).max() <= TOLERANCES.get(name, 1e-12) * moved
