"""An argument whose work the links of a chain do is answered with these links."""

from __future__ import annotations

import re
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl

PARAMS = {"w": jnp.array([[1.0, -2.0], [0.5, 4.0]])}


def refusal(make: Any, **arguments: Any) -> str:
    with pytest.raises(TypeError) as caught:
        make(**arguments)
    return str(caught.value)


@pytest.mark.parametrize(
    ("make", "argument", "remedy"),
    [
        (
            gl.adamw,
            "clip",
            "clipping is a link of a chain: gl.chain(gl.clip_by_global_norm(max_norm), tx); the call is",
        ),
        (gl.sgd, "max_grad_norm", "; clipping is a link of a chain: gl.chain(gl.clip_by_global_norm(max_norm), tx); "),
        (gl.lion, "clipvalue", "; clipping is a link of a chain: gl.chain(gl.clip_by_value(limit), tx); the call is"),
        (gl.flavors.torch.adam, "clip_norm", "; clipping is a link of a chain: gl.chain(gl.clip_by_global_norm("),
        (gl.nadam, "bias_correction", "; links correct the bias, gl.bias_correction or gl.nesterov(corrected=True): "),
        (gl.adam, "mu_dtype", "; gl.store keeps the arrays of a link in another dtype, and optimizers of gl.flavors.o"),
        (gl.adam, "maximize", "; to climb, turn the steps back by a link: gl.chain(tx, gl.scale(-1.0)); the call is"),
        (gl.mars, "max_grad_norm", "; did you mean max_norm? the call is"),  # its own argument
        (gl.scale_by_rms, "clip", "'clip'; the call is"),  # a link is part of a chain already
    ],
)
def test_an_argument_is_answered_with_its_link(make: Any, argument: str, remedy: str) -> None:
    assert remedy in refusal(make, **{argument: 1.0})


def test_several_arguments_are_each_answered_once() -> None:
    message = refusal(gl.adam, lr=0.1, clip=1.0, max_norm=1.0, weight_decay=0.1)
    assert message.count("clip_by_global_norm") == 1
    assert "did you mean learning_rate for lr? did you mean gl.adamw? " in message


@pytest.mark.parametrize("name", ["adam", "adamw"])
def test_the_chain_without_the_correction_is_that_of_the_optimizer(name: str) -> None:
    message = refusal(getattr(gl, name), bias_correction=False)
    found = re.search(rf"without its correction, {name} is (.*?); the call is", message)
    assert found is not None
    given = {"b1": 0.8, "b2": 0.9, "eps": 0.1, "learning_rate": 0.5, "weight_decay": 0.2}
    chain = eval(found[1], {"gl": gl, **given})
    own = getattr(gl, name)(**(given if name == "adamw" else {k: v for k, v in given.items() if k != "weight_decay"}))
    links = [link for link in own.links if link.factory.name != "bias_correction"]
    without = [gl.scale_by_rms(0.9, 0.1) if link.factory.name == "scale_by_rms" else link for link in links]
    assert chain == gl.chain(*without)
    step, _ = chain.update(PARAMS, chain.init(PARAMS), PARAMS)
    assert np.isfinite(step["w"]).all()
