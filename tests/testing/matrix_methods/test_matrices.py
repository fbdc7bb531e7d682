"""The matrices on which the laws examine matrix methods."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradlab.testing.matrix_methods.matrices import (
    SHAPES,
    TRANSPOSED,
    Gradients,
    decompose,
    draw_orthogonal,
    draw_with_spectrum,
    list_kinds,
    list_spectra,
)
from gradlab.transforms.shape_factors import evaluate_shape_factor, is_shape_factor


def test_orthogonal_matrices_are_orthogonal() -> None:
    q = draw_orthogonal(np.random.default_rng(0), 7, 3)
    assert q.shape == (7, 3)
    np.testing.assert_allclose(q.T @ q, np.eye(3), atol=1e-12)


@pytest.mark.parametrize("shape", [(8, 8), (12, 5), (5, 12)])
def test_a_drawn_matrix_has_its_spectrum(shape: tuple[int, int]) -> None:
    matrix = draw_with_spectrum(np.random.default_rng(1), shape, [3.0, 2.0, 1.0])
    assert matrix.shape == shape
    np.testing.assert_allclose(np.linalg.svd(matrix, compute_uv=False)[:4], [3, 2, 1, 0], atol=1e-12)


def test_the_kinds_are_what_they_are_called() -> None:
    kinds = {gradients.kind: gradients for gradients in list_kinds()}
    for name in SHAPES:
        spectra = {kind: np.linalg.svd(g.matrices[name], compute_uv=False) for kind, g in kinds.items()}
        assert spectra["a rank-one"][1] < 1e-6
        assert spectra["a spiked"][0] > 0.9 * np.linalg.norm(spectra["a spiked"])
        assert 0 < spectra["a spiked"][1] < 0.2 * spectra["a spiked"][0]
        assert spectra["a slowly decaying"][-1] == pytest.approx(0.02, rel=1e-3)


def test_each_shape_has_its_transpose() -> None:
    assert all(SHAPES[TRANSPOSED[name]] == shape[::-1] for name, shape in SHAPES.items())


def test_the_spectra_leave_no_wide_gap() -> None:
    values = np.sort(np.concatenate([decompose(g, name).values for g in list_spectra() for name in SHAPES]))
    assert values[0] < 0.011
    assert values[-1] == pytest.approx(1.0)
    assert np.diff(np.log(values)).max() < 0.12


def test_small_singular_values_are_left_out() -> None:
    gradients = Gradients("a", {"square": np.diag([1.0, 0.1, 0.001])})
    spectrum = decompose(gradients, "square")
    np.testing.assert_allclose(spectrum.values, np.array([1.0, 0.1]) / np.sqrt(1.010001), rtol=1e-6)
    np.testing.assert_allclose(spectrum.compress(np.diag([5.0, 6.0, 7.0])), np.diag([5.0, 6.0]), atol=1e-12)
    assert decompose(gradients, "square", 1e-4).values.size == 3
    assert gradients.describe("square") == "a gradient of shape 3 x 3"


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("sqrt(max(1, r / c))", 2.0),
        ("0.2 * sqrt(max(r, c))", 0.2 * 12**0.5),
        ("(r + c + 1) ** 0.5 - -1", 5.0),
        ("min(r, c)", 3.0),
        (2, 2.0),
        (lambda r, c: r * c, 36.0),
    ],
)
def test_formulas_of_shape_factors(formula: Any, expected: float) -> None:
    assert evaluate_shape_factor(formula, 12, 3) == pytest.approx(expected)
    assert is_shape_factor(formula)


@pytest.mark.parametrize(
    "formula",
    ["x", "r +", "open('f')", "r.real", "sqrt(r, c)", "__import__('os')", "1 / (r - 3)", "sqrt(-r)", "-r", ""],
)
def test_other_text_is_no_shape_factor(formula: str) -> None:
    assert not is_shape_factor(formula)
