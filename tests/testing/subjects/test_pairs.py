"""The objects that are accepted as an `(init, update)` pair."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import optax
import pytest

import gradlab as gl
from gradlab.core.not_a_transformation import ExchangedError
from gradlab.testing import check
from gradlab.testing.subjects.pairs import to_pair


def init(params: Any) -> Any:
    return {"m": jax.tree.map(jnp.zeros_like, params)}


def state_first(state: Any, grads: Any, params: Any = None) -> Any:
    return grads, state


class StateFirst:
    def init(self, params: Any) -> Any:
        return init(params)

    def update(self, opt_state: Any, updates: Any, params: Any = None) -> Any:
        return updates, opt_state


PAIR = optax.GradientTransformation(init, state_first)


@pytest.mark.parametrize("pair", [PAIR, tuple(PAIR), StateFirst()], ids=lambda pair: type(pair).__name__)
def test_an_update_that_takes_the_state_first_is_told_to_exchange_the_two(pair: Any) -> None:
    def mine() -> Any:
        return pair

    with pytest.raises(ExchangedError):
        to_pair(pair, "mine")
    report = check(mine, laws=("pure",))
    assert [result.law for result in report.broken] == ["made"]
    assert "update of mine() takes (" in report.results[0].detail
    assert "but is called as update(updates, state); exchange the two" in report.results[0].detail


LIBRARIES = {"gradlab": gl.adam(), "optax": optax.adam(0.1), "lookahead": optax.lookahead(optax.sgd(0.1), 5, 0.5)}


@pytest.mark.parametrize("name", LIBRARIES)
def test_pairs_of_libraries_are_taken(name: str) -> None:
    assert callable(to_pair(LIBRARIES[name], "it").update)
