"""Averages of the parameters: right ones of several conventions hold, and wrong ones are named."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from optax import contrib

import gradlab as gl
from gradlab.testing import check
from gradlab.testing.laws.average_formulas import exponential, last, mean, periodic
from gradlab.testing.mutants import MUTANTS, averages

POINTS = np.array([[0.0], [1.0], [3.0], [2.0], [6.0]])
INNER = optax.sgd(0.1, 0.9)


def examine(tx: Any, law: str, claim: Any, dtypes: tuple[str, ...] = ("float32", "bfloat16")) -> tuple[str, str]:
    with jax.numpy_dtype_promotion("standard"):
        result = check(tx, laws=(), claims={law: claim}, dtypes=dtypes)[law]
    return result.verdict, result.detail


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (exponential(0.5), [0, 0.5, 1.75, 1.875, 3.9375]),
        (exponential(0.5, "first"), [0, 1, 2, 2, 4]),
        (exponential(0.5, "zero"), [0, 1, 7 / 3, 15 / 7, 63 / 15]),
        (exponential(0.5, "zero", debias=False), [0, 0.5, 1.75, 1.875, 3.9375]),
        (exponential(0.9, warmup=2), [0, 1 / 3, 1, 1.2, 2]),  # decays 2/3, 3/4, 4/5, 5/6
        (exponential(lambda t: 0.5 if t < 3 else 1.0), [0, 0.5, 1.75, 1.75, 1.75]),
        (last(2), [np.nan, np.nan, 2, 2.5, 4]),
        (mean(False), [np.nan, 1, 2, 2, 3]),
        (mean(True), [0, 0.5, 4 / 3, 1.5, 2.4]),
        (periodic(2, 0.5), [0, 0, 1.5, 1.5, 3.75]),
    ],
)
def test_formulas_by_hand(formula: Any, expected: list[float]) -> None:
    np.testing.assert_allclose(formula(POINTS)[:, 0], expected, rtol=1e-14)


def keep_ema(decay: float, debias: bool) -> optax.GradientTransformation:
    """Adam beside optax's `ema` of the parameters after each step, as users write it."""
    adam, ema = optax.adam(1e-2), optax.ema(decay, debias, accumulator_dtype=jnp.float32)

    def init(params: Any) -> Any:
        return adam.init(params), ema.init(params), jax.tree.map(jnp.copy, params)

    def update(updates: Any, state: Any, params: Any) -> Any:
        change, inner = adam.update(updates, state[0], params)
        average, kept = ema.update(optax.apply_updates(params, change), state[1])
        return change, (inner, kept, jax.tree.map(lambda a, p: a.astype(p.dtype), average, params))

    return optax.GradientTransformation(init, update)


def read_raw(state: Any, params: Any) -> Any:
    return optax.tree.bias_correction(state[1].ema, 0.99, jnp.maximum(state[1].count, 1))


def average_schedule_free(points: np.ndarray) -> np.ndarray:
    """The average x of Schedule-Free with b1 = 0.9, from the points y = 0.1 z + 0.9 x that are visited."""
    x = points[0]
    for t in range(1, len(points)):
        # x' = (1 - 1/t) x + z / t with z = 10 y - 9 x'
        x = ((1 - 1 / t) * x + 10 * points[t] / t) / (1 + 9 / t)
    return x


@pytest.mark.parametrize(
    ("tx", "law", "claim"),
    [
        (averages.keep_average(decay=0.9999), "averages", 0.9999),
        (averages.keep_average(), "averages", {"decay": 0.999, "start": "parameters", "at": ".average"}),
        (keep_ema(0.99, True), "averages", 0.99),
        (keep_ema(0.99, False), "averages", {"decay": 0.99, "at": read_raw}),
        (
            contrib.schedule_free_adamw(1e-2, b1=0.9),
            "averages",
            {"formula": average_schedule_free, "at": contrib.schedule_free_eval_params},
        ),
        (averages.keep_last(), "averages the last", 5),
        (averages.look_ahead(), "slow weights", (5, 0.5, INNER)),
        (averages.look_ahead(returns=False), "slow weights", (5, 0.5)),
        (optax.lookahead(INNER, 5, 0.5), "slow weights", (5, 0.5, INNER)),
        (
            optax.lookahead(INNER, 5, 0.5, reset_state=True),
            "slow weights",
            {"k": 5, "alpha": 0.5, "inner": INNER, "reset": True},
        ),
    ],
    ids=["0.9999", "at", "optax.ema", "read", "schedule free", "last", "lookahead", "slow", "optax.lookahead", "reset"],
)
def test_right_averages_hold(tx: Any, law: str, claim: Any) -> None:
    assert examine(tx, law, claim) == ("holds", "")


