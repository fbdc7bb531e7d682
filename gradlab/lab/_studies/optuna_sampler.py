"""Suggestions of points from the scores of earlier points, by the tree-structured Parzen estimator of Optuna."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ...remedies.missing_packages import how_to_install
from .search_space import Axis, Integer, Linear, Log
from .search_space.axes import refuse_count, values_of
from .search_space.conditions import order_by_conditions
from .search_space.ranges import round_generated
from .search_space.structures import Space

STARTUP = 10  # the least number of points that are spread over the ranges before any is suggested


class MissingOptunaError(ImportError):
    """Optuna is not installed. The text says how to install it."""


class Suggestions:
    """A source of points in a search space: ask for a batch, tell its scores, ask for the next batch.

    The first `startup` points are spread evenly (scrambled Sobol). Each later point is likely under a density that is
    fitted to the best tenth of the points so far, and unlikely under a density of the others and of its own batch. The
    same space, seed and scores give the same points.

    Raises MissingOptunaError, and SearchSpaceError for a range with a count. Source: Bergstra et
    al. (2011), "Algorithms for hyper-parameter optimization"; Akiba et al. (2019), "Optuna".
    """

    def __init__(self, space: Space, higher_is_better: bool, startup: int = STARTUP, seed: int = 0):
        optuna = require_optuna()
        for name, axis in [*space.numbers.items(), *space.whole.items()]:
            if isinstance(axis, Linear):
                refuse_count(name, axis, "a search chooses its own points in a range")
        with _silence_optuna(optuna):
            sampler = optuna.samplers.TPESampler(
                n_startup_trials=1,
                multivariate=True,
                group=bool(space.conditions),  # one density for the hyperparameters that exist together
                constant_liar=True,  # for batches
                seed=seed,
            )
            direction = "maximize" if higher_is_better else "minimize"
            self._study = optuna.create_study(sampler=sampler, direction=direction)
        self._optuna, self._space = optuna, space
        spread = space.sample(startup, seed=seed)
        self.enqueue(dict(zip(spread, point)) for point in zip(*(values.tolist() for values in spread.values())))
        self._order = order_by_conditions(space.conditions, list(space.names))
        self._asked: list[Any] = []

    def enqueue(self, points: Iterable[Mapping[str, float]]) -> None:
        """Have the next points be these, NaN where a hyperparameter does not exist."""
        with _silence_optuna(self._optuna):
            for point in points:
                own = {name: value for name, value in point.items() if not math.isnan(value)}
                self._study.enqueue_trial(own)

    def ask(self, count: int) -> dict[str, np.ndarray]:
        """Return the next points: name -> (point,), NaN where a hyperparameter does not exist.

        A choice has the numbers that stand for its values. Points of ranges are rounded, so that they can be typed
        again.
        """
        with _silence_optuna(self._optuna):
            self._asked, points = [], []
            for _ in range(count):
                self._asked.append(self._study.ask())
                points.append(self._suggest_point(self._asked[-1]))
        columns = {name: np.array([point.get(name, math.nan) for point in points]) for name in self._space.names}
        return {name: self._round(name, values) for name, values in columns.items()}

    def _suggest_point(self, trial: Any) -> dict[str, float]:
        """Have Optuna choose the hyperparameters of a point, those that conditions read first."""
        point: dict[str, float] = {}
        for name in self._order:
            if self._space.has(name, point):
                axis = self._space.whole.get(name, self._space.axes[name])
                point[name] = float(_suggest(trial, name, axis))
        return point

    def _round(self, name: str, values: np.ndarray) -> np.ndarray:
        axis, exists = self._space.axes[name], ~np.isnan(values)
        if isinstance(axis, Linear):
            values[exists] = round_generated(axis, values[exists])
        return values

    def tell(self, scores: np.ndarray, rungs: Sequence[tuple[int, np.ndarray]] = ()) -> None:
        """Tell the scores of the last batch, of shape (point,). NaN counts as worse than any score.

        `rungs` are updates, and the scores of the points that had made so many before they were stopped.
        """
        with _silence_optuna(self._optuna):
            for updates, reached in rungs:
                for trial, score in zip(self._asked, reached.tolist()):
                    if not np.isnan(score):
                        trial.report(score, updates)
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
        raise MissingOptunaError(
            f"a search needs Optuna ({error}); install it with: {how_to_install('search')}"
        ) from None
    return optuna


def _suggest(trial: Any, name: str, axis: Axis) -> float:
    if isinstance(axis, Integer):
        return trial.suggest_int(name, int(axis.low), int(axis.high), log=axis.log)
    if isinstance(axis, Linear):
        return trial.suggest_float(name, axis.low, axis.high, log=isinstance(axis, Log))
    return trial.suggest_categorical(name, values_of(name, axis).tolist())


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
