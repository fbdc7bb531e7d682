"""Transformations whose parameters have a type of their own."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from gradlab.testing import adapt_parameters, check
from gradlab.testing.subjects.own_parameters import without_own_parameters


@jax.tree_util.register_dataclass
@dataclasses.dataclass
class Pair:
    trained: Any
    shadow: Any


KINDS = {
    "dataclass": (lambda params: Pair(params, params), "trained", lambda own: (own.trained, own.shadow)),
    "dict": (lambda params: {"w": params, "s": params}, "w", lambda own: (own["w"], own["s"])),
    "named tuple": (optax.LookaheadParams.init_synced, "fast", lambda own: (own.fast, own.slow)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_trained_field_is_that_of_the_caller_and_the_others_are_kept(kind: str) -> None:
    make, trained, read = KINDS[kind]

    def update(gradient: Any, state: Any, own: Any) -> Any:
        here, there = read(own)
        changes = -gradient, 0.5 * (here - there)
        return jax.tree.unflatten(jax.tree.structure(own), changes if kind != "dict" else changes[::-1]), state

    adapted = adapt_parameters(optax.GradientTransformation(lambda own: (), update), make, trained)
    params = jnp.asarray([1.0, 2.0])
    state = adapted.init(params)
    changes, state = adapted.update(jnp.ones(2), state, params)
    np.testing.assert_array_equal(changes, [-1.0, -1.0])
    moved = params + changes + 3.0  # the caller may move them further
    _, state = adapted.update(jnp.ones(2), state, moved)
    np.testing.assert_array_equal(read(state.own)[1], np.asarray(params) + 0.5 * np.asarray(moved - params))
    assert without_own_parameters(state) == ()
    assert without_own_parameters(optax.EmptyState()) == optax.EmptyState()


def test_lookahead_of_optax_is_examined_as_what_it_does_to_its_fast_parameters() -> None:
    tx = optax.lookahead(optax.sgd(0.1), 2, 0.5)
    with jax.numpy_dtype_promotion("standard"):
        report = check(tx, laws=("pure for 200 calls", "unaliased", "wide accumulators"), claims=("descends",))
    assert report.ok, str(report)
