"""Muon as eight implementations compute it, against what each of them computed (`tests/golden/generate_muon.py`)."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl
from gradlab.testing import assert_lawful

MUON = gl.flavors.muon
NAMES = ("keller_jordan", "torch", "moonlight", "optax", "keras", "dion", "heavyball", "nvidia")
IN_OUT = ("optax", "keras")  # their matrices are (inputs, outputs); the stored ones are (outputs, inputs)
# Keras computes the factor of the shape in float32. dion and HeavyBall keep their hyperparameters in it; most of those
# of dion's later runs are exact there. Under NVIDIA's, the parameters themselves are float32.
IN_FLOAT32: dict[Any, float] = {"keras": 1e-7, "dion": 1e-7, ("dion", 0): 5e-6, "heavyball": 5e-7, "nvidia": 3e-5}


def load() -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    with np.load(Path(__file__).parents[1] / "golden" / "muon.npz") as found:
        arrays = {name: found[name] for name in found.files}
    return json.loads(str(arrays.pop("about"))), arrays


ABOUT, ARRAYS = load()
RUNS = [(name, number) for name in NAMES for number in range(len(ABOUT["runs"][name]))]


def make(name: str, number: int, **options: Any) -> gl.Transformation:
    arguments = {key: tuple(v) if isinstance(v, list) else v for key, v in ABOUT["runs"][name][number].items()}
    return getattr(MUON, name)(**arguments, **options)


def visit_eagerly(tx: Any, start: Any, gradients: Any) -> Any:
    def step(carry: Any, gradient: Any) -> Any:
        x, state = carry
        updates, state = tx.update(gradient, state, x)
        x = jax.tree.map(jnp.add, x, updates)
        return (x, state), x

    return jax.lax.scan(step, (start, tx.init(start)), gradients)[1]


visit = jax.jit(visit_eagerly)


def gaps(tx: gl.Transformation, name: str, number: int, mode: str, dtype: str) -> dict[str, Any]:
    """Return the largest gap between the two paths by leaf, as a share of the largest distance from the start."""
    expected = {leaf: ARRAYS.get(f"{name}/{number}/{mode}/{leaf}") for leaf in ("tall", "wide", "bias")}
    expected = {leaf: x for leaf, x in expected.items() if x is not None}
    start, gradients = ({leaf: ARRAYS[f"{kind}/{leaf}"] for leaf in expected} for kind in ("start", "gradients"))
    turn = (lambda x, axis: np.swapaxes(x, axis, -1)) if name in IN_OUT else (lambda x, axis: x)
    x = {leaf: jnp.asarray(turn(each, 0), dtype) for leaf, each in start.items()}
    g = {leaf: jnp.asarray(turn(each, 1), dtype) for leaf, each in gradients.items()}
    stored = np.array(ABOUT["steps"]) - 1
    visited = {leaf: turn(np.asarray(each)[stored], 1) for leaf, each in visit(tx, x, g).items()}
    moved = {leaf: np.abs(expected[leaf] - start[leaf]).max() for leaf in expected}
    return {leaf: np.abs(visited[leaf] - expected[leaf]).max() / moved[leaf] for leaf in expected}


@pytest.mark.parametrize(("name", "number"), RUNS)
def test_the_arithmetic_is_that_of_the_implementation(name: str, number: int) -> None:
    """Without its rounding to bfloat16: in float64, and for the one that takes nothing else in float32."""
    dtype = "float32" if name == "nvidia" else "float64"
    tolerance = IN_FLOAT32.get((name, number), IN_FLOAT32.get(name, 1e-12))
    found = gaps(make(name, number, precision=None), name, number, "exact", dtype)
    assert set(found) >= {"tall", "wide"}
    assert max(found.values()) <= tolerance, found


@pytest.mark.parametrize("name", [name for name in NAMES if name not in IN_OUT])
def test_the_rounding_to_bfloat16_is_nearly_that_of_the_implementation(name: str) -> None:
    found = gaps(make(name, 0), name, 0, "rounded", "float32")
    assert max(found.values()) <= 0.03, found


@pytest.mark.parametrize("options", [{}, {"nesterov": False, "consistent_rms": 0.2}])
def test_optax_itself_agrees(options: dict[str, Any]) -> None:
    random = np.random.default_rng(0)
    start = {"w": jnp.asarray(random.standard_normal((4, 3))), "b": jnp.asarray(random.standard_normal(3))}
    gradients = jax.tree.map(lambda x: jnp.asarray(random.standard_normal((5, *x.shape))), start)
    theirs = optax.contrib.muon(0.1, **options)
    with jax.numpy_dtype_promotion("standard"):
        expected = visit_eagerly(theirs, start, gradients)
    visited = visit(MUON.optax(0.1, **options), start, gradients)
    jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, atol=1e-13), visited, expected)


@pytest.mark.parametrize("name", NAMES)
def test_a_flavor_is_a_value(name: str) -> None:
    tx = make(name, 1)
    assert eval(repr(tx), vars(gl)) == tx == pickle.loads(pickle.dumps(tx))
    assert hash(tx) == hash(make(name, 1))


@pytest.mark.parametrize("name", NAMES)
def test_a_flavor_keeps_every_contract(name: str) -> None:
    of_matrices = {"domain": ("matrices",)} if name in ("torch", "nvidia") else {}
    assert_lawful(make(name, 1, precision=None), dtypes=("float32", "bfloat16"), claims=of_matrices, quick=True)


def test_keras_leaves_embeddings_to_adamw() -> None:
    params = {"token_embedding": {"kernel": jnp.ones((3, 2))}, "dense": {"kernel": jnp.ones((3, 2))}}
    tx = MUON.keras(0.1, adam_weight_decay=0.0, weight_decay=0.0)
    updates, _ = tx.update(params, tx.init(params), params)
    np.testing.assert_allclose(updates["token_embedding"]["kernel"], -0.1, rtol=1e-5)
    assert not np.allclose(updates["dense"]["kernel"], -0.1, rtol=0.1)


def test_heavyball_moves_other_leaves_along_its_momentum() -> None:
    x = jnp.array([1.0, -2.0])
    tx = MUON.heavyball(0.1)
    np.testing.assert_allclose(tx.update(x, tx.init(x), x)[0], -0.1 * (1 + (1 - 0.9)) * np.array([1.0, -2.0]))


@pytest.mark.parametrize(
    ("flavor", "options", "words"),
    [
        ("torch", {"adjust_lr_fn": "spectral"}, "adjust_lr_fn must be 'original' or 'match_rms_adamw'"),
        ("dion", {"adjust_lr": "rms"}, "adjust_lr must be 'spectral_norm' or 'rms_norm'"),
        ("nvidia", {"coefficient_type": "aol"}, "coefficient_type must be one of 'simple', 'deepseekv4'"),
        ("nvidia", {"scale_mode": "rms"}, "scale_mode must be one of 'spectral'"),
        ("nvidia", {"num_ns_steps": 6}, "5 sets of coefficients belong to 5 steps"),
    ],
)
def test_wrong_words_are_refused(flavor: str, options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        getattr(MUON, flavor)(0.1, **options)


@pytest.mark.parametrize("name", ["torch", "nvidia"])
def test_those_without_another_optimizer_refuse_what_is_no_matrix(name: str) -> None:
    with pytest.raises(ValueError, match="orthogonalize takes matrices"):
        getattr(MUON, name)(0.1).init(jnp.ones(3))
