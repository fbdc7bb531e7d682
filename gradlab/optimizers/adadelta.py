"""Adadelta."""

from __future__ import annotations

from ..base import transformation
from ..compose import chain
from ..hyperparameters import Decay, NonNegative
from ..transforms.scaling import scale_by_learning_rate
from ..transforms.second_moment import scale_by_rms, scale_by_update_rms


@transformation
def adadelta(learning_rate: NonNegative = 1.0, rho: Decay = 0.9, eps: NonNegative = 1e-6):
    r"""Adadelta: RMS scaling, then the units of the parameters back; it needs no rate ($\alpha$ = 1).

    `rho` in [0, 1) is the decay of both running means; `eps` in [0, inf) stands inside both roots and sets the size
    of the first steps (with 0 nothing ever moves). Source: Zeiler (2012), algorithm 1.
    """
    return chain(
        scale_by_rms(rho, eps=0.0, eps_root=eps),
        scale_by_update_rms(rho, eps),
        scale_by_learning_rate(learning_rate),
    )
