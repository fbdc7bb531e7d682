"""Wrong matrix methods: Newton-Schulz iterations, Muon and whitening, each with one mistake."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from .mutant import breaks
from .right_matrix_methods import (
    BAND,
    FLATTENED,
    JORDAN,
    QUINTIC,
    RELEASED_AS_AOL,
    STACKED,
    STEPS,
    dagger,
    flattened_muon,
    iterate,
    matrix_link,
    muon,
    normalize,
    orthogonalize,
    require_stacks,
    root,
    row_normalized,
    whiten,
)

_ITERATION, _WHITENING = "newton_schulz", "whitening"
_LINK: dict[str, Any] = {"link": True, "domain": ("matrices",)}
_MUON: dict[str, Any] = {"domain": ("matrices",)}


def _iterating(*coefficients, divide=normalize):
    return matrix_link(lambda x: orthogonalize(x, divide, lambda y: iterate(y, coefficients)))


def _dividing(norm):
    """Return an iteration that divides a matrix by another norm than Frobenius's."""
    return _iterating(*STEPS, divide=lambda x: x / (norm(x) + 1e-7).astype(x.dtype))


@breaks(
    "spectral descent",
    of=_ITERATION,
    mistake="the four coefficient sets that were released as AOL are cycled over five steps, which turns most singular "
    "values negative",
    claims=_LINK | {"spectral descent": True},
)
def newton_schulz_released_as_aol():
    return _iterating(*RELEASED_AS_AOL, RELEASED_AS_AOL[0])


@breaks(
    "singular values",
    of=_ITERATION,
    mistake="a sixth step uses the first of five coefficient sets again, which shrinks all singular values",
    claims=_LINK | {"singular values": BAND},
)
def newton_schulz_cycles_its_sets():
    return _iterating(*QUINTIC, QUINTIC[0])


@breaks(
    "polynomial",
    of=_ITERATION,
    mistake="the loop makes one step too few",
    claims=_LINK | {"polynomial": {"coefficients": JORDAN, "steps": 5}},
)
def newton_schulz_one_step_too_few():
    return _iterating(*STEPS[1:])


@breaks(
    "polynomial",
    of=_ITERATION,
    mistake="the matrix is divided by its largest singular value instead of its Frobenius norm",
    claims=_LINK | {"polynomial": {"coefficients": JORDAN, "steps": 5}},
)
def newton_schulz_spectral_norm():
    return _dividing(lambda x: jnp.linalg.norm(x, 2))


@breaks(
    "singular values",
    of=_ITERATION,
    mistake="the matrix is divided by the norm of its longest row, so that the iteration diverges",
    claims=_LINK | {"singular values": BAND},
)
def newton_schulz_row_norm():
    return _dividing(lambda x: jnp.sqrt(jnp.max(jnp.sum((x * x.conj()).real, axis=-1))))


@breaks(
    "singular values",
    of=_ITERATION,
    mistake="the iteration runs in bfloat16, in which small singular values are lost",
    claims=_LINK | {"singular values": BAND},
)
def newton_schulz_in_bfloat16():
    def half(x):
        return x if jnp.iscomplexobj(x) else iterate(x.astype(jnp.bfloat16)).astype(x.dtype)

    return matrix_link(lambda x: orthogonalize(x, iterate=half))


@breaks(
    "still at zero",
    of=_ITERATION,
    mistake="the norm has no eps, so that a zero gradient gives 0 / 0",
    claims=_LINK | {"still at zero": True},
)
def newton_schulz_without_eps():
    return matrix_link(lambda x: orthogonalize(x, lambda y: normalize(y, eps=0.0)))


@breaks(
    "scale invariant",
    of=_ITERATION,
    mistake="eps is added to the squared norm, and is so large that small gradients shrink",
    claims=_LINK | {"scale invariant": True},
)
def newton_schulz_large_eps():
    return matrix_link(lambda x: orthogonalize(x, lambda y: normalize(y, eps=1e-2)))


@breaks(
    "orthogonally equivariant",
    of=_ITERATION,
    mistake="a tall matrix is reshaped to a wide one instead of transposed",
    claims=_LINK | {"orthogonally equivariant": True},
)
def newton_schulz_reshapes_tall_matrices():
    def function(x):
        rows, columns = x.shape
        return orthogonalize(x.reshape(columns, rows)).reshape(rows, columns) if rows > columns else orthogonalize(x)

    return matrix_link(function)


@breaks(
    "transpose symmetric",
    of=_ITERATION,
    mistake="tall matrices get one step less than wide ones",
    claims=_LINK | {"transpose symmetric": True},
)
def newton_schulz_short_for_tall_matrices():
    def function(x):
        return iterate(normalize(x), STEPS[1:]) if x.shape[0] > x.shape[1] else orthogonalize(x)

    return matrix_link(function)


