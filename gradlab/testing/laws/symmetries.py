"""Claims of symmetry: a change of the gradients changes the updates in the same way, or not at all."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..law import Broken, law
from ..subject import Subject, describe_gap
from ..trees import sample, samples

_SHAPE = (5,)


@law(
    "each update depends only on its own element: regrouping the tree changes nothing",
    meaning="It computes a number over a leaf or the whole tree: a norm, a mean, a count of elements.",
    claimed=True,
)
def elementwise(subject: Subject) -> None:
    shapes = subject.network
    params, gradients = sample(shapes), samples(shapes)
    grouped = [_flatten(u) for u in subject.run(subject.jitted, gradients, params)]
    flat = subject.run(subject.jitted, [_flatten(g) for g in gradients], _flatten(params))
    _require(flat, grouped, "between the same numbers in a layer of three leaves and in one vector")


@law(
    "a NaN in one leaf stays in that leaf",
    meaning="It computes a number over the whole tree, or multiplies a NaN by zero, which is NaN. Use jnp.where.",
    claimed=True,
)
def contained(subject: Subject) -> None:
    shapes = {"sick": (2,), "well": (3,)}
    params, gradients = sample(shapes), samples(shapes)
    sick = [g | {"sick": jnp.full_like(g["sick"], jnp.nan)} for g in gradients]
    healthy = subject.run(subject.jitted, gradients, params)
    infected = subject.run(subject.jitted, sick, params)
    _require(
        [u["well"] for u in infected],
        [u["well"] for u in healthy],
        "between gradients with a NaN in another leaf and without one",
    )


@law(
    "multiplying all gradients by a constant changes nothing",
    meaning="eps is not small compared with the gradients, or the gradient is not normalized.",
    claimed=True,
)
def scale_invariant(subject: Subject) -> None:
    params, gradients = sample(_SHAPE), samples(_SHAPE)
    for factor in (2.0**10, 2.0**-10):
        scaled = subject.run(subject.jitted, [factor * g for g in gradients], params)
        _require(
            scaled,
            subject.run(subject.jitted, gradients, params),
            f"between the gradients times {factor:g} and the gradients themselves",
        )


@law(
    "negating gradients and parameters negates the updates",
    meaning="A sign is lost or added: abs where the signed number is meant, a one-sided bound, a bias.",
    claimed=True,
)
def sign_symmetric(subject: Subject) -> None:
    params, gradients = sample(_SHAPE), samples(_SHAPE)
    mirrored = subject.run(subject.jitted, [-g for g in gradients], -params)
    _require(
        [-u for u in mirrored],
        subject.run(subject.jitted, gradients, params),
        "between the negated updates of negated gradients and the updates themselves",
    )


@law(
    "permuting the elements permutes the updates",
    meaning="The position of an element in its array matters: a cumulative sum, a sort, an index.",
    claimed=True,
)
def permutation_equivariant(subject: Subject) -> None:
    params, gradients = sample(_SHAPE), samples(_SHAPE)
    order = np.array([3, 0, 4, 1, 2])
    permuted = subject.run(subject.jitted, [g[order] for g in gradients], params[order])
    plain = [u[order] for u in subject.run(subject.jitted, gradients, params)]
    _require(permuted, plain, "between permuting the gradients and permuting the updates")


def _flatten(tree: Any) -> Any:
    return jnp.concatenate([leaf.ravel() for leaf in jax.tree.leaves(tree)])


def _require(left: list[Any], right: list[Any], what: str) -> None:
    for step, (here, there) in enumerate(zip(left, right, strict=True)):
        place = describe_gap(here, there, "float32")
        if place:
            raise Broken(f"{what}, the updates differ at step {step}, {place}")
