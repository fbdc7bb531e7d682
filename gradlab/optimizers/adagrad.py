"""Adagrad."""

from __future__ import annotations

from ..combinators.chain import chain
from ..core.decorators import recipe
from ..transforms.scaling import scale_by_learning_rate
from ..transforms.second_moment import scale_by_rss
from ..values.numeric_arguments import NonNegative


@recipe(claims=("descends",))
def adagrad(learning_rate: NonNegative = 1e-2, initial_accumulator_value: NonNegative = 0.0, eps: NonNegative = 1e-10):
    r"""Adagrad, whose rates fall with the sum of squared gradients, $x_t = x_{t-1} - \alpha g_t / (\sqrt{s_t} +
    \epsilon)$.

    $s_t = s_{t-1} + g_t^2$, and `initial_accumulator_value` is $s_0$ in [0, inf). Its link `scale_by_rss` divides by
    the root of this sum, which only grows, and the `scale_by_rms` of `rmsprop` by that of a mean, which forgets.
    Source: Duchi et al. (2011), figure 1.

    >>> tx, gradient = gl.adagrad(1.0), jnp.array([2.0, -4.0])
    >>> state = tx.init(gradient)
    >>> for _ in range(4):  # 1 / sqrt(t)
    ...     step, state = tx.update(gradient, state)
    ...     print(step)
    [-1.  1.]
    [-0.7071  0.7071]
    [-0.5774  0.5774]
    [-0.5  0.5]
    """
    return chain(scale_by_rss(initial_accumulator_value, eps), scale_by_learning_rate(learning_rate))
