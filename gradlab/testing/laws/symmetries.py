"""Claims of symmetry: a change of the gradients changes the updates in the same way, or not at all."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from ..inputs.trees import sample, samples
from ..matrix_methods.matrices import Gradients, find_directions, list_kinds
from ..subjects.subject import Subject
from ..verdicts.law import Broken, law

_MATRIX_CLAIMS = {"orthogonally equivariant", "spectral descent", "singular values", "polynomial"}


@law(
    "each update depends only on its own element: regrouping the tree changes nothing",
    meaning="It computes a number over a leaf or the whole tree: a norm, a mean, a count of elements.",
    claimed=True,
    excludes=("stochastic",),
)
def elementwise(subject: Subject) -> None:
    params, gradients = sample(subject.network), samples(subject.network)
    count = sum(leaf.size for leaf in jax.tree.leaves(params))
    order = np.random.default_rng(5).permutation(count)
    permuted = subject.run(subject.jitted, [_permute_all(g, order) for g in gradients], _permute_all(params, order))
    plain = [_permute_all(u, order) for u in subject.run(subject.jitted, gradients, params)]
    _require(
        subject, permuted, plain, "between moving the numbers to other places in the tree and moving their updates"
    )


@law(
    "a NaN in one leaf stays in that leaf",
    meaning="It computes a number over the whole tree, or multiplies a NaN by zero, which is NaN. Use jnp.where.",
    claimed=True,
)
def contained(subject: Subject) -> None:
    params, gradients = sample(subject.network), samples(subject.network)
    healthy = subject.run(subject.jitted, gradients, params)
    filled = [index for index, leaf in enumerate(jax.tree.leaves(params)) if leaf.size]
    for sick in (filled[0], filled[-1]):
        infected = subject.run(subject.jitted, [_fill_leaf(g, sick) for g in gradients], params)
        for step, (here, there) in enumerate(zip(infected, healthy, strict=True)):
            place = subject.describe_gap(_fill_leaf(here, sick, 0.0), _fill_leaf(there, sick, 0.0))
            if place:
                raise Broken(
                    "between gradients with a NaN in another leaf and without one, "
                    f"the updates differ at step {step}, {place}"
                )


@law(
    "multiplying all gradients by a constant changes nothing",
    meaning="eps is not small compared with the gradients, or the gradient is not normalized.",
    claimed=True,
)
def scale_invariant(subject: Subject) -> str | None:
    """A method for matrices is examined at matrices, where a gap of 1 % of the largest singular value is allowed."""
    takes_vectors = subject.takes((3,))
    if not takes_vectors or _MATRIX_CLAIMS & subject.claims.keys():
        _require_scale_invariant_directions(subject)
        return "leaves that are no matrices" if takes_vectors else None
    params, gradients = sample(subject.network), samples(subject.network)
    for factor in (2.0**10, 2.0**-10):
        scaled = subject.run(subject.jitted, [_scale(g, factor) for g in gradients], params)
        _require(
            subject,
            scaled,
            subject.run(subject.jitted, gradients, params),
            f"between the gradients times {factor:g} and the gradients themselves",
        )
    return None


@law(
    "negating gradients and parameters negates the updates",
    meaning="A sign is lost or added: abs where the signed number is meant, a one-sided bound, a bias.",
    claimed=True,
    excludes=("stochastic",),
)
def sign_symmetric(subject: Subject) -> None:
    params, gradients = sample(subject.network), samples(subject.network)
    mirrored = subject.run(subject.jitted, [_scale(g, -1) for g in gradients], _scale(params, -1))
    _require(
        subject,
        [_scale(u, -1) for u in mirrored],
        subject.run(subject.jitted, gradients, params),
        "between the negated updates of negated gradients and the updates themselves",
    )


@law(
    "permuting the elements permutes the updates",
    meaning="The position of an element in its array matters: a cumulative sum, a sort, an index.",
    claimed=True,
    excludes=("stochastic",),
)
def permutation_equivariant(subject: Subject) -> None:
    params, gradients = sample(subject.network), samples(subject.network)
    permuted = subject.run(subject.jitted, [_permute_leaves(g) for g in gradients], _permute_leaves(params))
    plain = [_permute_leaves(u) for u in subject.run(subject.jitted, gradients, params)]
    _require(subject, permuted, plain, "between permuting the gradients and permuting the updates")


def _require_scale_invariant_directions(subject: Subject) -> None:
    for gradients in list_kinds():
        (plain,) = find_directions(subject, gradients)
        for factor in (2.0**10, 2.0**-10):
            scaled = {name: factor * matrix for name, matrix in gradients.matrices.items()}
            (directions,) = find_directions(subject, Gradients(gradients.kind, scaled))
            for name, direction in directions.items():
                gap, size = (float(np.linalg.norm(d, 2)) for d in (direction - plain[name], plain[name]))
                if not gap <= 0.01 * size:
                    raise Broken(
                        f"{gradients.describe(name)} and the same times {factor:g} give directions that differ by "
                        f"{gap:.3g}; the largest singular value of the direction is {size:.3g}"
                    )


# The changes are made in NumPy, which compiles nothing.
def _scale(tree: Any, factor: float) -> Any:
    return jax.tree.map(lambda leaf: np.asarray(leaf) * np.float32(factor), tree)


def _permute_leaves(tree: Any) -> Any:
    """Permute the elements of each leaf."""

    def permute(leaf: Any) -> np.ndarray:
        order = np.random.default_rng(5).permutation(leaf.size)
        return np.asarray(leaf).ravel()[order].reshape(leaf.shape)

    return jax.tree.map(permute, tree)


def _permute_all(tree: Any, order: np.ndarray) -> Any:
    """Permute the elements of the whole tree, across its leaves."""
    structure: Any
    leaves, structure = jax.tree.flatten(tree)
    flat = np.concatenate([np.asarray(leaf).ravel() for leaf in leaves])[order]
    parts = np.split(flat, np.cumsum([leaf.size for leaf in leaves])[:-1])
    return structure.unflatten([part.reshape(leaf.shape) for part, leaf in zip(parts, leaves, strict=True)])


def _fill_leaf(tree: Any, index: int, value: float = np.nan) -> Any:
    """Fill the leaf of that index, with NaN if no value is given."""
    structure: Any
    leaves, structure = jax.tree.flatten(tree)
    return structure.unflatten([np.full_like(leaf, value) if i == index else leaf for i, leaf in enumerate(leaves)])


def _require(subject: Subject, left: list[Any], right: list[Any], what: str) -> None:
    for step, (here, there) in enumerate(zip(left, right, strict=True)):
        place = subject.describe_gap(here, there)
        if place:
            raise Broken(f"{what}, the updates differ at step {step}, {place}")
