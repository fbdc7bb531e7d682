"""Claims about progress: updates are right from the first step, and go downhill."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from ..inputs.trees import sample
from ..subjects.gaps import describe_nonfinite
from ..subjects.subject import Subject
from ..verdicts.law import Broken, NotApplicable, law
from .finite_numbers import require_finite

_SHAPE = (4,)


@law(
    "at a constant gradient, every update is the same",
    meaning="A running mean starts at zero and is not corrected, or is corrected with a step count that is off by one.",
    claimed=True,
)
def unbiased(subject: Subject) -> None:
    params, gradient = sample(_SHAPE), sample(_SHAPE, seed=1)
    state = subject.start(params)
    first, state = subject.jitted(gradient, state, params)
    require_finite(first, "update 0 (counted from 0)")
    for step in range(1, 12):
        updates, state = subject.jitted(gradient, state, params)
        place = subject.describe_gap(updates, first, factor=10.0)
        if place:
            raise Broken(f"the updates at step {step} differ from those at step 0, {place}")


@law(
    "it descends on a convex quadratic",
    meaning="The sign is wrong (updates are added to the parameters), or the learning rate is far too large. Or update "
    "returns something else than (what is added to the parameters, the next state): the two exchanged, or the new "
    "parameters in place of their change.",
    claimed=True,
)
def descends(subject: Subject) -> None:
    """It is examined without a claim, too, but not for a link. Then, a rate that is too large is no breach."""
    is_claimed = "descends" in subject.claims
    if subject.link and not is_claimed:
        raise NotApplicable(subject.link)
    slope, losses, uphill = _descend(subject)
    if uphill:
        raise Broken(
            f"on a convex quadratic, the leaf at {uphill} moves along its gradient, uphill; other leaves descend"
        )
    if slope == 0:
        raise Broken(f"on a convex quadratic, no update moves the parameters{_NO_OPTIMIZER}")
    if slope > 0 and not losses[-1] < losses[0]:
        raise Broken(
            f"it ascends on a convex quadratic: in {len(losses) - 1} steps, the loss went from {losses[0]:.4g} to "
            f"{losses[-1]:.4g}, and the updates point along the gradient (the mean cosine is {slope:.2g}). If it is an "
            f"optimizer, its sign is wrong{_NO_OPTIMIZER}"
        )
    if slope < 0 and losses[-1] > losses[0]:
        text = (
            f"the loss of a convex quadratic went from {losses[0]:.4g} to {losses[-1]:.4g} in {len(losses) - 1} steps, "
            "although the updates point against the gradient: the learning rate is too large for it"
        )
        raise Broken(text) if is_claimed else NotApplicable(f"{text}. Pass a smaller one to examine this")


_NO_OPTIMIZER = (
    '. If it is a link of a chain, say so: check(..., claims={"link": True}), --claim link on the command line, or '
    '@gl.transformation(claims=("link",)) where it is defined'
)
_ALONG = 0.5  # a mean cosine with the gradient that no oscillation around the minimum has
_MOST = 1e3  # times the first loss: a run beyond it diverges, and its direction is known


def _descend(subject: Subject) -> tuple[float, list[float], str]:
    """Return the mean cosine between update and gradient, the losses of up to 100 steps, and a leaf that ascends."""
    first = sample(subject.network)
    start = jax.tree.map(np.asarray, first)
    curvature = jax.tree.map(lambda p: 0.5 + (np.arange(p.size, dtype=np.float32).reshape(p.shape) % 4) / 2, start)
    params, state = start, subject.start(first)
    losses, cosines, by_leaf = [_quadratic(curvature, params)], [], []
    for step in range(100):
        gradient = jax.tree.map(lambda c, p: c * p, curvature, params)
        updates, state = subject.jitted(gradient, state, params)
        updates = jax.tree.map(np.asarray, updates)
        require_finite(updates, f"on a convex quadratic, update {step} (counted from 0)")
        cosines.append(_cosine(updates, gradient))
        by_leaf.append(jax.tree.map(_cosine, updates, gradient))
        with np.errstate(over="ignore"):
            params = jax.tree.map(lambda p, u: (p + u).astype(p.dtype), params, updates)
        losses.append(_quadratic(curvature, params))
        if place := describe_nonfinite(params):
            raise Broken(f"on a convex quadratic, the parameter after update {step} (counted from 0) is {place}")
        if not losses[-1] <= _MOST * losses[0]:
            break
    paths = [jax.tree_util.keystr(path) for path, _ in jax.tree_util.tree_leaves_with_path(start)]
    slopes = dict(zip(paths, np.mean([jax.tree.leaves(tree) for tree in by_leaf], axis=0), strict=True))
    uphill = [path for path, slope in slopes.items() if slope > _ALONG]
    is_mixed = any(slope < -_ALONG for slope in slopes.values())
    if losses[-1] > _MOST * losses[0]:  # beyond the minimum, a step that is too long points along the next gradient
        cosines = [cosine for cosine, loss in zip(cosines, losses, strict=False) if loss <= 2 * losses[0]]
    return float(np.mean(cosines)), losses, uphill[0] if uphill and is_mixed else ""


def _quadratic(curvature: Any, params: Any) -> float:
    terms = jax.tree.map(lambda c, p: 0.5 * float(np.sum(c * np.square(p.astype(np.float64)))), curvature, params)
    return sum(jax.tree.leaves(terms))


def _cosine(updates: Any, gradient: Any) -> float:
    u, g = (
        np.concatenate([np.ravel(leaf).astype(np.float64) for leaf in jax.tree.leaves(t)]) for t in (updates, gradient)
    )
    norms = np.linalg.norm(u) * np.linalg.norm(g)
    return float(u @ g / norms) if norms > 0 else 0.0
