"""Correct matrix methods, written by hand. The mutants of matrix methods are these with one part replaced."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from gradlab.core.boundary import raise_precision, restore_dtypes
from gradlab.core.tree_differences import require_same_trees

from .right_heavy_ball import wide, zeros

JORDAN = (3.4445, -4.7750, 2.0315)
BAND = (0.68, 1.14)  # of five steps with these coefficients, from singular values of 0.01 on
STEPS = (JORDAN,) * 5
QUINTIC = (  # for exactly five steps
    (4.0848, -6.8946, 2.9270),
    (3.9505, -6.3029, 2.6377),
    (3.7418, -5.5913, 2.3037),
    (2.8769, -3.1427, 1.2046),
    (2.8366, -3.0525, 1.2012),
)
RELEASED_AS_AOL = (  # wrong: singular values above 0.884 become negative
    (4.0098, -7.0585, 2.4635),
    (3.4585, -5.5479, 2.5959),
    (2.7573, -3.2939, 1.4254),
    (2.7215, -3.0494, 1.3169),
)

NEWTON_SCHULZ_CLAIMS: dict[str, Any] = {
    "link": True,
    "domain": ("matrices",),
    "scale invariant": True,
    "descent direction": True,
    "spectral descent": True,
    "orthogonally equivariant": True,
    "transpose symmetric": True,
    "rank preserved": True,
    "singular values": BAND,
    "polynomial": {"coefficients": JORDAN, "steps": 5, "band": BAND},
    "still at zero": True,
    "normalized last": True,
}
MUON_CLAIMS = {name: value for name, value in NEWTON_SCHULZ_CLAIMS.items() if name != "link"} | {
    "shape factor": "sqrt(max(1, r / c))"
}
WHITENING_CLAIMS: dict[str, Any] = {
    "link": True,
    "domain": ("matrices",),
    "descent direction": True,
    "spectral descent": True,
    "orthogonally equivariant": True,
    "transpose symmetric": True,
    "rank preserved": True,
    "singular values": (0.98, 1.0),
    "still at zero": True,
}

STACKED: dict[str, Any] = {"link": True, "batch axis": True}
FLATTENED: dict[str, Any] = {"flattens kernels": "first"}


def dagger(x):
    """Return the conjugate transpose of a matrix, or of each matrix in a stack."""
    return jnp.swapaxes(x, -1, -2).conj()


def iterate(x, coefficients=STEPS):
    """Apply odd polynomials a X + b (X X') X + c (X X')^2 X, one after the other, to each matrix in a stack."""
    for a, b, c in coefficients:
        square = x @ dagger(x)
        x = a * x + (b * square + c * square @ square) @ x
    return x


def normalize(x, eps=1e-7):
    """Divide a matrix, or each matrix in a stack, by its Frobenius norm."""
    return x / (jnp.sqrt(jnp.sum((x * x.conj()).real, axis=(-2, -1), keepdims=True) + eps * eps)).astype(x.dtype)


def orthogonalize(x, normalize=normalize, iterate=iterate):
    """Return nearly U V' for a matrix U S V', by way of its smaller side."""
    if x.shape[-2] > x.shape[-1]:
        return dagger(orthogonalize(dagger(x), normalize, iterate))
    return iterate(normalize(x))


def whiten(x, eps=1e-6, power=-0.25):
    """Return (X X' + e)^(-1/4) X (X'X + e)^(-1/4), where e is eps times the largest eigenvalue, or 0 for X = 0."""
    left, right = (root(square, eps, power) for square in (x @ dagger(x), dagger(x) @ x))
    return left @ x @ right


def root(square, eps, power):
    """Return a power of a positive semidefinite matrix."""
    values, vectors = jnp.linalg.eigh(square)
    largest = values[..., -1:]
    values = jnp.maximum(values, 0.0) + jnp.where(largest > 0, eps * largest, 1.0)
    return (vectors * (values**power)[..., None, :].astype(vectors.dtype)) @ dagger(vectors)


def require_matrices(tree):
    """Raise ValueError for a leaf that is not a matrix."""
    for path, leaf in jax.tree_util.tree_leaves_with_path(tree):
        if jnp.ndim(leaf) != 2:
            raise ValueError(f"{jax.tree_util.keystr(path)} must be a matrix, but its shape is {jnp.shape(leaf)}")


def require_stacks(tree):
    """Raise ValueError for a leaf that is neither a matrix nor a stack of matrices."""
    for path, leaf in jax.tree_util.tree_leaves_with_path(tree):
        if jnp.ndim(leaf) < 2:
            raise ValueError(f"{jax.tree_util.keystr(path)} must have two axes or more, but has {jnp.ndim(leaf)}")


def row_normalized(x, axis=1):
    """Return a matrix whose rows are divided by their norms."""
    return x / jnp.sqrt(jnp.sum((x * x.conj()).real, axis=axis, keepdims=True) + 1e-14).astype(x.dtype)


def matrix_link(function=orthogonalize, require=require_matrices):
    """Return a link without state that applies a function to each leaf, in at least float32."""

    def init(params):
        require(raise_precision(params, "the parameter"))
        return optax.EmptyState()

    def update(updates, state, params=None):
        require(updates)
        if params is not None:
            require_same_trees(updates, params, "the updates", "the parameters")
        return restore_dtypes(jax.tree.map(function, raise_precision(updates, "the update")), updates), state

    return optax.GradientTransformation(init, update)


class MuonState(NamedTuple):
    """The state of `muon`."""

    m: Any  # a tree like the parameters, zero at first


def shape_factor(x):
    """Return sqrt(max(1, rows / columns))."""
    return max(1.0, x.shape[-2] / x.shape[-1]) ** 0.5


def factor_of_adam(x):
    """Return 0.2 sqrt(max(rows, columns)), with which the steps are about as long as Adam's."""
    return 0.2 * max(x.shape[-2:]) ** 0.5


def nesterov(m, g, momentum):
    """Return the running mean and the direction that looks ahead of it."""
    m = momentum * m + (1 - momentum) * g
    return m, momentum * m + (1 - momentum) * g


def muon(
    learning_rate=0.02,
    momentum=0.95,
    weight_decay=0.1,
    mean=nesterov,
    orthogonalize=orthogonalize,
    factor=shape_factor,
    require=require_matrices,
):
    """Return Muon as its author wrote it, for matrices: momentum, Newton-Schulz, the factor of the shape, decay."""

    def init(params):
        require(params)
        return MuonState(zeros(params))

    def update(updates, state, params):
        require(updates)
        require_same_trees(params, state.m, "the parameters", "the state")
        both = jax.tree.map(lambda m, g: mean(m, g, momentum), state.m, wide(updates, state.m))
        m, direction = (jax.tree.map(lambda _, pair, i=i: pair[i], state.m, both) for i in (0, 1))
        step = jax.tree.map(
            lambda u, p: -learning_rate * (factor(u) * orthogonalize(u) + weight_decay * p.astype(u.dtype)),
            direction,
            params,
        )
        return restore_dtypes(step, updates), MuonState(m)

    return optax.GradientTransformation(init, update)


def flattened_muon(factor=lambda x, flat: shape_factor(flat)):
    """Return Muon for kernels (out, in, height, width), each as the matrix of its out rows."""

    def flatten(x):
        return x.reshape(x.shape[0], -1)

    return muon(
        orthogonalize=lambda x: (factor(x, flatten(x)) * orthogonalize(flatten(x))).reshape(x.shape),
        factor=lambda x: 1.0,
        require=require_stacks,
    )
