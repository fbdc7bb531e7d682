"""Gradient sequences that tell similar optimizers apart, for any tree of parameters."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from .trees import map_shapes

VECTOR = (6,)  # the shape of the gradients where one leaf is enough

Shape = tuple[int, ...]  # [steps, *the shape of a leaf]
Sequence = np.ndarray  # of that shape, float64


def ordinary(random: np.random.Generator, shape: Shape) -> Sequence:
    """Draw normal numbers, which show wrong decays, learning rates, and orders of operations."""
    return random.standard_normal(shape)


def small(random: np.random.Generator, shape: Shape) -> Sequence:
    """Draw gradients of 1e-4, which show whether eps is inside or outside the root."""
    return 1e-4 * random.standard_normal(shape)


def tiny(random: np.random.Generator, shape: Shape) -> Sequence:
    """Draw gradients of 1e-12, where eps dominates, which show where and when eps is added."""
    return 1e-12 * random.standard_normal(shape)


def faint(random: np.random.Generator, shape: Shape) -> Sequence:
    """Draw gradients of 1e-8, the size of the usual eps, which show whether eps is corrected with the moment."""
    return 1e-8 * random.standard_normal(shape)


def huge(random: np.random.Generator, shape: Shape) -> Sequence:
    """Draw gradients of 1e12, which show moments that are squared twice and missing square roots."""
    return 1e12 * random.standard_normal(shape)


def sparse(random: np.random.Generator, shape: Shape) -> Sequence:
    """Draw mostly exact zeros, all zeros at step 0, which show divisions by zero, stale moments and wrong counts.

    Of the others, half are exactly 1 or -1, which show comparisons with a wrong constant.
    """
    gradients, share = random.standard_normal(shape), random.random(shape)
    gradients = np.where(share < 0.1, np.sign(gradients), gradients) * (share < 0.2)
    gradients[0] = 0.0
    return gradients


def flipping(random: np.random.Generator, shape: Shape) -> Sequence:
    """Draw gradients whose sign changes at every step, which show mistakes in momentum and centering."""
    signs = (-1.0) ** count_steps(shape)
    return signs * (1 + 0.1 * random.random(shape))


def constant(random: np.random.Generator, shape: Shape) -> Sequence:
    """Draw one gradient and repeat it, which shows wrong bias corrections and counts that are off by one."""
    return np.repeat(random.standard_normal((1, *shape[1:])), shape[0], axis=0)


def fading(random: np.random.Generator, shape: Shape) -> Sequence:
    """Draw gradients that shrink to 1e-6, which show a maximum in place of a mean, and stale moments."""
    return random.standard_normal(shape) * 10.0 ** (-6 * count_steps(shape) / max(1, shape[0] - 1))


def layered(random: np.random.Generator, shape: Shape) -> Sequence:
    """Draw gradients of another size for each leaf, 1e-3 to 1e3, which show numbers that leaves should not share."""
    return 10.0 ** random.integers(-3, 4) * random.standard_normal(shape)


SEQUENCES: dict[str, Callable[[np.random.Generator, Shape], Sequence]] = {
    sequence.__name__: sequence
    for sequence in (ordinary, constant, sparse, flipping, small, faint, tiny, huge, fading, layered)
}


def long(random: np.random.Generator, shape: Shape) -> Sequence:
    """Draw normal numbers, which become small after two thirds of the steps, vanish for some, and come back.

    Run for thousands of steps, they show counters that saturate, corrections that end, and moments that go stale.
    """
    phase = 12 * count_steps(shape) // shape[0]
    return np.choose(phase, [1.0] * 8 + [1e-3, 1e-3, 0.0, 1.0]) * random.standard_normal(shape)


def draw(names: tuple[str, ...], steps: int, shapes: Any = VECTOR, seed: int = 0) -> Any:
    """Draw the named sequences: a tree with leaves [len(names), steps, *shape]. Raise KeyError for an unknown name."""
    known = SEQUENCES | {"long": long}
    for name in names:
        if name not in known:
            raise KeyError(f"unknown gradient sequence {name!r}; there are {', '.join(SEQUENCES)}")
    leaves = itertools.count()

    def leaf(shape: tuple[int, ...]) -> np.ndarray:
        index = next(leaves)
        return np.stack([known[name](np.random.default_rng([seed, index]), (steps, *shape)) for name in names])

    return map_shapes(leaf, shapes)


def spread_over_steps(numbers: np.ndarray, shape: Shape) -> np.ndarray:
    """Return a number for each step, in a shape that broadcasts against a sequence of this shape."""
    return numbers.reshape(-1, *(1 for _ in shape[1:]))


def count_steps(shape: Shape) -> np.ndarray:
    """Return the numbers of the steps, 0, 1, ..., in a shape that broadcasts against the sequence."""
    return spread_over_steps(np.arange(shape[0]), shape)
