"""Points that are suggested by what the points before them gave: the tree-structured Parzen estimator of Optuna."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from .search_space import Axis, Linear, Log, rounded, sample_points, values_of, without_count

STARTUP = 10  # points that are spread over the ranges before any is suggested, at least


class MissingOptunaError(ImportError):
    """Optuna is not installed; the text says how to get it."""


class Suggestions:
    """Points of some axes, asked for in batches, whose scores are told before the next batch is asked for.

    The first `startup` points are spread evenly (scrambled Sobol). Each later one is likely under a density of the
    best tenth of the points told, and unlikely under one of the others and of those of its own batch. The same axes,
    seed and scores give the same points.

    Raises MissingOptunaError, and SearchSpaceError for what is no range and no list. Source: Bergstra et al. (2011),
    "Algorithms for hyper-parameter optimization"; Akiba et al. (2019), "Optuna".
    """

    def __init__(self, axes: Mapping[str, Axis], higher_is_better: bool, startup: int = STARTUP, seed: int = 0):
        optuna = require_optuna()
        self._distributions = {name: _distribution(optuna, name, axis) for name, axis in axes.items()}
        with _quiet(optuna):
            sampler = optuna.samplers.TPESampler(
                n_startup_trials=1, multivariate=True, constant_liar=True, seed=seed  # the latter for batches
            )  # fmt: skip
            direction = "maximize" if higher_is_better else "minimize"
            self._study = optuna.create_study(sampler=sampler, direction=direction)
            spread = sample_points(axes, startup, seed=seed)
            for point in zip(*(values.tolist() for values in spread.values())):
                self._study.enqueue_trial(dict(zip(spread, point)))
        self._optuna, self._axes = optuna, axes
        self._asked: list[Any] = []

    def ask(self, count: int) -> dict[str, np.ndarray]:
        """The next points: name -> (point,); those of ranges are rounded, so that what is printed can be typed."""
        with _quiet(self._optuna):
            self._asked = [self._study.ask(self._distributions) for _ in range(count)]
        found = {name: [trial.params[name] for trial in self._asked] for name in self._distributions}
        return {name: self._rounded(name, np.array(values)) for name, values in found.items()}

    def _rounded(self, name: str, values: np.ndarray) -> np.ndarray:
        axis = self._axes[name]
        return rounded(axis, values) if isinstance(axis, Linear) else values

    def tell(self, scores: np.ndarray) -> None:
        """The scores of the points asked for last, of shape (point,); NaN is worse than any score."""
        with _quiet(self._optuna):
            for trial, score in zip(self._asked, scores.tolist()):
                if np.isnan(score):
                    self._study.tell(trial, state=self._optuna.trial.TrialState.PRUNED)  # "fail" would be forgotten
                else:
                    self._study.tell(trial, score)
        self._asked = []


def require_optuna() -> Any:
    """The module, which no other command imports. Raises MissingOptunaError."""
    try:
        import optuna
    except ImportError as error:
        raise MissingOptunaError(f'a search needs Optuna ({error}); pip install "gradlab[search]"') from None
    return optuna


def _distribution(optuna: Any, name: str, axis: Axis) -> Any:
    if not isinstance(axis, Linear):
        return optuna.distributions.CategoricalDistribution(values_of(name, axis).tolist())
    without_count(name, axis, "a search takes its own points of a range")
    return optuna.distributions.FloatDistribution(axis.low, axis.high, log=isinstance(axis, Log))


@contextmanager
def _quiet(optuna: Any) -> Iterator[None]:
    """Without what Optuna logs about studies, and its warnings that arguments are experimental, as in version 4."""
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            yield
    finally:
        optuna.logging.set_verbosity(verbosity)
