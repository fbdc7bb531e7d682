"""Claims about gradients of extreme sizes, whose squares overflow or vanish in float32."""

from __future__ import annotations

import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..inputs.trees import sample, to_array
from ..subjects.gaps import describe_gap
from ..subjects.subject import Subject
from ..verdicts.law import Broken, law

_BOUND = 2.0**51  # the largest number in float32 whose squares can be added up without overflow
_SHAPES: dict[str, Any] = {"b": (3,), "a": (2, 3)}


@law(
    "a gradient whose square would overflow counts as the largest one whose square does not",
    meaning="A square becomes infinite, and stays in a running mean for ever. Bound finite gradients before they are "
    "squared or remembered, complex ones without turning them (gradlab.arithmetic.safe_arithmetic.bound_for_squaring).",
    claimed=True,
)
def bounded_squares(subject: Subject) -> None:
    """In float32 the bound is $2^{51}$, for the larger part of a complex number. Smaller numbers do not change."""
    for dtype in [name for name in ("float32", "complex64") if name in subject.dtypes]:
        params = sample(_SHAPES, dtype)
        sizes = [{"b": 1e30, "a": 3e15}, {"b": 1.0, "a": 1e20}, {"b": 1e36, "a": 2e15}]
        gradients = [
            {key: size[key] * leaf for key, leaf in sample(_SHAPES, dtype, seed=60 + step).items()}
            for step, size in enumerate(sizes)
        ]
        bounded = [jax.tree.map(_bound, gradient) for gradient in gradients]
        results = []
        for sequence in (gradients, bounded):
            state, path = subject.start(params), []
            for gradient in sequence:
                updates, state = subject.jitted(gradient, state, params)
                path.append(updates)
            results.append((path, jax.tree.leaves(state)))
        for what, left, right in zip(("updates", "states"), *results, strict=True):
            finite = all(bool(jnp.all(jnp.isfinite(leaf))) for leaf in jax.tree.leaves(left))
            place = "not all are finite" if not finite else describe_gap(left, right, dtype)
            if place:
                raise Broken(f"in {dtype}, the {what} of gradients beyond 2^51 and of the bounded ones differ: {place}")
    signs = [jax.tree.map(np.sign, _draw(seed)) for seed in (1, 2)]
    for dtype, turn in (("float32", 1), ("complex64", 1 + 1j)):
        if dtype in subject.dtypes:
            parts = tuple(_scale(turn * size * _BOUND, tree) for size, tree in zip((0.75, 0.1), signs, strict=True))
            name = "gradients whose parts are 3/4 and then 1/10 of 2^51"
            _require_same_when_wide(subject, parts, _draw(0), dtype, name)
    _require_infinite_when_infinite(subject)


def _require_infinite_when_infinite(subject: Subject) -> None:
    """Raise `Broken` if an infinite gradient gives a finite update, as if it were the largest one."""
    gradient = jax.tree.map(lambda leaf: leaf.at[..., 0].set(jnp.inf), sample(_SHAPES, seed=3))
    updates, _ = subject.jitted(gradient, subject.tx.init(sample(_SHAPES)), sample(_SHAPES))
    for key, leaf in updates.items():
        if np.any(np.isfinite(leaf[..., 0])):
            raise Broken(f"an infinite gradient gives a finite update in {key!r}, {np.ravel(leaf)[0]:g}")


@law(
    "in float32, gradients of any size give the updates that they give in float64",
    meaning="A square overflows or vanishes in float32, so a norm is infinite or zero. Divide by the largest element "
    "before squaring.",
    claimed=True,
)
def any_size(subject: Subject) -> None:
    """The sizes are $2^{100}$ and $2^{-100}$, whose squares float32 does not hold, alone and beside ordinary gradients.

    In each leaf, some elements are zero. Complex gradients of these sizes have a negative real part, or an imaginary
    part, alone.
    """
    params, drawn = (_draw(seed) for seed in (0, 1))
    plain = jax.tree.map(lambda leaf: np.where(np.arange(leaf.shape[-1]) == 1, 0.0, leaf), drawn)
    positive = jax.tree.map(np.abs, plain)
    large, small = 2.0**100, 2.0**-100
    cases = {
        "of size 1e30": (large, large),
        "of size 1e-30": (small, small),
        "of size 1e30 in one leaf": (large, 1.0),
        "of size 1e-30 in one leaf": (1.0, small),
        "of size 1e-30 beside zeros": (0.0, small),
    }
    for name, (left, right) in cases.items():
        gradient = {"b": left * plain["b"], "a": right * plain["a"]}
        _require_same_when_wide(subject, (gradient,), params, "float32", f"gradients {name}")
    _require_same_when_wide(subject, (_scale(-large, positive),), params, "float32", "negative gradients of size 1e30")
    for size, turn in itertools.product((large, small), (-1, 1j, -1j) if "complex64" in subject.dtypes else ()):
        name = f"gradients {turn * 1e30 if size == large else turn * 1e-30:g} times positive numbers"
        _require_same_when_wide(subject, (_scale(turn * size, positive),), params, "complex64", name)


def _require_same_when_wide(subject: Subject, gradients: tuple[Any, ...], params: Any, dtype: str, name: str) -> None:
    """Raise `Broken` unless the last update in single precision is that in double precision, leaf by leaf."""
    double = {"float32": np.float64, "complex64": np.complex128}[dtype]
    narrow = _update(subject, gradients, params, np.dtype(dtype))
    with jax.enable_x64(True):
        wide = _update(subject, gradients, params, double)
    for key in wide:
        if np.any(np.isnan(wide[key])):
            raise Broken(f"with {name}, the update at {key!r} is NaN, in double precision, too")
        place = describe_gap({key: narrow[key]}, {key: wide[key]}, dtype)
        if place:
            raise Broken(f"in {dtype}, with {name}, the updates differ from those in double precision at {place}")


def _scale(factor: complex, tree: Any) -> Any:
    return jax.tree.map(lambda leaf: factor * leaf, tree)


def _draw(seed: int) -> dict[str, np.ndarray]:
    return {key: np.asarray(leaf, np.float32).astype(np.float64) for key, leaf in sample(_SHAPES, seed=seed).items()}


def _update(subject: Subject, gradients: tuple[Any, ...], params: Any, dtype: Any) -> Any:
    """Return the update at the last of some gradients."""
    *arrays, params = (jax.tree.map(lambda leaf: to_array(leaf, dtype), tree) for tree in (*gradients, params))
    updates, state = None, subject.start(params)
    for gradient in arrays:
        updates, state = subject.jitted(gradient, state, params)
    return jax.tree.map(np.asarray, updates)


def _bound(leaf: Any) -> jax.Array:
    """Return a leaf with the real part, or the larger part of a complex number, at most the bound."""
    values = np.asarray(leaf)
    larger = np.maximum(np.abs(values.real), np.abs(values.imag))
    shrink = np.minimum(1.0, _BOUND / np.maximum(larger.astype(np.float64), 1e-300))
    return jnp.asarray((values * shrink).astype(values.dtype))
