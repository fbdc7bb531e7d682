"""The gradient of the final loss of a training with respect to the hyperparameters of its optimizer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gradlab.states.points import eval_params

from ..._engine.random_key_conversion import wrap_keys
from ..._engine.task import Task
from ..._engine.training_loop import (
    Draws,
    ProblemFunctions,
    compute_draw_shapes,
    draw,
    make_initial_carry,
    run_step,
)
from ..._inputs.user_errors import UserCodeError


class Slopes:
    """The mean gradients of the final loss over some seeds, at points of tasks on one problem.

    The final loss is the metric that chooses, as a logarithm if the problem reads it so; the mean loss of the last
    tenth of the updates where that metric is no loss. The gradients are exact: each hyperparameter has a tangent that
    is carried forward through all updates. That needs the memory of one more run, and not that of all updates.
    """

    def __init__(self, task: Task, seeds: Sequence[int]):
        self._problem, self._steps = task.problem, task.steps
        with task.convert_user_errors():
            self._draws = draw(task.problem, seeds, task.steps)
        self._compiled: dict[Any, Callable[..., Any]] = {}

    def at(self, task: Task, point: int, names: Sequence[str]) -> np.ndarray:
        """Return the gradient at a point of a task with respect to these hyperparameters, of shape (hyperparameter,).

        It is not finite where a run diverges. Raises UserCodeError if user code fails.
        """
        key = task.variant, tuple(task.points), tuple(names)
        numbers = task.read_point(point)
        varied = {name: numbers.pop(name) for name in names}
        with task.convert_user_errors():
            if key not in self._compiled:
                self._compiled[key] = jax.jit(jax.jacfwd(self._make_mean(task)))
            try:
                found = self._compiled[key](varied, numbers, self._draws)
            except TypeError as error:
                reason = str(error).splitlines()[0]
                if "forward-mode" not in reason:
                    raise  # it is not about a function that has a reverse derivative alone
                raise UserCodeError(
                    f"{task.label} cannot be differentiated forward ({reason}); search with sampler tpe"
                ) from error
        return np.array([found[name] for name in names], float)

    def _make_mean(self, task: Task) -> Callable[..., jax.Array]:
        problem, score = self._problem, self._problem.score
        shapes = compute_draw_shapes(problem, self._steps)
        functions, late = ProblemFunctions(problem), max(1, self._steps // 10)

        def final_loss(tx: Any, draws: Draws) -> jax.Array:
            params, batches = wrap_keys(draws.params, shapes.params), wrap_keys(draws.batches, shapes.batches)

            def step(carry: Any, batch: Any) -> tuple[Any, jax.Array]:
                carry, trace = run_step(functions, tx, carry, batch, jnp.asarray(False))
                return carry, trace.loss

            carry, losses = jax.lax.scan(step, make_initial_carry(tx, params), batches, length=self._steps)
            loss = losses[-late:].mean()
            if not score.higher_is_better:
                loss = problem.metrics(eval_params(tx, carry[1], carry[0]))[score.chosen_by or score.metric]
            return jnp.log(loss) if score.logarithmic else loss

        def mean(varied: dict[str, Any], numbers: dict[str, Any], draws: Draws) -> jax.Array:
            tx = task.factory(**varied, **numbers)
            return jax.vmap(lambda own: final_loss(tx, own))(draws).mean()

        return mean
