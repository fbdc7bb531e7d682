"""`probe` records measures of the direction and changes nothing."""

from __future__ import annotations

import pickle
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab import public_names

MEASURES = ("norm", "rms", "mean", "max", "zeros", "nonfinite", "effective_rate", "relative_size", "cosine")


def by_hand(direction: np.ndarray, gradient: np.ndarray, params: np.ndarray, last: np.ndarray) -> dict[str, float]:
    def norm(x: np.ndarray) -> float:
        return float(np.sqrt((np.abs(x) ** 2).sum()))

    def cosine(a: np.ndarray, b: np.ndarray) -> float:
        return float((a.conj() * b).real.sum() / (norm(a) * norm(b)))

    return {
        "norm": norm(direction),
        "rms": float(np.sqrt((np.abs(direction) ** 2).mean())),
        "mean": float(direction.real.mean()),
        "max": float(np.abs(direction).max()),
        "zeros": float((direction == 0).mean()),
        "nonfinite": 0.0,
        "effective_rate": norm(direction) / norm(gradient),
        "relative_size": norm(direction) / norm(params),
        "cosine": cosine(direction, last) if last.any() else 0.0,
        "gradient_cosine": cosine(direction, gradient),
    }


def test_measures_of_three_steps_by_hand(rng: np.random.Generator) -> None:
    params = {"a": rng.normal(size=(3, 2)), "b": rng.normal(size=4) + 1j * rng.normal(size=4)}
    tx = gl.chain(gl.scale_by_momentum(0.5), gl.scale(-0.1), gl.probe("update", *MEASURES, "gradient_cosine"))
    update = jax.jit(tx.update)
    state, last = tx.init(params), np.zeros(10)
    for step in range(3):
        gradient = jax.tree.map(lambda p: rng.normal(size=p.shape).astype(p.dtype), params)
        gradient["a"][0] = 0 if step == 0 else gradient["a"][0]
        updates, state = update(gradient, state, params)
        flat = [np.concatenate([np.ravel(x) for x in jax.tree.leaves(tree)]) for tree in (updates, gradient, params)]
        expected = {f"update/{name}": value for name, value in by_hand(flat[0], flat[1], flat[2], last).items()}
        found = gl.metrics(state)
        assert found.keys() == expected.keys()
        np.testing.assert_allclose([found[name] for name in expected], list(expected.values()), rtol=1e-12, atol=1e-15)
        last = flat[0]


def test_a_probe_changes_no_update_and_keeps_both_signals_apart() -> None:
    gradient = {"w": jnp.array([3.0, -4.0]), "b": jnp.array(2.0)}
    plain = gl.chain(gl.scale_by_momentum(0.9), gl.scale_by_rms(0.9), gl.scale(-1.0))
    links = [gl.probe(f"{place}", "norm", "effective_rate", "cosine") for place in range(4)]
    probed = gl.chain(links[0], plain.links[0], links[1], plain.links[1], links[2], plain.links[2], links[3])
    updates = [tx.update(gradient, tx.init(gradient))[0] for tx in (plain, probed)]
    assert jax.tree.map(np.asarray, updates[0]).keys() == updates[1].keys()
    jax.tree.map(np.testing.assert_array_equal, *updates)


def test_each_leaf_by_itself_and_a_function_as_a_measure() -> None:
    def largest_of_first(direction: Any) -> Any:
        return jax.tree.leaves(direction)[0].max()

    tree = {"layers": [{"w": jnp.array([3.0, 4.0])}, {"w": jnp.array([0.0, 2.0])}], "none": None}
    tx = gl.probe("g", "norm", largest_of_first, per_leaf=True)
    found = gl.metrics(tx.update(tree, tx.init(tree))[1])
    assert {name: float(value) for name, value in found.items()} == {
        "g/layers/0/w/norm": 5.0,
        "g/layers/0/w/largest_of_first": 4.0,
        "g/layers/1/w/norm": 2.0,
        "g/layers/1/w/largest_of_first": 2.0,
    }


def test_groups_of_leaves_by_selectors() -> None:
    tree = {"a": {"bias": jnp.array([3.0, 4.0])}, "b": jnp.array([[0.0, 2.0]])}
    tx = gl.probe("g", "norm", "zeros", groups={"biases": "**/bias", "matrices": gl.ndim(2), "all": True})
    assert eval(repr(tx), vars(public_names)) == tx == pickle.loads(pickle.dumps(tx))
    found = gl.metrics(jax.jit(tx.update)(tree, tx.init(tree))[1])
    norms = {name: float(value) for name, value in found.items() if name.endswith("norm")}
    assert norms == {"g/biases/norm": 5.0, "g/matrices/norm": 2.0, "g/all/norm": np.sqrt(29.0)}
    assert float(found["g/matrices/zeros"]) == 0.5
    with pytest.raises(TypeError, match=r"probe: group x must be a selector"):
        gl.probe("g", groups={"x": 3})


