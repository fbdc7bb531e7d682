"""LARS and LAMB, whose steps are a share of the norm of each layer."""

from __future__ import annotations

from typing import Any

from ..combinators.chain import chain
from ..combinators.only import only
from ..core.decorators import recipe
from ..transforms.decay import add_decayed_weights
from ..transforms.momentum import scale_by_momentum
from ..transforms.scaling import scale_by_learning_rate
from ..transforms.trust_ratio import scale_by_trust_ratio
from ..values.numeric_arguments import Decay, NonNegative
from .adam import make_adam_direction


@recipe(claims=("descends",))
def lars(
    learning_rate: NonNegative = 0.1,
    momentum: Decay = 0.9,
    weight_decay: NonNegative = 0.0,
    coefficient: NonNegative = 1e-3,
    eps: NonNegative = 0.0,
    mask: Any = None,
):
    r"""LARS: the heavy ball with a learning rate for each layer, $m_t = \mu m_{t-1} - \alpha r_t (g_t + \lambda
    x_{t-1})$, $r_t = \kappa \|x_{t-1}\| / (\|g_t\| + \lambda \|x_{t-1}\| + \epsilon)$.

    The parameters move by $m_t$, so each step keeps the rate with which it entered the momentum. `momentum` is $\mu$ in
    [0, 1), `weight_decay` is $\lambda$, `coefficient` is $\kappa$, and `eps` is $\epsilon$, 0 in the publication, all
    in [0, inf). `mask` selects the leaves that have such a ratio and decay (None: all); biases and scales of
    normalization are usually left out, and need a rate that is $\kappa$ times that of the others. optax divides by
    $\|g_t + \lambda x_{t-1}\|$ instead.

    Needs `params`. Source: You et al. (2017), algorithm 1.

    >>> tx, x = gl.lars(0.1), jnp.array([3.0, 4.0])
    >>> for gradient in (jnp.array([6.0, 8.0]), jnp.array([0.6, 0.8])):
    ...     step, state = tx.update(gradient, tx.init(x), x)
    ...     print(step)  # of length 0.1 * 0.001 * 5, for a leaf of norm 5, whatever the gradient
    [-0.0003 -0.0004]
    [-0.0003 -0.0004]
    """
    return chain(
        _at(mask, scale_by_trust_ratio(coefficient, weight_decay, eps)),
        scale_by_learning_rate(learning_rate),
        scale_by_momentum(momentum, dampening=0.0),
    )


@recipe(claims=("descends",))
def lamb(
    learning_rate: NonNegative = 1e-3,
    b1: Decay = 0.9,
    b2: Decay = 0.999,
    eps: NonNegative = 1e-6,
    weight_decay: NonNegative = 0.01,
    mask: Any = None,
):
    r"""LAMB: AdamW whose steps are proportional to the norm of each layer, $x_t = x_{t-1} - \alpha\, (\|x_{t-1}\| /
    \|r_t\|)\, r_t$ with $r_t = \hat m_t / (\sqrt{\hat v_t} + \epsilon) + \lambda x_{t-1}$.

    `mask` selects the leaves that have such a ratio and decay (None: all); the others move as with Adam. (In optax, it
    selects those that decay, and all have a ratio.) The other arguments are those of `adamw`. Where the norm of the
    leaf or of $r_t$ is 0, the ratio is 1. For layers that are stacked in one leaf, use `each`.

    Needs `params`. Source: You et al. (2020), algorithm 2.

    >>> tx, x = gl.lamb(0.1, weight_decay=0.0), jnp.array([3.0, 4.0])
    >>> step, state = tx.update(jnp.array([1.0, -1.0]), tx.init(x), x)
    >>> print(step, f"{jnp.linalg.norm(step):.2f}")  # of length 0.1 * 5, for a leaf of norm 5
    [-0.3536  0.3536] 0.50
    """
    return chain(
        *make_adam_direction(b1, b2, eps),
        _at(mask, chain(add_decayed_weights(weight_decay), scale_by_trust_ratio())),
        scale_by_learning_rate(learning_rate),
    )


def _at(mask: Any, tx: Any) -> Any:
    return tx if mask is None else only(mask, tx)
