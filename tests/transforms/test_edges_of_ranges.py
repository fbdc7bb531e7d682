"""Gradients through hyperparameters at the edges of their ranges: finite, and right where the derivative exists."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab import registry
from gradlab.core.claims import claims_of

ENTRIES = registry.of_kind("recipe", "link", "combinator")
GRADIENTS = {
    "zero": jnp.zeros((4, 3)),
    "some zero": jnp.array([[0.0, -2.0, 0.5], [0.0, 0.0, -1.0], [-0.7, 0.0, 0.4], [1.0, 0.0, 2.0]]),
    "none zero": jnp.array([[1.0, -2.0, 0.5], [0.3, 1.0, -1.0], [-0.7, 0.2, 0.4], [1.0, 1.0, 2.0]]),
}
# torch's momentum of 0 keeps no buffer, so that its arithmetic there is not the limit of the arithmetic beside it.
# Where two bounds meet in the value itself, JAX shares the slope between all that are equal.
JUMPS = {
    ("scale_by_heavy_ball", ".decay"),
    ("momo", ".momentum"),  # whose averages are heavy balls
    ("clip_between", ".lower"),
    ("adabound", ".learning_rate"),
    ("amsbound", ".learning_rate"),
    ("shampoo", ".eps"),  # the root of a singular matrix
}


def moved(tx: Any, gradients: Any) -> Any:
    """A smooth function of four steps."""

    def step(carry: Any, gradient: Any) -> Any:
        x, state = carry
        signals: dict[str, Any] = {"value": 1.0, "gradient_fn": lambda x: gradient + 0.1 * x, "loss_scale": 1.0}
        signals |= {"distance": 0.5, "rates": 0.5, "sampled_gradient": gradient}
        updates, state = tx.update(gradient, state, x, **signals)
        return (x + updates, state), updates

    x = jnp.array([0.5, -0.4, 1.2]).reshape(gradients.shape[1:])
    updates = jax.lax.scan(step, (x, tx.init(x)), gradients)[1]
    return (updates * jnp.array([0.3, -1.1, 0.7])).sum() + (updates[-1] ** 2).sum()


value_and_gradient = jax.jit(jax.value_and_grad(moved, allow_int=True))


def at_edges(entry: registry.Entry) -> Iterator[Any]:
    """The example with each hyperparameter at each finite edge of its range, and at 0 where the range has none."""
    lowest: dict[str, float] = {}
    for name, parameter in entry.example.factory.parameters.items():
        if (interval := parameter.range) is None or interval.integer:
            continue
        edges = [interval.low] * interval.includes_low + [interval.high] * interval.includes_high
        for edge in [edge for edge in edges if np.isfinite(edge)] or [0.0] * (not np.isfinite(interval.low)):
            lowest.setdefault(name, edge)
            yield entry.example.replace(**{name: edge})
    yield entry.example.replace(**lowest)


@pytest.mark.parametrize("name", ENTRIES)
def test_gradients_are_finite_at_the_edges_and_right_where_there_is_one(name: str) -> None:
    for tx in at_edges(ENTRIES[name]):
        leaves, structure = jax.tree.flatten(tx)
        for kind, vectors in GRADIENTS.items():
            gradients = vectors[:, None] if "matrices" in claims_of(tx).get("domain", ()) else vectors
            center, by_tx = value_and_gradient(tx, gradients)
            paths = [jax.tree_util.keystr(path) for path, _ in jax.tree_util.tree_leaves_with_path(tx)]
            for index, (path, leaf, got) in enumerate(zip(paths, leaves, jax.tree.leaves(by_tx), strict=True)):
                if not isinstance(leaf, float) or not np.isfinite(leaf):
                    continue
                assert np.isfinite(got), f"{tx}, {kind}: {path}"
                slopes = []
                for width in (1e-6, -1e-6, 1e-7):
                    changed = [*leaves[:index], leaf + width, *leaves[index + 1 :]]
                    there, _ = value_and_gradient(jax.tree.unflatten(structure, changed), gradients)
                    slopes.append(float(there - center) / width)
                exists = np.allclose(slopes, slopes[0], rtol=1e-3, atol=1e-6) and abs(center) < 1e4
                if exists and (name, path) not in JUMPS:
                    np.testing.assert_allclose(got, slopes[0], rtol=2e-3, atol=1e-5, err_msg=f"{tx}, {kind}: {path}")


def test_noise_of_no_variance_has_a_slope_of_zero_in_how_fast_it_fades() -> None:
    gradient = value_and_gradient(gl.add_noise(0.0, 0.55), GRADIENTS["none zero"])[1]
    assert gradient.gamma == 0
    assert np.isfinite(gradient.eta)  # of a root at 0, which has none


def test_noise_is_what_it_was() -> None:
    tx = gl.add_noise(0.5, 1.5, key=3)
    state = tx.init(jnp.zeros(2))
    for step in range(3):
        updates, state = tx.update(jnp.zeros(2), state)
        (key,) = jax.random.split(jax.random.fold_in(jax.random.key(3), step), 1)
        expected = (0.5 / (1 + step) ** 1.5) ** 0.5 * jax.random.normal(key, (2,))
        np.testing.assert_allclose(updates, expected, rtol=1e-14)
