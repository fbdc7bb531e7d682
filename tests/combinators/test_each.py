"""`each` applies a transformation to every layer of a stack, as if the layers were separate."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl

LAYERS = [{"w": jnp.full((3, 2), 10.0**k), "b": jnp.arange(2.0) + k} for k in range(4)]
STACK = jax.tree.map(lambda *leaves: jnp.stack(leaves), *LAYERS)
INNER = {
    "clip_by_norm": gl.clip_by_norm(1.0),
    "clip_by_global_norm": gl.clip_by_global_norm(1.0),
    "centralize": gl.centralize(),
    "adam on a schedule": gl.adam(gl.schedules.linear(0.1, 0.0, 5)),
    "momentum and clip": gl.chain(gl.scale_by_momentum(0.9), gl.clip_by_norm(1.0), gl.scale_by_rms(0.9)),
}


def run(tx: Any, params: Any) -> Any:
    state = tx.init(params)
    for scale in (1.0, -0.5):
        updates, state = tx.update(jax.tree.map(lambda p, scale=scale: scale * p, params), state, params)
    return updates


@pytest.mark.parametrize("name", INNER)
def test_each_layer_of_a_stack_is_updated_as_a_layer_alone(name: str) -> None:
    got = jax.jit(lambda: run(gl.chain(gl.each(INNER[name])), STACK))()
    alone = jax.jit(jax.vmap(lambda layer: run(INNER[name], layer)))(STACK)
    jax.tree.map(lambda one, other: np.testing.assert_allclose(one, other, rtol=1e-6), got, alone)


def test_without_it_the_layers_mix() -> None:
    got, mixed = (run(tx, {"w": STACK["w"]}) for tx in (gl.each(gl.clip_by_norm(1.0)), gl.clip_by_norm(1.0)))
    assert np.abs(got["w"][0] - mixed["w"][0]).max() > 0.1


def test_an_empty_tree_is_a_stack() -> None:
    tx = gl.each(gl.adam())
    assert tx.update({}, tx.init({}))[0] == {}


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        ({"w": jnp.ones(3), "step": jnp.ones(())}, r"\['step'\] is a scalar.*partition"),
        ({"a": jnp.ones((3, 2)), "b": jnp.ones((4, 2))}, r"\['a'\] has 3 layers and \['b'\] has 4.*partition"),
    ],
)
def test_a_tree_that_is_no_stack_is_refused(tree: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        gl.each(gl.clip_by_norm(1.0)).init(tree)


def test_noise_inside_is_refused() -> None:
    with pytest.raises(ValueError, match="same random numbers for every layer; put what draws them outside"):
        gl.each(gl.chain(gl.add_noise(0.1)))
    gl.each(gl.store(gl.adam(), "bfloat16"))  # which has no key


@pytest.mark.parametrize(
    ("tx", "signal", "remedy"),
    [
        (gl.sam(gl.sgd(0.1)), "gradient_fn", r"sam\(each\(tx\)\)"),
        (gl.dynamic_loss_scale(gl.sgd(0.1)), "loss_scale", r"dynamic_loss_scale\(each\(tx\)\)"),
    ],
)
def test_what_reads_a_signal_of_all_layers_is_refused(tx: Any, signal: str, remedy: str) -> None:
    with pytest.raises(ValueError, match=f"reads {signal}, made for all layers at once.*{remedy}"):
        gl.each(tx)
