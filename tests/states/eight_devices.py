"""Every recipe on eight devices: run by `test_sharding.py` in a process of its own, which reads the printed JSON."""

from __future__ import annotations

import json
import sys
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import orbax.checkpoint as ocp

import gradlab as gl
from gradlab.bench.inspection.collectives import find_collectives
from gradlab.registry import of_kind
from tests.transforms.workers import count_votes, mean_in_one_bit

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_num_cpu_devices", 8)
MESH = jax.make_mesh((4, 2), ("data", "model"), axis_types=(jax.sharding.AxisType.Auto,) * 2)
SPECS = {"kernel": jax.P(None, "model"), "bias": jax.P("model"), "odd": jax.P(), "scalar": jax.P()}
SHAPES = {"kernel": (32, 8), "bias": (8,), "odd": (3, 5), "scalar": ()}


def place(mesh: Any) -> Any:
    return {name: jax.NamedSharding(mesh, spec) for name, spec in SPECS.items()}


MEASURED = {"distance": 0.5, "rates": 0.5, "sampled_gradient": 0.5}  # what combinators and loops hand to links


def sample(seed: int) -> Any:
    rng = np.random.default_rng(seed)
    return {name: jnp.asarray(rng.standard_normal(shape)) for name, shape in SHAPES.items()}


def count_bytes(state: Any) -> int:
    """Return the bytes that the first device holds."""
    return sum(leaf.addressable_shards[0].data.nbytes for leaf in jax.tree.leaves(state))


def relative_gap(got: Any, expected: Any) -> float:
    def gap(a: Any, b: Any) -> Any:
        left, right = np.asarray(a, np.float64), np.asarray(b, np.float64)  # also of booleans
        return np.max(np.abs(left - right) / (np.abs(right) + 1e-12), initial=0.0)

    return float(max(jax.tree.leaves(jax.tree.map(gap, got, expected))))


def two_steps(tx: Any, params: Any, state: Any, gradients: Any) -> Any:
    def slope(p: Any) -> Any:
        return jax.tree.map(lambda x: 0.1 * x, p)

    for gradient in gradients:
        updates, state = tx.update(gradient, state, params, value=jnp.asarray(1.0), gradient_fn=slope, **MEASURED)
        params = gl.apply_updates(params, updates)
    return params, state


def examine(tx: Any) -> dict[str, Any]:
    params, gradients, there = sample(0), [sample(1), sample(2)], place(MESH)
    expected = jax.jit(two_steps)(tx, params, tx.init(params), gradients)
    params, gradients = jax.device_put(params, there), jax.device_put(gradients, [there, there])
    found: dict[str, Any] = {"whole": sum(leaf.nbytes for leaf in jax.tree.leaves(expected[1]))}
    for spread in (None, "data"):
        places = gl.state_sharding(tx, params, MESH, spread)
        create = jax.jit(tx.init, out_shardings=places).lower(params).compile()
        state = create(params)
        step = jax.jit(two_steps, out_shardings=(there, places)).lower(tx, params, state, gradients).compile()
        got = step(tx, params, state, gradients)
        found[str(spread)] = {
            "gap": relative_gap(got, expected),
            "gap of parameters": relative_gap(got[0], expected[0]),
            "bytes": count_bytes(state),
            "created by": [collective.kind for collective in find_collectives(create)],
            "stepped by": [collective.kind for collective in find_collectives(step)],
        }
    return found


def restore_elsewhere(folder: str) -> dict[str, Any]:
    """Save a state that is spread over eight devices, and restore it into a mesh of another shape."""
    tx = gl.adamw(1e-2)
    params = jax.device_put(sample(0), place(MESH))
    state = jax.jit(tx.init, out_shardings=gl.state_sharding(tx, params, MESH, "data"))(params)
    state = tx.update(jax.device_put(sample(1), place(MESH)), state, params)[1]
    other = jax.make_mesh((2, 4), ("data", "model"), axis_types=(jax.sharding.AxisType.Auto,) * 2)
    shapes = {name: jax.ShapeDtypeStruct(p.shape, p.dtype, sharding=place(other)[name]) for name, p in params.items()}
    places = gl.state_sharding(tx, shapes, other, "data")
    template = jax.tree.map(
        lambda leaf, where: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=where),
        jax.eval_shape(tx.init, shapes),
        places,
    )
    with ocp.StandardCheckpointer() as checkpointer:
        checkpointer.save(f"{folder}/state", state)
        checkpointer.wait_until_finished()
        restored = checkpointer.restore(f"{folder}/state", template)
    equal = jax.tree.map(lambda a, b: bool(np.array_equal(a, b)), restored, state)
    there = jax.tree.map(lambda a, where: a.sharding.is_equivalent_to(where, a.ndim), restored, places)
    return {"equal": jax.tree.all(equal), "there": jax.tree.all(there), "bytes": count_bytes(restored)}


def exchange_over_two_axes() -> dict[str, bool]:
    """Let eight workers along two axes vote, and average in one bit; compare with NumPy."""
    steps = np.random.default_rng(0).standard_normal((3, 8, 5, 13))
    axes = ("data", "model")
    found = {}
    for name, tx in {"vote": gl.majority_vote(axes), "mean": gl.one_bit_mean(axes)}.items():

        def run(gradients: Any, tx: Any = tx) -> Any:
            state, results = tx.init(gradients[0, 0]), []
            for gradient in gradients[:, 0]:
                result, state = tx.update(gradient, state)
                results.append(result)
            return jnp.stack(results)

        mapped = jax.shard_map(run, mesh=MESH, in_specs=jax.P(None, axes), out_specs=jax.P())
        results = jax.jit(mapped)(jnp.asarray(steps))
        expected = mean_in_one_bit(steps) if name == "mean" else np.stack([count_votes(step) for step in steps])
        found[name] = bool(np.allclose(results, expected, rtol=1e-12))
    return found


if __name__ == "__main__":
    results = {name: examine(entry.example) for name, entry in of_kind("recipe").items()}
    print(
        json.dumps({"recipes": results, "restored": restore_elsewhere(sys.argv[1]), "axes": exchange_over_two_axes()})
    )
