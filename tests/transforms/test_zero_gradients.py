"""At a gradient of zero everything gives zero, with finite derivatives, complex ones too, and with an eps of zero."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab import registry
from gradlab.core.claims import claims_of

CASES: dict[str, Callable[[], Any]] = {
    name: lambda entry=entry: entry.example
    for name, entry in registry.of_kind("link", "recipe", "combinator").items()
    if name != "add_noise"
} | {
    "rms, eps 0": lambda: gl.scale_by_rms(0.9, 0.0),
    "rss, eps 0": lambda: gl.scale_by_rss(0.0, 0.0),
    "stddev, eps 0": lambda: gl.scale_by_stddev(0.9, 0.0),
    "update rms, eps 0": lambda: gl.scale_by_update_rms(0.9, 0.0),
    "adam, eps 0": lambda: gl.adam(0.1, eps=0.0),
    "amsgrad, eps 0": lambda: gl.amsgrad(0.1, eps=0.0),
    "nadam, eps 0": lambda: gl.nadam(0.1, eps=0.0),
    "adagrad, eps 0": lambda: gl.adagrad(0.1, eps=0.0),
    "adadelta, eps 0": lambda: gl.adadelta(eps=0.0),
    "rmsprop, eps 0, centered, nesterov": lambda: gl.rmsprop(0.1, 0.9, 0.0, True, 0.9, True),
    "adabound, eps 0": lambda: gl.adabound(eps=0.0),
    "amsbound, eps 0": lambda: gl.amsbound(eps=0.0),
    "sgd, nesterov": lambda: gl.sgd(0.1, 0.9, nesterov=True),
    "clip to nothing": lambda: gl.chain(gl.clip_by_global_norm(0.0), gl.clip_by_norm(0.0), gl.clip_by_value(0.0)),
}


def summed(tx: Any, gradients: dict[str, Any]) -> Any:
    """The sum of three updates, at parameters of zero, in each precision by itself."""

    def run(gradient: Any) -> Any:
        def step(state: Any, _: Any) -> Any:
            signals: dict[str, Any] = {"value": 1.0, "gradient_fn": jnp.zeros_like, "loss_scale": 2.0**15}
            signals |= {"distance": 0.5, "rates": 0.5, "sampled_gradient": gradient}
            updates, state = tx.update(gradient, state, jnp.zeros_like(gradient), **signals)
            return state, updates

        return jax.lax.scan(step, tx.init(gradient), None, length=3)[1].sum(axis=0)

    updates = {dtype: run(gradient) for dtype, gradient in gradients.items()}
    return sum(update.real.sum().astype(float) for update in updates.values()), updates


value_and_derivatives = jax.jit(jax.value_and_grad(summed, argnums=(0, 1), has_aux=True, allow_int=True))


@pytest.mark.parametrize("name", CASES)
def test_zero_gives_zero_and_finite_derivatives(name: str) -> None:
    tx = CASES[name]()
    shape = (2, 3) if "matrices" in claims_of(tx).get("domain", ()) else (3,)
    # The law "finite at zero" runs what the registry has, in all real precisions.
    dtypes = ("complex64",) if name in registry.entries() else ("float16", "complex64")
    zeros = {dtype: jnp.zeros(shape, dtype) for dtype in dtypes}
    (_, updates), (by_tx, by_gradient) = value_and_derivatives(tx, zeros)
    for dtype, update in updates.items():
        assert update.dtype == dtype
        np.testing.assert_array_equal(update, 0)
    for path, leaf in jax.tree_util.tree_leaves_with_path(by_tx):
        assert leaf.dtype == jax.dtypes.float0 or np.isfinite(leaf), f"{jax.tree_util.keystr(path)}: {leaf}"
    # By the gradient it is 1 / eps, which may be beyond the largest float16, but never NaN.
    assert not np.isnan(by_gradient.get("float16", 0)).any()
    assert np.isfinite(by_gradient["complex64"]).all()
