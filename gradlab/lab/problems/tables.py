"""Tables of real measurements: breast cancer, wine and diabetes, as scikit-learn ships them."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from .base import Problem, PyTree, Score
from .networks import accuracy, affine, cross_entropy, dense, draw_rows


class Table(NamedTuple):
    """Features (rows, columns), float32 of mean 0 and variance 1 in training; targets (rows,) are int32 classes, or
    float32 of mean 0 and variance 1 in training.
    """

    train: np.ndarray
    train_targets: np.ndarray
    test: np.ndarray
    test_targets: np.ndarray


@functools.cache
def load_table(name: str) -> Table:
    """Scikit-learn's table of that name, a quarter held out by a fixed seed (of each class, if there are any)."""
    from sklearn import datasets  # here, because it takes a second, and few commands need it
    from sklearn.model_selection import train_test_split

    features, targets = getattr(datasets, f"load_{name}")(return_X_y=True)
    classes = targets if targets.dtype.kind == "i" else None
    split = train_test_split(features, targets, test_size=0.25, stratify=classes, random_state=0)
    train, test = _standardize(*split[:2])
    if classes is None:
        train_targets, test_targets = _standardize(*split[2:])
    else:
        train_targets, test_targets = (part.astype(np.int32) for part in split[2:])
    return Table(train, train_targets, test, test_targets)


def _standardize(train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    mean, deviation = train.mean(0), train.std(0)
    return ((train - mean) / deviation).astype(np.float32), ((test - mean) / deviation).astype(np.float32)


@dataclass(frozen=True)
class TableProblem(Problem):
    """A network columns - `hidden` tanh units - `outputs` on mini-batches drawn with replacement; a linear model for
    `hidden` = 0. Classes are scored by cross-entropy, and numbers (`outputs` = 1) by the mean square error.
    """

    score = Score("test_loss", "test loss", tolerance=1.25)
    columns: ClassVar[int]
    outputs: ClassVar[int]

    hidden: int = 0
    batch_size: int = 32

    def init(self, key: jax.Array) -> PyTree:
        if not self.hidden:
            return {"output": dense(key, self.columns, self.outputs)}
        first, second = jax.random.split(key)
        return {"hidden": dense(first, self.columns, self.hidden), "output": dense(second, self.hidden, self.outputs)}

    def loss(self, params: PyTree, batch: jax.Array) -> jax.Array:
        table = load_table(self.name)
        guesses = _predict(params, jnp.asarray(table.train, params["output"]["bias"].dtype)[batch])
        return _error(guesses, jnp.asarray(table.train_targets)[batch])

    def batches(self, key: jax.Array, steps: int) -> jax.Array:
        return draw_rows(key, steps, self.batch_size, len(load_table(self.name).train))

    def metrics(self, params: PyTree) -> dict[str, jax.Array]:
        table = load_table(self.name)
        guesses = _predict(params, jnp.asarray(table.test, params["output"]["bias"].dtype))
        measured = {"test_loss": _error(guesses, jnp.asarray(table.test_targets))}
        if self.outputs > 1:
            measured["test_accuracy"] = accuracy(guesses, jnp.asarray(table.test_targets))
        return measured


def _predict(params: PyTree, rows: jax.Array) -> jax.Array:
    if "hidden" in params:
        rows = jnp.tanh(affine(params["hidden"], rows))
    return affine(params["output"], rows)  # (rows, outputs)


def _error(guesses: jax.Array, targets: jax.Array) -> jax.Array:
    if guesses.shape[-1] > 1:
        return cross_entropy(guesses, targets)
    return jnp.mean((guesses[:, 0] - targets.astype(guesses.dtype)) ** 2)


@dataclass(frozen=True)
class BreastCancer(TableProblem):
    """Malignant or benign, from 30 measurements of 569 cell samples; logistic regression by default.

    Source: Wolberg, Street & Mangasarian (1995), Breast Cancer Wisconsin (Diagnostic).
    """

    name = "breast_cancer"
    summary = "Logistic regression on 569 cell samples: convex and easy, so that overfitting decides the test loss."
    steps = 300
    columns, outputs = 30, 2


@dataclass(frozen=True)
class Wine(TableProblem):
    """Which of three growers, from 13 chemical measurements of 178 wines; a network by default.

    Source: Forina et al. (1988), the Wine recognition data.
    """

    name = "wine"
    summary = "A small network on 178 wines of three growers: little data, soon learnt by heart."
    steps = 300
    columns, outputs = 13, 3

    hidden: int = 16
    batch_size: int = 16


@dataclass(frozen=True)
class Diabetes(TableProblem):
    """The progression of diabetes in a year, from 10 measurements of 442 patients; a network by default.

    The error is in units of the target's variance, so that 1 is what the mean achieves: 1 - error is R^2.
    Source: Efron, Hastie, Johnstone & Tibshirani (2004).
    """

    name = "diabetes"
    summary = "Regression on 442 patients, mostly noise: a fast optimizer soon fits what will not come again."
    steps = 300
    score = Score("test_loss", "test error", logarithmic=False, tolerance=0.02)
    columns, outputs = 10, 1

    hidden: int = 16
