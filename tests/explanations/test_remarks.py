"""A composition that is not as published is remarked on, and no recipe is."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import optax
import pytest

import gradlab as gl
from gradlab import registry
from gradlab.explanations import find_remarks

REMARK = (
    "schedule_free holds an optimizer with a momentum, scale_by_momentum, which acts beside b1. In the paper, b1 takes "
    "its place: leave the momentum out, as in sgd(0.1) or adam(b1=0.0)."
)


@pytest.mark.parametrize(
    "tx",
    [
        gl.schedule_free(gl.sgd(0.1, momentum=0.9)),
        gl.schedule_free(gl.adam(0.1)),
        gl.accumulate(gl.schedule_free(gl.chain(gl.clip_by_global_norm(1.0), gl.adamw(0.1))), 2),
    ],
)
def test_a_momentum_inside_schedule_free_is_remarked_on(tx: Any) -> None:
    explanation = gl.explain(tx)
    assert explanation.remarks == (REMARK,)
    assert f"\n\nremarks\n{REMARK}" in str(explanation)


@pytest.mark.parametrize(
    "tx",
    [
        gl.schedule_free(gl.sgd(0.1)),
        gl.schedule_free(gl.adam(0.1, b1=0.0)),
        gl.schedule_free(optax.adam(0.1)),
        gl.average_params(gl.adam(0.1)),
        gl.lookahead(gl.sgd(0.1, momentum=0.9)),
    ],
)
def test_what_is_as_published_is_not(tx: Any) -> None:
    assert find_remarks(tx) == ()
    assert "remarks" not in str(gl.explain(tx))


def test_an_average_of_micro_batches_is_remarked_on() -> None:
    (remark,) = gl.explain(gl.average_params(gl.accumulate(gl.adamw(0.1), 2), decay=0.9)).remarks
    assert remark.endswith(
        "after every micro-batch, also where no step was taken. Put it inside: accumulate(average_params(tx), every)."
    )
    assert find_remarks(gl.accumulate(gl.average_params(gl.adamw(0.1), decay=0.9), 2)) == ()


def test_a_chain_that_climbs_is_remarked_on() -> None:
    with pytest.warns(UserWarning, match="so that the loss climbs"):  # of `init`, which measures the state
        explanation = gl.explain(gl.skip_nonfinite(gl.chain(gl.adamw(1e-2), gl.sgd(1.0))))
    (remark,) = explanation.remarks
    assert remark.startswith("scale_by_learning_rate makes a step of descent, and scale_by_learning_rate_2 after it ")
    parts = gl.chain(gl.partition((gl.path("a"), gl.sgd(0.1))), gl.sgd(1.0))  # which has no rule for other leaves
    assert find_remarks(parts) == ()


@pytest.mark.parametrize("name", [*registry.of_kind("recipe")])
def test_no_recipe_needs_a_remark(name: str) -> None:
    assert find_remarks(registry.entries()[name].example) == ()


def test_nothing_is_computed() -> None:
    code = """
from gradlab import registry
from gradlab._compat import backend_has_started
from gradlab.explanations import find_remarks
for entry in registry.entries().values():
    find_remarks(entry.example)
assert not backend_has_started()
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_explanation_of_an_optimizer_of_optax_says_where_there_is_more() -> None:
    (remark,) = find_remarks(optax.adam(0.1))
    assert remark.startswith("A transformation of optax is a pair of functions, which tell neither their links nor")
    assert "as in gl.explain(gl.adam(1e-3)), or in gl.flavors.optax" in str(gl.explain(optax.adam(0.1)))
    assert find_remarks(optax.GradientTransformation(lambda params: (), lambda g, s, p=None: (g, s))) == ()
