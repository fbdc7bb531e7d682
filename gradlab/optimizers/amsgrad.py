"""AMSGrad."""

from __future__ import annotations

from ..combinators.chain import chain
from ..core.decorators import recipe
from ..transforms.bias_correction import bias_correction
from ..transforms.estimators import running_max
from ..transforms.momentum import scale_by_momentum
from ..transforms.scaling import scale_by_learning_rate
from ..transforms.second_moment import scale_by_rms
from ..values.numeric_arguments import Decay, NonNegative


@recipe(claims=("descends", "unbiased"))
def amsgrad(
    learning_rate: NonNegative = 1e-3,
    b1: Decay = 0.9,
    b2: Decay = 0.999,
    eps: NonNegative = 1e-8,
    eps_root: NonNegative | None = None,
):
    r"""AMSGrad: Adam with rates that never rise, $x_t = x_{t-1} - \alpha \hat m_t / (\sqrt{\max_{i \le t} \hat v_i} +
    \epsilon)$.

    It takes the maximum of the corrected second moment, so that the maximum is right from the first step. `eps_root` in
    [0, inf) is added inside the root, and None adds nothing. The other arguments are those of `adam`.
    Source: Reddi et al. (2018), algorithm 2, which has no bias corrections.

    >>> tx, gradient = gl.amsgrad(0.1, b2=0.5), jnp.array([1.0, -1.0])
    >>> step, state = tx.update(8 * gradient, tx.init(gradient))
    >>> for _ in range(20):
    ...     step, state = tx.update(gradient, state)
    >>> print(step)  # Adam takes steps of 0.11 here, because it has forgotten the large gradient
    [-0.0137  0.0137]
    """
    second = chain(scale_by_momentum(b2), bias_correction(b2), running_max())
    return chain(
        scale_by_momentum(b1),
        bias_correction(b1),
        scale_by_rms(second, eps, 0.0 if eps_root is None else eps_root),
        scale_by_learning_rate(learning_rate),
    )
