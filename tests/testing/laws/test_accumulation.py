from typing import Any

import jax
import jax.numpy as jnp
import optax
import pytest

import gradlab as gl
from gradlab.testing import check
from gradlab.testing.mutants import MUTANTS, accumulation

from .examples import verdict

ADAM = optax.adam(optax.cosine_decay_schedule(0.1, 20))


def multi_steps(inner: Any, k: int = 3, **options: Any) -> optax.GradientTransformation:
    return optax.MultiSteps(inner, k, **options).gradient_transformation()


def examine(tx: Any, claim: Any) -> tuple[str, str]:
    with jax.numpy_dtype_promotion("standard"):
        return verdict(tx, "accumulates", claims={"accumulates": claim})


@pytest.mark.parametrize(
    ("tx", "claim"),
    [
        (multi_steps(ADAM), (3, ADAM)),
        (multi_steps(ADAM), {"k": 3, "wrap": multi_steps}),
        (multi_steps(ADAM, use_grad_mean=False), {"k": 3, "inner": ADAM, "sum": True}),
        (optax.apply_every(3), {"k": 3, "inner": optax.identity(), "sum": True}),
        (accumulation.accumulate_by_size(gl.adam()), {"k": 4, "inner": gl.adam(), "size": "size"}),
        (gl.adam(), (1, gl.adam())),
    ],
    ids=["with Adam", "of any", "sum", "apply_every", "with sizes", "of one"],
)
def test_right_accumulators_hold(tx: Any, claim: Any) -> None:
    assert examine(tx, claim) == ("holds", "")


def test_what_needs_the_inner_transformation_is_said() -> None:
    word, unexamined = examine(multi_steps(optax.sgd(0.1)), 3)
    assert word == "holds"
    assert "whether it divides by k" in unexamined
    assert 'claims={"accumulates": (3, inner)}' in unexamined
    with jax.numpy_dtype_promotion("standard"):
        report = str(check(multi_steps(optax.sgd(0.1)), laws=(), claims={"accumulates": 3}))
    assert "accumulates (in part): whether it divides by k" in report


@pytest.mark.parametrize(
    ("tx", "claim", "words"),
    [
        (multi_steps(ADAM, 4), 3, "micro-batch 1 of 3 moves the parameters"),
        (multi_steps(ADAM, use_grad_mean=False), (3, ADAM), "makes of the sum of the micro-batches, where their mean"),
        (MUTANTS["accumulate_loses_the_last"].tx, 4, "4 different parts and in 4 equal parts"),
        (MUTANTS["accumulate_loses_the_last"].tx, (4, gl.sgd(0.1, 0.9)), "of the sum without the last micro-batch"),
        (
            MUTANTS["accumulate_counts_in_half_precision"].tx,
            4,
            "micro-batch 2052 does not move the parameters, but with k = 4, it is number 4",
        ),
        (multi_steps(optax.sgd(0.1)), (3, optax.sgd(0.1, 0.9)), "gives different updates"),
    ],
)
def test_wrong_accumulators_are_found(tx: Any, claim: Any, words: str) -> None:
    word, detail = examine(tx, claim)
    assert word == "broken"
    assert words in detail


def test_an_inner_state_that_changes_between_updates_is_found() -> None:
    wrong = MUTANTS["accumulate_inner_always_advances"]
    sgd = gl.sgd(0.1)  # has no state, so only the updates could tell
    assert examine(accumulation.accumulate(sgd), (4, sgd))[0] == "holds"
    assert examine(wrong.tx, wrong.claims["accumulates"])[0] == "broken"
    # It changes no update that is examined: the rate falls after the last of them.
    late = gl.sgd(gl.schedules.piecewise(0.1, (50,), (0.1,)))
    detail = examine(accumulation.count_micro_batches(late), (4, late))[1]
    assert "after micro-batch 1, the inner state at .inner" in detail


def test_a_schedule_that_ended_is_no_fault() -> None:
    ends = optax.sgd(lambda step: jnp.maximum(0.1 - 0.002 * step, 0.0))
    assert examine(multi_steps(ends), (3, ends)) == ("holds", "")
    word, unexamined = examine(multi_steps(ends), 3)
    assert (word, "why nothing moves after micro-batch" in unexamined) == ("holds", True)


@pytest.mark.parametrize("claim", [None, True, 0, 2.0, "4", (4, 3), (4, gl.sgd(0.1), 1), {"inner": gl.sgd(0.1)}])
def test_the_claim_needs_its_number(claim: Any) -> None:
    with pytest.raises(ValueError, match="needs the number of micro-batches, an integer of at least 1") as error:
        check(gl.sgd(0.1), laws=(), claims={"accumulates": claim})
    assert "claims={'accumulates': 4}, or on the command line --claim accumulates=4" in str(error.value)


def test_a_claim_without_a_value_takes_none() -> None:
    with pytest.raises(ValueError, match="the claim 'descends' takes no value, got 4"):
        check(gl.sgd(0.1), laws=(), claims={"descends": 4})
    with pytest.raises(ValueError, match="--claim 'still between steps=4'"):
        check(gl.sgd(0.1), laws=(), claims=("still between steps",))


def test_a_late_update_that_is_nan_is_found() -> None:
    def init(params: Any) -> Any:
        return jnp.zeros((), jnp.int32)

    def update(updates: Any, state: Any, params: Any = None) -> Any:
        factor = jnp.where(state % 3 == 2, 1.0, 0.0) * jnp.where(state > 1000, jnp.nan, 1.0)
        return jax.tree.map(lambda g: factor * 0.1, updates), state + 1

    result = check(optax.GradientTransformation(init, update), laws=(), claims={"accumulates": 3})["accumulates"]
    assert result.verdict == "broken"
    assert result.detail.startswith("micro-batch 1002 moves the parameters by nan")
