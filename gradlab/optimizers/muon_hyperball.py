"""Muon on a sphere: every matrix keeps its norm."""

from __future__ import annotations

from typing import Any

from ..combinators.chain import chain
from ..combinators.each import each
from ..core.decorators import recipe
from ..equations import Letter, letters_of
from ..transforms.keep_norm import keep_norm
from ..transforms.matrix_shapes import Layout, as_matrix_shape
from ..transforms.scaling import scale_by_learning_rate
from ..transforms.trust_ratio import scale_by_trust_ratio
from ..values.numeric_arguments import Decay, NonNegative
from .adam import adam
from .matrix_groups import partition_matrices
from .muon import make_orthogonal_direction

_ADAM_SHARE = 0.02  # 3e-4 / 0.015


@recipe(claims=("descends",))
def muon_hyperball(
    learning_rate: NonNegative = 0.015,
    momentum: Decay = 0.95,
    *,
    matrices: Any = None,
    nesterov: bool = True,
    layout: Layout = "flax",
    adam_learning_rate: NonNegative | None = None,
    adam_b1: Decay = 0.9,
    adam_b2: Decay = 0.95,
    adam_eps: NonNegative = 1e-10,
):
    r"""MuonH: Muon whose matrices turn and keep their norm $\rho = \|x_0\|$, $x_t = \rho y_t / \|y_t\|$ with $y_t =
    x_{t-1} - \alpha \rho O_t / \|O_t\|$, and all other leaves as with Adam.

    $O_t$ is that of `muon`, and `learning_rate` is $\alpha$ in [0, inf), nearly the angle of a step in radians, so it
    needs no factor for the shape. There is no weight decay, since a norm is kept anyway. A matrix that begins at zero
    has no norm to keep: leave it out of `matrices`, a selector as in `muon`, in which case it moves as with Adam. The
    norm is that of a whole leaf, or of each layer if `layout` is a `matrix_shape` with `batch_axes`.

    `momentum`, `nesterov` and `layout` are those of `muon`, and the `adam_...` arguments are those of `adam` for the
    other leaves. Adam's learning rate is 0.02 times that of the matrices, if it is not given. Needs `params`.
    Source: Wen et al. (2025), Fantastic pretraining optimizers and where to find them 2.1: Hyperball optimization.

    >>> tx, x = gl.muon_hyperball(0.1), jnp.array([[3.0, 0.0], [0.0, 4.0]])
    >>> step, state = tx.update(jnp.array([[0.0, 1.0], [1.0, 0.0]]), tx.init(x), x)
    >>> print(x + step, f"{jnp.linalg.norm(x + step):.2f}")  # the norm is still 5
    [[ 2.9851 -0.3518]
     [-0.3518  3.9801]] 5.00
    """
    adam_rate = _ADAM_SHARE * learning_rate if adam_learning_rate is None else adam_learning_rate
    of_matrices = chain(
        *make_orthogonal_direction(momentum, nesterov, layout),
        _for_each_layer(scale_by_trust_ratio(), layout),
        scale_by_learning_rate(learning_rate),
        _for_each_layer(keep_norm(), layout),
    )
    of_others = adam(adam_rate, adam_b1, adam_b2, adam_eps)
    return partition_matrices(matrices, of_matrices, of_others)


@letters_of(muon_hyperball)
def _(momentum: Any, **_: Any) -> tuple[Letter, ...]:
    return (Letter(r"\beta", "1", momentum, r"\mu"),)


def _for_each_layer(tx: Any, layout: Any) -> Any:
    for _ in range(as_matrix_shape(layout).batch_axes):
        tx = each(tx)
    return tx
