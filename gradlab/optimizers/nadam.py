"""Nadam."""

from __future__ import annotations

from ..base import transformation
from ..compose import chain
from ..hyperparameters import Decay, NonNegative
from ..schedules.base import ahead
from ..transforms.bias_correction import bias_correction
from ..transforms.momentum import nesterov, scale_by_momentum
from ..transforms.scaling import scale_by_learning_rate
from ..transforms.second_moment import scale_by_rms


@transformation
def nadam(
    learning_rate: NonNegative = 2e-3,
    b1: Decay = 0.9,
    b2: Decay = 0.999,
    eps: NonNegative = 1e-8,
):
    r"""Nadam: Adam whose $\hat m$ looks one step ahead, $\hat m_t = \frac{\mu_{t+1} m_t}{1 - \prod_{i=1}^{t+1} \mu_i} +
    \frac{(1 - \mu_t) g_t}{1 - \prod_{i=1}^t \mu_i}$.

    `b1` is $\mu$ in [0, 1), a number or a schedule; Dozat's own is `schedules.nadam_momentum`. The rest is Adam's.
    Source: Dozat (2016), algorithm 2.
    """
    return chain(
        scale_by_momentum(b1),
        nesterov(b1, next_decay=ahead(b1), corrected=True),
        scale_by_rms(chain(scale_by_momentum(b2), bias_correction(b2)), eps),
        scale_by_learning_rate(learning_rate),
    )
