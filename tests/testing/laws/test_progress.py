from typing import Any

import jax
import jax.numpy as jnp
import pytest

import gradlab as gl
from gradlab.testing import check

from .examples import trace, verdict


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


def corrected_too_early(updates: Any, state: Any, params: Any = None) -> Any:
    """A mean whose bias correction counts from 0, so that the first update is divided by 0."""
    moment = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, state[1], updates)
    change = jax.tree.map(lambda m: -0.1 * m / (1 - 0.9 ** state[0].astype(m.dtype)), moment)
    return change, (state[0] + 1, moment)


def start_counting(params: Any) -> Any:
    return jnp.zeros((), jnp.int32), jax.tree.map(jnp.zeros_like, params)


@pytest.mark.parametrize("claims", [(), {"link": True}], ids=str)
def test_an_infinite_first_update_is_found_and_its_usual_cause_named(claims: Any) -> None:
    tx = trace(init=start_counting, update=corrected_too_early)
    report = check(tx, claims=claims, quick=True)
    results = [report["jit equals eager"], *([] if claims else [report["descends"]])]
    assert {result.verdict for result in results} == {"broken"}
    for result in results:
        assert "update 0 (counted from 0) is " in result.detail
        assert "inf at ['" in result.detail
        assert "1 - decay**t is 0 at t = 0. Count the step first" in result.meaning


def test_equal_updates_that_are_nan_are_not_unbiased() -> None:
    tx = trace(update=lambda updates, state, params=None: (jax.tree.map(lambda g: g * jnp.nan, updates), state))
    assert verdict(tx, "unbiased", claims=("unbiased",)) == ("broken", "update 0 (counted from 0) is nan at [0]")


def test_what_update_returns_is_named_where_it_ascends() -> None:
    def update(updates: Any, state: Any, params: Any = None) -> Any:
        return jax.tree.map(lambda p, g: p - 0.1 * g, params, updates), state

    result = check(trace(update=update), laws=("descends",))["descends"]
    assert result.verdict == "broken"
    assert "the two exchanged, or the new parameters in place of their change" in result.meaning