def test_measures_of_shards_are_those_of_the_whole(rng: np.random.Generator) -> None:
    mesh = jax.make_mesh((2,), ("model",), axis_types=(jax.sharding.AxisType.Auto,))
    specs = {"kernel": jax.P("model"), "bias": jax.P()}
    tree = {"kernel": jnp.asarray(rng.normal(size=(4, 3))), "bias": jnp.array([0.0, 1.0, np.inf])}

    def record(tx: Any, tree: Any) -> Any:
        state = tx.update(tree, tx.init(tree), tree)[1]
        return gl.metrics(tx.update(tree, state, tree)[1])

    for bias in (tree["bias"], jnp.array([0.0, 1.0, 2.0])):
        tree = {**tree, "bias": bias}
        expected = record(gl.probe("g", *MEASURES, "gradient_cosine"), tree)
        tx = gl.probe("g", *MEASURES, "gradient_cosine", axis_name="model")
        sharded = jax.shard_map(lambda tree, tx=tx: record(tx, tree), mesh=mesh, in_specs=(specs,), out_specs=jax.P())
        found = jax.jit(sharded)(tree)
        np.testing.assert_allclose(list(found.values()), list(expected.values()), rtol=1e-12)


@pytest.mark.parametrize("size", [1e-30, 1e30])
def test_no_square_overflows_or_vanishes(size: float) -> None:
    gradient = jnp.array([3 * size, 4 * size], jnp.float32)
    tx = gl.probe("g", "norm", "rms", "gradient_cosine")
    found = gl.metrics(tx.update(gradient, tx.init(gradient))[1])
    np.testing.assert_allclose(found["g/norm"], 5 * size, rtol=1e-6)
    np.testing.assert_allclose(found["g/rms"], 5 * size / np.sqrt(2), rtol=1e-6)
    np.testing.assert_allclose(found["g/gradient_cosine"], 1.0, rtol=1e-6)
    assert {value.dtype.name for value in found.values()} == {"float32"}


def test_what_is_not_finite_is_counted_and_an_empty_tree_is_zero() -> None:
    tx = gl.probe("g", "nonfinite", "max", *MEASURES[:3], "cosine")
    bad = jnp.array([1.0, jnp.nan, jnp.inf, 0.0])
    assert float(gl.metrics(tx.update(bad, tx.init(bad))[1])["g/nonfinite"]) == 0.5
    assert all(float(value) == 0 for value in gl.metrics(tx.update({}, tx.init({}))[1]).values())


def test_a_probe_is_a_value() -> None:
    tx = gl.probe("update", "norm", "cosine", per_leaf=True)
    assert repr(tx) == "probe('update', 'norm', 'cosine', per_leaf=True)"
    assert eval(repr(tx), vars(public_names)) == tx == pickle.loads(pickle.dumps(tx))
    assert len({tx, gl.probe("update", "norm", "cosine")}) == 2
    assert jax.tree.leaves(tx) == []


def test_only_a_probe_that_compares_with_the_gradient_reads_it() -> None:
    assert "grads" not in gl.probe("g", "norm").core.reads()
    assert "grads" in gl.probe("g", "effective_rate").core.reads()


def test_wrong_arguments_say_what_to_do() -> None:
    with pytest.raises(ValueError, match=r"one of norm, rms, .*got 'length'"):
        gl.probe("g", "length")
    with pytest.raises(ValueError, match=r"one of norm, rms, .*got \{'matrices': ndim\(2\)\}"):
        gl.probe("update", {"matrices": gl.ndim(2)})  # groups are named
    with pytest.raises(TypeError, match=r"measure _double must return a real scalar; got float64\[2\]"):
        gl.probe("g", _double).init(jnp.ones(2))
    with pytest.raises(ValueError, match=r"two measures have the name <lambda>; give each function a name of its own"):
        gl.probe("g", lambda d: d.sum(), lambda d: d.max())
    with pytest.raises(
        ValueError, match=r"the group 'w' has the name of a leaf, and per_leaf is set; rename the group"
    ):
        gl.probe("g", per_leaf=True, groups={"w": True}).init({"w": jnp.ones(2)})
    tx = gl.probe("g", "relative_size")
    with pytest.raises(
        ValueError, match=r"relative_size compares with the parameters; call update\(updates, state, pa"
    ):
        tx.update(jnp.ones(2), tx.init(jnp.ones(2)))


def _double(direction: Any) -> Any:
    return 2 * direction
