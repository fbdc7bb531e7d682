"""Newton-Schulz iterations: the sets of coefficients, what they do to singular values, and leaves of many shapes."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab.testing import check_polynomial_iteration
from gradlab.transforms.newton_schulz import read_sets

BANDS = {  # of singular values from 0.01 to 1; computed on a grid of two million
    "jordan": (0.6818, 1.1344),
    "quintic": (0.9777, 1.0318),
    "polar_express": (0.9999, 1.0001),
    "polar_express_5": (0.8588, 1.1412),
    "cans": (0.8843, 1.1199),
    "deepseek": (0.9999, 1.0006),
    "precise": (1.0, 1.001),
}
RELEASED_AS_AOL = (
    (4.0098, -7.0585, 2.4635),
    (3.4585, -5.5479, 2.5959),
    (2.7573, -3.2939, 1.4254),
    (2.7215, -3.0494, 1.3169),
)
RANDOM = np.random.default_rng(0).standard_normal((2, 6, 4))


def run(tx: gl.Transformation, gradient: Any) -> np.ndarray:
    gradient = jnp.asarray(gradient)
    return np.asarray(tx.update(gradient, tx.init(gradient))[0])


def apply_to_singular_values(sets: Any, matrix: np.ndarray) -> np.ndarray:
    left, s, right = np.linalg.svd(matrix, full_matrices=False)
    s = s / s.max()  # whose squares neither overflow nor vanish
    s = s / np.linalg.norm(s)
    for a, b, c in sets:
        s = a * s + b * s**3 + c * s**5
    return (left * s) @ right


@pytest.mark.parametrize("name", gl.newton_schulz_coefficients)
def test_every_set_passes_the_kit_in_its_band(name: str) -> None:
    report = check_polynomial_iteration(gl.newton_schulz_coefficients[name], band=BANDS[name])
    assert report.ok, str(report)


@pytest.mark.parametrize("name", gl.newton_schulz_coefficients)
def test_every_set_changes_singular_values_alone(name: str) -> None:
    sets = gl.newton_schulz_coefficients[name]
    for matrix in (RANDOM[0], RANDOM[0].T, RANDOM[0] + 1j * RANDOM[1], 1e-200 * RANDOM[0], 1e200 * RANDOM[0]):
        expected = apply_to_singular_values(sets, matrix)
        np.testing.assert_allclose(run(gl.orthogonalize(name, eps=0.0), matrix), expected, atol=1e-12)


def test_the_set_that_was_released_as_aol_is_refused() -> None:
    for sets in (RELEASED_AS_AOL, (*RELEASED_AS_AOL, RELEASED_AS_AOL[0])):
        assert not check_polynomial_iteration(sets).ok
        with pytest.raises(ValueError, match="the update would point uphill along its singular vectors"):
            gl.orthogonalize(sets)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("aol",), "coefficients must be one of 'jordan'"),
        (((),), "coefficients must be a name, a set of finite numbers"),
        (((1.0, float("nan")),), "a set of finite numbers"),
        (("jordan", 0), "steps must be at least 1"),
        (("quintic", 6), "Only a set that maps 1 to 1"),
        (("quintic", 4), "5 sets of coefficients belong to 5 steps"),
        (((-1.0, 0.5),), "becomes -"),
        (((1e200, 1.0),), "-inf where a positive number is needed|becomes inf"),
    ],
)
def test_other_wrong_coefficients_are_refused(arguments: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        gl.orthogonalize(*arguments)


def test_how_many_steps_are_made() -> None:
    jordan = gl.newton_schulz_coefficients["jordan"][0]
    assert read_sets("", "jordan", None) == read_sets("", jordan, None) == (jordan,) * 5
    assert read_sets("", "jordan", 3) == read_sets("", jordan, 3) == (jordan,) * 3
    polar = gl.newton_schulz_coefficients["polar_express"]
    assert read_sets("", "polar_express", 5) == polar[:5]
    assert read_sets("", "polar_express", 10) == (*polar, polar[-1], polar[-1])
    assert read_sets("", ((3.0, -2.0), (1.5, -0.5)), 3) == ((3.0, -2.0), (1.5, -0.5), (1.5, -0.5))


def test_the_norm_may_be_bounded_and_enlarged() -> None:
    expected = apply_to_singular_values([(1.0, 0.0, 0.0)], RANDOM[0])
    norm = np.linalg.norm(RANDOM[0])
    got = run(gl.orthogonalize((1.0,), steps=1, eps=0.5, least_norm=100.0, norm_factor=2.0), RANDOM[0])
    np.testing.assert_allclose(got, expected * norm / (2.0 * 100.0 + 0.5))
    got = run(gl.orthogonalize((1.0,), steps=1, eps=0.5, least_norm=1e-3, norm_factor=2.0), RANDOM[0])
    np.testing.assert_allclose(got, expected * norm / (2.0 * norm + 0.5))


@pytest.mark.parametrize("scale", [1.0, 0.0])
def test_each_matrix_of_a_stack_is_treated_by_itself(scale: float) -> None:
    stack = RANDOM * np.array([1.0, scale])[:, None, None]
    got = run(gl.orthogonalize(layout=gl.matrix_shape("flax", batch_axes=1)), stack)
    np.testing.assert_allclose(got, np.stack([run(gl.orthogonalize(), each) for each in stack]), atol=1e-14)
    np.testing.assert_allclose(got, run(gl.each(gl.orthogonalize()), stack), atol=1e-14)


def test_a_kernel_is_flattened_as_its_convention_says() -> None:
    kernel = np.random.default_rng(1).standard_normal((3, 2, 5, 7))
    flat = run(gl.orthogonalize(), kernel.reshape(30, 7)).reshape(kernel.shape)
    np.testing.assert_allclose(run(gl.orthogonalize(), kernel), flat, atol=1e-14)
    turned = run(gl.orthogonalize(layout="torch"), kernel.transpose(3, 2, 0, 1))
    np.testing.assert_allclose(turned.transpose(2, 3, 1, 0), flat, atol=1e-14)


def test_half_precision_is_asked_for_and_costs_a_few_percent() -> None:
    exact = run(gl.orthogonalize(), RANDOM[0])
    rough = run(gl.orthogonalize(precision="bfloat16"), RANDOM[0])
    assert rough.dtype == np.float64
    gap = np.abs(rough - exact).max() / np.abs(exact).max()
    assert 1e-4 < gap < 0.1


def test_coefficients_are_numbers_that_may_be_differentiated() -> None:
    def size(tx: gl.Transformation) -> Any:
        return jnp.sum(tx.update(jnp.asarray(RANDOM[0]), tx.init(jnp.asarray(RANDOM[0])))[0] ** 2)

    tx = gl.orthogonalize((1.5, -0.5), steps=3)
    slope = jax.grad(size)(tx).coefficients[1]
    h = 1e-6
    difference = (size(tx.replace(coefficients=(1.5, -0.5 + h))) - size(tx.replace(coefficients=(1.5, -0.5 - h)))) / (
        2 * h
    )
    np.testing.assert_allclose(slope, difference, rtol=1e-6)