@breaks(
    "descent direction",
    of="muon",
    mistake="the sign is wrong for wide matrices, which take a branch of their own",
    claims=_MUON | {"descent direction": True},
)
def muon_ascends_for_wide_matrices():
    return muon(orthogonalize=lambda x: orthogonalize(x) if x.shape[0] >= x.shape[1] else -orthogonalize(x))


@breaks(
    "batch axis",
    of="stacked_newton_schulz",
    mistake="the norm is taken over the batch axis too",
    claims=STACKED,
)
def newton_schulz_norm_over_the_batch():
    def merged(x):
        return x / (jnp.sqrt(jnp.sum((x * x.conj()).real)) + 1e-7).astype(x.dtype)

    return matrix_link(lambda x: orthogonalize(x, merged), require_stacks)


@breaks(
    "rank preserved",
    of=_ITERATION,
    mistake="only half of the singular directions are kept",
    claims=_LINK | {"rank preserved": True},
)
def newton_schulz_half_the_rank():
    def function(x):
        left, values, right = jnp.linalg.svd(x, full_matrices=False)
        rank = max(1, values.size // 2)
        return orthogonalize((left[:, :rank] * values[:rank].astype(x.dtype)) @ right[:rank])

    return matrix_link(function)


@breaks(
    "rank preserved",
    of=_ITERATION,
    mistake="the polar factor comes from a decomposition that fills directions without gradient with noise",
    claims=_LINK | {"rank preserved": True},
)
def polar_factor_of_noise():
    def function(x):
        left, _, right = jnp.linalg.svd(x, full_matrices=False)
        return left @ right

    return matrix_link(function)


@breaks(
    "shape factor",
    of="muon",
    mistake="the shape factor is sqrt(max(1, columns / rows)) instead of sqrt(max(1, rows / columns))",
    claims=_MUON | {"shape factor": "sqrt(max(1, r / c))"},
)
def muon_factor_of_the_transpose():
    return muon(factor=lambda x: max(1.0, x.shape[-1] / x.shape[-2]) ** 0.5)


@breaks(
    "shape factor",
    of="muon_for_the_rates_of_adam",
    mistake="the factor for agreement with Adam, 0.2 sqrt(max(rows, columns)), lacks its root",
    claims=_MUON | {"shape factor": "sqrt(max(r, c))"},
)
def muon_factor_without_root():
    return muon(factor=lambda x: 0.2 * max(x.shape))


@breaks(
    "flattens kernels",
    of="flattened_muon",
    mistake="the shape factor is that of the kernel's height and width, not of the flattened matrix",
    claims=FLATTENED,
)
def muon_factor_of_the_kernel():
    return flattened_muon(lambda x, flat: max(1.0, x.shape[-2] / x.shape[-1]) ** 0.5)


@breaks(
    "normalized last",
    of="muon",
    mistake="the momentum is taken of orthogonalized gradients instead of gradients",
    claims=_MUON | {"normalized last": True},
)
def muon_momentum_after_the_iteration():
    def mean(m, g, momentum):
        m = momentum * m + (1 - momentum) * orthogonalize(g)
        return m, m

    return muon(mean=mean, orthogonalize=lambda x: x)


@breaks(
    "singular values",
    of=_WHITENING,
    mistake="both sides get the power -1/2, so that each singular value is inverted",
    claims=_LINK | {"singular values": (0.98, 1.0)},
)
def whitening_with_double_power():
    return matrix_link(lambda x: whiten(x, power=-0.5))


@breaks(
    "singular values",
    of=_WHITENING,
    mistake="only the left side is whitened",
    claims=_LINK | {"singular values": (0.98, 1.0)},
)
def whitening_of_the_left_side_only():
    return matrix_link(lambda x: root(x @ dagger(x), 1e-6, -0.25) @ x)


@breaks(
    "orthogonally equivariant",
    of=_WHITENING,
    mistake="square matrices are whitened from the left by the root of X'X, and from the right by that of XX'",
    claims=_LINK | {"orthogonally equivariant": True},
)
def whitening_with_exchanged_sides():
    def function(x):
        if x.shape[0] != x.shape[1]:
            return whiten(x)
        return root(dagger(x) @ x, 1e-6, -0.25) @ x @ root(x @ dagger(x), 1e-6, -0.25)

    return matrix_link(function)


@breaks(
    "orthogonally equivariant",
    of="row_normalized",
    mistake="the norms of columns are divided by instead of those of rows",
    claims=_LINK | {"orthogonally equivariant": "right"},
)
def normalizes_columns_for_rows():
    return matrix_link(lambda x: row_normalized(x, axis=0))
