"""Claims of matrix methods about symmetry: rotations, transposition, a batch axis, and kernels of convolutions.

They are examined at the first step that moves something, at a constant gradient and parameters that are zero, so that
they are promises about the direction of an optimizer, whatever its momentum and its weight decay.
"""

from __future__ import annotations

import numpy as np

from ..matrix_methods.matrices import (
    SHAPES,
    TRANSPOSED,
    Gradients,
    Matrices,
    decompose,
    draw_orthogonal,
    find_directions,
    get_option,
    list_kinds,
    run_at_zero,
)
from ..subjects.subject import Subject
from ..verdicts.law import Broken, ClaimValue, is_positive, law

_TOLERANCE = 0.01
_TOLERANCE_VALUE = ClaimValue(
    "the tolerance, as a fraction of the largest singular value of the direction, or no value for 0.01",
    "0.1",
    is_positive,
    is_optional=True,
)


@law(
    "rotating the gradient rotates the direction: O(U G V') = U O(G) V' for orthogonal U and V",
    meaning="It treats rows, columns or elements by themselves, or a shape by the wrong side. The value of the claim "
    "is the tolerance, 0.01 of the largest singular value by default; an iteration in bfloat16 needs 0.1. A method "
    "that normalizes rows claims 'right' (it turns with V alone), and one that normalizes columns 'left'.",
    claimed=True,
    value=ClaimValue(
        f"{_TOLERANCE_VALUE.description}, or 'left' or 'right' for a method that turns with U or V alone",
        "0.1",
        lambda value: value in ("left", "right") or is_positive(value),
        is_optional=True,
    ),
)
def orthogonally_equivariant(subject: Subject) -> None:
    side = subject.claims["orthogonally equivariant"]
    is_one_sided = side in ("left", "right")
    tolerance = _TOLERANCE if is_one_sided else get_option(subject, "orthogonally equivariant", _TOLERANCE)
    for seed, gradients in enumerate(list_kinds()):
        random = np.random.default_rng(seed)
        turns = {name: tuple(draw_orthogonal(random, size) for size in shape) for name, shape in SHAPES.items()}
        if is_one_sided:
            turns = {name: _keep_one(left, right, side) for name, (left, right) in turns.items()}
        turned = {name: turns[name][0] @ g @ turns[name][1].T for name, g in gradients.matrices.items()}
        straight, askew = (find_directions(subject, each)[0] for each in (gradients, Gradients(gradients.kind, turned)))
        back = {name: left.T @ askew[name] @ right for name, (left, right) in turns.items()}
        _compare(
            gradients, straight, back, tolerance, "the rotated gradient gives a direction that is not the rotated one"
        )


@law(
    "transposing the gradient transposes the direction, after division by the claimed shape factor",
    meaning="Rows and columns are treated differently: X'X where XX' is meant for one of the orientations, or a factor "
    "that depends on the orientation, such as sqrt(max(1, r / c)). Claim that as the shape factor.",
    claimed=True,
    value=_TOLERANCE_VALUE,
)
def transpose_symmetric(subject: Subject) -> None:
    tolerance = get_option(subject, "transpose symmetric", _TOLERANCE)
    for gradients in list_kinds():
        turned = {TRANSPOSED[name]: gradient.T for name, gradient in gradients.matrices.items()}
        transposed = Gradients(gradients.kind, turned)
        straight, askew = (find_directions(subject, each)[0] for each in (gradients, transposed))
        back = {name: askew[TRANSPOSED[name]].T for name in SHAPES}
        words = "the transposed gradient gives a direction that is not the transposed one"
        _compare(gradients, straight, back, tolerance, words)


@law(
    "a leaf with a leading batch axis gets what each of its slices gets by itself",
    meaning="A norm, a mean or a product is taken over the batch axis too, or over other axes than the last two.",
    claimed=True,
)
def batch_axis(subject: Subject) -> None:
    random = np.random.default_rng(5)
    for scales in ((1.0, 100.0), (1.0, 0.0)):
        gradients: dict[str, np.ndarray] = {}
        for name, shape in {"tall": (5, 4), "wide": (4, 5)}.items():
            slices = [scale * random.standard_normal(shape) for scale in scales]
            gradients |= {f"{name} stack": np.stack(slices), f"{name} 0": slices[0], f"{name} 1": slices[1]}
        for step, updates in enumerate(run_at_zero(subject, [gradients] * 2)):
            for name in ("tall", "wide"):
                for index in range(2):
                    stacked, alone = updates[f"{name} stack"][index], updates[f"{name} {index}"]
                    if not np.allclose(stacked, alone, rtol=0, atol=1e-3 * np.abs(alone).max() + 1e-12):
                        sizes = " x ".join(map(str, gradients[f"{name} stack"].shape))
                        raise Broken(
                            f"at step {step}, in a stack of shape {sizes} whose slices have the scales {scales[0]:g} "
                            f"and {scales[1]:g}, slice {index}, {_describe_gap(stacked, alone)} alone"
                        )


@law(
    "a kernel of a convolution gets what the matrix gets into which it is flattened",
    meaning="The shape factor is that of the kernel's height and width, not of the flattened matrix, or the leaf is "
    "flattened along the other axis.",
    claimed=True,
    value=ClaimValue(
        "'first' if the first axis becomes the rows, as in PyTorch (out, in, height, width), or 'last' if the last "
        "axis becomes the columns, as in Flax (height, width, in, out)",
        "'last'",
        lambda value: value in ("first", "last"),
    ),
)
def flattens_kernels(subject: Subject) -> None:
    side = subject.claims["flattens kernels"]
    kernel = np.random.default_rng(6).standard_normal((6, 5, 3, 2) if side == "first" else (3, 2, 5, 6))
    matrix = kernel.reshape((6, 30) if side == "first" else (30, 6))
    for step, updates in enumerate(run_at_zero(subject, [{"kernel": kernel, "matrix": matrix}] * 2)):
        flat, expected = updates["kernel"].reshape(matrix.shape), updates["matrix"]
        if not np.allclose(flat, expected, rtol=0, atol=1e-3 * np.abs(expected).max()):
            shapes = f"{kernel.shape} and as a matrix {matrix.shape}"
            raise Broken(f"at step {step}, the same numbers as a kernel {shapes}, {_describe_gap(flat, expected)}")


def _compare(gradients: Gradients, left: Matrices, right: Matrices, tolerance: float, words: str) -> None:
    """Raise `Broken` unless the directions agree along the singular vectors of the gradient that are not small."""
    for name in gradients.matrices:
        spectrum = decompose(gradients, name)
        here, there = spectrum.compress(left[name]), spectrum.compress(right[name])
        gap, size = np.linalg.norm(here - there, 2), np.linalg.norm(here, 2)
        if not gap <= tolerance * size:
            raise Broken(
                f"at {gradients.describe(name)}, {words}: they differ by {gap:.3g}, and the largest singular value of "
                f"the direction is {size:.3g}"
            )


def _keep_one(left: np.ndarray, right: np.ndarray, side: str) -> tuple[np.ndarray, np.ndarray]:
    return (left, np.eye(len(right))) if side == "left" else (np.eye(len(left)), right)


def _describe_gap(here: np.ndarray, there: np.ndarray) -> str:
    place = np.unravel_index(np.argmax(np.abs(here - there)), here.shape)
    return f"element {list(map(int, place))}, the update is {here[place]:.6g}, but {there[place]:.6g}"
