"""Functions and a loader become a problem: what it trains on, what it measures, and what it refuses."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab.lab._inputs.importing import LoadError
from gradlab.lab._inputs.problem_adapter import as_problem
from gradlab.lab._inputs.user_code_detection import is_user_code
from gradlab.lab.problems import Score
from tests.lab.training import train

RNG = np.random.default_rng(0)
BATCHES = [(x, x @ [1.0, -2.0]) for x in RNG.normal(size=(5, 8, 2)).astype(np.float32)]


def init(key: Any) -> Any:
    return {"w": jax.random.normal(key, (2,), jnp.float32)}


def loss(params: Any, batch: Any) -> Any:
    return jnp.mean((batch[0] @ params["w"] - batch[1].astype(jnp.float32)) ** 2)


def noisy_loss(params: Any, batch: Any, key: Any = None) -> Any:
    noise = 0 if key is None else jax.random.normal(key, (2,), jnp.float32)
    return jnp.sum((params["w"] - noise) ** 2)


def make(**changes: Any) -> Any:
    arguments: dict[str, Any] = {"init": init, "loss": loss, "batches": BATCHES, **changes}
    return gl.lab.problem_from(**arguments)


def test_each_epoch_has_every_batch_once_in_an_order_of_its_seed() -> None:
    problem = make()
    orders = [problem.batches(jax.random.key(seed), 12)["number"] for seed in (0, 1)]
    for order in orders:
        assert (order.shape, order.dtype) == ((12,), jnp.int32)
        assert sorted(order[:5].tolist()) == sorted(order[5:10].tolist()) == [0, 1, 2, 3, 4]
    assert (orders[0] != orders[1]).any()
    params = {"w": jnp.array([0.5, 0.5], jnp.float32)}
    np.testing.assert_allclose(problem.loss(params, {"number": 3}), loss(params, BATCHES[3]), rtol=1e-6)


def test_held_out_batches_are_averaged_and_choose_and_rank() -> None:
    measure = lambda params, batch: {"loss": loss(params, batch), "largest": jnp.abs(params["w"]).max()}  # noqa: E731
    problem = make(batches=BATCHES[:1], validation=BATCHES[1:3], test=BATCHES[3:], evaluate=measure)
    assert problem.score == Score("test_loss", "test loss", chosen_by="validation_loss")
    params = {"w": jnp.array([0.5, -3.0], jnp.float32)}
    metrics = problem.metrics(params)
    assert set(metrics) == {"validation_loss", "validation_largest", "test_loss", "test_largest"}
    np.testing.assert_allclose(metrics["test_loss"], np.mean([loss(params, b) for b in BATCHES[3:]]), rtol=1e-6)
    np.testing.assert_allclose(metrics["validation_loss"], np.mean([loss(params, b) for b in BATCHES[1:3]]), rtol=1e-6)
    assert metrics["test_largest"] == 3


def test_without_them_eight_training_batches_are_measured_at_even_distances() -> None:
    problem = make(batches=[np.full(1, number, np.float32) for number in range(15)], evaluate=lambda _, batch: batch[0])
    assert problem.score.metric == "final_loss"
    assert problem.metrics({"w": jnp.zeros(2)})["final_loss"] == 7  # the mean of 0, 2, ..., 14


def test_training_gives_a_new_key_in_each_step_and_evaluation_gives_none() -> None:
    problem = make(loss=noisy_loss)
    batches = problem.batches(jax.random.key(0), 6)
    zero = {"w": jnp.zeros(2, jnp.float32)}
    losses = [float(problem.loss(zero, jax.tree.map(lambda leaf, t=t: leaf[t], batches))) for t in range(6)]
    assert len(set(losses)) == 6
    assert problem.metrics(zero)["final_loss"] == 0


def test_it_trains_and_is_the_users_own() -> None:
    problem = as_problem(make(loss=noisy_loss))
    assert is_user_code(problem)
    assert problem.name == "test_from_functions"
    assert problem.summary == "The model of test_from_functions, on 5 batches of a data loader."
    curves = train(problem, [gl.sgd(0.1)], [0, 1], 20)
    end = np.asarray(curves.metrics["final_loss"])[0, :, -1]
    assert (end > 0).all()  # the noise
    assert (end < 1).all()


def test_other_data_are_another_problem() -> None:
    texts = {repr(as_problem(make(batches=[(x + shift, y) for x, y in BATCHES]))) for shift in (0, 1)}
    assert len(texts) == 2
    assert all(text.startswith("problem_from(5 batches, data ") for text in texts)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"loss": 3}, TypeError, r"loss must be a function, loss\(params, batch\), got int"),
        ({"init": {"w": 1.0}}, TypeError, r"init must be a function, init\(key\), that returns .*, got dict"),
        (
            {"init": lambda: {"w": 1.0}},
            TypeError,
            r"init\(key\), .*, got one that cannot be called with a key alone: too",
        ),
        ({"name": "my/model"}, ValueError, "name must begin with a letter and have letters, digits .*; got 'my/model'"),
        ({"loss": lambda batch, params: 0.0}, ValueError, r"loss takes \(batch, params\), but .*; exchange the two"),
        ({"evaluate": "loss"}, TypeError, r"evaluate must be a function, evaluate\(params, batch\), got str"),
        ({"test": BATCHES}, ValueError, r"test is given without validation: .*=held_out\[::2\]"),
        ({"validation": BATCHES}, ValueError, "validation is given without test"),
        ({"loss": lambda params, batch, key: 0.0}, ValueError, r"loss needs a key, .* loss\(params, batch, key=None\)"),
        ({"loss": lambda params, batch, rng: 0.0}, ValueError, "needs 'rng'; name it key"),
    ],
)
def test_wrong_arguments_are_refused(changes: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make(**changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"loss": lambda params, batch: (loss(params, batch), 1)},
            "loss returns a tuple, .* no other state. Let batch",
        ),
        ({"init": lambda key: {"w": jnp.zeros(2), "n": jnp.arange(3)}}, r"init returns int.* at \['n'\], .* nnx.Param"),
        ({"init": lambda key: {"w": jnp.zeros(2), "f": jnp.tanh}}, r"at \['f'\], which cannot be trained"),
        (
            {"evaluate": lambda params, batch: {"bits": params["w"].sum()}},
            r"evaluate returns no 'loss', and the score ranks by 'final_loss'; return 'loss', too, or rank by another "
            r'metric: .*score=gl.lab.Score\("final_bits", "final bits", higher_is_better=...\)\), with',
        ),
        (
            {"evaluate": lambda params, batch: {"acc": params["w"].sum()}, "validation": BATCHES, "test": BATCHES},
            r'gl.lab.Score\("test_acc", "test acc", higher_is_better=True, logarithmic=False, '
            r'chosen_by="validation_acc"\)\)$',
        ),
        ({"steps": 0}, "steps is 0, expected a whole number"),
    ],
)
def test_functions_that_cannot_be_trained_are_refused_before_a_run(changes: Any, message: str) -> None:
    with pytest.raises(LoadError, match=message):
        as_problem(make(**changes))


def test_an_error_of_a_run_calls_it_by_its_name() -> None:
    with pytest.raises(LoadError, match=r"digits_model.loss fails when it is tried"):
        as_problem(make(name="digits_model", loss=lambda params, batch: float(loss(params, batch))))
