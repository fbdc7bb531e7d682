"""Mistakes in a problem are found before anything is computed, and described in one line."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab.lab._inputs.problem_validation import InvalidProblemError, describe_shapes, validate_problem
from gradlab.lab.problems import PROBLEMS, Landscape, Problem, Score
from tests.lab.training import train


class Bowl(Problem):
    name, summary = "bowl", "A bowl."

    def init(self, key: Any) -> Any:
        return jnp.ones(3, jnp.float32)

    def loss(self, params: Any, batch: Any) -> Any:
        return jnp.sum(params**2)


def with_parts(**parts: Any) -> Problem:
    return type("Bowl", (Bowl,), parts)()


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"steps": 0}, "Bowl.steps is 0, expected a whole number of at least 1"),
        ({"steps": 1e2}, "Bowl.steps is 100.0, expected a whole number"),
        ({"steps": True}, "Bowl.steps is True"),
        ({"init": lambda self, key: jnp.arange(3)}, r"Bowl.init must return arrays of floats, got int\d+\[3\]"),
        ({"init": lambda self, key: None}, "Bowl.init must return arrays of floats, got nothing"),
        (
            {"init": lambda self, key: jax.random.split(key)},
            r"Bowl.init must return arrays of floats, got key<fry>\[2\]",
        ),
        ({"batches": lambda self, key, steps: 3}, r"leading axis of length steps; for steps=7 got int\d+\[\]"),
        ({"batches": lambda self, key, steps: (jnp.ones((steps, 2)), jnp.ones((3, 2)))}, r"tuple of float\d+\[7,2\], "),
        ({"loss": lambda self, params, batch: None}, "Bowl.loss must return a real scalar, but it returned nothing"),
        ({"loss": lambda self, params, batch: params}, r"real scalar, got float32\[3\]$"),
        (
            {"loss": lambda self, params, batch: params.argmax()},
            r"real scalar, got int\d+\[\], an integer, which has no gradient; cast it: loss.astype\(float\)",
        ),
        ({"loss": lambda self, params, batch: (params.sum(), 1)}, r"got a tuple of float32\[\], int\d+\[\]"),
        ({"init": lambda self: jnp.ones(3)}, r"is called as init\(key\), but takes \(\); write def init\(self, key\)$"),
        ({"init": jnp.ones(3)}, r"Bowl.init is Array\(.*, expected a function init\(key\)"),
        ({"init": lambda self, key: {"w": "w"}}, r"Bowl.init must return arrays, got a str at \['w'\]$"),
        ({"init": lambda self, key: jnp.ones}, "Bowl.init must return arrays, got a "),
        ({"batches": lambda self, key, steps: jnp.ones((7, 3))}, r"for steps=11 got float\d+\[7,3\]$"),
        ({"batches": lambda self, key: 0}, r"is called as batches\(key, steps\), but takes \(key\)"),
        ({"batches": lambda self, key, steps: (i for i in range(steps))}, "must return arrays, got a generator"),
        ({"loss": lambda self, params: 0.0}, r"is called as loss\(params, batch\), but takes \(params\); write def"),
        ({"loss": lambda self, params, batch: params[0] > 0 or 1.0}, "TracerBoolConversionError: the code is compiled"),
        ({"loss": lambda self, params, batch: float(params[0])}, r"unknown then; compute with jax.numpy, in place of"),
        (
            {"loss": lambda self, params, batch: np.square(params).sum()},
            r"Error: the code is compiled, and the values of arrays",
        ),
        (
            {"loss": lambda self, params, batch: jax.lax.while_loop(lambda x: x < 9, lambda x: x + 1, params[0])},
            "Bowl.loss fails when it is differentiated: ValueError: Reverse-mode differentiation",
        ),
        ({"metrics": lambda self, params: None}, "must return a dictionary of real scalars, but it returned nothing"),
        ({"metrics": lambda self, params: params}, r"dictionary of real scalars, got float32\[3\]"),
        ({"metrics": lambda self, params: {"final_loss": params}}, r"got float32\[3\] for 'final_loss'"),
        ({"metrics": lambda self, params: {"final_loss": None}}, r"got nothing for 'final_loss'"),
        ({"metrics": lambda self, params: {"top/5": params[0]}}, "'top/5', which cannot name a metric"),
        ({"metrics": lambda self, params: {"learning_rate": params[0]}}, "'learning_rate', which cannot name a metric"),
        (
            {"metrics": lambda self, params: {"mine": params[0]}},
            r"no 'final_loss', by .* add 'final_loss' to them, or .*: score = gl.lab.Score\(\"mine\", \"mine\", "
            r"higher_is_better=...\), with True or False in place of ...$",
        ),
        (
            {"metrics": lambda self, params: {"accuracy": params[0]}},
            r"score = gl.lab.Score\(\"accuracy\", \"accuracy\", higher_is_better=True, logarithmic=False\)$",
        ),
        (
            {"score": Score("test_acc", "test acc")},
            "has metric='test_acc' with higher_is_better=False, which puts the worst first; pass higher_is_better=True",
        ),
        (
            {"score": Score("test_acc", "test acc", higher_is_better=True, chosen_by="validation_loss")},
            "score has chosen_by='validation_loss' with higher_is_better=True, which puts the worst first; pass "
            "higher_is_better=False, which is for metric and chosen_by alike, or name another metric$",
        ),
        (
            {"score": Score("test_loss", "test loss", chosen_by="validation_accuracy")},
            "score has chosen_by='validation_accuracy' with higher_is_better=False",
        ),
        (
            {"score": Score("final_loss", "loss", chosen_by="validation_loss")},
            r"no 'validation_loss', which its score is chosen_by; add .* to them, or choose by another: 'final_loss'$",
        ),
        ({"metrics": lambda self, params: {"final_loss": 1.0, 1: 2.0}}, "a dictionary whose keys are not all strings$"),
        ({"metrics": lambda self, params, batch: {}}, r"is called as metrics\(params\), but takes \(params, batch\)"),
        ({"score": Score("final_loss", "loss", tolerance=0.5)}, "tolerance=0.5, expected a factor of at least 1 "),
        (
            {"score": Score("final_loss", "loss", logarithmic=False, tolerance=-1)},
            "tolerance=-1, expected a difference of at least 0$",
        ),
        ({"score": Score("final_loss", "loss", "no")}, "higher_is_better='no', expected True or False"),  # type: ignore[arg-type]
        ({"score": Score("final_loss", None)}, "has label=None, expected a string"),  # type: ignore[arg-type]
        ({"minimum": "0"}, "Bowl.minimum is '0', expected a finite number, the least loss, or None"),
        ({"minimum": float("nan")}, "Bowl.minimum is nan, expected a finite number"),
        ({"optimum": jnp.zeros(5)}, r"must be like what init returns, float32\[3\]; got float\d+\[5\]$"),
        ({"optimum": lambda self: jnp.zeros(3)}, "optimum is a function, expected parameters; write @property above"),
        (
            {"optimum": jnp.zeros(3), "minimum": 2.0},
            "minimum is 2.0, but the loss at Bowl.optimum is 0; correct one of them",
        ),
        ({"landscape": ((-1, 1), (-1, 1))}, "is a tuple, expected a gradlab.lab.problems.Landscape, such as"),
        ({"landscape": Landscape(((-1, 1), (-1, 1)))}, r"shape \(2,\), but init returns float32\[3\]; leave it out$"),
        (
            {"landscape": Landscape(((1, -1), (0, 1))), "init": lambda self, key: jnp.ones(2)},
            r"the window \(\(1, -1\), \(0, 1\)\), expected .* the lower first$",
        ),
        (
            {
                "batches": lambda self, key, steps: jnp.ones((steps, 3), jnp.float32),
                "loss": lambda self, params, batch: jnp.sum((params - batch) ** 2),
            },
            r"^Bowl has no metrics\(params\), and its loss fails without a batch, .* add .* {'final_loss': ...}$",
        ),
        ({"score": "accuracy"}, r"Bowl.score is 'accuracy', expected a gradlab.lab.problems.Score, such as Score\("),
    ],
)
def test_a_problem_that_cannot_be_trained_is_refused_in_one_line(parts: Any, message: str) -> None:
    with pytest.raises(InvalidProblemError, match=message) as caught:
        validate_problem(with_parts(**parts), "Bowl")
    assert "\n" not in str(caught.value)
    assert "ShapeDtypeStruct" not in str(caught.value)


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_problems_of_gradlab_are_valid(name: str) -> None:
    validate_problem(PROBLEMS[name](), name)


def test_a_valid_problem_runs_with_any_dtypes() -> None:
    problem = with_parts(
        loss=lambda self, params, batch: jnp.sum(params**2).astype(jnp.bfloat16),
        metrics=lambda self, params: {"final_loss": jnp.sum(params**2), "positive": (params > 0).sum(), "one": 1.0},
    )
    validate_problem(problem, "Bowl")
    curves = train(problem, [gl.sgd(0.1), gl.sgd(1e30)], [0], 5)
    assert curves.loss.dtype == np.float32
    assert curves.loss[0, 0, 0] == 3
    assert curves.metrics["positive"][0, 0, -1] == 3
    assert np.isnan(curves.metrics["positive"][1, 0, -1])  # it diverged


def test_values_are_described_in_short() -> None:
    assert describe_shapes(jnp.ones((2, 3), jnp.float32)) == "float32[2,3]"
    assert describe_shapes({"a": jnp.ones((), jnp.int32)}) == "a dict of int32[]"
    assert describe_shapes(()) == "a tuple of nothing"
