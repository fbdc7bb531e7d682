"""Claims of symmetry: what may be done to the gradients, and does the same to the updates."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..law import Broken, law
from ..subject import TREES, Subject, differ, sample, samples

_SHAPE = (5,)


@law(
    "regrouping the tree changes nothing",
    meaning="some number is computed over a leaf or the whole tree: a norm, a mean, a count of elements",
    claimed=True,
)
def elementwise(subject: Subject) -> None:
    shapes = TREES["a layer"]
    params, gradients = sample(shapes), samples(shapes)
    grouped = [_flat(u) for u in subject.run(subject.jitted, gradients, params)]
    flat = subject.run(subject.jitted, [_flat(g) for g in gradients], _flat(params))
    _require(flat, grouped, "the same numbers in one vector and in a layer of three leaves")


@law(
    "a NaN in one leaf stays in that leaf",
    meaning="a number is computed over the whole tree, or a NaN is multiplied by zero instead of being left out",
    claimed=True,
)
def contained(subject: Subject) -> None:
    shapes = {"sick": (2,), "well": (3,)}
    params, gradients = sample(shapes), samples(shapes)
    sick = [g | {"sick": jnp.full_like(g["sick"], jnp.nan)} for g in gradients]
    healthy = subject.run(subject.jitted, gradients, params)
    infected = subject.run(subject.jitted, sick, params)
    _require([u["well"] for u in infected], [u["well"] for u in healthy], "with a NaN in another leaf, and without")


@law(
    "multiplying all gradients by a constant changes nothing",
    meaning="an eps is not small against the gradients, or the gradient enters without being normalized",
    claimed=True,
)
def scale_invariant(subject: Subject) -> None:
    params, gradients = sample(_SHAPE), samples(_SHAPE)
    for factor in (2.0**10, 2.0**-10):
        scaled = subject.run(subject.jitted, [factor * g for g in gradients], params)
        _require(scaled, subject.run(subject.jitted, gradients, params), f"gradients times {factor:g}, and plain")


@law(
    "negating gradients and parameters negates the updates",
    meaning="a sign is lost or added: abs where the signed number is meant, a one-sided bound, a bias",
    claimed=True,
)
def sign_symmetric(subject: Subject) -> None:
    params, gradients = sample(_SHAPE), samples(_SHAPE)
    mirrored = subject.run(subject.jitted, [-g for g in gradients], -params)
    _require([-u for u in mirrored], subject.run(subject.jitted, gradients, params), "mirrored twice, and plain")


@law(
    "permuting the elements permutes the updates",
    meaning="the place of an element in its array matters: a cumulative sum, a sort, an index",
    claimed=True,
)
def permutation_equivariant(subject: Subject) -> None:
    params, gradients = sample(_SHAPE), samples(_SHAPE)
    order = np.array([3, 0, 4, 1, 2])
    permuted = subject.run(subject.jitted, [g[order] for g in gradients], params[order])
    plain = [u[order] for u in subject.run(subject.jitted, gradients, params)]
    _require(permuted, plain, "permuted before, and after")


def _flat(tree: Any) -> Any:
    return jnp.concatenate([leaf.ravel() for leaf in jax.tree.leaves(tree)])


def _require(left: list[Any], right: list[Any], what: str) -> None:
    for step, (here, there) in enumerate(zip(left, right, strict=True)):
        place = differ(here, there, "float32")
        if place:
            raise Broken(f"{what}: the updates at step {step} differ, {place}")
