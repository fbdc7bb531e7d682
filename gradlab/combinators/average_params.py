"""`average_params`, which keeps an average of the parameters, at which the model is evaluated."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from ..arithmetic.leaf_maps import map_by_shape
from ..arithmetic.safe_arithmetic import move_towards
from ..core.boundary import PyTree
from ..core.claims import join_claims, shared_claims
from ..core.composites import Composite, move_to_point, points_of
from ..core.decorators import transformation
from ..core.transformation_calls import hand_on, raw_init, raw_update
from ..equations import Expression, Writer, equation_of, is_zero, write_step
from ..values.numeric_arguments import Decay, Steps, as_weak


class AverageParamsState(NamedTuple):
    """The state of `average_params`."""

    step: jax.Array  # t, int32 scalar, the number of updates so far
    weight: Any  # w, float scalar: the total weight of the points in a debiased average; () in the others
    average: PyTree  # of the parameters after each update, like the parameters, at least float32
    inner: Any  # the state of the optimizer


@transformation(splits_gradient="tx", claims=lambda averaged: _claims(averaged))
def average_params(
    tx: optax.GradientTransformation, decay: Decay | None = None, debias: bool = False, start: Steps = 0
):
    r"""Keep an average of the parameters, which `eval_params` returns, $\bar x_t = \sum_{i=1}^t x_i / t$.

    `tx` is a whole optimizer, whose updates are unchanged. `decay` is $\gamma$ in [0, 1), for an exponential average,
    $\bar x_t = \gamma \bar x_{t-1} + (1 - \gamma) x_t$. It begins at the initial parameters; with `debias` it gives
    them no weight, so that $\bar x_1 = x_1$. None is Polyak's average, the plain mean. `start` is a number of updates,
    after which averaging begins; until then the average is the parameters. If `tx` has an evaluation point of its own,
    that is averaged.

    The parameters after every update enter the average, even if the update was zero. So put `accumulate` outside:
    `accumulate(average_params(tx), every)`.

    The average is at least float32, whatever the dtype of the parameters. Averaged models need the statistics of their
    batch normalization computed at the average. Needs `params`. Raises ValueError for `debias` without `decay`.

    Source: Polyak & Juditsky (1992), equation 2; Izmailov et al. (2018), algorithm 1; Kingma & Ba (2015), section 7.2.

    >>> tx, x = gl.average_params(gl.sgd(0.1)), jnp.array([1.0, 2.0])
    >>> state = tx.init(x)
    >>> for _ in range(2):  # of |x|^2 / 2
    ...     step, state = tx.update(x, state, x)
    ...     x = x + step
    >>> print(x, gl.eval_params(tx, state, x))  # the mean of 0.9 and 0.81
    [0.81 1.62] [0.855 1.71 ]
    """
    if debias and decay is None:
        raise ValueError("average_params: the plain mean has no bias; leave debias out, or pass a decay, such as 0.999")

    def init(params):
        weight = jnp.zeros(()) if debias else ()
        return AverageParamsState(jnp.zeros((), jnp.int32), weight, params, raw_init(tx, params))

    def update(updates, state, params, *, grads=None, **extra):
        signals = hand_on(extra, grads)
        updates, inner = raw_update(tx, updates, state.inner, params, signals)
        step = optax.safe_increment(state.step)
        weight, share = enter(state.weight, step)
        point = map_by_shape(lambda x, d: x + d.astype(x.dtype), params, updates)
        point = move_to_point(tx, inner, "eval_params", point)
        average = map_by_shape(lambda mean, x: move_towards(mean, x, share), state.average, point)
        return updates, AverageParamsState(step, weight, average, inner)

    def enter(weight, step):
        """Return the total weight with the new point, and the share of the new point in the average."""
        count = as_weak(step) - as_weak(start)  # of the points that are averaged
        if decay is None:
            return (), 1 / jnp.maximum(count, 1.0)
        if not debias:
            return (), jnp.where(count > 0, 1 - decay, 1.0)
        grown = decay * as_weak(weight) + (1 - decay)
        return jnp.where(count > 0, grown, 0.0), jnp.where(count > 0, (1 - decay) / grown, 1.0)

    def evaluate(state, params):
        return state.average

    return Composite(init, update, {"tx": tx}, lambda state: {"tx": state.inner}, eval_params=evaluate)


def _claims(averaged: Any) -> dict[str, Any]:
    """Return the claims of the optimizer, and that of the average where its formula holds from the first step."""
    claims, decay = shared_claims(averaged.tx), averaged.decay
    if not is_zero(averaged.start) or "eval_params" in points_of(averaged.tx):
        own: dict[str, Any] = {"except": ("every argument matters",)}  # none of them changes an update
    elif decay is None:
        own = {"averages the last": {"k": "all", "at": ".average"}}
    elif isinstance(decay, float) and decay > 0:
        own = {"averages": {"decay": decay, "start": "zero" if averaged.debias else "parameters", "at": ".average"}}
    else:
        own = {"except": ("every argument matters",)}
    return join_claims(claims, own)


@equation_of(average_params)
def _(write: Writer, tx: Any, decay: Any, debias: bool, start: Any) -> Expression:
    step = write_step(write, tx)
    point = write.evaluation_point(step)
    average, count = write.fresh(r"\bar x"), "t" if is_zero(start) else f"t - {write.number('s', start)}"
    write.starts_at_parameters(average)
    last = f"{average}_{{t-1}}"
    if decay is None:
        share = r"\frac{1}{t}" if count == "t" else rf"\frac{{1}}{{\max({count}, 1)}}"
    elif debias:
        gamma = write.number(r"\gamma", decay)
        weight = gamma.weight() if count == "t" else rf"1 - {gamma}^{{\max({count}, 1)}}"
        share = rf"\frac{{1 - {gamma}}}{{{weight}}}"
    else:  # the bracket is 1 where it is true, else 0
        gamma = write.number(r"\gamma", decay)
        share = f"(1 - {gamma})" if count == "t" else f"(1 - {gamma} [{count} > 0])"
    write.evaluates_at(write.line(average, rf"{last} + {share} ({point} - {last})"))
    return step
