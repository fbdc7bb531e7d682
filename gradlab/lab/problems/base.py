"""The parts of a problem: its initial parameters, its loss, its batches, its metrics and its score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, TypeAlias

import jax

PyTree: TypeAlias = Any


@dataclass(frozen=True)
class Score:
    """The metric by which optimizers are ranked, and how it is read.

    `metric` is its name among the metrics of the problem, and `label` its name in plots and tables.

    `chosen_by` is the name of the metric by which a configuration, such as a learning rate, is chosen. If `metric` is
    measured on a test sample, `chosen_by` is measured on a validation sample. None means that `metric` itself chooses,
    which is right for problems without data. Both metrics are read in the same way.

    `tolerance` determines which learning rates count as good as the best one: those with a score within this factor of
    the best if `logarithmic` (for losses that fall over many decades), and within this difference otherwise (for
    accuracies in [0, 1]). None derives it from the runs: a tenth of the decades between their start and the best of
    them, but at most one decade, or 1 % of the difference. (In gradlab's own problems, None is one decade.)

    >>> score = gl.lab.PROBLEMS["digits"]().score
    >>> score.metric, score.chosen_by, score.higher_is_better, score.tolerance
    ('test_accuracy', 'validation_accuracy', True, 0.01)
    """

    metric: str
    label: str
    higher_is_better: bool = False
    logarithmic: bool = True
    tolerance: float | None = None
    chosen_by: str | None = None


@dataclass(frozen=True)
class Landscape:
    """The part of the plane to draw, for a problem whose parameters are a point, an array of shape (2,).

    >>> gl.lab.Landscape(window=((-2.0, 2.0), (-1.0, 3.0)), optimum=(1.0, 1.0)).optimum
    (1.0, 1.0)
    """

    window: tuple[tuple[float, float], tuple[float, float]]  # (left, right), (bottom, top)
    optimum: tuple[float, float] | None = None
    further_optima: tuple[tuple[float, float], ...] = ()  # the other minima with the same loss


class Problem(Protocol):
    """A training problem. A class that inherits the defaults needs no more than this:

        class Bowl(Problem):
            name, summary = "bowl", "The simplest problem: every direction is equally steep."

            def init(self, key):
                return jax.random.normal(key, (10,))

            def loss(self, params, batch):
                return jnp.sum(params**2)

    Further parts have defaults: `batches`, `metrics` and `optimum` as below; `steps`, the number of updates in a run
    (200), a whole number; `score`, the `Score` by which optimizers are ranked (the metric `final_loss`, where lower is
    better), with `chosen_by` if there are data to validate and to test on; `landscape`, a `Landscape`, for parameters
    of shape (2,) whose paths are drawn; `minimum`, the least expected loss, if it is known. If `name` and `summary` are
    left out, they are taken from the class and its docstring.

    >>> class Bowl(gl.lab.Problem):
    ...     name, summary = "bowl", "The simplest problem: every direction is equally steep."
    ...     def init(self, key):
    ...         return jnp.array([3.0, 4.0])
    ...     def loss(self, params, batch):
    ...         return jnp.sum(params**2)
    >>> print(Bowl().loss(Bowl().init(jax.random.key(0)), None), Bowl().steps)
    25.0 200
    """

    name: ClassVar[str]
    summary: ClassVar[str]  # one sentence that says what the problem shows
    steps: ClassVar[int] = 200  # updates in a run, unless the study sets another number
    score: ClassVar[Score] = Score("final_loss", "loss")
    landscape: ClassVar[Landscape | None] = None
    minimum: ClassVar[float | None] = None  # the least expected loss, if it is known

    @property
    def optimum(self) -> PyTree:
        """Parameters with the loss `minimum`; None if they are not known."""
        return None

    def init(self, key: jax.Array) -> PyTree:
        """Return the initial parameters, a pytree of float arrays. `key` is derived from the seed of the run."""
        ...

    def loss(self, params: PyTree, batch: PyTree) -> jax.Array:
        """Return the loss on one batch, the real scalar to minimize."""
        ...

    def batches(self, key: jax.Array, steps: int) -> PyTree:
        """Return the batches of a whole run, with a leading axis of length `steps`; None for a deterministic problem.

        All random numbers are drawn here, before the loop over the steps, because drawing them inside the loop adds
        seconds to the compilation.
        """
        return None

    def metrics(self, params: PyTree) -> dict[str, jax.Array]:
        """Return real scalars by name, which are measured at a few dozen steps of a run.

        `score.metric` must be among them, and so must `score.chosen_by` if it is not None.
        """
        return {self.score.metric: self.loss(params, None)}
