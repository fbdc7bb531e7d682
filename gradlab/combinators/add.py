"""`add`, which applies transformations side by side and sums their results."""

from __future__ import annotations

from typing import Any

import optax

from ..arithmetic.leaf_maps import map_by_shape
from ..core.claims import shared_claims
from ..core.composites import Composite, name_each
from ..core.decorators import transformation
from ..core.transformation_calls import hand_on, raw_init, raw_update
from ..equations import Expression, Writer, equation_of


@transformation(splits_gradient="txs", claims=lambda added: shared_claims(*added.txs))
def add(*txs: optax.GradientTransformation):
    r"""Sum the results of transformations side by side, $d' = \sum_i f_i(d; g)$.

    Each of `txs`, of which there is at least one, receives the same direction and the same gradient. `chain()` is the
    branch that changes nothing, so `add(chain(), chain(delay(), scale(-1.0)))` is the change of the direction
    since the last step. If a branch splits the gradient from the direction, the sum does.

    Raises TypeError without a transformation, and for what is none.

    >>> tx, gradient = gl.add(gl.scale(2.0), gl.scale_by_sign()), jnp.array([2.0, -4.0])
    >>> print(tx.update(gradient, tx.init(gradient))[0])  # 2 g + sign(g)
    [ 5. -9.]
    """
    if not txs:
        raise TypeError(
            "add() has nothing to add; pass one transformation for each branch, as in add(chain(), delay())"
        )

    for number, tx in enumerate(txs):
        if not isinstance(tx, optax.GradientTransformation):
            raise TypeError(
                f"add: branch {number} must be a transformation, such as delay(); got {type(tx).__name__}: {tx!r}"
            )

    def init(params):
        return tuple(raw_init(tx, params) for tx in txs)

    def update(updates, state, params=None, *, grads=None, **extra):
        if len(state) != len(txs):
            raise ValueError(f"a sum of {len(txs)} branches got a state of {len(state)}")
        signals = hand_on(extra, grads)
        results, new_state = zip(
            *(raw_update(tx, updates, own, params, signals) for tx, own in zip(txs, state, strict=True)), strict=True
        )
        return map_by_shape(lambda *branches: sum(branches[1:], branches[0]), *results), tuple(new_state)

    names = name_each(txs)
    return Composite(
        init, update, dict(zip(names, txs, strict=True)), lambda s: dict(zip(names, s, strict=True)), gradient="own"
    )


@equation_of(add)
def _(write: Writer, txs: Any) -> Expression:
    direction, gradient = write.symbol(), write.gradient()
    first, *others = (write.inside(tx, write.letter, write.role, direction, gradient) for tx in txs)
    for other in others:
        first = first.plus(other)
    return first
