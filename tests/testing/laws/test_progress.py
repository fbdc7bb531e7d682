from typing import Any

import jax
import optax
import pytest

import gradlab as gl

from .examples import verdict


@pytest.mark.parametrize(
    ("claim", "breaks", "keeps"),
    [
        ("unbiased", gl.chain(gl.scale_by_momentum(0.9)), gl.chain(gl.scale_by_momentum(0.9), gl.bias_correction(0.9))),
        ("descends", gl.scale(0.1), gl.sgd(0.1)),
        ("descends", gl.sgd(10.0), gl.adam(0.1)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_claim_is_refuted_and_confirmed(claim: str, breaks: Any, keeps: Any) -> None:
    assert verdict(breaks, claim, claims=(claim,))[0] == "broken"
    assert verdict(keeps, claim, claims=(claim,)) == ("holds", "")


def test_accumulation_is_examined_with_its_number() -> None:
    with jax.numpy_dtype_promotion("standard"):
        right = optax.MultiSteps(optax.sgd(0.1), 3).gradient_transformation()
        wrong = optax.MultiSteps(optax.sgd(0.1), 4).gradient_transformation()
        assert verdict(right, "accumulates", claims={"accumulates": 3}) == ("holds", "")
        assert verdict(wrong, "accumulates", claims={"accumulates": 3})[0] == "broken"
        summed = optax.apply_every(3)
        assert verdict(summed, "accumulates", claims={"accumulates": 3})[0] == "holds"  # sums: linear, both ways alike
