"""LoRA: the frozen network, what is trained, and that the added factors are what the docstring says."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab.lab.problems import Lora
from gradlab.lab.problems.real_data import lora
from gradlab.lab.problems.real_data.digits_classifier import load_images
from tests.lab.training import train


def classify(images: np.ndarray, added: list[np.ndarray] | None = None) -> np.ndarray:
    """Return the logits (images, 10) of the frozen network, in NumPy, with matrices added to its weights."""
    hidden = images.astype(np.float64)
    for number, (weight, bias) in enumerate(lora.pretrain()):
        hidden = hidden @ (weight + (added[number] if added else 0)) + bias
        hidden = np.tanh(hidden) if number < 2 else hidden
    return hidden


def test_the_frozen_network_tells_upright_digits_apart_and_not_rotated_ones() -> None:
    images, labels = load_images().test
    assert (classify(images).argmax(1) == labels).mean() > 0.95
    rotated = np.rot90(images.reshape(-1, 8, 8), axes=(1, 2)).reshape(-1, 64)
    np.testing.assert_array_equal(lora._rotate(jnp.asarray(images)), rotated)
    assert (classify(rotated).argmax(1) == labels).mean() < 0.25


def test_last_bits_of_the_pretraining_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    compute = lora._compute_gradient
    monkeypatch.setattr(
        lora, "_compute_gradient", lambda *arguments: [(1 + 1e-15) * part for part in compute(*arguments)]
    )
    for pair, other in zip(lora.pretrain.__wrapped__(20), lora.pretrain(20)):
        for part, same in zip(pair, other):
            np.testing.assert_array_equal(part, same)
            np.testing.assert_array_equal(part * 1024 % 1, 0)


def test_the_gradient_of_the_pretraining_is_that_of_jax() -> None:
    rng = np.random.default_rng(1)
    params = [rng.normal(size=shape) for shape in ((4, 3), (3,), (3, 5), (5,))]
    images, targets = rng.normal(size=(6, 4)), np.eye(5)[rng.integers(0, 5, 6)]

    def loss(params: list[jax.Array]) -> jax.Array:
        logits = jnp.tanh(images @ params[0] + params[1]) @ params[2] + params[3]
        return -(targets * jax.nn.log_softmax(logits)).sum(1).mean()

    for found, expected in zip(lora._compute_gradient(params, images, targets), jax.grad(loss)(params)):
        np.testing.assert_allclose(found, expected, rtol=1e-10)


def test_the_factors_are_added_to_the_frozen_weights() -> None:
    problem, rng = Lora(rank=2, scale=3.0), np.random.default_rng(0)
    params = jax.tree.map(lambda leaf: rng.normal(size=leaf.shape), jax.eval_shape(problem.init, jax.random.key(0)))
    images = load_images().test.inputs[:5].astype(np.float64)
    added = [3 / 2 * factors["A"] @ factors["B"] for factors in params]
    rotated = np.rot90(images.reshape(-1, 8, 8), axes=(1, 2)).reshape(-1, 64)
    np.testing.assert_allclose(
        problem.compute_logits(params, jnp.asarray(images)), classify(rotated, added).T, rtol=1e-10
    )


def test_at_the_start_only_one_factor_has_a_gradient() -> None:
    params = Lora().init(jax.random.key(0))
    assert sum(leaf.size for leaf in jax.tree.leaves(params)) == 1_320
    gradient = jax.jit(jax.grad(Lora().loss))(params, np.arange(64))
    for factors in gradient:
        assert not factors["A"].any()
        assert factors["B"].any()


def test_a_rank_that_no_layer_can_have_is_refused() -> None:
    with pytest.raises(ValueError, match=r"rank must be from 1 to 10, .* got 11"):
        Lora(rank=11)


@pytest.mark.slow
def test_it_learns() -> None:
    assert train(Lora(), [gl.adam(0.0133)], [0], 300).metrics["test_accuracy"][0, 0, -1] > 0.9
