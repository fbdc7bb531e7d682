"""Claims of matrix methods about the singular values of the direction, from which its sign and its size follow.

They are examined at the first step that moves something, at a constant gradient and parameters that are zero. The
direction is minus the update (the update itself for a link), divided by the learning rate and the claimed shape factor.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...transforms.shape_factors import DESCRIPTION, is_shape_factor
from ..matrix_methods.matrices import (
    SHAPES,
    SMALLEST,
    Gradients,
    decompose,
    draw_gradients_of_spectra,
    find_directions,
    find_scale,
    get_option,
    list_kinds,
    list_spectra,
    run_at_zero,
)
from ..subjects.subject import Subject
from ..verdicts.law import Broken, ClaimValue, is_positive, law

_ROUNDING = 2e-3  # of a band


def is_band(value: Any) -> bool:
    """Return whether a value is two or three numbers of at least 0, the first below the second."""
    if not isinstance(value, tuple | list) or len(value) not in (2, 3):
        return False
    return all(is_positive(number) or number == 0 for number in value) and value[0] < value[1]


@law(
    "the first steps at a constant gradient go downhill: the inner product of update and gradient is negative",
    meaning="The sign is wrong (updates are added to the parameters), perhaps only for some shapes or spectra.",
    claimed=True,
)
def descent_direction(subject: Subject) -> None:
    for dtype in ("float32", *({"bfloat16"} & {*subject.dtypes})):
        for gradients in list_kinds():
            for step, directions in enumerate(find_directions(subject, gradients, steps=3, dtype=dtype)):
                for name, direction in directions.items():
                    gradient = gradients.matrices[name]
                    sizes = np.linalg.norm(direction) * np.linalg.norm(gradient)
                    cosine = np.sum(direction * gradient) / sizes if sizes else 0.0
                    if not cosine > 0:
                        raise Broken(
                            f"in {dtype}, {gradients.describe(name)} gives a step, {step} after the first, that does "
                            f"not go downhill: the cosine of its angle with minus the gradient is {cosine:.3g}"
                        )


@law(
    "the step goes downhill along every singular direction of the gradient",
    meaning="The polynomial of the iteration is negative for some singular values: the coefficients are wrong, or the "
    "number of steps does not belong to them.",
    claimed=True,
    value=ClaimValue(
        "the least singular value to be examined, as a fraction of the Frobenius norm, or no value for 0.01",
        "0.05",
        is_positive,
        is_optional=True,
    ),
)
def spectral_descent(subject: Subject) -> None:
    smallest = get_option(subject, "spectral descent", SMALLEST)
    for gradients in list_spectra():
        for name, direction in find_directions(subject, gradients)[0].items():
            spectrum = decompose(gradients, name, smallest)
            slopes = np.diag(spectrum.compress(direction))
            if not np.all(slopes > 0):
                worst = int(np.argmin(slopes))
                raise Broken(
                    f"{gradients.describe(name)} gives a step uphill along {np.sum(slopes <= 0)} of "
                    f"{slopes.size} singular directions: the singular value {spectrum.values[worst]:.4g} (as "
                    f"a fraction of the Frobenius norm) becomes {slopes[worst]:.4g}"
                )


@law(
    "the singular values of the direction are within the claimed band",
    meaning="Too few steps, coefficients of another number of steps, a norm that is too large, or an iteration in half "
    "precision. If all are too large or small by one factor, claim it as the shape factor.",
    claimed=True,
    value=ClaimValue(
        "a band (low, high), or (low, high, smallest) if singular values are examined from another one on than 0.01 of "
        "the Frobenius norm",
        "0.68,1.14",
        is_band,
    ),
)
def singular_values(subject: Subject) -> None:
    low, high, smallest = (*map(float, subject.claims["singular values"]), SMALLEST)[:3]
    for gradients in list_spectra():
        for name, direction in find_directions(subject, gradients)[0].items():
            spectrum = decompose(gradients, name, smallest)
            images = np.linalg.svd(spectrum.compress(direction), compute_uv=False)
            for image, is_outside, bound in (
                (images.min(), images.min() < low - _ROUNDING * high, f"below {low:g}"),
                (images.max(), not images.max() <= high + _ROUNDING * high, f"above {high:g}"),
            ):
                if is_outside:
                    raise Broken(
                        f"{gradients.describe(name)}, whose singular values are {spectrum.values.min():.4g} to "
                        f"{spectrum.values.max():.4g} (as fractions of the Frobenius norm, those below {smallest:g} "
                        f"left out), gives a direction with the singular value {image:.4g}, which is {bound}"
                    )


@law(
    "the direction has the rank of the gradient",
    meaning="Directions are lost (a projection or a rank that is too small), or noise is added to other directions.",
    claimed=True,
)
def rank_preserved(subject: Subject) -> None:
    for rank in (1, 3, 64):
        kind = "a rank-one" if rank == 1 else "a rank-three" if rank == 3 else "a full-rank"
        gradients = draw_gradients_of_spectra(kind, [np.linspace(1.0, 0.4, rank)] * len(SHAPES), 20 + rank)
        for name, direction in find_directions(subject, gradients)[0].items():
            expected = min(rank, *direction.shape)
            images = np.linalg.svd(direction, compute_uv=False)
            found = int(np.sum(images > SMALLEST * images[0]))
            if found != expected:
                place = min(found, expected)
                raise Broken(
                    f"{gradients.describe(name)}, of rank {expected}, gives a direction of rank {found}: its singular "
                    f"value {place + 1} is {images[place]:.3g}, and the largest is {images[0]:.3g}"
                )


@law(
    "the size of the direction depends on the shape by the claimed factor alone",
    meaning="The factor takes rows for columns, belongs to another convention, or is taken from another shape.",
    claimed=True,
    value=ClaimValue(DESCRIPTION, "sqrt(max(1, r / c))", is_shape_factor),
)
def shape_factor(subject: Subject) -> None:
    gradients = draw_gradients_of_spectra("a rank-four", [[1.0, 0.8, 0.6, 0.4]] * len(SHAPES), 30)
    directions = find_directions(subject, gradients)[0]
    sizes = {name: float(np.linalg.norm(direction)) for name, direction in directions.items()}
    for name, size in sizes.items():
        if not abs(size - sizes["square"]) <= 0.02 * sizes["square"]:
            rows, columns = gradients.matrices[name].shape
            ratio, unit = (
                find_scale(subject, gradients.matrices[each].shape) / find_scale(subject, (1, 1))
                for each in (name, "square")
            )
            raise Broken(
                f"two gradients with the same four singular values, of shapes 8 x 8 and {rows} x {columns}, give "
                f"updates of norms in the ratio 1 : {size * ratio / sizes['square'] / unit:.4g}; the claim says "
                f"1 : {ratio / unit:.4g}"
            )


@law(
    "a zero gradient gives a zero update, also for one leaf beside others",
    meaning="It divides by a norm that is zero; add eps to the norm, or bound the norm from below by it.",
    claimed=True,
)
def still_at_zero(subject: Subject) -> None:
    random = list_kinds()[0].matrices
    zeros = {name: np.zeros_like(gradient) for name, gradient in random.items()}
    for gradients in (Gradients("a zero", zeros), Gradients("a zero", random | {"tall": zeros["tall"]})):
        for step, updates in enumerate(run_at_zero(subject, [gradients.matrices] * 2)):
            for name, update in updates.items():
                if not np.any(gradients.matrices[name]) and not np.all(update == 0):
                    norm = np.linalg.norm(update)
                    raise Broken(f"at step {step}, {gradients.describe(name)} gives an update of norm {norm:.3g}")


@law(
    "gradients that are multiples of one matrix give updates of one size: momentum comes before the normalization",
    meaning="The momentum is taken of normalized gradients, so that steps of opposite signs shrink or add up.",
    claimed=True,
)
def normalized_last(subject: Subject) -> None:
    base = list_kinds()[3]
    sequence = [{name: factor * g for name, g in base.matrices.items()} for factor in (1.0, -3.0, 10.0)]
    updates = list(run_at_zero(subject, sequence))
    for step in (1, 2):
        for name, first in updates[0].items():
            update = updates[step][name]
            gap = min(np.abs(update - first).max(), np.abs(update + first).max())
            if not gap <= 0.01 * np.abs(first).max():
                norms = [np.linalg.norm(each[name]) for each in updates[: step + 1]]
                raise Broken(
                    f"the gradients G, -3 G and 10 G, for {base.describe(name)}, should give the same update up to its "
                    f"sign, but the norms of the updates are {', '.join(f'{norm:.4g}' for norm in norms)}"
                )
