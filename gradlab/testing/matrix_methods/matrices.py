"""Gradients that are matrices of known spectra, and the directions in which a transformation steps at them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from ...compilation.fast_compilation import jit_fast
from ...transforms.shape_factors import evaluate_shape_factor
from ..subjects.subject import Subject
from ..verdicts.law import Broken

SHAPES = {"square": (8, 8), "tall": (12, 5), "wide": (5, 12), "large and tall": (64, 48), "large and wide": (48, 64)}
TRANSPOSED = {
    "square": "square",
    "tall": "wide",
    "wide": "tall",
    "large and tall": "large and wide",
    "large and wide": "large and tall",
}
SMALLEST = 0.01  # the least singular value that is examined, as a fraction of the Frobenius norm of the gradient
_PATIENCE = 5  # the number of steps in which a constant gradient must move something

Matrices = dict[str, np.ndarray]  # by the names of SHAPES, in float64


@dataclass(frozen=True, eq=False)
class Gradients:
    """Matrices of one kind, one of each shape. Each object is equal to itself alone."""

    kind: str  # with an article, such as "a rank-one"
    matrices: Matrices

    def describe(self, name: str) -> str:
        """Return one of the matrices in words, such as "a rank-one gradient of shape 12 x 5"."""
        return f"{self.kind} gradient of shape {' x '.join(map(str, self.matrices[name].shape))}"


class Spectrum(NamedTuple):
    """The singular values of a matrix that are not small, and their vectors."""

    values: np.ndarray  # (k,), as fractions of the Frobenius norm, the largest first
    left: np.ndarray  # (rows, k)
    right: np.ndarray  # (columns, k)

    def compress(self, matrix: np.ndarray) -> np.ndarray:
        """Return a matrix of the same shape in the basis of the singular vectors, of shape (k, k)."""
        return self.left.T @ matrix @ self.right


@lru_cache(maxsize=256)
def decompose(gradients: Gradients, name: str, smallest: float = SMALLEST) -> Spectrum:
    """Return the singular values of a gradient from `smallest` times its Frobenius norm on, with their vectors."""
    left, values, right = np.linalg.svd(gradients.matrices[name], full_matrices=False)
    kept = values >= smallest * np.linalg.norm(values)
    return Spectrum(values[kept] / np.linalg.norm(values), left[:, kept], right[kept].T)


def draw_orthogonal(random: np.random.Generator, size: int, columns: int | None = None) -> np.ndarray:
    """Draw a matrix with orthonormal columns, as many as rows by default."""
    return np.linalg.qr(random.standard_normal((size, size)))[0][:, :columns]


def draw_with_spectrum(random: np.random.Generator, shape: tuple[int, ...], values: Any) -> np.ndarray:
    """Draw a matrix with these singular values, or as many of them as its shape has room for."""
    kept = np.asarray(values, float)[: min(shape)]
    left, right = (draw_orthogonal(random, size, kept.size) for size in shape)
    return (left * kept) @ right.T


def draw_gradients(
    kind: str, draw: Callable[[np.random.Generator, tuple[int, int]], np.ndarray], seed: int
) -> Gradients:
    """Draw one matrix of each shape, rounded to float32."""
    random = np.random.default_rng(seed)
    matrices = {name: draw(random, shape).astype(np.float32) for name, shape in SHAPES.items()}
    return Gradients(kind, {name: matrix.astype(np.float64) for name, matrix in matrices.items()})


def draw_gradients_of_spectra(kind: str, spectra: Sequence[Any], seed: int) -> Gradients:
    """Draw one matrix of each shape, with singular values that are given for each shape in turn."""
    remaining = iter(spectra)
    return draw_gradients(kind, lambda random, shape: draw_with_spectrum(random, shape, next(remaining)), seed)


@cache
def list_kinds() -> tuple[Gradients, ...]:
    """Return gradients of every kind that matrix methods stumble over, except zero."""
    return (
        draw_gradients("a random", lambda random, shape: random.standard_normal(shape), 1),
        draw_gradients_of_spectra("a rank-one", [[1.0]] * len(SHAPES), 2),
        draw_gradients("a spiked", _draw_spiked, 3),
        draw_gradients("a slowly decaying", _draw_decaying, 4),
    )


@cache
def list_spectra() -> tuple[Gradients, ...]:
    """Return gradients whose singular values, as fractions of the Frobenius norm, cover the numbers from 0.01 to 1."""
    random = np.random.default_rng(40)
    pairs, spreads = random.uniform(0, np.pi / 2, (6, len(SHAPES))), random.uniform(-2, 0, (4, 63))
    found = list(list_kinds())
    for number, angles in enumerate(pairs):
        each = np.sort([np.cos(angles), np.sin(angles)], axis=0)[::-1].T
        found.append(draw_gradients_of_spectra("a rank-two", list(each), number))
    for number, exponents in enumerate(spreads):
        spectrum = 10 ** np.append(0.0, np.sort(exponents)[::-1])
        found.append(draw_gradients_of_spectra("a wide-spread", [spectrum] * len(SHAPES), 10 + number))
    return tuple(found)


def _draw_spiked(random: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    noise = random.standard_normal(shape)
    return noise + 4 * np.linalg.norm(noise) * draw_with_spectrum(random, shape, [1.0])


def _draw_decaying(random: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    return draw_with_spectrum(random, shape, np.geomspace(1, 0.02, min(shape)))


def find_directions(subject: Subject, gradients: Gradients, steps: int = 1, dtype: str = "float32") -> list[Matrices]:
    """Return the directions of the first steps at a constant gradient, from the first step that moves something.

    A direction is minus the update (the update itself for a link of a chain), divided by the learning rate where that
    is known and by the claimed shape factor. The parameters are zero, so that weight decay has no part in it. Raises
    `Broken` if nothing moves, and for directions that are not finite.
    """
    found: list[Matrices] = []
    for updates in run_at_zero(subject, [gradients.matrices] * (_PATIENCE + steps - 1), dtype):
        if not found and not any(np.any(update) for update in updates.values()):
            continue
        for name, update in updates.items():
            if not np.all(np.isfinite(update)):
                raise Broken(f"{gradients.describe(name)} gives an update that is not finite")
        found.append({name: update / find_scale(subject, update.shape) for name, update in updates.items()})
        if len(found) == steps:
            return found
    raise Broken(f"{_PATIENCE} steps at a constant gradient move nothing")


def run_at_zero(
    subject: Subject, sequence: Sequence[Mapping[str, np.ndarray]], dtype: str = "float32"
) -> Iterator[dict[str, np.ndarray]]:
    """Yield the updates, in float64, for a sequence of gradients, which have the dtype. The parameters stay zero."""
    params = {name: jnp.zeros(gradient.shape, dtype) for name, gradient in sequence[0].items()}
    state = subject.tx.init(params)
    for gradient in sequence:
        given = {name: jnp.asarray(numbers, dtype) for name, numbers in gradient.items()}
        updates, state = _compile(subject)(given, state, params)
        yield {name: np.asarray(updates[name], np.float64) for name in gradient}


@lru_cache(maxsize=2)
def _compile(subject: Subject) -> Callable[..., Any]:
    """Return `update`, compiled once for all laws of matrices, whose shapes are not those of the other laws."""
    return jit_fast(subject.update)


def find_scale(subject: Subject, shape: tuple[int, ...]) -> float:
    """Return the sign, times the learning rate where it is known, times the claimed shape factor."""
    rates = [rate for name, rate in subject.hyperparameters.items() if name.split(".")[-1] == "learning_rate"]
    rate = float(rates[0]) if len(rates) == 1 else 1.0
    sign = -1.0 if subject.link is None else 1.0
    return sign * rate * evaluate_shape_factor(subject.claims.get("shape factor", 1.0), *shape)


def get_option(subject: Subject, claim: str, default: float) -> float:
    """Return the number that a claim gives, such as its tolerance, or the default if it gives none."""
    value = subject.claims[claim]
    return default if value is None or value is True else float(value)
