"""Gradient sequences that tell similar optimizers apart."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

WIDTH = 6  # elements of a gradient

Sequence = np.ndarray  # [steps, WIDTH], float64


def ordinary(random: np.random.Generator, steps: int) -> Sequence:
    """Draw normal numbers, which show wrong decays, learning rates, and orders of operations."""
    return random.standard_normal((steps, WIDTH))


def small(random: np.random.Generator, steps: int) -> Sequence:
    """Draw gradients of 1e-4, which show whether eps is inside or outside the root."""
    return 1e-4 * random.standard_normal((steps, WIDTH))


def tiny(random: np.random.Generator, steps: int) -> Sequence:
    """Draw gradients of 1e-12, where eps dominates, which show where and when eps is added."""
    return 1e-12 * random.standard_normal((steps, WIDTH))


def faint(random: np.random.Generator, steps: int) -> Sequence:
    """Draw gradients of 1e-8, the size of the usual eps, which show whether eps is corrected with the moment."""
    return 1e-8 * random.standard_normal((steps, WIDTH))


def huge(random: np.random.Generator, steps: int) -> Sequence:
    """Draw gradients of 1e12, which show moments that are squared twice and missing square roots."""
    return 1e12 * random.standard_normal((steps, WIDTH))


def sparse(random: np.random.Generator, steps: int) -> Sequence:
    """Draw mostly exact zeros, all zeros at step 0, which show divisions by zero, stale moments and wrong counts."""
    gradients = random.standard_normal((steps, WIDTH)) * (random.random((steps, WIDTH)) < 0.2)
    gradients[0] = 0.0
    return gradients


def flipping(random: np.random.Generator, steps: int) -> Sequence:
    """Draw gradients whose sign changes at every step, which show mistakes in momentum and centering."""
    signs = (-1.0) ** np.arange(steps)[:, None]
    return signs * (1 + 0.1 * random.random((steps, WIDTH)))


def constant(random: np.random.Generator, steps: int) -> Sequence:
    """Draw one gradient and repeat it, which shows wrong bias corrections and counts that are off by one."""
    return np.repeat(random.standard_normal((1, WIDTH)), steps, axis=0)


def fading(random: np.random.Generator, steps: int) -> Sequence:
    """Draw gradients that shrink to 1e-6, which show a maximum in place of a mean, and stale moments."""
    return random.standard_normal((steps, WIDTH)) * np.logspace(0, -6, steps)[:, None]


SEQUENCES: dict[str, Callable[[np.random.Generator, int], Sequence]] = {
    sequence.__name__: sequence for sequence in (ordinary, constant, sparse, flipping, small, faint, tiny, huge, fading)
}


def draw(names: tuple[str, ...], steps: int, seed: int = 0) -> np.ndarray:
    """Draw the named sequences, [len(names), steps, WIDTH]. Raise KeyError for an unknown name."""
    for name in names:
        if name not in SEQUENCES:
            raise KeyError(f"unknown gradient sequence {name!r}; there are {', '.join(SEQUENCES)}")
    return np.stack([SEQUENCES[name](np.random.default_rng(seed), steps) for name in names])
