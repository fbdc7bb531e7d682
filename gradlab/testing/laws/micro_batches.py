"""Micro-batches, and what an accumulator may make of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
import optax

from ..inputs.trees import sample
from ..subjects.pairs import is_pair_object
from ..verdicts.law import is_count

CYCLES = 3  # batches of k micro-batches
MISTAKES: dict[str, Callable[[list[float]], list[float]]] = {  # the share of each micro-batch in what is accumulated
    "the sum of the micro-batches, where their mean is expected": lambda w: list(w),
    "the mean without the last micro-batch": lambda w: [*_shares(w[:-1]), 0.0],
    "the sum without the last micro-batch, divided by the number of all": lambda w: [*_shares(w)[:-1], 0.0],
    "the mean without the first micro-batch": lambda w: [0.0, *_shares(w[1:])],
    "the sum without the first micro-batch, divided by the number of all": lambda w: [0.0, *_shares(w)[1:]],
    "the last micro-batch alone": lambda w: [0.0] * (len(w) - 1) + [1.0],
    "the first micro-batch alone": lambda w: [1.0] + [0.0] * (len(w) - 1),
    "the plain mean, whatever the sizes of the micro-batches": lambda w: [1 / len(w)] * len(w),
    "the sum divided by k + 1": lambda w: [1 / (len(w) + 1)] * len(w),
}


@dataclass(frozen=True)
class Accumulation:
    """How an accumulator says that it works: the value of its claim."""

    k: int  # the number of micro-batches
    inner: optax.GradientTransformation | None = None  # what gets the mean of k gradients
    wrap: Callable[[Any], optax.GradientTransformation] | None = None  # makes the accumulator of another inner one
    is_sum: bool = False  # whether the inner transformation gets the sum instead of the mean
    size: str | None = None  # the extra argument of update that gives the size of a micro-batch


def read_accumulation(claim: Any) -> Accumulation | None:
    """Return the value of the claim "accumulates", or None if it is none."""
    if isinstance(claim, tuple) and len(claim) == 2:
        claim = {"k": claim[0], "inner": claim[1]}
    if not isinstance(claim, Mapping):
        claim = {"k": claim}
    names = {"k": "k", "inner": "inner", "wrap": "wrap", "sum": "is_sum", "size": "size"}
    if not set(claim) <= set(names) or not is_count(claim.get("k")):
        return None
    inner = claim.get("inner")
    if inner is not None and not is_pair_object(inner):
        return None
    return Accumulation(**{names[key]: value for key, value in claim.items()})


def draw_parts(shapes: Any, claim: Accumulation) -> tuple[list[Any], list[float]]:
    """Draw micro-batches of unlike gradients and, if it takes sizes, of unlike sizes."""
    count = CYCLES * claim.k
    parts = [jax.tree.map(np.asarray, sample(shapes, seed=30 + i, scale=1.0 + i % 3)) for i in range(count)]
    return parts, [float(1 + (3 * i) % 5) for i in range(count)] if claim.size else [1.0] * count


def combine(parts: list[Any], sizes: list[float], cycle: int, claim: Accumulation, shares: Any = None) -> Any:
    """Return the batch that some micro-batches make up: their mean, weighted with their sizes, or their sum."""
    begin, end = cycle * claim.k, (cycle + 1) * claim.k
    if shares is None:
        shares = list if claim.is_sum else _shares
    weights = shares(sizes[begin:end])
    return jax.tree.map(
        lambda *leaves: np.asarray(
            sum(w * leaf.astype(np.float64) for w, leaf in zip(weights, leaves, strict=True))
        ).astype(np.float32),
        *parts[begin:end],
    )


def _shares(sizes: list[float]) -> list[float]:
    return [size / sum(sizes) for size in sizes]