@pytest.mark.parametrize(
    ("tx", "law", "claim", "words"),
    [
        (MUTANTS["average_of_the_step_before"].tx, "averages", 0.999, "the average of the parameters before each step"),
        (
            keep_ema(0.99, False),
            "averages",
            0.99,
            "at [1].ema holds an average that starts at zero and is not",
        ),
        (MUTANTS["average_starts_late"].tx, "averages", 0.999, "holds an average that starts 10 steps late"),
        (averages.keep_average(decay=0.99), "averages", 0.999, "at .average is not the average: with"),
        (averages.keep_average(), "averages", {"decay": 0.999, "start": "zero"}, "with a start at zero with debiasing"),
        (averages.keep_average(), "averages", {"decay": 0.999, "at": ".ema"}, "at a path that ends with '.ema'"),
        (gl.sgd(0.1), "averages", 0.999, "the state has no part with the structure and the shapes of the parameters"),
        (averages.keep_last(), "averages the last", 4, "with the last 4 steps, after step 4"),
        (optax.lookahead(INNER, 5, 0.3), "slow weights", (5, 0.5, INNER), "at .own.slow is not a copy of slow weights"),
        (optax.lookahead(INNER, 4, 0.5), "slow weights", (5, 0.5), "moves at step 4, and not only after each 5 steps"),
    ],
)
def test_wrong_averages_are_named(tx: Any, law: str, claim: Any, words: str) -> None:
    word, detail = examine(tx, law, claim, ("float32",))
    assert word == "broken"
    assert words in detail


def test_an_average_in_half_precision_is_found_with_such_parameters_only() -> None:
    wrong = MUTANTS["average_in_half_precision"].tx
    assert examine(wrong, "averages", 0.999, ("float32",))[0] == "holds"
    assert (
        "with bfloat16 parameters, the state at .average (in bfloat16) differs" in examine(wrong, "averages", 0.999)[1]
    )


def test_the_share_of_slow_weights_needs_the_inner_transformation() -> None:
    word, unexamined = examine(optax.lookahead(INNER, 5, 0.3), "slow weights", (5, 0.5))
    assert word == "holds"
    assert unexamined.startswith("whether the share is 0.5, because the fast parameters are not seen")


@pytest.mark.parametrize(
    ("law", "claim"),
    [
        ("averages", True),
        ("averages", 1),
        ("averages", 1.0),
        ("averages", {"decay": 0.9, "start": "late"}),
        ("averages", {"formula": 0.9}),
        ("averages", {"decay": 0.9, "dekay": 1}),
        ("averages the last", 0),
        ("averages the last", "some"),
        ("slow weights", 5),
        ("slow weights", (5, 1.5)),
        ("slow weights", (5, 0.5, 3)),
        ("slow weights", {"k": 5}),
    ],
)
def test_claims_of_other_kinds_are_refused(law: str, claim: Any) -> None:
    with pytest.raises(ValueError, match=f"the claim '{law}' needs"):
        check(gl.sgd(0.1), laws=(), claims={law: claim})


def test_parameters_that_are_nan_have_no_average() -> None:
    def update(updates: Any, state: Any, params: Any) -> Any:
        return jax.tree.map(lambda p: jnp.where(state[0] == 2, jnp.nan, -0.1 * p), params), (state[0] + 1, params)

    tx = optax.GradientTransformation(lambda params: (jnp.zeros((), jnp.int32), params), update)
    found, detail = examine(tx, "averages", {"decay": 0.5})
    assert (found, detail) == ("broken", "in float64, the parameters are not finite after 3 steps")
