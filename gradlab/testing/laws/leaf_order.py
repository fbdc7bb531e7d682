"""Laws of order: neither the order in which keys were inserted, nor the names of leaves, changes any update."""

from __future__ import annotations

from typing import Any

from ..inputs.trees import sample, samples
from ..subjects.programs import trace_first_step
from ..subjects.subject import Subject
from ..verdicts.law import Broken, NotApplicable, law

_NEW_NAMES = {"second": "alpha", "first": "beta"}  # in another alphabetical order


@law(
    "the order in which keys were inserted into dicts changes nothing",
    meaning="Leaves are paired by zip(params.values(), gradients.values()), or with jax.tree.leaves, which sorts keys. "
    "jax.grad returns sorted dicts, so the order of both may differ. Use jax.tree.map.",
)
def insertion_order(subject: Subject) -> None:
    params, gradients = sample(subject.pair), samples(subject.pair, steps=2)
    expected = _run(subject, gradients, params)
    orders = {"the parameters": (True, False), "the gradients": (False, True), "both": (True, True)}
    for name, (is_params, is_gradients) in orders.items():
        got = _run(
            subject,
            [_reverse(gradient) if is_gradients else gradient for gradient in gradients],
            _reverse(params) if is_params else params,
        )
        for step, (here, there) in enumerate(zip(got, expected, strict=True)):
            if place := subject.describe_gap(here, there):
                raise Broken(
                    f"with the keys of {name} inserted in another order, the update at step {step} differs at {place}"
                )


@law(
    "renaming leaves renames their updates, and exchanging two leaves of one shape exchanges their updates",
    meaning="Leaves share something that belongs to each: a buffer stored by its shape, or a variable that is carried "
    "from leaf to leaf in the order of their names. Keep one state for each leaf, by jax.tree.map.",
    excludes=("stochastic",),
)
def leaf_order(subject: Subject) -> None:
    params, gradients = sample(subject.pair), samples(subject.pair, steps=2)
    program = trace_first_step(subject.tx, gradients[0], params, subject.extra)
    if program.is_stochastic:
        raise NotApplicable("it draws random numbers, which may differ from leaf to leaf")
    expected = _run(subject, gradients, params)
    changes = {
        "renamed, so that they are sorted in another order": lambda tree: {_NEW_NAMES[key]: tree[key] for key in tree},
        "exchanged": lambda tree: {"second": tree["first"], "first": tree["second"]},
    }
    for what, change in changes.items():
        got = _run(subject, [change(gradient) for gradient in gradients], change(params))
        for step, (here, there) in enumerate(zip(got, expected, strict=True)):
            if place := subject.describe_gap(here, change(there)):
                raise Broken(f"with two leaves of one shape {what}, the update at step {step} differs at {place}")
    _require_exchangeable_in_the_network(subject)


def _require_exchangeable_in_the_network(subject: Subject) -> None:
    """Raise `Broken` if exchanging the two leaves of one shape in the network changes more than these two."""

    def exchange(tree: Any) -> Any:
        first, second = tree["attention"]
        return tree | {"attention": [second, first]}

    if "attention" not in subject.network:
        return
    params, gradients = sample(subject.network), samples(subject.network, steps=2)
    expected = subject.run(subject.jitted, gradients, params)
    got = subject.run(subject.jitted, [exchange(gradient) for gradient in gradients], exchange(params))
    for step, (here, there) in enumerate(zip(got, expected, strict=True)):
        if place := subject.describe_gap(here, exchange(there)):
            raise Broken(f"with two leaves of the network exchanged, the update at step {step} differs at {place}")


def _run(subject: Subject, gradients: list[Any], params: Any) -> list[Any]:
    """Return the updates of an uncompiled run at fixed parameters. A compiled one sorts the keys of its arguments."""
    state, results = subject.tx.init(params), []
    for gradient in gradients:
        updates, state = subject.update(gradient, state, params)
        results.append(updates)
    return results


def _reverse(tree: dict[str, Any]) -> dict[str, Any]:
    return dict(reversed(tree.items()))
