"""Lion, and cautious Lion."""

from __future__ import annotations

from typing import Annotated, Any

from ..combinators.chain import chain
from ..core.decorators import recipe
from ..equations import Letter, letters_of
from ..schedules.base import as_operand
from ..transforms.decay import decay_links
from ..transforms.mixing import mix_with_gradient
from ..transforms.momentum import scale_by_momentum
from ..transforms.scaling import scale_by_learning_rate, scale_by_sign
from ..transforms.sign_agreement import agree_in_sign
from ..values.numeric_arguments import Decay, NonNegative, Positive, Range

MomentumDecay = Annotated[Any, Range(0.0, 1.0, includes_low=False, hint="for 0, use sign_sgd on a mixed gradient")]


@recipe(claims=("descends",))
def lion(
    learning_rate: NonNegative = 1e-4,
    b1: Decay = 0.9,
    b2: MomentumDecay = 0.99,
    weight_decay: NonNegative | None = None,
    mask: Any = None,
):
    r"""Lion: the sign of a mean of momentum and gradient, $x_t = x_{t-1} - \alpha \operatorname{sign}(\beta_1 m_{t-1} +
    (1 - \beta_1) g_t)$.

    `b1` in [0, 1) is the share of the momentum in the direction, and `b2` in (0, 1) is the decay of the momentum, $m_t
    = \beta_2 m_{t-1} + (1 - \beta_2) g_t$. The direction is computed from the new momentum, as $\nu m_t + (1 - \nu)
    g_t$ with $\nu = \beta_1 / \beta_2$, which is the same. `weight_decay` and `mask` are those of `adamw`; None decays
    nothing. Good rates are 3 to 10 times smaller than those of `adamw`, with a `weight_decay` larger by the same
    factor.
    Source: Chen et al. (2023), algorithm 2.

    >>> tx, x = gl.lion(0.1), jnp.zeros(2)
    >>> step, state = tx.update(jnp.array([2.0, -4.0]), tx.init(x), x)
    >>> print(step, state[0].moment)  # every element moves by the rate; the state is one momentum
    [-0.1  0.1] [ 0.02 -0.04]
    """
    return chain(
        *_make_direction(b1, b2),
        scale_by_sign(),
        *decay_links(weight_decay, mask),
        scale_by_learning_rate(learning_rate),
    )


@recipe(claims=("descends",))
def cautious_lion(
    learning_rate: NonNegative = 1e-4,
    b1: Decay = 0.9,
    b2: MomentumDecay = 0.99,
    weight_decay: NonNegative | None = None,
    mask: Any = None,
    min_share: Positive = 1e-3,
):
    r"""Cautious Lion: Lion that moves only where its step goes down the gradient, $x_t = x_{t-1} - \alpha d_t \odot
    \phi_t / \max(\bar\phi_t, \epsilon)$, $\phi_t = [d_t g_t > 0]$.

    The bracket is 1 in the elements where the direction $d$ has the sign of the gradient, else 0, and $\bar\phi$ is the
    mean over a leaf. $d$ is Lion's direction, a sign. `min_share` is $\epsilon$ of `agree_in_sign`, and the other
    arguments are those of `lion`. Source: Liang et al. (2024), algorithm 3.

    >>> tx, x = gl.cautious_lion(0.1), jnp.zeros(2)
    >>> step, state = tx.update(jnp.array([1.0, 1.0]), tx.init(x), x)
    >>> step, state = tx.update(jnp.array([1.0, -0.05]), state, x)
    >>> print(x + step)  # the second element disagrees, so the first moves twice as far
    [-0.2  0. ]
    """
    return chain(
        *_make_direction(b1, b2),
        scale_by_sign(),
        agree_in_sign(min_share),
        *decay_links(weight_decay, mask),
        scale_by_learning_rate(learning_rate),
    )


@letters_of(lion)
@letters_of(cautious_lion)
def _(b2: Any, **_: Any) -> tuple[Letter, ...]:
    return (Letter(r"\beta", "1", b2, r"\beta_2"),)


def _make_direction(b1, b2):
    return scale_by_momentum(b2), mix_with_gradient(as_operand(b1) / as_operand(b2))
