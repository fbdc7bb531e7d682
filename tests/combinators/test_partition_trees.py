"""Partitions of the parameters of Flax nnx, linen and Equinox, of dataclasses, and of what else can be a tree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import equinox as eqx
import flax.linen as linen
import flax.nnx as nnx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from tests.values.calls import structure_of

TX = gl.partition(
    (gl.path("**/bias", "**/scale"), gl.sgd(0.1)), (gl.ndim(2), gl.adamw(0.1, weight_decay=0.1)), default=gl.freeze()
)
GROUPS = ["path('**/bias', '**/scale')", "ndim(2)", "default"]


class Net(nnx.Module):
    """A layer and a norm."""

    def __init__(self) -> None:
        self.layers = nnx.List([nnx.Linear(2, 3, rngs=nnx.Rngs(0))])
        self.norm = nnx.LayerNorm(3, rngs=nnx.Rngs(0))
        self.temperature = nnx.Param(jnp.ones(()))

    def __call__(self, x: Any) -> Any:
        return self.norm(self.layers[0](x)) * self.temperature[...]


class LinenNet(linen.Module):
    """A layer with names of its axes, as for sharding, and a norm."""

    @linen.compact
    def __call__(self, x: Any) -> Any:
        kernel_init = linen.with_partitioning(linen.initializers.lecun_normal(), ("in", "out"))
        return linen.LayerNorm()(linen.Dense(3, kernel_init=kernel_init)(x)) * self.param(
            "temperature", linen.initializers.ones, ()
        )


class Module(eqx.Module):
    """A layer with a function and a static field."""

    layer: eqx.nn.Linear
    temperature: jax.Array
    activation: Any = jax.nn.tanh
    name: str = eqx.field(static=True, default="net")

    def __call__(self, x: Any) -> Any:
        return jax.vmap(lambda row: self.activation(self.layer(row)))(x) * self.temperature


def paths_of(tx: Any, params: Any) -> list[list[str]]:
    return [[str(leaf) for leaf in group.leaves] for group in gl.describe(tx, params).groups]


def train(tx: Any, params: Any, loss: Any) -> tuple[Any, Any]:
    state = tx.init(params)

    @jax.jit
    def step(params: Any, state: Any) -> Any:
        updates, state = tx.update(jax.grad(loss)(params), state, params)
        return gl.apply_updates(params, updates), state

    for _ in range(2):
        params, state = step(params, state)
    return params, state


X = jnp.ones((4, 2))


@pytest.fixture
def promotes() -> Iterator[None]:
    """The promotion of dtypes that Flax needs."""
    with jax.numpy_dtype_promotion("standard"):
        yield


@pytest.mark.usefixtures("promotes")
def test_a_state_of_nnx() -> None:
    parts: Any = nnx.split(Net(), nnx.Param, ...)
    graph, params, rest = parts
    assert paths_of(TX, params) == [
        ["layers/0/bias", "norm/bias", "norm/scale"], ["layers/0/kernel"], ["temperature"],
    ]  # fmt: skip
    trained, state = train(TX, params, lambda params: jnp.sum(nnx.merge(graph, params, rest)(X) ** 2))
    assert structure_of(trained) == structure_of(params)
    assert len(jax.tree.leaves(state)) == 2 + 2  # Adam's moments of one kernel, and the weights of their corrections
    assert trained.temperature[...] == params.temperature[...]
    assert not jnp.array_equal(trained.norm.scale[...], params.norm.scale[...])
    optimizer = nnx.Optimizer(net := Net(), TX, wrt=nnx.Param)
    optimizer.update(net, nnx.grad(lambda net: jnp.sum(net(X) ** 2))(net))
    assert net.temperature[...] == 1.0
    assert paths_of(TX, nnx.to_pure_dict(params)) == paths_of(TX, params)


@pytest.mark.usefixtures("promotes")
def test_parameters_of_linen_with_boxes() -> None:
    net: Any = LinenNet()
    params = net.init(jax.random.key(0), X)["params"]
    assert isinstance(params["Dense_0"]["kernel"], linen.Partitioned)
    assert paths_of(TX, params) == [
        ["Dense_0/bias", "LayerNorm_0/bias", "LayerNorm_0/scale"], ["Dense_0/kernel"], ["temperature"],
    ]  # fmt: skip
    trained, _ = train(TX, params, lambda params: jnp.sum(net.apply({"params": params}, X) ** 2))
    assert structure_of(trained) == structure_of(params)
    assert trained["temperature"] == 1.0


def test_a_module_of_equinox_with_a_function_and_a_static_field() -> None:
    model: Any = Module(eqx.nn.Linear(2, 3, key=jax.random.key(0)), jnp.ones(()))
    assert paths_of(TX, model) == [["layer/bias"], ["layer/weight"], ["temperature"]]
    assert gl.describe(TX, model).not_optimized[0][0] == "activation"
    with pytest.raises(TypeError, match=r"the parameter at .activation is not an array.*equinox.filter"):
        TX.init(model)
    params, static = eqx.partition(model, eqx.is_inexact_array)
    trained, _ = train(TX, params, lambda params: jnp.sum(eqx.combine(params, static)(X) ** 2))
    assert trained.temperature == 1.0
    assert trained.name == "net"
    assert not jnp.array_equal(trained.layer.bias, model.layer.bias)
    updates, _ = TX.update(params, TX.init(params), model)  # the whole model as the parameters of the update
    assert updates.activation is None


@jax.tree_util.register_dataclass
@dataclass
class Pair:
    """A user's dataclass."""

    bias: Any
    rest: Any


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        (Pair(jnp.ones(2), [jnp.ones((2, 2)), None]), [["bias"], ["rest/0"], []]),
        ((jnp.ones(3), {"bias": jnp.ones(())}, ()), [["1/bias"], [], ["0"]]),
        ({}, [[], [], []]),
        (jnp.ones((2, 2)), [[], ["the root"], []]),
        ({"w": jnp.ones((2, 2), complex), "bias": np.ones(2, "float16")}, [["bias"], ["w"], []]),
    ],
)
def test_any_other_tree(tree: Any, expected: list[list[str]]) -> None:
    assert paths_of(TX, tree) == expected
    updates, state = TX.update(tree, TX.init(tree), tree)
    assert structure_of(updates) == structure_of(tree)
    assert jax.tree.map(lambda leaf: leaf.dtype, updates) == jax.tree.map(lambda leaf: leaf.dtype, tree)
    assert structure_of(TX.update(tree, state, tree)[1]) == structure_of(state)


