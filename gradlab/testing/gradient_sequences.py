"""Gradient sequences built to tell look-alike optimizers apart."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

WIDTH = 6  # elements of a gradient

Sequence = np.ndarray  # [steps, WIDTH], float64


def ordinary(random: np.random.Generator, steps: int) -> Sequence:
    """Normal numbers: decays, rates, the order of things."""
    return random.standard_normal((steps, WIDTH))


def small(random: np.random.Generator, steps: int) -> Sequence:
    """Gradients of 1e-4: an eps inside or outside the root."""
    return 1e-4 * random.standard_normal((steps, WIDTH))


def tiny(random: np.random.Generator, steps: int) -> Sequence:
    """Gradients of 1e-12, where eps is all that is left: where it stands, and when it is added."""
    return 1e-12 * random.standard_normal((steps, WIDTH))


def faint(random: np.random.Generator, steps: int) -> Sequence:
    """Gradients of 1e-8, as large as the usual eps: its place, and whether it is corrected with the moment."""
    return 1e-8 * random.standard_normal((steps, WIDTH))


def huge(random: np.random.Generator, steps: int) -> Sequence:
    """Gradients of 1e12: moments squared twice, missing square roots."""
    return 1e12 * random.standard_normal((steps, WIDTH))


def sparse(random: np.random.Generator, steps: int) -> Sequence:
    """Mostly exact zeros, all of them at the first step: divisions by zero, stale moments, counts."""
    gradients = random.standard_normal((steps, WIDTH)) * (random.random((steps, WIDTH)) < 0.2)
    gradients[0] = 0.0
    return gradients


def flipping(random: np.random.Generator, steps: int) -> Sequence:
    """A sign that changes at every step: momentum, centering."""
    signs = (-1.0) ** np.arange(steps)[:, None]
    return signs * (1 + 0.1 * random.random((steps, WIDTH)))


def constant(random: np.random.Generator, steps: int) -> Sequence:
    """One gradient for ever: bias correction, counts that are off by one."""
    return np.repeat(random.standard_normal((1, WIDTH)), steps, axis=0)


def fading(random: np.random.Generator, steps: int) -> Sequence:
    """Gradients that shrink to 1e-6: maxima against means, old moments against new."""
    return random.standard_normal((steps, WIDTH)) * np.logspace(0, -6, steps)[:, None]


SEQUENCES: dict[str, Callable[[np.random.Generator, int], Sequence]] = {
    sequence.__name__: sequence for sequence in (ordinary, constant, sparse, flipping, small, faint, tiny, huge, fading)
}


def draw(names: tuple[str, ...], steps: int, seed: int = 0) -> np.ndarray:
    """The named sequences, [len(names), steps, WIDTH]. KeyError names an unknown one."""
    for name in names:
        if name not in SEQUENCES:
            raise KeyError(f"unknown gradient sequence {name!r}; there are {', '.join(SEQUENCES)}")
    return np.stack([SEQUENCES[name](np.random.default_rng(seed), steps) for name in names])
