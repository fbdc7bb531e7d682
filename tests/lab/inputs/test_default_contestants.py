"""The contestants are all recipes and variants, with sensible learning rates."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np

import gradlab as gl
from gradlab import registry
from gradlab.lab._inputs.default_contestants import Contestant, collect_contestants


def test_all_recipes_and_variants_are_contestants() -> None:
    table = collect_contestants()
    assert set(registry.of_kind("recipe")) <= set(table)
    assert {"sgd_momentum", "sgd_nesterov", "rmsprop_centered", "rmsprop_momentum"} <= set(table)
    assert len({contestant.make(0.1) for contestant in table.values()}) == len(table)


def test_the_learning_rate_scales_the_steps() -> None:
    params, grads = jnp.ones(2, jnp.float32), jnp.array([1.0, -2.0], jnp.float32)
    for name, contestant in collect_contestants().items():
        if "bound" in name:  # the bounds hold the rate of these, whatever it is
            continue
        moves = []
        for rate in (1e-4, 2e-4):
            tx = contestant.make(rate)
            moves.append(tx.update(grads, tx.init(params), params, value=1.0, gradient_fn=lambda x: x)[0])
        np.testing.assert_allclose(moves[1], 2 * moves[0], rtol=1e-4, err_msg=name)


def test_grids_are_even_in_the_logarithm_and_typed_as_printed() -> None:
    grid = Contestant("mine", "other", gl.sgd, {"digits": 0.1}).choose_rates("digits", 5)
    np.testing.assert_allclose(grid, [0.003162, 0.01778, 0.1, 0.5623, 3.162], rtol=1e-12)
    assert Contestant("mine", "other", gl.sgd, {"digits": 0.1}).choose_rates("digits", 1).tolist() == [0.1]


def test_every_contestant_has_a_grid_that_was_found_by_races() -> None:
    for name, contestant in collect_contestants().items():
        assert set(contestant.centers) == {"digits", "ravine"}, name
        assert contestant.family != "other", name


def test_on_another_problem_of_gradlab_the_grid_is_around_the_middle_of_the_centers() -> None:
    contestant = Contestant("mine", "other", gl.sgd, {"digits": 1.0, "ravine": 0.01})
    assert contestant.choose_rates("quadratic", 1).tolist() == [0.1]
    named = Contestant("mine", "other", gl.sgd, contestant.centers, default_rate=10.0)
    assert named.choose_rates("mine", 1).tolist() == [10.0]
    assert Contestant("mine", "other", gl.sgd, default_rate=0.2).choose_rates("quadratic", 1)[0] == 0.1778


def test_on_an_unknown_problem_the_grid_is_around_the_recipes_default() -> None:
    grid = collect_contestants()["adam"].choose_rates("mine", 3)
    assert grid[1] == 1e-3
    np.testing.assert_allclose(grid[2] / grid[0], 1000, rtol=1e-3)
    for contestant in collect_contestants().values():
        assert np.isfinite(contestant.choose_rates("mine", 2)).all()
    assert Contestant("mine", "other", gl.sgd, default_rate=0.1).choose_rates("mine", 1).tolist() == [0.1]
