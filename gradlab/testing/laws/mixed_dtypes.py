"""The law of trees with several dtypes: a leaf's dtype is its own affair."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from ..inputs.trees import sample, samples, to_array
from ..subjects.gaps import describe_gap, describe_mismatch
from ..subjects.subject import Subject
from ..verdicts.law import Broken, NotApplicable, law
from .precise import list_halves


@law(
    "a float32 leaf gets the same updates beside a half-precision leaf as beside a float32 leaf of the same numbers",
    meaning="The dtype of one leaf is used for all: of the moments, a step count, a norm or another number that the "
    "leaves share. Or a count advances once for each dtype. Keep numbers of the whole tree in float32.",
    excludes=("stochastic",),
)
def mixed_dtypes(subject: Subject) -> None:
    dtype = list_halves(subject)[0]
    neighbor = min(subject.pair)  # the first in JAX's order

    def narrow(tree: Any) -> Any:
        return tree | {neighbor: jax.tree.map(lambda leaf: to_array(leaf, dtype), tree[neighbor])}

    def widen(tree: Any) -> Any:
        return jax.tree.map(lambda leaf: to_array(leaf, jnp.float32), tree)

    params = narrow(sample(subject.pair))
    try:
        states = [subject.tx.init(params), subject.tx.init(widen(params))]
    except (TypeError, ValueError) as refusal:
        raise NotApplicable(f"it refuses trees of several dtypes: {refusal}") from None
    for step, gradient in enumerate(map(narrow, samples(subject.pair))):
        mixed, states[0] = subject.jitted(gradient, states[0], params)
        wide, states[1] = subject.jitted(widen(gradient), states[1], widen(params))
        if place := describe_mismatch(mixed, gradient):
            raise Broken(f"beside a {dtype} leaf, the updates differ from the gradients at {place}")
        left, right = ({name: leaf for name, leaf in tree.items() if name != neighbor} for tree in (mixed, wide))
        if place := describe_gap(left, right, "float32"):
            raise Broken(f"beside a {dtype} leaf and beside a float32 leaf, the updates differ at step {step}, {place}")
