"""Sign descent."""

from __future__ import annotations

from ..combinators.chain import chain
from ..core.decorators import recipe
from ..transforms.scaling import scale_by_learning_rate, scale_by_sign
from ..values.numeric_arguments import NonNegative


@recipe(claims=("descends", "unbiased"))
def sign_sgd(learning_rate: NonNegative = 1e-3):
    r"""Sign descent: every parameter moves by the learning rate, $x_t = x_{t-1} - \alpha \operatorname{sign} g_t$.

    It is RMSProp with a decay and an epsilon of 0. Source: Bernstein et al. (2018), algorithm 1.

    >>> tx, gradient = gl.sign_sgd(0.1), jnp.array([2.0, -0.004])
    >>> print(tx.update(gradient, tx.init(gradient))[0])
    [-0.1  0.1]
    """
    return chain(scale_by_sign(), scale_by_learning_rate(learning_rate))
