"""Differences between two trees of arrays, in numbers and in shapes, as text for a counterexample."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from ...core.tree_differences import have_same_structure, show_array

TOLERANCE = {
    "float64": 1e-12,
    "complex128": 1e-12,
    "float32": 2e-5,
    "complex64": 2e-5,
    "bfloat16": 2e-2,
    "float16": 4e-3,
}


def find_largest_gap(left: Any, right: Any) -> tuple[float, float, str]:
    """Return the largest difference between two trees, the largest number in the right one, and the place as text.

    NaN equals NaN, and infinity equals itself. The gap between NaN and a number is infinite.
    """
    worst, scale, place = 0.0, 0.0, ""
    pairs = zip(jax.tree_util.tree_leaves_with_path(left), jax.tree.leaves(right), strict=True)
    for (path, here), there in pairs:
        a, b = np.asarray(here), np.asarray(there)
        wide = np.complex128 if np.iscomplexobj(a) or np.iscomplexobj(b) else np.float64
        a, b = a.astype(wide), b.astype(wide)
        same = (a == b) | (np.isnan(a) & np.isnan(b))
        with np.errstate(invalid="ignore", over="ignore"):
            gaps = np.where(same, 0.0, np.abs(a - b))
        gaps = np.where(np.isnan(gaps), np.inf, gaps)
        if gaps.size and gaps.max() > worst:
            where = np.unravel_index(gaps.argmax(), gaps.shape)
            index = list(map(int, where)) or ""
            worst, place = (
                float(gaps.max()),
                f"{jax.tree_util.keystr(path)}{index}: {a[where]:.6g} against {b[where]:.6g}",
            )
        finite = np.abs(b[np.isfinite(b)])
        scale = max(scale, float(finite.max()) if finite.size else 0.0)
    return worst, scale, place


def describe_gap(left: Any, right: Any, dtype: str, factor: float = 1.0, rounding: float = 0.0) -> str | None:
    """Return where two trees differ by more than the rounding of the dtype explains, as text, or None.

    `rounding` is that of numbers outside the trees from which they were computed.
    """
    gap, scale, place = find_largest_gap(left, right)
    return place if gap > factor * (TOLERANCE[dtype] * scale + rounding) + 1e-37 else None


def describe_nonfinite(tree: Any) -> str | None:
    """Return the first number of a tree that is NaN or infinite, with its place, as text, or None."""
    for path, leaf in jax.tree_util.tree_leaves_with_path(tree):
        numbers = np.asarray(leaf)
        numbers = numbers.astype(np.complex128 if np.iscomplexobj(numbers) else np.float64)
        if not np.all(np.isfinite(numbers)):
            index = [int(axis[0]) for axis in np.nonzero(~np.isfinite(np.atleast_1d(numbers)))]
            where = f"{jax.tree_util.keystr(path)}{index if numbers.ndim else ''}"
            return f"{np.atleast_1d(numbers)[tuple(index)]:.6g} at {where or 'the only leaf'}"
    return None


def describe_array(leaf: Any) -> str:
    """Return an abstract array as text, such as float32[2,3] (weakly typed)."""
    return show_array(leaf) + (" (weakly typed)" if getattr(leaf, "weak_type", False) else "")


def describe_mismatch(left: Any, right: Any) -> str | None:
    """Return the first place where two trees of arrays differ in structure, shape, dtype or weak type, or None."""
    left_leaves = dict(jax.tree_util.tree_leaves_with_path(left))
    right_leaves = dict(jax.tree_util.tree_leaves_with_path(right))
    for path in left_leaves | right_leaves:
        here, there = (
            describe_array(tree[path]) if path in tree else "nothing" for tree in (left_leaves, right_leaves)
        )
        if here != there:
            return f"{jax.tree_util.keystr(path) or 'the only leaf'}: {here} instead of {there}"
    same = have_same_structure(left, right)
    return None if same else f"the root: structure {jax.tree.structure(left)} instead of {jax.tree.structure(right)}"
