"""Tables of real measurements, of breast cancer, wine and diabetes, from scikit-learn."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from ..base import Problem, PyTree, Score
from ..networks import apply_dense, cross_entropy, draw_rows, init_dense, measure_classification
from ..parameters import require_sizes
from .data_splits import Sample, Split, measure_held_out, split_rows


@functools.cache
def load_table(name: str) -> Split:
    """Load a table of scikit-learn's: a quarter is for the test, and a quarter of the rest for validation.

    If there are classes, they have the same shares in each sample. Inputs (rows, columns) are float32 numbers with mean
    0 and variance 1 in the training sample. Targets (rows,) are int32 classes, or float32 numbers with mean 0 and
    variance 1 in the training sample.
    """
    from sklearn import datasets  # the import takes a second, and few commands need it

    features, targets = getattr(datasets, f"load_{name}")(return_X_y=True)
    is_classes = targets.dtype.kind == "i"
    parts = split_rows(features, targets, test_share=0.25, stratify=is_classes)
    inputs = _standardize(*(part.inputs for part in parts))
    targets = [part.targets.astype(np.int32) for part in parts]
    if not is_classes:
        targets = _standardize(*(part.targets for part in parts))
    return Split(*map(Sample, inputs, targets))


def _standardize(train: np.ndarray, *others: np.ndarray) -> list[np.ndarray]:
    """Shift and scale all samples, so that the training sample has mean 0 and variance 1."""
    mean, deviation = train.mean(0), train.std(0)
    return [((part - mean) / deviation).astype(np.float32) for part in (train, *others)]


@dataclass(frozen=True)
class TableProblem(Problem):
    """A network of `columns` inputs, `hidden` tanh units and `outputs`, on mini-batches drawn with replacement.

    With `hidden` = 0, the model is linear. The loss is the cross-entropy for classes, and the mean square error for
    numbers (`outputs` = 1).
    """

    score = Score("test_loss", "test loss", tolerance=1.25, chosen_by="validation_loss")
    columns: ClassVar[int]
    outputs: ClassVar[int]

    hidden: int = 0
    batch_size: int = 32

    def __post_init__(self) -> None:
        require_sizes(self, "hidden", least=0)
        require_sizes(self, "batch_size")

    def init(self, key: jax.Array) -> PyTree:
        if not self.hidden:
            return {"output": init_dense(key, self.columns, self.outputs)}
        first, second = jax.random.split(key)
        return {
            "hidden": init_dense(first, self.columns, self.hidden),
            "output": init_dense(second, self.hidden, self.outputs),
        }

    def loss(self, params: PyTree, batch: jax.Array) -> jax.Array:
        rows, targets = load_table(self.name).train
        guesses = _predict(params, jnp.asarray(rows, params["output"]["bias"].dtype)[batch])
        return _compute_error(guesses, jnp.asarray(targets)[batch])

    def batches(self, key: jax.Array, steps: int) -> jax.Array:
        return draw_rows(key, steps, self.batch_size, len(load_table(self.name).train.targets))

    def metrics(self, params: PyTree) -> dict[str, jax.Array]:
        def measure(sample: Sample) -> dict[str, jax.Array]:
            guesses = _predict(params, jnp.asarray(sample.inputs, params["output"]["bias"].dtype))
            targets = jnp.asarray(sample.targets)
            return (
                measure_classification(guesses, targets)
                if self.outputs > 1
                else {"loss": _compute_error(guesses, targets)}
            )

        return measure_held_out(measure, *load_table(self.name)[1:])


def _predict(params: PyTree, rows: jax.Array) -> jax.Array:
    if "hidden" in params:
        rows = jnp.tanh(apply_dense(params["hidden"], rows))
    return apply_dense(params["output"], rows)  # (rows, outputs)


def _compute_error(guesses: jax.Array, targets: jax.Array) -> jax.Array:
    if guesses.shape[-1] > 1:
        return cross_entropy(guesses, targets)
    return jnp.mean((guesses[:, 0] - targets.astype(guesses.dtype)) ** 2)


@dataclass(frozen=True)
class BreastCancer(TableProblem):
    """Predict whether a tumor is malignant, from 30 measurements of cells; logistic regression by default.

    There are 569 samples.

    Source: Wolberg, Street & Mangasarian (1995), Breast Cancer Wisconsin (Diagnostic).
    """

    name = "breast_cancer"
    summary = "Logistic regression on 569 cell samples: convex and easy, so the test loss mostly measures overfitting."
    steps = 300
    columns, outputs = 30, 2


@dataclass(frozen=True)
class Wine(TableProblem):
    """Predict which of three growers made a wine, from 13 chemical measurements; a network by default.

    There are 178 wines.

    Source: Forina et al. (1988), the Wine recognition data.
    """

    name = "wine"
    summary = "A small network on 178 wines from three growers: with so few data it soon overfits."
    steps = 300
    columns, outputs = 13, 3

    hidden: int = 16
    batch_size: int = 16


@dataclass(frozen=True)
class Diabetes(TableProblem):
    """Predict the progression of diabetes in a year, from 10 measurements of a patient; a network by default.

    There are 442 patients. The loss is in units of the variance of the targets, so a prediction of the mean has a loss
    of 1, and 1 - loss is the coefficient of determination.
    Source: Efron, Hastie, Johnstone & Tibshirani (2004).
    """

    name = "diabetes"
    summary = "Regression on noisy data of 442 patients: a fast optimizer soon fits the noise."
    steps = 300
    score = Score("test_loss", "test loss", logarithmic=False, tolerance=0.02, chosen_by="validation_loss")
    columns, outputs = 10, 1

    hidden: int = 16
