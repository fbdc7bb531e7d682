"""Every link has a reference, with which it agrees; and the first steps of references, worked out by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import gradlab as gl
from gradlab import registry
from gradlab.core.claims import claims_of
from gradlab.testing import assert_same_trajectory, references

LINKS = registry.of_kind("link")
SHAPES = {"b": (2, 3), "a": (4,), "c": (2, 3), "d": (2, 2, 2), "e": (), "f": (0,)}


def test_every_link_has_a_reference() -> None:
    assert [name for name in LINKS if not hasattr(references, name)] == []


@pytest.mark.parametrize("name", LINKS)
def test_a_link_moves_as_its_reference(name: str) -> None:
    is_of_matrices = "matrices" in claims_of(LINKS[name].example).get("domain", ())
    shapes = {"b": (2, 3), "c": (3, 2), "f": (0, 2)} if is_of_matrices else SHAPES
    extra = {"value": 1.0, "gradient_fn": lambda params: params}
    extra |= {"distance": 0.5, "rates": 0.5, "sampled_gradient": 0.5}
    assert_same_trajectory(LINKS[name].example, name, steps=30, long=0, shapes=shapes, extra=extra)


@pytest.mark.parametrize(
    ("tx", "name"),
    [
        (gl.scale_by_momentum(0.8, dampening=0.3, initial=0.5), "scale_by_momentum"),
        (gl.scale_by_heavy_ball(0.8, dampening=0.3), "scale_by_heavy_ball"),
        (gl.nesterov(0.9, dampening=0.3, next_decay=0.8, corrected=True), "nesterov"),
        (gl.nesterov(0.9, next_decay=0.4, corrected=True, as_power=True), "nesterov"),
        (gl.bias_correction(None, 0.4), "bias_correction"),
        (gl.bias_correction(0.4, 0.9, as_power=True), "bias_correction"),
        (gl.running_sum(0.5), "running_sum"),
        (gl.scale_by_rms(0.8, eps=1e-3, eps_root=1e-2), "scale_by_rms"),
        (gl.scale_by_rms(0.8, floor=0.5), "scale_by_rms"),
        (gl.add_decayed_weights(0.3, cautious=True), "add_decayed_weights"),
        (gl.additive_mean(0.8, 0.3), "additive_mean"),
        (gl.scale_by_rss(0.3, eps=1e-3, eps_root=1e-2), "scale_by_rss"),
        (gl.scale_by_stddev(0.8, eps=1e-3, eps_root=1e-2, mean_decay=0.5), "scale_by_stddev"),
        (gl.scale_by_infinity_norm(0.8, eps=1e-3, eps_inside=1e-2), "scale_by_infinity_norm"),
        (gl.scale_by_update_rms(0.8, eps=1e-2), "scale_by_update_rms"),
        (gl.centralize(output_axis=0), "centralize"),
        (gl.add_noise(0.3, 0.7, key=3), "add_noise"),
    ],
    ids=repr,
)
def test_options_move_as_in_the_reference(tx: gl.Transformation, name: str) -> None:
    assert_same_trajectory(tx, name, steps=30, long=0, shapes=SHAPES)


@pytest.mark.parametrize(
    ("name", "gradients", "options", "directions"),
    [
        ("scale_by_momentum", [1.0, 3.0], {"decay": 0.5}, [0.5, 1.75]),
        ("scale_by_momentum", [1.0, 3.0], {"decay": 0.5, "dampening": 0.0, "initial": 2.0}, [2.0, 4.0]),
        ("scale_by_heavy_ball", [1.0, 3.0], {"decay": 0.5, "dampening": 0.5}, [1.0, 2.0]),
        ("scale_by_heavy_ball", [1.0, 3.0], {"decay": 0.0, "dampening": 0.5}, [1.0, 3.0]),
        ("nesterov", [1.0], {"decay": 0.5, "next_decay": 0.25}, [0.75]),
        ("nesterov", [1.0], {"decay": 0.5, "corrected": True}, [0.5 / 0.75 + 0.5 / 0.5]),
        ("bias_correction", [1.0, 1.0], {"first_decay": 0.5}, [2.0, 1 / 0.75]),
        ("bias_correction", [1.0, 1.0], {"second_decay": 0.75}, [0.5, math.sqrt(1 - 0.5625)]),
        ("running_max", [-1.0, 3.0, 2.0], {}, [0.0, 3.0, 3.0]),
        ("running_sum", [1.0, 2.0], {"initial": 0.5}, [1.5, 3.5]),
        ("additive_mean", [4.0, 2.0, 0.0], {"decay": 0.5, "initial": 1.0}, [3.0, 2.0, 2.0]),
        ("lagged_mean", [4.0, 2.0, 0.0], {"decay": 0.5}, [4.0, 4.0, 3.0]),
        ("mix_with_gradient", [3.0], {"share": 0.25}, [3.0]),
        ("proximal_decay", [3.0, 0.0], {"learning_rate": 0.5, "weight_decay": 2.0}, [1.5, -0.75]),
        ("agree_in_sign", [3.0, 0.0], {"min_share": 2.0}, [1.5, 0.0]),
        ("scale", [3.0], {"factor": -2.0}, [-6.0]),
        ("scale_by_learning_rate", [3.0], {"learning_rate": 0.5}, [-1.5]),
        ("scale_by_sign", [3.0, -2.0, 0.0], {}, [1.0, -1.0, 0.0]),
        ("gradient", [3.0, -2.0], {}, [3.0, -2.0]),
        ("delay", [3.0, -2.0, 1.0], {}, [3.0, 3.0, -2.0]),
        ("delay", [3.0, -2.0], {"first": 0.5}, [0.5, 3.0]),
        ("probe", [3.0, -2.0], {}, [3.0, -2.0]),
        ("reduce_on_plateau", [1.0] * 4, {"factor": 0.5, "patience": 2, "cooldown": 1}, [1.0, 1.0, 0.5, 0.5]),
        ("majority_vote", [3.0, -2.0, 0.0], {}, [1.0, -1.0, 0.0]),
        ("one_bit_mean", [3.0, -2.0], {}, [3.0, -2.0]),
        ("scale_by_rms", [2.0, 0.0], {"decay": 0.75, "eps": 1.0}, [1.0, 0.0]),
        ("scale_by_rms", [2.0, 0.5], {"decay": 0.0, "eps": 0.0, "floor": 1.0}, [1.0, 0.5]),
        ("scale_by_rss", [3.0, 4.0], {"eps": 0.0}, [1.0, 0.8]),
        ("scale_by_stddev", [2.0], {"decay": 0.5, "eps": 1.0}, [1.0]),
        ("scale_by_infinity_norm", [2.0, 0.5], {"decay": 0.5}, [1.0, 0.5]),
        ("scale_by_update_rms", [1.0, 1.0], {"decay": 0.5, "eps": 1.0}, [1.0, math.sqrt(1.5)]),
        ("clip_by_value", [3.0, -0.2], {"limit": 0.5}, [0.5, -0.2]),
        ("clip_between", [3.0, -2.0], {"lower": -1.0, "upper": 0.5}, [0.5, -1.0]),
        ("clip_by_norm", [3.0, 0.5], {"max_norm": 1.0}, [1.0, 0.5]),
        ("clip_by_global_norm", [3.0, 0.5], {"max_norm": 1.0}, [1.0, 0.5]),
        ("add_noise", [3.0], {"eta": 0.0}, [3.0]),
    ],
)
def test_first_steps_by_hand(name: str, gradients: list[float], options: Any, directions: list[float]) -> None:
    points = references.trajectory(getattr(references, name), 0.0, gradients, **options)
    np.testing.assert_allclose(np.diff(points), directions, rtol=1e-14)


def test_references_of_trees_and_matrices_by_hand() -> None:
    change, _ = references.clip_by_global_norm({"a": np.array([3.0]), "b": np.array([4.0])}, {}, 1, {}, max_norm=1.0)
    np.testing.assert_allclose([change["a"][0], change["b"][0]], [0.6, 0.8])
    matrix = np.array([[1.0, 2.0], [3.0, 6.0]])
    np.testing.assert_array_equal(references.centralize(matrix, {}, 1, matrix)[0], [[-1.0, -2.0], [1.0, 2.0]])
    columns = references.centralize(matrix, {}, 1, matrix, output_axis=0)[0]
    np.testing.assert_array_equal(columns, [[-0.5, 0.5], [-1.5, 1.5]])
    first, state = references.one_bit_mean(np.array([3.0, -1.0]), {}, 1, np.zeros(2))
    np.testing.assert_array_equal([first, state["e"]], [[2.0, -2.0], [1.0, 1.0]])
    np.testing.assert_array_equal(references.one_bit_mean(np.array([0.0, 2.0]), state, 2, np.zeros(2))[0], [2.0, 2.0])
    np.testing.assert_array_equal(references.majority_vote(np.array([3 - 2j]), {}, 1, np.zeros(1))[0], [1 - 1j])
    np.testing.assert_array_equal(references.add_decayed_weights(np.ones(1), {}, 1, np.array([10.0]))[0], [1.1])
    cautious = references.add_decayed_weights(np.ones(2), {}, 1, np.array([10.0, -10.0]), cautious=True)[0]
    np.testing.assert_array_equal(cautious, [1.1, 1.0])


def test_noise_has_its_variance_and_its_own_numbers_for_each_leaf_and_step() -> None:
    g = {"a": np.zeros(4000), "b": np.zeros(4000)}
    first, _ = references.add_noise(g, {}, 1, g, eta=0.25, gamma=1.0)
    fourth, _ = references.add_noise(g, {}, 4, g, eta=0.25, gamma=1.0)
    assert first["a"].std() == pytest.approx(0.5, rel=0.05)
    assert fourth["a"].std() == pytest.approx(0.25, rel=0.05)
    for left, right in ((first["a"], first["b"]), (first["a"], 2 * fourth["a"])):
        assert abs(np.corrcoef(left, right)[0, 1]) < 0.1
