"""Runs of a transformation that keeps an average: the points that it visits, and what may be the average there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ..inputs.trees import sample
from ..subjects.subject import Subject
from ..verdicts.law import Broken
from .average_formulas import Formula
from .state_parts import find_parts

STEPS = 40
_ROUNDING = {"float64": 1e-9, "float32": 1e-6, "bfloat16": 2.0**-7, "float16": 2.0**-9}  # of the largest parameter


class Run(NamedTuple):
    """The points that a transformation visits, and what may be the average there."""

    points: np.ndarray  # [steps + 1, size], float64
    candidates: dict[str, np.ndarray]  # path -> [steps + 1, size], float64
    dtypes: dict[str, str]  # path -> the narrowest dtype
    gradients: list[Any]
    params: list[Any]
    has_float32: bool  # whether a part of the state is in float32, whatever the dtype of the parameters


def visit(subject: Subject, dtype: str, at: Any, steps: int = STEPS) -> Run:
    """Run a transformation on gradients that drift, from parameters ten times as large as its first update."""
    with subject.precision(dtype):
        draws = [sample(subject.network, dtype, seed=50 + t) for t in range(steps + 1)]
        gradients = [jax.tree.map(lambda d, g: d + g / 2, draws[0], g) for g in draws[1:]]
        start = sample(subject.network, dtype)
        first, _ = subject.jitted(gradients[0], subject.tx.init(start), start)
        size = 10 * max((float(jnp.abs(u).max()) for u in jax.tree.leaves(first) if u.size), default=0.0)
        params = [jax.tree.map(lambda p: p * jnp.asarray(size or 1.0, p.dtype), start)]
        states = [subject.tx.init(params[0])]
        for gradient in gradients:
            updates, state = subject.jitted(gradient, states[-1], params[-1])
            moved = [p + u.astype(p.dtype) for p, u in zip(*map(_to_numpy, (params[-1], updates)), strict=True)]
            params.append(jax.tree.unflatten(jax.tree.structure(updates), moved))
            states.append(state)
        held = [dict(find_candidates(state, point, at)) for state, point in zip(states, params, strict=True)]
    points = np.stack([flatten(point) for point in params])
    finite = np.isfinite(points).all(axis=1)
    if not finite.all():  # a gap to NaN exceeds no limit
        raise Broken(f"in {dtype}, the parameters are not finite after {int(finite.argmin())} steps")
    paths = [path for path in held[-1] if all(path in now for now in held)]
    if not paths:
        place = "the state has no part with the structure and the shapes of the parameters"
        raise Broken(place if at is None or callable(at) else f"{place} at a path that ends with {at!r}")
    return Run(
        points,
        {path: np.stack([flatten(now[path]) for now in held]) for path in paths},
        {path: find_dtype(held[-1][path]) for path in paths},
        gradients,
        params,
        any(np.dtype(leaf.dtype) == np.float32 and leaf.ndim for leaf in jax.tree.leaves(states[-1])),
    )


def find_candidates(state: Any, params: Any, at: Any) -> list[tuple[str, Any]]:
    """Return what may be the average, by its path: each part of the state like the parameters, or only that at `at`."""
    if callable(at):
        return [("at", at(state, params))]
    return [(path, part) for path, part in find_parts(state, params) if at is None or path.endswith(at)]


def measure(run: Run, path: str, formula: Formula) -> np.ndarray:
    """Return the largest gap between a candidate and a formula after each step; 0 where the formula has no value."""
    expected = formula(run.points)
    with np.errstate(invalid="ignore"):
        gaps = np.abs(run.candidates[path] - expected)
    gaps = np.where(np.isnan(expected), 0.0, np.nan_to_num(gaps, nan=np.inf))
    gaps[0] = 0.0  # conventions differ before the first step
    return gaps.max(axis=1)


def _to_numpy(tree: Any) -> list[np.ndarray]:
    return [np.asarray(leaf) for leaf in jax.tree.leaves(tree)]


def allow(run: Run, path: str, is_rough: bool = False) -> float:
    """Return the gap that rounding explains. `is_rough` says that the average was computed in float32 all the same."""
    rounding = _ROUNDING["float32" if is_rough and run.has_float32 else run.dtypes[path]]
    return max(rounding, _ROUNDING[run.dtypes[path]]) * float(np.abs(run.points).max())


def allow_half(run: Run, path: str, formula: Formula) -> float:
    """Return the gap that rounding explains: the parameters may be averaged before or after they are rounded."""
    share = formula(np.concatenate([np.zeros_like(run.points[:1]), np.ones_like(run.points[1:])]))[-1].max()
    largest = float(np.abs(run.points).max())
    own = 2.0**-18 if run.dtypes[path] in ("float32", "float64") else 2.0**-8
    return (2.0**-8 * float(share) + own) * largest


def describe(found: Mapping[str, str], candidates: list[str], what: str = "the average") -> str:
    """Return in words why no part of the state is what it should be."""
    path, text = next(iter(found.items()))
    others = f"; nor is it in {len(candidates) - 1} other parts of the state" if len(candidates) > 1 else ""
    return f"{describe_place(path)} is not {what}: {text}{others}"


def describe_place(path: str) -> str:
    """Return in words where a candidate is."""
    return "what the function `at` returns" if path == "at" else f"the state at {path or 'its root'}"


def flatten(tree: Any) -> np.ndarray:
    """Return all numbers of a tree in one vector of float64."""
    return np.concatenate([np.asarray(leaf, np.float64).ravel() for leaf in jax.tree.leaves(tree)])


def find_dtype(tree: Any) -> str:
    """Return the name of the narrowest dtype in a tree."""
    names = [np.dtype(leaf.dtype).name for leaf in jax.tree.leaves(tree)]
    return min(names, key=lambda name: jnp.finfo(name).bits if jnp.issubdtype(name, jnp.floating) else 64)
