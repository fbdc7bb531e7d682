"""Muon of optax and of Keras."""

from __future__ import annotations

from typing import Any

from ...combinators.chain import chain
from ...combinators.partition import partition
from ...core.decorators import recipe
from ...optimizers.matrix_groups import partition_matrices
from ...selectors import ndim, path
from ...transforms.bias_correction import bias_correction
from ...transforms.decay import add_decayed_weights
from ...transforms.matrix_shapes import Layout
from ...transforms.momentum import nesterov as look_ahead
from ...transforms.momentum import scale_by_momentum
from ...transforms.orthogonalize import orthogonalize
from ...transforms.scaling import scale, scale_by_learning_rate
from ...values.numeric_arguments import Decay, Dtype, NonNegative
from ..optax import adamw as adamw_of_optax
from .common_links import JORDAN, adam_links, compose_step, factor_links, momentum_links


@recipe(name="flavors.muon.optax")
def optax(
    learning_rate: NonNegative,
    ns_coeffs: Any = JORDAN,
    ns_steps: int = 5,
    beta: Decay = 0.95,
    eps: NonNegative = 1e-8,
    weight_decay: NonNegative = 0.0,
    weight_decay_mask: Any = None,
    *,
    nesterov: bool = True,
    adam_b1: Decay = 0.9,
    adam_b2: Decay = 0.999,
    adam_eps_root: NonNegative = 0.0,
    adam_weight_decay: NonNegative = 0.0,
    adam_learning_rate: NonNegative | None = None,
    consistent_rms: NonNegative | None = None,
    matrices: Any = None,
    precision: Dtype | None = None,
    layout: Layout = "flax",
):
    r"""`optax.contrib.muon`: the momentum is corrected as in Nadam, $\mu m_t / (1 - \mu^{t+1}) + (1 - \mu) g_t / (1 -
    \mu^t)$, and products have the dtype of the leaf.

    With a look-ahead, momentum and gradient therefore have other weights than in all other implementations, mostly in
    the first $1 / (1 - \mu)$ steps. Leaves that are no matrices move by `optax.adamw` with the same `eps` and the same
    `nesterov`, which makes it Nadam. Embeddings and the output layer are matrices, too. `ns_coeffs` may be 'standard'
    or 'dion'. `consistent_rms` replaces the factor $\sqrt{\max(1, r / c)}$ by itself times $\sqrt{\max(r, c)}$. Left
    out are `adaptive`, `mu_dtype` and `preconditioning`. Source: optax 0.2.8, `contrib/_muon.py`.
    """
    named = {"standard": JORDAN, "dion": "quintic"}
    sets = named.get(ns_coeffs, ns_coeffs) if isinstance(ns_coeffs, str) else ns_coeffs
    direction = look_ahead(beta, corrected=True, as_power=True) if nesterov else bias_correction(beta, as_power=True)
    of_matrices = chain(
        scale_by_momentum(beta),
        direction,
        orthogonalize(sets, ns_steps, precision, eps, layout=layout),
        *factor_links(consistent_rms is not None, consistent_rms, layout),
        add_decayed_weights(weight_decay, weight_decay_mask),
        scale_by_learning_rate(learning_rate),
    )
    of_others = adamw_of_optax(
        learning_rate if adam_learning_rate is None else adam_learning_rate,
        adam_b1,
        adam_b2,
        eps,
        adam_eps_root,
        weight_decay=adam_weight_decay,
        nesterov=nesterov,
    )
    return partition_matrices(matrices, of_matrices, of_others)


@recipe(name="flavors.muon.keras")
def keras(
    learning_rate: NonNegative = 0.001,
    adam_beta_1: Decay = 0.9,
    adam_beta_2: Decay = 0.999,
    adam_weight_decay: NonNegative = 0.004,
    epsilon: NonNegative = 1e-7,
    weight_decay: NonNegative = 0.004,
    *,
    exclude_embeddings: bool = True,
    muon_a: Any = 3.4445,
    muon_b: Any = -4.7750,
    muon_c: Any = 2.0315,
    adam_lr_ratio: NonNegative = 1.0,
    momentum: Decay = 0.95,
    ns_steps: int = 5,
    nesterov: bool = True,
    rms_rate: NonNegative = 0.2,
    matrices: Any = None,
    precision: Dtype | None = None,
    layout: Layout = "keras",
):
    r"""`keras.optimizers.Muon`: $m_t = \mu m_{t-1} + g_t$, looked ahead as $g_t + \mu m_t$, and the factor $\rho
    \sqrt{\max(r, c)}$ with `rms_rate` $\rho$.

    With `exclude_embeddings`, a leaf with "embedding" in a part of its path moves by AdamW, as all do that are no
    matrices; name further ones by `matrices`. `adam_lr_ratio` in [0, inf) multiplies their step, without the decay.
    Left out are `exclude_layers`, and `rms_rate=None` for no factor.
    Source: keras 3.15, `src/optimizers/muon.py`.
    """
    chosen = ndim(2) if matrices is None else matrices
    if exclude_embeddings:
        chosen = chosen & ~path("**/*embedding*/**", "**/*Embedding*/**")
    of_matrices = compose_step(
        *momentum_links(momentum, nesterov, dampening=0.0),
        orthogonalize((muon_a, muon_b, muon_c), ns_steps, precision, layout=layout),
        *factor_links(True, rms_rate, layout),
        lr=learning_rate,
        weight_decay=weight_decay,
    )
    of_others = chain(
        *adam_links(adam_beta_1, adam_beta_2, epsilon),
        scale(adam_lr_ratio),
        add_decayed_weights(adam_weight_decay),
        scale_by_learning_rate(learning_rate),
    )
    return partition((chosen, of_matrices), default=of_others)
