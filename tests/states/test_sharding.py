"""Shardings of states: beside the parameters, or spread over a further axis of the mesh."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab.compilation.fast_compilation import FAST_COMPILATION
from gradlab.core.claims import claims_of
from gradlab.registry import of_kind

RECIPES = of_kind("recipe")
MESH = jax.sharding.AbstractMesh((4, 2), ("data", "model"))


def struct(shape: tuple[int, ...], *spec: Any) -> Any:
    sharding = jax.NamedSharding(MESH, jax.P(*spec)) if spec else None
    return jax.ShapeDtypeStruct(shape, jnp.float32, sharding=sharding)


def specs(tx: Any, params: Any, spread: Any = None) -> Any:
    return jax.tree.map(lambda sharding: sharding.spec, gl.state_sharding(tx, params, MESH, spread))


def moment(shape: tuple[int, ...], *spec: Any, spread: Any = "data") -> Any:
    """Return the spec of the moment of one parameter."""
    return specs(gl.scale_by_momentum(), {"w": struct(shape, *spec)}, spread).moment["w"]


def test_the_state_follows_the_parameters_and_counters_are_replicated() -> None:
    params = {"kernel": struct((6, 8), None, "model"), "bias": struct((8,), "model"), "free": struct((5,))}
    tx = gl.adam(gl.schedules.linear(0.1, 0.0, 10))
    expected = {"kernel": jax.P(None, "model"), "bias": jax.P("model"), "free": jax.P()}
    state = specs(tx, params)
    assert state[0].moment == expected
    assert state[2].second_moment[0].moment == expected
    assert state[1].first_weight == state[3].step == jax.P()
    fits = jax.tree.map(lambda spec, leaf: len(spec) <= leaf.ndim, state, jax.eval_shape(tx.init, params))
    assert jax.tree.all(fits)


def test_spread_cuts_the_largest_axis_that_divides() -> None:
    assert moment((6, 8, 4)) == jax.P(None, "data")
    assert moment((8, 8)) == jax.P("data")
    assert moment((10, 4)) == jax.P(None, "data")  # 10 does not divide into 4
    assert moment((16, 4), "model") == jax.P("model", "data")  # an axis that is not sharded yet comes first
    assert moment((16, 3), "model") == jax.P(("model", "data"))
    assert moment((12, 3), "model") == jax.P("model")  # 12 does not divide into 2 times 4
    assert moment((3, 5)) == moment(()) == moment((0, 3)) == jax.P()
    assert moment((8, 16), "data") == jax.P("data")  # already sharded over it
    assert moment((16, 6), spread=("data", "model")) == jax.P(("data", "model"))


class BlockState(NamedTuple):
    moment: Any
    codes: Any  # [rows, blocks, block]
    scales: Any  # [rows, blocks]
    row: Any  # [rows], a factored moment


BLOCK = 4


def init_blocks(params: Any) -> BlockState:
    def zeros(shape: Any) -> Any:
        return jax.tree.map(lambda p: jnp.zeros(shape(*p.shape)), params)

    return BlockState(
        zeros(lambda r, c: (r, c)),
        zeros(lambda r, c: (r, -(-c // BLOCK), BLOCK)),
        zeros(lambda r, c: (r, -(-c // BLOCK))),
        zeros(lambda r, c: (r,)),
    )


def test_the_arrays_of_a_parameter_are_cut_at_the_same_places() -> None:
    def cut(shape: tuple[int, ...], *spec: Any) -> Any:
        tx = gl.chain((init_blocks, lambda updates, state: (updates, state)))
        return [part["w"] for part in specs(tx, {"w": struct(shape, *spec)}, "data")[0]]

    assert cut((8, 4)) == [jax.P("data")] * 4
    # Sixteen columns are four blocks, so each device has a whole one; the row moment lacks the axis.
    assert cut((4, 16)) == [jax.P(None, "data")] * 3 + [jax.P("data")]
    # Eight columns are two blocks, which four devices cannot share. So the rows are cut, although they are fewer.
    assert cut((4, 8)) == [jax.P("data")] * 4
    # Two columns on each device are half a block, so the codes stay whole along the columns.
    assert cut((3, 4), None, "model") == [jax.P(None, "model"), jax.P(), jax.P(), jax.P()]
    # With a block for each device along "model", four more devices cannot share what is there.
    assert cut((3, 8), None, "model") == [jax.P(None, "model")] * 3 + [jax.P()]


def test_blocks_of_a_stored_state_lie_on_one_device() -> None:
    tx = gl.store(gl.scale_by_momentum(), gl.codecs.dynamic_blocks(block=4, min_size=0))

    def cut(*shape: int) -> Any:
        return jax.tree.leaves(specs(tx, {"w": struct(shape)}, "data"))

    assert set(cut(8, 3)) == {jax.P("data")}
    assert set(cut(3, 16)) == {jax.P(None, "data")}
    assert cut(3, 12) == [jax.P()] * 2  # three blocks for four devices
    # The last of eight blocks has one element, so a quarter of the scales is not a quarter of the row.
    assert cut(3, 29) == [jax.P()] * 2
    tx = gl.store(gl.scale_by_momentum(), gl.codecs.dynamic_blocks(block=8, min_size=0))
    assert cut(3, 28) == [jax.P()] * 2  # seven elements for each device, and blocks of eight


@pytest.mark.parametrize("wrap", [tuple, list, lambda leaves: {"layers": dict(zip("ab", leaves)), "none": None}])
def test_any_tree(wrap: Any) -> None:
    leaves = [struct((2, 4), "model"), struct((4, 2), None, "model")]
    params = wrap(leaves)
    state = specs(gl.adam(), params)
    assert state[0].moment == jax.tree.map(lambda leaf: leaf.sharding.spec, params)
    assert specs(gl.scale_by_momentum(), leaves[1]).moment == jax.P(None, "model")
    assert jax.tree.leaves(specs(gl.scale_by_momentum(), {})) == []


def test_an_init_that_refuses_other_shapes_is_matched_by_shape() -> None:
    def init(params: Any) -> Any:
        assert params["w"].shape == (8, 4), "only this shape is allowed"
        return {"moment": jax.tree.map(jnp.zeros_like, params), "count": jnp.zeros((), jnp.int32)}

    tx = gl.chain((init, lambda updates, state: (updates, state)))
    params = {"w": struct((8, 4), None, "model")}
    assert specs(tx, params)[0] == {"moment": {"w": jax.P(None, "model")}, "count": jax.P()}
    assert specs(tx, params, "data")[0]["moment"]["w"] == jax.P("data", "model")


def test_arrays_on_one_device_count_as_replicated() -> None:
    assert specs(gl.scale_by_momentum(), jnp.ones((8, 4))).moment == jax.P()


def test_errors_say_what_to_pass() -> None:
    tx = gl.adam()
    with pytest.raises(ValueError, match=r"spread names 'date', but the axes of the mesh are \('data', 'model'\)"):
        gl.state_sharding(tx, struct((8,)), MESH, "date")
    other = jax.sharding.AbstractMesh((2,), ("fsdp",))
    with pytest.raises(ValueError, match=r"at \['w'\] is sharded over 'model', .* pass the mesh of the parameters"):
        gl.state_sharding(tx, {"w": struct((8,), "model")}, other)
    with pytest.raises(TypeError, match=r"\['w'\] has dtype int32"):
        gl.state_sharding(tx, {"w": jax.ShapeDtypeStruct((8,), jnp.int32)}, MESH)


def test_a_state_is_created_sharded_and_an_eager_one_follows() -> None:
    mesh = jax.make_mesh((2,), ("data",), axis_types=(jax.sharding.AxisType.Auto,))
    params = jax.device_put({"w": jnp.ones((4, 3))}, jax.NamedSharding(mesh, jax.P("data")))
    tx = gl.scale_by_momentum()
    assert tx.init(params).moment["w"].sharding.spec == jax.P("data")
    whole = jax.device_put(params, jax.NamedSharding(mesh, jax.P()))
    state = jax.jit(tx.init, out_shardings=gl.state_sharding(tx, whole, mesh, "data"))(whole)
    assert [shard.data.shape for shard in state.moment["w"].addressable_shards] == [(2, 3)] * 2


@pytest.mark.slow
def test_every_recipe_on_eight_devices(tmp_path: Path) -> None:
    flags = " ".join(f"--{name}={str(value).lower()}" for name, value in FAST_COMPILATION.items())
    environment = os.environ | {"JAX_PLATFORMS": "cpu", "XLA_FLAGS": flags}
    command = [sys.executable, "-m", "tests.states.eight_devices", str(tmp_path)]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    results = json.loads(done.stdout)
    # One moment in float64 has 256 + 8 + 15 + 1 elements; the kernel and the bias are sharded over "model".
    whole, beside, spread = (8 * np.array([256 + 8, 256 // 2 + 8 // 2, 256 // 8 + 8 // 8]) + 8 * (15 + 1)).tolist()
    for name, found in results["recipes"].items():
        if "elementwise" not in claims_of(RECIPES[name].example):  # norms and products cross the devices
            gaps = [found[place]["gap of parameters"] for place in ("None", "data")]
            assert max(gaps) < 1e-7, (name, gaps)  # the bases of SOAP's null spaces are arbitrary
            assert found["data"]["bytes"] <= found["None"]["bytes"] <= found["whole"], name
            continue
        moments, counters = divmod(found["whole"], whole)
        for place, size in (("None", beside), ("data", spread)):
            assert found[place]["bytes"] == moments * size + counters, name
            assert found[place]["gap"] < 1e-12, name
            assert found[place]["created by"] == [], name
        assert found["None"]["stepped by"] == [], name
        # The new parameters are gathered, once for each of the two leaves that are cut.
        assert found["data"]["stepped by"] == ["all-gather"] * (2 if moments else 0), name
    assert results["restored"] == {"equal": True, "there": True, "bytes": 2 * spread + 16}
    assert results["axes"] == {"vote": True, "mean": True}
    assert len(results["recipes"]) >= 12


def test_what_is_no_mesh_is_refused() -> None:
    with pytest.raises(TypeError, match=r"mesh must be a jax.sharding.Mesh, got NoneType"):
        gl.state_sharding(gl.adam(), jnp.ones(2), None)  # type: ignore[arg-type]
