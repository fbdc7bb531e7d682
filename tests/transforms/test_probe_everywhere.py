"""Probes before and behind every recipe change none of its updates, and record what went in and out."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab import registry

PARAMS = {"w": jnp.array([[1.0, -2.0], [0.5, 3.0]]), "b": jnp.array([0.1, 0.2])}
EXTRA = {"value": 1.0, "gradient_fn": lambda params: jax.tree.map(jnp.sin, params)}
EXTRA |= {"distance": 0.5, "rates": 0.5, "sampled_gradient": 0.5}


@pytest.mark.slow
@pytest.mark.parametrize("name", registry.of_kind("recipe"))
def test_probes_around_a_recipe(name: str) -> None:
    recipe = registry.of_kind("recipe")[name].example
    probed = gl.chain(gl.probe("in", "norm", "cosine"), recipe, gl.probe("out", "norm", "effective_rate"))

    @jax.jit
    def run(tx: Any, probed: Any) -> Any:
        states, results = (tx.init(PARAMS), probed.init(PARAMS)), []
        for step in (1.0, 2.0):
            gradient = jax.tree.map(lambda p, step=step: jnp.cos(p * step), PARAMS)
            updates, state = tx.update(gradient, states[0], PARAMS, **EXTRA)
            same, probed_state = probed.update(gradient, states[1], PARAMS, **EXTRA)
            states = (state, probed_state)
            results.append((gradient, updates, same))
        return results, gl.metrics(states[1])

    results, found = run(recipe, probed)
    for _, updates, same in results:
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-12), updates, same)
    gradient, updates, _ = results[-1]
    for place, tree in (("in", gradient), ("out", updates)):
        norm = np.linalg.norm(np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(tree)]))
        np.testing.assert_allclose(found[f"{place}/norm"], norm, rtol=1e-12)
