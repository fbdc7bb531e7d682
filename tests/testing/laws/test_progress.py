from typing import Any

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


def test_a_step_that_is_far_too_long_is_no_wrong_sign() -> None:
    tx = gl.rmsprop(centered=True, bias_correction=True, eps_in_sqrt=True, momentum=0.9)  # divides by 1e-4 at first
    assert verdict(tx, "descends")[0] == "not applicable"
    assert "its sign is wrong" in verdict(gl.scale(10.0), "descends", claims=("descends",))[1]
