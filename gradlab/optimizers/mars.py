"""MARS: Adam on gradients of less variance."""

from __future__ import annotations

from typing import Any

from ..combinators.add import add
from ..combinators.chain import chain
from ..core.decorators import recipe
from ..equations import Letter, letters_of
from ..schedules.base import as_operand
from ..transforms.clipping import clip_by_norm
from ..transforms.decay import decay_links
from ..transforms.delay import delay
from ..transforms.scaling import scale, scale_by_learning_rate
from ..values.numeric_arguments import Decay, Limit, NonNegative
from .adam import make_adam_direction


@recipe(claims=("descends",))
def mars(
    learning_rate: NonNegative = 3e-3,
    b1: Decay = 0.95,
    b2: Decay = 0.99,
    eps: NonNegative = 1e-8,
    weight_decay: NonNegative | None = None,
    mask: Any = None,
    gamma: NonNegative = 0.025,
    max_norm: Limit = 1.0,
):
    r"""MARS-AdamW: AdamW on the gradient and a part of its last change, $\tilde g_t = g_t + a (g_t - g_{t-1})$.

    The weight of the change is $a = \gamma \beta_1 / (1 - \beta_1)$, with `gamma` as $\gamma$ in [0, inf). The norm of
    $\tilde g_t$ in each leaf is bounded by `max_norm`, $c$, in [0, inf]. This is the form with one gradient a step,
    where $g_{t-1}$ is that of the last batch; $g_0 = g_1$. The authors' code uses MARS for leaves with exactly two axes
    and AdamW for all others, as does `partition((ndim(2), mars(3e-3)), default=adamw(3e-3))`. `weight_decay` and `mask`
    are those of `adamw`; None decays nothing. The other arguments are those of `adam`.
    Source: Yuan et al. (2024), algorithms 2 and 3.

    >>> for tx in (gl.mars(0.1, gamma=0.0), gl.mars(0.1)):  # without and with the change of the gradient
    ...     step, state = tx.update(jnp.array([0.3, 0.3]), tx.init(jnp.zeros(2)), jnp.zeros(2))
    ...     step, state = tx.update(jnp.array([0.3, 0.2]), state, jnp.zeros(2))
    ...     print(step)
    [-0.1    -0.0976]
    [-0.1    -0.0944]
    """
    change = add(chain(), chain(delay(), scale(-1.0)))
    return chain(
        add(chain(), chain(change, scale(_weigh_change(b1, gamma)))),
        clip_by_norm(max_norm),
        *make_adam_direction(b1, b2, eps),
        *decay_links(weight_decay, mask),
        scale_by_learning_rate(learning_rate),
    )


@letters_of(mars)
def _(b1: Any, gamma: Any, **_: Any) -> tuple[Letter, ...]:
    return (Letter(r"\alpha", "", _weigh_change(b1, gamma), "a"),)


def _weigh_change(b1, gamma):
    decay = as_operand(b1)
    return as_operand(gamma) * decay / (1 - decay)
