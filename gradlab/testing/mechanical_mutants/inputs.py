"""Random inputs of several scales, with zeros, ties and repetitions, on which two transformations are compared."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import jax
import ml_dtypes
import numpy as np

SHAPES: dict[str, Any] = {"b": (3,), "a": [(2, 3), (2, 3)], "c": (2, 2, 2), "s": ()}
_MIXED = ("float32", "float64", "complex64", "bfloat16")  # the dtypes of the leaves in turn
_SCALES = (1.0, 1e-4, 1e-8, 1e-12, 1e4, 1e12, "wide", "huge", "tiny")
_PATTERNS = 7


class Inputs(NamedTuple):
    """Runs side by side. Each leaf is [runs, steps, *shape] for gradients, and [runs, *shape] otherwise."""

    gradients: Any
    params: Any
    directions: Any

    def perturb(self) -> Inputs:
        """Return the same inputs with the last digits of the gradients changed."""
        random = np.random.default_rng(5)

        def one(leaf: np.ndarray) -> np.ndarray:
            digits = 2.0 * float(ml_dtypes.finfo(leaf.real.dtype).eps)
            if leaf.dtype.itemsize <= 2:
                digits = 2.0**-23  # half-precision inputs stay what they are; computation is in float32
            return (leaf * (1 + digits * np.sign(random.standard_normal(leaf.shape)))).astype(leaf.dtype)

        return self._replace(gradients=jax.tree.map(one, self.gradients))


@functools.cache
def draw_inputs(dtype: str, runs: int, steps: int) -> Inputs:
    """Draw inputs whose leaves have a dtype; for "mixed", several dtypes in turn."""
    random = np.random.default_rng(11)
    counter = iter(range(10**6))

    def draw(shape: tuple[int, ...], times: int) -> np.ndarray:
        name = _MIXED[next(counter) % len(_MIXED)] if dtype == "mixed" else dtype
        numbers = np.stack([_draw_run(random, run, (times, *shape), name) for run in range(runs)])
        return numbers.astype(_dtype(name))

    def tree(times: int) -> Any:
        return jax.tree.map(lambda shape: draw(shape, times), SHAPES, is_leaf=lambda node: isinstance(node, tuple))

    gradients, params, directions = tree(steps), tree(1), tree(1)
    first = lambda leaf: leaf[:, 0]  # noqa: E731
    return Inputs(gradients, jax.tree.map(first, params), jax.tree.map(first, directions))


def find_ordinary_runs(runs: int) -> np.ndarray:
    """Return the numbers of the runs in which no derivative overflows or vanishes."""
    numbers = np.arange(runs)
    return numbers[numbers % len(_SCALES) < 2]


def _draw_run(random: np.random.Generator, run: int, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """Draw the numbers of one leaf in one run. The number of the run chooses the scale and the pattern."""
    scale, pattern = _SCALES[run % len(_SCALES)], run // len(_SCALES) % _PATTERNS
    numbers = random.standard_normal(shape)
    if "complex" in dtype:
        numbers = numbers + 1j * random.standard_normal(shape)
    if pattern == 1:
        numbers = np.broadcast_to(numbers[:1], shape).copy()  # the same at every step
    elif pattern == 2:
        numbers = (
            numbers * (random.random(shape) < 0.3) * (np.arange(shape[0]) > 0).reshape(-1, *[1] * (len(shape) - 1))
        )
    elif pattern == 3:
        numbers = np.abs(numbers) * (-1.0) ** np.arange(shape[0]).reshape(-1, *[1] * (len(shape) - 1))
    elif pattern == 4:
        numbers = np.round(numbers.real)  # small whole numbers, so that elements are equal
    elif pattern == 6 and "complex" in dtype:  # a real or an imaginary leaf, positive or negative
        numbers = np.abs(numbers) * random.choice([1, -1, 1j, -1j])
    elif pattern == 5 and random.random() < 0.5:
        numbers = 0 * numbers  # a leaf of zeros beside others
    return numbers * _to_factor(random, scale, shape, dtype)


def _to_factor(random: np.random.Generator, scale: Any, shape: tuple[int, ...], dtype: str) -> Any:
    if scale == "wide":
        return 10.0 ** random.uniform(-12, 12, shape)
    if scale in ("huge", "tiny"):  # the square overflows, or vanishes
        exponent = 180 if dtype == "float64" else 25
        return 10.0 ** (exponent if scale == "huge" else -exponent)
    return scale


def _dtype(name: str) -> Any:
    return np.dtype(getattr(ml_dtypes, name, name))
