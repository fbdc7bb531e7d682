"""Steps whose batch is spread over a mesh: the same numbers, and arrays that keep their places."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab.training.micro_batches import split_batch
from gradlab.training.placement import Placement

RANDOM = np.random.default_rng(0)
BATCH = {"x": RANDOM.normal(size=(8, 4)), "y": RANDOM.normal(size=(8, 2)), "noise": np.array(0.1)}
TX = gl.chain(gl.clip_by_global_norm(1.0), gl.sgd(0.1, momentum=0.9))
KINDS = [jax.sharding.AxisType.Auto, jax.sharding.AxisType.Explicit]


def make_mesh(kind: Any = KINDS[0]) -> Any:
    return jax.make_mesh((2,), ("data",), axis_types=(kind,))


def loss(params: Any, batch: Any) -> Any:
    return jnp.mean((batch["x"] @ params["w"] - batch["y"] + batch["noise"]) ** 2)


def make_params() -> Any:
    return {"w": jnp.linspace(-1.0, 1.0, 8).reshape(4, 2)}


def run(step: Any, params: Any, state: Any) -> Any:
    for _ in range(2):
        params, state, value = step(TX, params, state, BATCH)
    return params, state, value


EXPECTED = run(gl.make_step(loss), make_params(), TX.init(make_params()))


def assert_close(got: Any, expected: Any) -> None:
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-12), got, expected)


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_a_spread_batch_gives_the_same(kind: Any) -> None:
    step = gl.make_step(loss, mesh=make_mesh(kind))
    got = run(step, make_params(), TX.init(make_params()))
    assert_close(got, EXPECTED)
    assert {len(leaf.sharding.device_set) for leaf in jax.tree.leaves(got)} == {2}
    assert got[0]["w"].sharding.is_fully_replicated


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_sharded_parameters_and_a_spread_state_keep_their_places(kind: Any) -> None:
    mesh = make_mesh(kind)
    params = jax.device_put(make_params(), jax.NamedSharding(mesh, jax.P()))
    places = gl.state_sharding(TX, params, mesh, spread="data")
    state = jax.device_put(TX.init(params), places)
    params, state, value = run(gl.make_step(loss, mesh=mesh), params, state)
    assert_close((params, state, value), EXPECTED)
    assert params["w"].sharding.is_fully_replicated
    spread = [leaf.sharding.spec for leaf in jax.tree.leaves(state) if leaf.ndim == 2]
    assert spread in ([jax.P("data")], [jax.P("data", None)])


def test_micro_batches_of_a_spread_batch_give_the_same() -> None:
    step = gl.make_step(loss_without_noise, mesh=make_mesh(), micro_batches=2)
    whole = gl.make_step(loss_without_noise)
    batch = {"x": BATCH["x"], "y": BATCH["y"]}
    got, expected = (one(TX, make_params(), TX.init(make_params()), batch) for one in (step, whole))
    assert_close(got, expected)


def loss_without_noise(params: Any, batch: Any) -> Any:
    return jnp.mean((batch["x"] @ params["w"] - batch["y"]) ** 2)


def test_no_row_leaves_its_device_for_its_micro_batch() -> None:
    place = Placement(make_mesh())
    split = jax.jit(lambda batch: place.spread_micro_batches(split_batch(batch, 2, place.shards)))
    compiled = split.lower(place.put_batch(BATCH["x"])).compile()
    assert compiled.output_shardings.spec == jax.P(None, "data")
    moves = ("all-to-all", "all-gather", "collective-permute", "all-reduce")
    text = str(compiled.as_text())
    assert "f64[" in text
    assert [move for move in moves if move in text] == []


def test_the_arrays_are_donated() -> None:
    mesh = make_mesh()
    params = jax.device_put(make_params(), jax.NamedSharding(mesh, jax.P()))
    state = jax.device_put(TX.init(params), jax.NamedSharding(mesh, jax.P()))
    gl.make_step(loss, mesh=mesh)(TX, params, state, BATCH)
    assert all(leaf.is_deleted() for leaf in jax.tree.leaves((params, state)))


def test_rows_that_cannot_be_spread_are_named() -> None:
    batch = BATCH | {"x": BATCH["x"][:7]}
    with pytest.raises(ValueError, match=r"over 2 devices, but \['x'\] has 7; pass a number that 2 divides"):
        gl.make_step(loss, mesh=make_mesh())(TX, make_params(), TX.init(make_params()), batch)
    with pytest.raises(
        ValueError, match=r"into 3 micro-batches on 2 devices .* the batch has 8 rows. Pass a number of r"
    ):
        gl.make_step(loss, mesh=make_mesh(), micro_batches=3)(TX, make_params(), TX.init(make_params()), BATCH["x"])


def test_what_is_no_mesh_and_an_unknown_axis_are_refused() -> None:
    with pytest.raises(TypeError, match=r"mesh must be a jax\.sharding\.Mesh, got tuple"):
        gl.make_step(loss, mesh=(2,))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"data_axis names 'rows', but the axes of the mesh are \('data',\)"):
        gl.make_step(loss, mesh=make_mesh(), data_axis="rows")
