"""Suggestions of points from the scores of earlier points, by the tree-structured Parzen estimator of Optuna."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from .search_space import Axis, Linear, Log
from .search_space.axes import refuse_count, sample_points, values_of
from .search_space.ranges import round_generated

STARTUP = 10  # the least number of points that are spread over the ranges before any is suggested


class MissingOptunaError(ImportError):
    """Optuna is not installed. The text says how to install it."""


class Suggestions:
    """A source of points in a search space: ask for a batch, tell its scores, ask for the next batch.

    The first `startup` points are spread evenly (scrambled Sobol). Each later point is likely under a density that is
    fitted to the best tenth of the points so far, and unlikely under a density of the others and of its own batch. The
    same axes, seed and scores give the same points.

    Raises MissingOptunaError, and SearchSpaceError for an axis that is neither a range nor a list. Source: Bergstra et
    al. (2011), "Algorithms for hyper-parameter optimization"; Akiba et al. (2019), "Optuna".
    """

    def __init__(self, axes: Mapping[str, Axis], higher_is_better: bool, startup: int = STARTUP, seed: int = 0):
        optuna = require_optuna()
        self._distributions = {name: _make_distribution(optuna, name, axis) for name, axis in axes.items()}
        with _silence_optuna(optuna):
            sampler = optuna.samplers.TPESampler(
                n_startup_trials=1, multivariate=True, constant_liar=True, seed=seed  # a liar for batches
            )  # fmt: skip
            direction = "maximize" if higher_is_better else "minimize"
            self._study = optuna.create_study(sampler=sampler, direction=direction)
            spread = sample_points(axes, startup, seed=seed)
            for point in zip(*(values.tolist() for values in spread.values())):
                self._study.enqueue_trial(dict(zip(spread, point)))
        self._optuna, self._axes = optuna, axes
        self._asked: list[Any] = []

    def ask(self, count: int) -> dict[str, np.ndarray]:
        """Return the next points: name -> (point,). Points of ranges are rounded, so that they can be typed again."""
        with _silence_optuna(self._optuna):
            self._asked = [self._study.ask(self._distributions) for _ in range(count)]
        points = {name: [trial.params[name] for trial in self._asked] for name in self._distributions}
        return {name: self._round(name, np.array(values)) for name, values in points.items()}

    def _round(self, name: str, values: np.ndarray) -> np.ndarray:
        axis = self._axes[name]
        return round_generated(axis, values) if isinstance(axis, Linear) else values

    def tell(self, scores: np.ndarray) -> None:
        """Tell the scores of the last batch, of shape (point,). NaN counts as worse than any score."""
        with _silence_optuna(self._optuna):
            for trial, score in zip(self._asked, scores.tolist()):
                if np.isnan(score):
                    self._study.tell(
                        trial, state=self._optuna.trial.TrialState.PRUNED
                    )  # a failed trial would be forgotten
                else:
                    self._study.tell(trial, score)
        self._asked = []


def require_optuna() -> Any:
    """Import Optuna, which only a search needs. Raises MissingOptunaError."""
    try:
        import optuna
    except ImportError as error:
        raise MissingOptunaError(f'a search needs Optuna ({error}); pip install "gradlab[search]"') from None
    return optuna


def _make_distribution(optuna: Any, name: str, axis: Axis) -> Any:
    if not isinstance(axis, Linear):
        return optuna.distributions.CategoricalDistribution(values_of(name, axis).tolist())
    refuse_count(name, axis, "a search chooses its own points in a range")
    return optuna.distributions.FloatDistribution(axis.low, axis.high, log=isinstance(axis, Log))


@contextmanager
def _silence_optuna(optuna: Any) -> Iterator[None]:
    """Silence what Optuna logs about studies, and its warnings about experimental arguments."""
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            yield
    finally:
        optuna.logging.set_verbosity(verbosity)
