"""Shape factors, for both conventions, kernels and stacks."""

from __future__ import annotations

import ast
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab.equations import equations_of
from gradlab.transforms.shape_factors import evaluate_shape_factor


@pytest.mark.parametrize(
    ("formula", "layout", "shape", "factor"),
    [
        ("sqrt(max(1, r / c))", "flax", (2, 8), 2.0),
        ("sqrt(max(1, r / c))", "torch", (2, 8), 1.0),
        ("sqrt(max(1, r / c))", "torch", (32, 2, 2, 2), 2.0),
        ("sqrt(r / c)", "torch", (2, 8), 0.5),
        ("0.2 * sqrt(max(r, c))", "flax", (9, 4), 0.6),
        ("sqrt(r / c)", gl.matrix_shape("flax", batch_axes=1), (5, 2, 8), 2.0),
    ],
)
def test_the_factor_is_that_of_outputs_and_inputs(formula: str, layout: Any, shape: Any, factor: float) -> None:
    tx = gl.scale_by_shape(formula, layout)
    ones = jnp.ones(shape)
    np.testing.assert_allclose(tx.update(ones, tx.init(ones))[0], np.full(shape, factor))


@pytest.mark.parametrize("formula", ["spectral", "r - c", "0", "sqrt(", "max(r)"])
def test_a_wrong_formula_is_refused(formula: str) -> None:
    with pytest.raises(ValueError, match="formula must be positive, and a formula with r"):
        gl.scale_by_shape(formula)


@pytest.mark.parametrize(
    ("formula", "written"),
    [
        ("sqrt(max(1, r / c))", "√max(1, r/c) gₜ"),
        ("0.2 * (r + c) ** 0.5", "0.2 (r + c)^(0.5) gₜ"),
        ("min(r, c) - -0.5", "(min(r, c) - (-0.5)) gₜ"),
    ],
)
def test_the_formula_is_written_out(formula: str, written: str) -> None:
    assert equations_of(gl.scale_by_shape(formula), update=False).plain == (f"dₜ = {written}",)


def test_threads_read_formulas_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python 3.11 raises SystemError if two threads build a tree of code at the same time."""
    busy, overlaps, parse = threading.Lock(), [], ast.parse

    def slow_parse(*args: Any, **options: Any) -> Any:
        if not busy.acquire(blocking=False):
            overlaps.append(args)
            return parse(*args, **options)
        time.sleep(0.002)
        busy.release()
        return parse(*args, **options)

    monkeypatch.setattr("gradlab.transforms.shape_factors.ast.parse", slow_parse)
    with ThreadPoolExecutor(4) as threads:
        factors = list(threads.map(lambda count: evaluate_shape_factor(f"{count} * r / c", 2, 1), range(40)))
    assert factors == [2.0 * count for count in range(40)]
    assert not overlaps
