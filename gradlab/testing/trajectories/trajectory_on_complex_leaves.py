"""The trajectory of a transformation on complex leaves, compared with that of its reference."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from .. import references
from ..inputs.gradient_sequences import draw
from ..inputs.trees import VECTOR_AND_MATRIX, by_path, sample, select_ranks
from ..references.runner import displacements
from ..references.step_functions import StepFunctionError
from ..subjects.double_precision_runs import pick_lane, run
from ..subjects.subject import Subject
from ..verdicts.law import Broken, NotApplicable
from .argument_names import match_arguments
from .trajectory import TOLERANCE, make_plain
from .trajectory_difference import Paths, compare_paths

_STEPS = 6
_SEQUENCES = ("ordinary", "sparse", "flipping", "huge")

Follow = Callable[[Any], Paths]  # the paths of the reference on some gradients


def require_same_on_complex_leaves(subject: Subject, step: Callable[..., Any]) -> str | None:
    """Raise `Broken` where a transformation leaves its reference on complex leaves, within a few steps.

    A reference that cannot take complex numbers says nothing about them. Some frameworks treat the real and the
    imaginary part of a leaf as two numbers. That is a published form as well, and what is returned says so.
    """
    subject.require_complex()
    arguments = make_plain(step, match_arguments(step, subject.arguments).values)
    shapes = select_ranks(VECTOR_AND_MATRIX, subject.network)
    start = jax.tree.map(lambda leaf: np.asarray(leaf, np.complex128), sample(shapes, "complex64", seed=5))
    real, imaginary = (draw(_SEQUENCES, _STEPS, shapes, seed) for seed in (0, 1))
    gradients = jax.tree.map(lambda a, b: a + 1j * b, real, imaginary)
    tx = subject.tx if subject.value is None else subject.value
    sums = run(tx, start, gradients, subject.extra)
    differs_from = functools.partial(_find_difference, sums, gradients)

    def follow(lane: Any, turn: complex = 1) -> Paths:
        turned = (jax.tree.map(lambda leaf: turn * leaf, tree) for tree in (start, lane))
        return displacements(step, *map(by_path, turned), **arguments)

    def follow_parts(lane: Any) -> Paths:
        """Let the reference treat the two parts of each number as two real numbers."""
        parts = [
            displacements(step, *(by_path(jax.tree.map(part, tree)) for tree in (start, lane)), **arguments)
            for part in (np.real, np.imag)
        ]
        return {path: parts[0][path] + 1j * parts[1][path] for path in parts[0]}

    _require_complex_reference(step, follow, pick_lane(gradients, 0))
    difference = differs_from(follow)
    if difference is None:
        return None
    if not getattr(step, "is_whole_tree", False) and differs_from(follow_parts) is None:
        return (
            f"the form of the reference {step.__name__} on complex leaves: here the real and the imaginary part are "
            "two numbers, a published form as well"
        )
    raise Broken(f"not the trajectory of {step.__name__} on complex leaves: {difference}")


def _find_difference(sums: Any, gradients: Any, follow: Follow) -> Any:
    """Return the first difference on any sequence, or None."""
    for index, name in enumerate(_SEQUENCES):
        own, lane = (pick_lane(tree, index) for tree in (sums, gradients))
        again = functools.partial(follow, lane)
        difference = compare_paths(by_path(own), again(), again, TOLERANCE, name, "of complex leaves")
        if difference is not None:
            return difference
    return None


def _require_complex_reference(step: Callable[..., Any], follow: Callable[..., Paths], lane: Any) -> None:
    """Raise NotApplicable for a user's reference that was not written for complex numbers.

    One that squares with g * g raises no error. But where the gradients turn by i, its path does not.
    """
    if vars(references).get(step.__name__) is step:
        return
    reason = f"the reference {step.__name__} cannot take complex numbers"
    try:
        straight, turned = follow(lane), follow(lane, 1j)
    except StepFunctionError as error:
        raise NotApplicable(f"{reason}: {error}") from None
    for path, sums in straight.items():
        if not np.allclose(turned[path], 1j * sums, rtol=1e-9, atol=1e-12):
            raise NotApplicable(f"{reason}: where all numbers turn by i, its path does not; square with abs(g) ** 2")
