"""Decompositions of stacks of matrices, (..., n, k), with signs and null spaces that are chosen.

They are compiled by themselves, so that a step outside `jit` does not compile their loops anew, and so that all
programs for leaves of one shape share a trace.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from ...arithmetic.safe_arithmetic import divide, magnitude, square_root, squared_magnitude


def multiply(left: jax.Array, *others: jax.Array) -> jax.Array:
    """Return the product of matrices, at the highest precision of the device."""
    for other in others:
        left = jnp.matmul(left, other, precision=jax.lax.Precision.HIGHEST)
    return left


def dagger(x: jax.Array) -> jax.Array:
    """Return the conjugate transpose of each matrix."""
    return jnp.swapaxes(x, -1, -2).conj()


@jax.jit
def orthonormalize(x: jax.Array) -> jax.Array:
    """Return the Q of each matrix's QR decomposition whose R has a diagonal that is not negative.

    It is computed by Gram and Schmidt's method, which subtracts twice what a column shares with those before it. XLA's
    own decomposition of a stack waits for threads of the pool that it runs in, on a CPU with few cores for ever.
    """

    if x.size == 0:
        return x

    # The vectors are rows, each written into its place, so that no step of the loop copies all of them.
    def add_row(rows, item):
        v, place = item[0][..., None, :], item[1]
        for _ in range(2):
            v = v - multiply(multiply(v, dagger(rows)), rows)
        size = square_root(jnp.sum(squared_magnitude(v), axis=-1, keepdims=True))
        return jax.lax.dynamic_update_slice_in_dim(rows, divide(v, size), place, rows.ndim - 2), None

    none = jnp.zeros_like(jnp.swapaxes(x, -1, -2))
    rows, _ = jax.lax.scan(add_row, none, (jnp.moveaxis(x, -1, 0), jnp.arange(x.shape[-1])))
    return jnp.swapaxes(rows, -1, -2)


@jax.jit
def invert_triangular(x: jax.Array) -> jax.Array:
    """Return the inverse of upper triangular matrices whose diagonal is not 0.

    The inverse of [[A, B], [0, C]] is [[A', -A' B C'], [0, C']], with the inverses A' and C'. It is computed in
    products alone, as XLA's solution of a stack of triangular systems may wait for ever (see `orthonormalize`).
    """
    if x.shape[-1] <= _WHOLE:
        return _invert_whole(x)
    if x.shape[-1] % 2:  # the halves must have one size, so a 1 is put after the diagonal
        last = jnp.zeros((*x.shape[:-2], x.shape[-1], 1), x.dtype)
        corner = jnp.ones((*x.shape[:-2], 1, 1), x.dtype)
        return invert_triangular(_join(x, last, corner))[..., :-1, :-1]
    half = x.shape[-1] // 2
    halves = jnp.stack([x[..., :half, :half], x[..., half:, half:]], axis=-3)
    first, second = jnp.moveaxis(invert_triangular(halves), -3, 0)
    return _join(first, -multiply(first, x[..., :half, half:], second), second)


_WHOLE = 16  # rows: products of matrices of fewer rows take longer than their arithmetic


def _join(first: jax.Array, above: jax.Array, second: jax.Array) -> jax.Array:
    """Return upper triangular matrices of blocks."""
    below = jnp.zeros_like(jnp.swapaxes(above, -1, -2))
    upper, lower = jnp.concatenate([first, above], axis=-1), jnp.concatenate([below, second], axis=-1)
    return jnp.concatenate([upper, lower], axis=-2)


def _invert_whole(x: jax.Array) -> jax.Array:
    """Return the inverse of upper triangular matrices of few rows.

    All blocks of twice the size are inverted at a time from those on their diagonal, in products of whole matrices.
    """
    place, size = jnp.arange(x.shape[-1]), 1
    is_diagonal = place[:, None] == place
    inverse = jnp.where(is_diagonal, 1 / jnp.where(is_diagonal, x, 1), 0)
    while size < x.shape[-1]:
        block = place // size
        is_beside = (block[:, None] < block) & (block[:, None] // 2 == block // 2)
        inverse = inverse - multiply(inverse, jnp.where(is_beside, x, 0), inverse)
        size *= 2
    return inverse


@functools.partial(jax.jit, static_argnames="count")
def find_singular_vectors(x: jax.Array, count: int) -> jax.Array:
    """Return the left singular vectors of the `count` largest singular values, as columns. Rows are the short side."""
    if not x.size:
        return jnp.broadcast_to(jnp.eye(x.shape[-2], count, dtype=x.dtype), (*x.shape[:-1], count))
    vectors, values, _ = jnp.linalg.svd(jax.lax.stop_gradient(x), full_matrices=False)
    return _choose_one(vectors[..., :count], values[..., :count])


@jax.jit
def power_step(x: jax.Array, basis: jax.Array) -> jax.Array:
    """Return the basis after one step of power iteration towards the eigenvectors of Hermitian matrices, Q(A B).

    A is `x` plus the root of the machine epsilon times the mean eigenvalue, which moves no eigenvector. So the basis
    stays what it is in the null space of `x`, where rounding would choose it.
    """
    if not x.size:
        return basis
    mean = jnp.mean(jnp.diagonal(x, axis1=-2, axis2=-1).real, axis=-1)[..., None, None]
    unit = (1 / jnp.where(mean > 0, mean, 1)).astype(x.dtype)
    return orthonormalize(multiply(x * unit, basis) + float(jnp.finfo(x.dtype).eps) ** 0.5 * basis)


def decompose_in_turn(function: Callable[[jax.Array], jax.Array], tree: Any) -> Any:
    """Return the result of a decomposition for each leaf of a tree, one after the other.

    On a CPU, XLA runs decompositions of stacks at the same time, each of which waits for threads of the pool in which
    they all run. With few cores they wait for ever. So each gets a zero that is computed from the result before it.
    """
    leaves, structure = jax.tree.flatten(tree)
    results, zero = [], None
    for x in leaves:
        results.append(function(x if zero is None else x + zero.astype(x.dtype)))
        if x.size:
            last = jax.lax.stop_gradient(jnp.ravel(results[-1])[0].real)
            zero = jnp.where(jnp.isnan(last), 0, jnp.minimum(jnp.abs(last), 0))
    return jax.tree.unflatten(structure, results)


def _choose_one(vectors: jax.Array, values: jax.Array) -> jax.Array:
    """Return orthonormal vectors whose largest element is positive, and in the null space fixed ones.

    `values` belong to the vectors and fall. Where a value is 0 up to rounding, rounding has chosen the vector, and the
    part of a fixed vector takes its place that is orthogonal to those before it.
    """
    rows, count = vectors.shape[-2:]
    tolerance = 10 * rows * float(jnp.finfo(values.dtype).eps)
    is_known = (values > tolerance * values[..., :1])[..., None, :]
    at_largest = jnp.take_along_axis(vectors, jnp.argmax(jnp.abs(vectors), axis=-2, keepdims=True), axis=-2)
    known = jnp.where(is_known, vectors * _phase(at_largest).conj(), 0)
    fixed = make_waves(rows, count, values.dtype).astype(vectors.dtype)
    return orthonormalize(jnp.where(is_known, known, fixed - multiply(known, dagger(known), fixed)))


def make_waves(rows: int, count: int, dtype: Any) -> jax.Array:
    """Return cosines of rising frequency as columns, which are orthogonal, (rows, count)."""
    period = 4 * max(rows, 1)
    angle = (2 * jnp.arange(rows)[:, None] + 1) * jnp.arange(count) % period
    return jnp.cos(angle.astype(dtype) * (2 * jnp.pi / period))


def _phase(x: jax.Array) -> jax.Array:
    """Return x / |x|, and 1 for 0."""
    size = magnitude(x)
    return jnp.where(size == 0, 1, x / jnp.where(size == 0, 1, size).astype(x.dtype))


@jax.jit
@jax.custom_jvp
def hermitian_power(x: jax.Array, exponent: Any) -> jax.Array:
    """Return a power of Hermitian matrices. The power of an eigenvalue that is not positive is 0."""
    if not x.size:
        return x
    values, vectors = jnp.linalg.eigh(x)
    return _compose(vectors, _scalar_power(values, exponent))


@hermitian_power.__wrapped__.defjvp  # type: ignore[attr-defined]  # of what jit wraps
def _hermitian_power_jvp(primals, tangents):
    """Return the derivative by quotients of differences (Daletskii and Krein), which is finite at equal eigenvalues."""
    (x, exponent), (dx, d_exponent) = primals, tangents
    if not x.size:
        return x, dx
    values, vectors = jnp.linalg.eigh(x)
    powers = _scalar_power(values, exponent)
    gap = values[..., :, None] - values[..., None, :]
    size = jnp.abs(values[..., :, None]) + jnp.abs(values[..., None, :])
    is_apart = jnp.abs(gap) > float(jnp.finfo(values.dtype).eps) ** 0.5 * size
    slope = exponent * _scalar_power(size / 2, exponent - 1)
    quotients = (powers[..., :, None] - powers[..., None, :]) / jnp.where(is_apart, gap, 1)
    inner = multiply(dagger(vectors), dx, vectors) * jnp.where(is_apart, quotients, slope).astype(x.dtype)
    positive = jnp.where(values > 0, values, 1)
    by_exponent = _compose(vectors, jnp.log(positive) * powers * d_exponent)
    return _compose(vectors, powers), multiply(vectors, inner, dagger(vectors)) + by_exponent


def _scalar_power(values: jax.Array, exponent: Any) -> jax.Array:
    is_positive = values > 0
    return jnp.where(is_positive, jnp.where(is_positive, values, 1) ** exponent, 0)


def _compose(vectors: jax.Array, values: jax.Array) -> jax.Array:
    return multiply(vectors * values[..., None, :].astype(vectors.dtype), dagger(vectors))
