"""The steps that are measured."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from gradlab.bench.counterparts import COUNTERPARTS
from gradlab.bench.steps import (
    choose_shape,
    describe_leaves,
    jit_step,
    make_leaves,
    make_optimizer,
    make_state,
    make_step,
    standard_settings,
)
from gradlab.bench.timing import Repeated


def test_shapes() -> None:
    assert choose_shape(1000, 10) == (100,)
    assert choose_shape(2**11, 1, is_for_matrices=True) == (32, 64)
    for size, leaves in ((10, 3), (4, 8)):
        with pytest.raises(ValueError, match=f"cannot be divided into {leaves} equal leaves"):
            choose_shape(size, leaves)


@standard_settings()
def test_leaves_are_float32_and_are_described() -> None:
    leaves = make_leaves((4, 3), 2, seed=0)
    assert jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype), leaves) == describe_leaves((4, 3), 2)


@standard_settings()
def test_a_state_shares_no_array_with_the_parameters() -> None:
    """Optax's schedule-free methods begin with the parameters, which a donated step could not overwrite."""
    params = make_leaves((8,), 1, 0)
    optimizer = make_optimizer(COUNTERPARTS["schedule_free_sgd"], "optax")
    state = make_state(optimizer, params)
    jit_step(make_step(optimizer))(params, state, make_leaves((8,), 1, 1))
    assert params["leaf 0"].is_deleted()


@standard_settings()
def test_a_contestant_goes_on_from_its_last_step() -> None:
    optimizer = make_optimizer(COUNTERPARTS["sgd"], "gradlab")
    params, gradients = make_leaves((8,), 1, 0), make_leaves((8,), 1, 1)
    expected = np.asarray(params["leaf 0"]) - 7e-3 * np.asarray(gradients["leaf 0"])
    contestant = Repeated(jit_step(make_step(optimizer)), (params, optimizer.init(params)), (gradients,))
    assert contestant.run(2) > 0
    contestant.run(3)  # each turn begins with a step that is not timed
    np.testing.assert_allclose(contestant.first[0]["leaf 0"], expected, rtol=1e-6)
    assert params["leaf 0"].is_deleted()  # donated
