"""What a problem is: where it starts, what it loses, and how the outcome is judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, TypeAlias

import jax

PyTree: TypeAlias = Any


@dataclass(frozen=True)
class Score:
    """The metric that is reported of each optimizer, the one that chooses its learning rate, and how they are read.

    `chosen_by` names the metric by which a learning rate, or any other configuration, is chosen: one that is measured
    on a validation sample, where `metric` is measured on a test sample. None means that `metric` chooses, too: right
    for problems without data, where nothing can leak. Both metrics are read alike.

    `tolerance` says which learning rates are as good as the best one: within this factor of its score if
    `logarithmic` (losses that fall over many decades), and within this difference otherwise (accuracies in [0, 1]).
    """

    metric: str
    label: str
    higher_is_better: bool = False
    logarithmic: bool = True
    tolerance: float = 10.0
    chosen_by: str | None = None


@dataclass(frozen=True)
class Landscape:
    """How to draw a problem whose parameters are one point of the plane, an array of shape (2,)."""

    window: tuple[tuple[float, float], tuple[float, float]]  # (left, right), (bottom, top)
    optimum: tuple[float, float] | None = None
    further_optima: tuple[tuple[float, float], ...] = ()  # as good as `optimum`


class Problem(Protocol):
    """A training problem. Inherit to get the defaults; then this is a whole problem:

    class Bowl(Problem):
        name, summary = "bowl", "The simplest problem: every direction is equally steep."

        def init(self, key):
            return jax.random.normal(key, (10,))

        def loss(self, params, batch):
            return jnp.sum(params**2)

    What it may have besides: `steps`, the updates in a run (200), a whole number; `score`, the `Score` by which
    optimizers are ranked (the metric `final_loss`, where less is better), with `chosen_by` where there are data to
    validate and to test on; `landscape`, a `Landscape`, for parameters of
    shape (2,) whose paths are drawn; `minimum`, the least expected loss, where it is known. `name` and `summary` are
    taken from the class and its docstring if they are left out.
    """

    name: ClassVar[str]
    summary: ClassVar[str]  # one sentence: what the problem shows
    steps: ClassVar[int] = 200  # updates in a run, unless the caller says otherwise
    score: ClassVar[Score] = Score("final_loss", "loss")
    landscape: ClassVar[Landscape | None] = None
    minimum: ClassVar[float | None] = None  # the least expected loss, where it is known

    @property
    def optimum(self) -> PyTree:
        """Parameters of that loss, where they are known; None elsewhere."""
        return None

    def init(self, key: jax.Array) -> PyTree:
        """The parameters to start from: a pytree of float arrays; `key` belongs to the seed of the run."""
        ...

    def loss(self, params: PyTree, batch: PyTree) -> jax.Array:
        """The real scalar to minimize, on one batch."""
        ...

    def batches(self, key: jax.Array, steps: int) -> PyTree:
        """The batches of a whole run, on a leading axis of length `steps`; None for a deterministic problem.

        All random bits are drawn here, before the loop over steps: drawn inside it they cost seconds of compilation.
        """
        return None

    def metrics(self, params: PyTree) -> dict[str, jax.Array]:
        """Real scalars by name, measured at a few dozen points of a run; `score.metric` is one of them, and
        `score.chosen_by`, too, if that is given.
        """
        return {self.score.metric: self.loss(params, None)}
