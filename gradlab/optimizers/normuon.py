"""NorMuon: Muon whose outputs have steps of similar sizes."""

from __future__ import annotations

from typing import Any

from ..combinators.chain import chain
from ..combinators.signals import isolate
from ..core.decorators import recipe
from ..equations import Letter, letters_of
from ..transforms.blocks import block_mean, normalize_blocks
from ..transforms.decay import add_decayed_weights
from ..transforms.matrix_shapes import Layout
from ..transforms.scaling import scale, scale_by_learning_rate
from ..transforms.second_moment import scale_by_rms
from ..values.numeric_arguments import Decay, NonNegative
from .adam import adamw
from .matrix_groups import partition_matrices
from .muon import make_orthogonal_direction


@recipe(claims=("descends",))
def normuon(
    learning_rate: NonNegative = 1e-3,
    momentum: Decay = 0.95,
    b2: Decay = 0.95,
    eps: NonNegative = 1e-8,
    weight_decay: NonNegative = 0.01,
    rms: NonNegative = 0.2,
    *,
    matrices: Any = None,
    nesterov: bool = False,
    layout: Layout = "flax",
    adam_learning_rate: NonNegative | None = None,
    adam_b1: Decay = 0.9,
    adam_b2: Decay = 0.95,
    adam_eps: NonNegative = 1e-8,
):
    r"""NorMuon: Muon with a second moment for each output, $x_t = x_{t-1} - \alpha (\rho d_t / \operatorname{RMS}(
    d_t) + \lambda x_{t-1})$, $d_t = O_t / (\sqrt{v_t} + \epsilon)$.

    $O_t$ is that of `muon`, by default without its step ahead, and $v_t = \beta_2 v_{t-1} + (1 - \beta_2)
    \operatorname{mean}(O_t^2)$ is the `block_mean` over the weights of each output; its bias cancels. `b2` is
    $\beta_2$ in [0, 1), and `eps` is in [0, inf). `rms` is $\rho$ in [0, inf), the RMS of every step at a learning rate
    of 1. At 0.2, steps are as long as Adam's, so all leaves have one learning rate, unless `adam_learning_rate` is
    given. The other arguments are those of `muon`.

    The code that its authors released in the package dion keeps the norm of $O_t$, in the place of an RMS of $\rho$:
    `graft(isolate(scale_by_rms(block_mean(b2), eps)), chain())`, and then multiplies by $\sqrt{r / c}$.

    Needs `params`. Source: Li et al. (2025), algorithm 1.

    >>> tx, x = gl.normuon(0.1, weight_decay=0.0), jnp.zeros((2, 2))
    >>> step, state = tx.update(jnp.array([[3.0, 1.0], [0.0, 2.0]]), tx.init(x), x)
    >>> print(f"{jnp.sqrt(jnp.mean(step**2)):.3f}")  # the RMS of every step is 0.2 times the rate
    0.020
    """
    of_matrices = chain(
        *make_orthogonal_direction(momentum, nesterov, layout),
        isolate(scale_by_rms(block_mean(b2, "rows", layout), eps)),
        normalize_blocks("matrices", layout),
        scale(rms),
        add_decayed_weights(weight_decay),
        scale_by_learning_rate(learning_rate),
    )
    adam_rate = learning_rate if adam_learning_rate is None else adam_learning_rate
    of_others = adamw(adam_rate, adam_b1, adam_b2, adam_eps, weight_decay)
    return partition_matrices(matrices, of_matrices, of_others)


@letters_of(normuon)
def _(momentum: Any, rms: Any, **_: Any) -> tuple[Letter, ...]:
    return Letter(r"\beta", "1", momentum, r"\mu"), Letter(r"\alpha", "", rms, r"\rho")
