"""`lookahead`, whose slow weights follow the parameters once in some steps."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from ..arithmetic.leaf_maps import map_by_shape
from ..arithmetic.safe_arithmetic import move_towards
from ..core.base import Transformation
from ..core.boundary import PyTree
from ..core.claims import shared_claims
from ..core.composites import Composite, Place, points_of, walk
from ..core.decorators import transformation
from ..core.stateless import init_empty
from ..core.transformation_calls import hand_on, raw_init, raw_update
from ..equations import Expression, Writer, equation_of, write_step
from ..values.numeric_arguments import Fraction, is_schedule


class LookaheadState(NamedTuple):
    """The state of `lookahead`."""

    steps: jax.Array  # int32 scalar, the number of updates since the parameters last were the slow weights, below k
    slow: PyTree  # s, like the parameters, at least float32
    inner: Any  # the state of the optimizer of the fast steps


@transformation(splits_gradient="tx", claims=lambda looking: _claims(looking))
def lookahead(tx: optax.GradientTransformation, k: int = 5, alpha: Fraction = 0.5, reset: bool = False):
    r"""Take $k$ steps with an optimizer, then go back a part of the way, to slow weights $s$, $s \leftarrow s + a (x -
    s)$, $x \leftarrow s$.

    `tx` is a whole optimizer, which takes the $k$ fast steps from the slow weights. Then these move by the share $a$
    towards the point that was reached, and the parameters $x$ return to them. `k` is a whole number of at least 1, and
    `alpha` is $a$ in [0, 1]. With `reset`, the state of `tx` starts anew at each return; otherwise it is kept.
    `eval_params` returns the slow weights, which are at least float32. Needs `params`.

    Raises ValueError for a `k` below 1, and for three kinds of `tx`: one with an evaluation point of its own, which
    would not return with the parameters; one that accumulates, because the parameters could return between its
    micro-batches; and one with `master_params` or `round_params`, because the returns would change its updates.

    Source: Zhang et al. (2019), algorithm 1.

    >>> tx, x = gl.lookahead(gl.sgd(1.0), k=2, alpha=0.5), jnp.zeros(2)
    >>> state = tx.init(x)
    >>> for _ in range(2):
    ...     step, state = tx.update(jnp.array([1.0, -1.0]), state, x)
    ...     x = x + step
    ...     print(x)  # two steps forward, then half of the way back
    [-1.  1.]
    [-1.  1.]
    """
    if k < 1:
        raise ValueError(f"lookahead: k is the number of steps between two returns, at least 1; got {k}")
    refuse_points("lookahead", tx, "eval_params")
    refuse_steps("lookahead", tx)

    def init(params):
        return LookaheadState(jnp.zeros((), jnp.int32), params, raw_init(tx, params))

    def update(updates, state, params, *, grads=None, **extra):
        signals = hand_on(extra, grads)
        updates, inner = raw_update(tx, updates, state.inner, params, signals)
        steps = state.steps + 1
        returns = steps == k
        fast = map_by_shape(lambda x, d: x + d.astype(x.dtype), params, updates)
        moved = map_by_shape(lambda s, x: move_towards(s, x, alpha), state.slow, fast)
        slow = map_by_shape(lambda new, old: jnp.where(returns, new, old), moved, state.slow)
        # The new slow weights, and not the old ones, so that these need not be kept beside them.
        updates = map_by_shape(lambda d, s, x: jnp.where(returns, (s - x).astype(d.dtype), d), updates, slow, params)
        if reset:
            inner = jax.tree.map(lambda new, old: jnp.where(returns, new, old), raw_init(tx, slow), inner)
        return updates, LookaheadState(jnp.where(returns, 0, steps), slow, inner)

    def evaluate(state, params):
        return state.slow

    return Composite(init, update, {"tx": tx}, lambda state: {"tx": state.inner}, eval_params=evaluate)


def refuse_points(owner: str, tx: Any, *kinds: str) -> None:
    """Raise ValueError for a transformation with a point of its own, if its owner moves the parameters elsewhere."""
    if points_of(tx).intersection(kinds):
        raise ValueError(
            f"{owner} moves the parameters, but the point that {tx!r} defines would stay behind; pass an optimizer "
            f"without one, such as adam(). An average goes outside, as in average_params({owner}(adam()))"
        )


def refuse_steps(owner: str, tx: Any) -> None:
    """Raise ValueError for a transformation whose owner makes other steps of its own, if it relies on its own ones.

    `accumulate` relies on parameters that stay where they are between its micro-batches, and what rounds parameters of
    16 bits on the parameters that its update gives.
    """
    for place in walk(tx):
        if place.name == "accumulate":
            raise ValueError(
                f"{owner} moves the parameters at every update, so also between the micro-batches that accumulate "
                f"collects for one step; put accumulate around it: accumulate({owner}(tx), every)"
            )
        if place.name in ("master_params", "round_params"):
            raise ValueError(
                f"{owner} changes the update that {place.name} chose, so that the parameters lose what it keeps of "
                f"them; put {place.name} around it: {place.name}({owner}(tx))"
            )


def _claims(looking: Any) -> dict[str, Any]:
    claims = shared_claims(looking.tx)
    if isinstance(looking.alpha, float) and looking.alpha > 0:
        names = ("k", "alpha", "reset")
        claims["slow weights"] = {**{name: getattr(looking, name) for name in names}, "inner": looking.tx}
    if all(_is_without_state(place) for place in walk(looking.tx)):  # then `reset` changes nothing
        claims["except"] = (*claims.get("except", ()), "every argument matters")
    return claims


def _is_without_state(place: Place) -> bool:
    """Return whether a transformation is known to have no state but what those within it have."""
    if not isinstance(place.tx, Transformation) or any(map(is_schedule, place.tx.arguments.values())):
        return False  # a schedule counts steps
    if isinstance(place.parts, Composite):
        return bool(place.parts.inner)  # none are known of a wrapper of another library
    return place.parts is None or place.parts[0] is init_empty  # None for a recipe


@equation_of(lookahead)
def _(write: Writer, tx: Any, k: int, alpha: Any, reset: bool) -> Expression:
    step = write_step(write, tx)
    slow, returns = write.fresh("s"), rf"[{write.number('k', k)} \mid t]"  # 1 where k divides t, else 0
    write.starts_at_parameters(slow)
    share = write.number("a", alpha)
    fast = write.line(write.fresh("f"), Expression("x_{t-1}").plus(step))
    last = f"{slow}_{{t-1}}"
    after = write.line(slow, rf"{last} + {returns} {share} ({fast} - {last})")
    write.evaluates_at(after)
    return Expression.step_to(fast.plus(Expression(rf"{returns} ({after} - {fast})", "product")))