def test_what_cannot_be_optimized_is_named() -> None:
    tree = {"step": jnp.array(3), "w": jnp.ones((2, 2))}
    for tx in (TX, gl.freeze("step"), gl.partition(("step", gl.freeze()), default=gl.adam())):
        with pytest.raises(TypeError, match=r"parameter at \['step'\] has dtype int.*replace it by None"):
            tx.init(tree)
    assert gl.describe(TX, tree).not_optimized == (("step", "int64[]"),)


def test_a_nan_stays_in_its_group_and_not_in_what_is_frozen() -> None:
    tree = {"bias": jnp.array([jnp.nan]), "w": jnp.ones((1, 1)), "frozen": jnp.array([jnp.nan])}
    updates, _ = TX.update(tree, TX.init(tree), tree)
    assert updates["frozen"] == 0.0
    assert jnp.isfinite(updates["w"]).all()


def test_inside_each_a_leaf_is_that_of_one_layer() -> None:
    stacked = {"bias": jnp.ones((4, 3)), "kernel": jnp.arange(24.0).reshape(4, 2, 3)}
    tx = gl.each(gl.partition((gl.ndim(1), gl.freeze()), (gl.ndim(2), gl.clip_by_global_norm(1.0))))
    updates, _ = tx.update(stacked, tx.init(stacked))
    assert not updates["bias"].any()
    np.testing.assert_allclose(jnp.linalg.norm(updates["kernel"].reshape(4, 6), axis=1), 1.0)
    assert paths_of(tx, stacked) == [["bias"], ["kernel"]]
