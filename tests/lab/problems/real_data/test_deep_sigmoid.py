"""Gradients vanish layer by layer; plain descent never starts, and adaptive rates do (claims 14 and 16)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import optax

import gradlab as gl
from gradlab.lab.problems import DeepSigmoid


def test_gradients_shrink_from_layer_to_layer(first: Callable[..., Any]) -> None:
    problem = DeepSigmoid()
    gradients = jax.jit(jax.grad(problem.loss))(*first(problem))
    norms = [float(optax.tree.norm(layer)) for layer in gradients]
    assert norms == sorted(norms)
    assert norms[-1] > 100 * norms[0]


def test_only_adaptive_rates_get_it_going(final_scores: Callable[..., np.ndarray]) -> None:
    problem = DeepSigmoid()
    assert final_scores(problem, gl.sgd, [0.3, 3.0], seeds=2).max() < 0.3
    assert final_scores(problem, gl.adam, [0.03], seeds=2).min() > 0.7
