"""Laws of instances: each continues from the state of another, and none depends on what it has seen before."""

from __future__ import annotations

from typing import Any

import jax

from ..inputs.trees import sample, samples
from ..subjects.gaps import find_largest_gap
from ..subjects.programs import FirstStep, as_plain, require_same_program, trace_first_step
from ..subjects.subject import Subject
from ..verdicts.law import Broken, law


@law(
    "a new instance continues from a state exactly as the instance that made the state",
    meaning="An instance keeps something from its first calls (a flag, a buffer, a count) outside the state. A new "
    "process that resumes training does not have it. Keep it in the state.",
)
def new_instance_resumes(subject: Subject) -> None:
    params, gradients = sample(subject.small), samples(subject.small, steps=3)
    _, state = subject.update(gradients[0], subject.tx.init(params), params)
    other, resumed = subject.make_again(), state
    for gradient in gradients[1:]:
        expected, state = subject.update(gradient, state, params)
        updates, resumed = other.update(gradient, resumed, params, **subject.extra)
        gap, _, place = find_largest_gap(updates, expected)
        if gap > 0:
            raise Broken(f"the next update of a new instance differs at {place}")


@law(
    "an instance that saw other trees and dtypes first gives the same as a new one",
    meaning="The first call fixes something for all later ones: a dtype, a shape, a buffer, or a cache by shape, name "
    "or id. Compute it from the arguments of each call.",
)
def new_instance_agrees(subject: Subject) -> None:
    fresh, used = subject.make_again(), subject.make_again()
    for dtype in ("bfloat16", "float32"):
        for shapes in (*subject.trees.values(), {}):
            if shapes is not subject.network:
                _use(subject, used, sample(shapes, dtype), trace=True)
    _use(subject, used, sample({"first": subject.small, "third": subject.small}, seed=3), trace=False)
    what = "an instance that saw other trees first, and a new one, give different results for the same arguments"
    arguments = sample(subject.network, seed=1), sample(subject.network)
    first, second = (trace_first_step(tx, *arguments, subject.extra) for tx in (used, fresh))
    require_same_program(first, second, arguments, what)
    params, gradient = sample(subject.pair), sample(subject.pair, seed=1)
    results = []
    for tx in (used, subject.make_again()):
        state = tx.init(params)
        results.append(as_plain(FirstStep(state, *tx.update(gradient, state, params, **subject.extra))))
    gap, _, place = find_largest_gap(*results)
    if gap > 0:
        raise Broken(f"{what}, at {place}")


def _use(subject: Subject, tx: Any, params: Any, *, trace: bool) -> None:
    """Make a first step on a tree. Other laws are about trees and dtypes that are refused."""
    gradient = jax.tree.map(lambda leaf: leaf, params)
    try:
        if trace:
            jax.eval_shape(lambda g, p: tx.update(g, tx.init(p), p, **subject.extra), gradient, params)
        else:
            tx.update(gradient, tx.init(params), params, **subject.extra)
    except Exception:
        return
