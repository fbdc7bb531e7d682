"""Links that take a norm or a mean, inside `jax.shard_map` and `jax.vmap`: with `axis_name` they see all shards."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab import public_names

MESH = jax.make_mesh((2,), ("model",), axis_types=(jax.sharding.AxisType.Auto,))
SPECS = {"kernel": jax.P("model", None), "bias": jax.P(), "factor": jax.P(None, "model"), "scalar": jax.P()}
LINKS = {
    "clip_by_norm": lambda axis_name=None: gl.clip_by_norm(0.5, axis_name=axis_name),
    "clip_by_global_norm": lambda axis_name=None: gl.clip_by_global_norm(2.0, axis_name=axis_name),
    "clip_by_rms": lambda axis_name=None: gl.clip_by_rms(0.3, axis_name=axis_name),
    "graft": lambda axis_name=None: gl.graft(gl.scale_by_sign(), gl.chain(), axis_name=axis_name),
}
OF_PARAMETERS: dict[str, Any] = {"keep_norm": gl.keep_norm, "scale_by_param_rms": gl.scale_by_param_rms}


def tree(rng: np.random.Generator) -> Any:
    shapes = {"kernel": (6, 3), "bias": (3,), "factor": (2, 4), "scalar": ()}
    return {name: jnp.asarray(rng.standard_normal(shape)) for name, shape in shapes.items()}


def apply(tx: Any, updates: Any) -> Any:
    return tx.update(updates, tx.init(updates))[0]


def apply_to_shards(tx: Any, updates: Any, specs: Any = SPECS, **options: Any) -> Any:
    mapped = jax.shard_map(lambda u: apply(tx, u), mesh=MESH, in_specs=(specs,), out_specs=specs, **options)
    return jax.jit(mapped)(updates)


def require_close(got: Any, expected: Any) -> None:
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-12), got, expected)


@pytest.mark.parametrize("name", LINKS)
def test_norms_of_sharded_and_replicated_leaves_are_global(name: str, rng: np.random.Generator) -> None:
    updates = tree(rng)
    expected = apply(LINKS[name](), updates)
    require_close(apply_to_shards(LINKS[name]("model"), updates), expected)
    local = apply_to_shards(LINKS[name](), {"kernel": updates["kernel"]}, {"kernel": jax.P("model", None)})
    assert not np.allclose(local["kernel"], apply(LINKS[name](), {"kernel": updates["kernel"]})["kernel"])


@pytest.mark.parametrize("name", LINKS)
def test_without_check_vma_each_leaf_counts_as_sharded(name: str, rng: np.random.Generator) -> None:
    updates = {"kernel": tree(rng)["kernel"]}
    got = apply_to_shards(LINKS[name]("model"), updates, {"kernel": jax.P("model")}, check_vma=False)
    require_close(got, apply(LINKS[name](), updates))


def test_norms_are_exact_where_squares_overflow_or_are_nan_on_one_shard() -> None:
    for values in ([1e200, 1.0, -3e200, 0.0], [1.0, np.inf, 0.0, 2.0], [np.nan, 1.0, 0.0, 2.0], [0.0] * 4):
        updates = jnp.asarray(values)
        got = apply_to_shards(LINKS["clip_by_global_norm"]("model"), updates, jax.P("model"))
        require_close(got, apply(LINKS["clip_by_global_norm"](), updates))


@pytest.mark.parametrize("name", OF_PARAMETERS)
def test_norms_of_parameters_are_global(name: str, rng: np.random.Generator) -> None:
    updates, params = tree(rng), tree(rng)

    def move(tx: Any, updates: Any, params: Any) -> Any:
        return tx.update(updates, tx.init(params), params)[0]

    whole, sharded = OF_PARAMETERS[name](), OF_PARAMETERS[name](axis_name="model")
    mapped = jax.shard_map(lambda u, x: move(sharded, u, x), mesh=MESH, in_specs=(SPECS, SPECS), out_specs=SPECS)
    require_close(jax.jit(mapped)(updates, params), move(whole, updates, params))


def test_norms_over_two_axes(rng: np.random.Generator) -> None:
    whole = {name: jnp.asarray(rng.standard_normal((2, 3, 4))) for name in "ab"}
    for link in LINKS.values():
        tx = link(("data", "model"))
        nested = jax.vmap(jax.vmap(lambda u, tx=tx: apply(tx, u), axis_name="model"), axis_name="data")
        require_close(nested(whole), apply(link(), whole))


def test_a_mean_over_sharded_inputs_is_global(rng: np.random.Generator) -> None:
    kernel = jnp.asarray(rng.standard_normal((6, 3)))
    expected = kernel - kernel.mean(axis=0)
    require_close(apply_to_shards(gl.centralize(axis_name="model"), kernel, jax.P("model", None)), expected)
    require_close(apply_to_shards(gl.centralize(axis_name="model"), kernel, jax.P()), expected)
    outputs = kernel[:, :2]
    require_close(apply_to_shards(gl.centralize(), outputs, jax.P(None, "model")), outputs - outputs.mean(axis=0))


@pytest.mark.parametrize("per_leaf", [False, True])
def test_a_probe_measures_all_shards(per_leaf: bool, rng: np.random.Generator) -> None:
    first, second, params = tree(rng), tree(rng), tree(rng)
    first["kernel"] = first["kernel"].at[0, 0].set(0).at[5, 1].set(-9)
    measures = ["norm", "rms", "mean", "max", "zeros", "effective_rate", "relative_size", "cosine", "gradient_cosine"]

    def measure(axis: Any) -> Any:
        tx = gl.chain(gl.scale_by_momentum(0.5), gl.probe("d", *measures, per_leaf=per_leaf, axis_name=axis))

        def measured(first: Any, second: Any, params: Any) -> Any:
            state = tx.update(second, tx.init(params), params)[1]
            return gl.metrics(tx.update(first, state, params)[1])

        return measured

    expected = measure(None)(first, second, params)
    mapped = jax.shard_map(measure("model"), mesh=MESH, in_specs=(SPECS,) * 3, out_specs=jax.P())
    require_close(jax.jit(mapped)(first, second, params), expected)


def test_all_devices_skip_a_step_together() -> None:
    tx = gl.dynamic_loss_scale(gl.skip_nonfinite(gl.sgd(1.0), axis_name="model"), axis_name="model")
    alone = gl.dynamic_loss_scale(gl.sgd(1.0))

    def update(tx: Any, gradient: Any) -> Any:
        updates, state = tx.update(gradient, tx.init(gradient), loss_scale=2.0)
        return updates, state.skipped, state.scale

    gradients = jnp.asarray([[2.0, np.inf], [4.0, 6.0]])
    for optimizer, skipped in ((tx, [1, 1]), (alone, [1, 0])):
        updates, counts, _ = jax.vmap(lambda g, o=optimizer: update(o, g), axis_name="model")(gradients)
        assert counts.tolist() == skipped
        np.testing.assert_array_equal(updates[1], [0.0, 0.0] if skipped[1] else [-2.0, -3.0])
    skips = gl.skip_nonfinite(gl.sgd(1.0), axis_name=("model",))
    updates = jax.vmap(lambda g: skips.update(g, skips.init(g))[0], axis_name="model")(gradients)
    np.testing.assert_array_equal(updates, jnp.zeros((2, 2)))


@pytest.mark.parametrize("link", [*LINKS.values(), lambda axis_name=None: gl.centralize(axis_name=axis_name)])
def test_a_wrong_axis_is_an_error(link: Any) -> None:
    updates = jnp.ones((2, 2))
    with pytest.raises(TypeError, match=r"axis_name must be the name of a mesh axis, such as 'data', or a tuple"):
        link(3)
    with pytest.raises(ValueError, match=r"names an axis twice: \('data', 'data'\)"):
        link(("data", "data"))
    with pytest.raises(ValueError, match=r"names 'data', but update was called outside .* leave axis_name out"):
        apply(link("data"), updates)
    with pytest.raises(ValueError, match=r"names 'data', but update was called outside"):
        apply_to_shards(link("data"), updates, jax.P("model"))


def test_a_link_with_an_axis_is_a_value() -> None:
    tx = gl.clip_by_global_norm(1.0, axis_name=("data", "model"))
    assert eval(repr(tx), vars(public_names)) == tx != gl.clip_by_global_norm(1.0)
    assert jax.tree.leaves(tx) == [1.0]


def test_a_clip_over_shards_has_a_derivative(rng: np.random.Generator) -> None:
    updates = jnp.asarray(rng.standard_normal(4))

    def loss(tx: Any, u: Any) -> Any:
        return (apply(tx, u) ** 3).sum()

    axis = jax.P("model")
    tx = gl.clip_by_norm(0.1, axis_name="model")
    mapped = jax.shard_map(lambda u: jax.lax.psum(loss(tx, u), "model"), mesh=MESH, in_specs=(axis,), out_specs=jax.P())
    require_close(jax.jit(jax.grad(mapped))(updates), jax.grad(lambda u: loss(gl.clip_by_norm(0.1), u))(updates))
