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
