"""Newton-Schulz iterations: sets of coefficients, their check, and the polynomials that they stand for.

>>> gl.newton_schulz_coefficients["jordan"][0]  # (a, b, c) of a X + b (X X') X + c (X X')^2 X
(3.4445, -4.775, 2.0315)
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..values.numeric_arguments import as_weak, is_concrete
from .matrices.decompositions import dagger

Sets = tuple[tuple[Any, ...], ...]

_JORDAN = (3.4445, -4.7750, 2.0315)
_PRECISE = (2.0, -1.5, 0.5)
_POLAR_EXPRESS = (  # before the safety factor
    (8.28721201814563, -23.595886519098837, 17.300387312530933),
    (4.107059111542203, -2.9478499167379106, 0.5448431082926601),
    (3.9486908534822946, -2.908902115962949, 0.5518191394370137),
    (3.3184196573706015, -2.488488024314874, 0.51004894012372),
    (2.300652019954817, -1.6689039845747493, 0.4188073119525673),
    (1.891301407787398, -1.2679958271945868, 0.37680408948524835),
    (1.8750014808534479, -1.2500016453999487, 0.3750001645474248),
)


def _shrink(polynomials: Sets, safety: float) -> Sets:
    """Return polynomials of an argument that is divided by a safety factor."""
    return tuple(tuple(c / safety ** (2 * power + 1) for power, c in enumerate(p)) for p in polynomials)


#: The coefficients $(a, b, c)$ of each step, by the names that `orthogonalize` takes.
#:
#: - 'jordan': 5 steps by default, and any number is possible. Jordan et al. (2024), Muon.
#: - 'quintic': 5 steps. modded-nanogpt (2025), after Cesista (2025); optax calls it "dion".
#: - 'polar_express': 8 steps by default, and any number is possible. Amsel et al. (2025), algorithm 1.
#: - 'polar_express_5': 5 steps. The same with the safety factor 1.02, as modded-nanogpt and dion have it.
#: - 'cans': 5 steps. Grishina et al. (2025).
#: - 'deepseek': 10 steps or more. DeepSeek-V4 (2026).
#: - 'precise': 12 steps by default, and any number is possible. modded-nanogpt, track 3 (2026).
#:
#: :meta hide-value:
newton_schulz_coefficients: dict[str, Sets] = {
    "jordan": (_JORDAN,) * 5,
    "quintic": (
        (4.0848, -6.8946, 2.9270),
        (3.9505, -6.3029, 2.6377),
        (3.7418, -5.5913, 2.3037),
        (2.8769, -3.1427, 1.2046),
        (2.8366, -3.0525, 1.2012),
    ),
    "polar_express": (*_shrink(_POLAR_EXPRESS, 1.01), (1.875, -1.25, 0.375)),
    "polar_express_5": (
        (8.156554524902461, -22.48329292557795, 15.878769915207462),
        (4.042929935166739, -2.808917465908714, 0.5000178451051316),
        (3.8916678022926607, -2.772484153217685, 0.5060648178503393),
        (3.285753657755655, -2.3681294933425376, 0.46449024233003106),
        (2.3465413258596377, -1.7097828382687081, 0.42323551169305323),
    ),
    "cans": (
        (8.4703, -25.1081, 18.6293),
        (4.1828, -3.1087, 0.5806),
        (3.9619, -2.9541, 0.5630),
        (3.2866, -2.4647, 0.5074),
        (2.2737, -1.6447, 0.4162),
    ),
    "deepseek": (_JORDAN,) * 8 + (_PRECISE,) * 2,
    "precise": (_PRECISE,) * 12,
}
_OPTIMAL_FOR_FEWER = ("jordan", "polar_express", "precise")  # the first polynomials belong to fewer steps, too


def read_sets(owner: str, coefficients: Any, steps: int | None) -> Sets:
    """Return the coefficients of each step.

    `coefficients` is a name, one set of numbers or a tuple of sets. More steps than sets repeat the last set, if it is
    the only one or maps 1 to 1. Raises ValueError for a number of steps that the sets are not made for, and for numbers
    with which a singular value in (0, 1] becomes zero, negative or infinite.
    """
    name = coefficients if isinstance(coefficients, str) else ""
    if name and name not in newton_schulz_coefficients:
        raise ValueError(
            f"{owner}: coefficients must be one of {', '.join(map(repr, newton_schulz_coefficients))}, a set of "
            f"numbers (a, b, c) or a tuple of sets, one for each step; got {name!r}"
        )
    sets = newton_schulz_coefficients[name] if name else _as_sets(owner, coefficients)
    count = (5 if len(sets) == 1 else len(sets)) if steps is None else steps
    if count < 1:
        raise ValueError(f"{owner}: steps must be at least 1, got {steps}")
    is_constant = all(s is sets[0] or s == sets[0] for s in sets) if is_concrete(sets) else len(sets) == 1
    if count < len(sets) and not (is_constant or name in _OPTIMAL_FOR_FEWER):
        raise ValueError(
            f"{owner}: {len(sets)} sets of coefficients belong to {len(sets)} steps, got steps={steps}; leave steps "
            f"out, or pass the sets of a method of {steps} steps"
        )
    if count > len(sets) and not (is_constant or _maps_one_to_one(sets[-1])):
        raise ValueError(
            f"{owner}: {len(sets)} sets of coefficients belong to {len(sets)} steps, got steps={steps}. Only a set "
            f"that maps 1 to 1, such as (1.875, -1.25, 0.375), may be repeated; add it, or leave steps out"
        )
    sets = (*sets[:count], *(sets[-1],) * (count - len(sets)))
    if is_concrete(sets):
        found = _find_ascent(tuple(tuple(float(c) for c in each) for each in sets))
        if found is not None:
            raise ValueError(
                f"{owner}: with these coefficients and {count} steps, the singular value {found[0]:.4g} becomes "
                f"{found[1]:.4g} where a positive number is needed, so that the update would point uphill along its "
                f"singular vectors. gradlab.testing.check_polynomial_iteration examines coefficients"
            )
    return sets


@functools.partial(jax.jit, static_argnames="dtype")
def iterate(x: jax.Array, sets: Sets, dtype: Any) -> jax.Array:
    """Apply odd polynomials a X + b (X X') X + c (X X')^2 X, one after the other, to each matrix in a stack.

    Products are summed in at least float32, and each result is rounded once to the dtype.
    """
    wide = dtype if jnp.finfo(dtype).bits >= 32 else jnp.float32

    def multiply(left, right, indices="...ij,...jk->...ik"):
        return jnp.einsum(indices, left, right, precision=jax.lax.Precision.HIGHEST, preferred_element_type=wide)

    if x.shape[-2] > x.shape[-1]:
        return dagger(iterate(dagger(x), sets, dtype))
    narrow = x.astype(dtype)
    for first, *others in sets:
        square = multiply(narrow, narrow.conj(), "...ij,...kj->...ik").astype(dtype)  # without a transposed copy of X
        if wide == dtype:
            narrow = multiply(_evaluate(first, others, square, multiply), narrow)
            continue
        factor: Any = None  # b A + c A^2 + ..., for A = X X'
        for coefficient in reversed(others):
            term = as_weak(coefficient) * square.astype(wide)
            factor = (term if factor is None else term + multiply(factor, square)).astype(dtype)
        linear = as_weak(first) * narrow.astype(wide)
        narrow = (linear if factor is None else linear + multiply(factor, narrow)).astype(dtype)
    return narrow.astype(x.dtype)


def _evaluate(first: Any, others: list[Any], square: jax.Array, multiply: Callable[..., jax.Array]) -> jax.Array:
    """Return a I + b A + c A^2 + ..., for A = X X'.

    With the identity in this sum, X itself is read by products alone. XLA on a CPU would compute a X anew, and all X
    before it, wherever it is read.
    """
    total, power = as_weak(first) * jnp.eye(square.shape[-1], dtype=square.dtype), None
    for coefficient in others:
        power = square if power is None else multiply(power, square)
        total = total + as_weak(coefficient) * power
    return total


def _as_sets(owner: str, coefficients: Any) -> Sets:
    rows = tuple(coefficients) if isinstance(coefficients, tuple | list | np.ndarray | jax.Array) else ()
    sets = (rows,) if rows and np.ndim(rows[0]) == 0 else tuple(map(tuple, rows))
    if not sets or not all(sets) or (is_concrete(sets) and not np.all(np.isfinite(np.concatenate(sets)))):
        raise ValueError(
            f"{owner}: coefficients must be a name, a set of finite numbers (a, b, c), or a tuple of such sets, one "
            f"for each step; got {coefficients!r}"
        )
    return sets


def _maps_one_to_one(coefficients: tuple[Any, ...]) -> bool:
    return not is_concrete(coefficients) or abs(sum(map(float, coefficients)) - 1) < 1e-3


@functools.lru_cache(maxsize=128)
def _find_ascent(sets: tuple[tuple[float, ...], ...]) -> tuple[float, float] | None:
    """Return the singular value in (0, 1] with the least image and that image, if it is not a positive number."""
    values = np.linspace(0.0, 1.0, 4097)[1:]
    images = values
    with np.errstate(all="ignore"):
        for polynomial in sets:
            images = images * np.polynomial.polynomial.polyval(images**2, polynomial)
    images = np.where(np.isfinite(images), images, -np.inf)
    worst = int(np.argmin(images))
    return None if images[worst] > 0 else (float(values[worst]), float(images[worst]))
