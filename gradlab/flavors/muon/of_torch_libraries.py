"""Muon of the implementations in PyTorch."""

from __future__ import annotations

from typing import Any

from ...combinators.add import add
from ...combinators.chain import chain
from ...combinators.only import only
from ...core.decorators import recipe
from ...optimizers.adam import adamw as published_adamw
from ...optimizers.matrix_groups import partition_matrices
from ...selectors import ndim
from ...transforms.bias_correction import bias_correction
from ...transforms.gradient import gradient
from ...transforms.matrix_shapes import Layout
from ...transforms.momentum import scale_by_momentum
from ...transforms.orthogonalize import orthogonalize
from ...transforms.scaling import scale
from ...transforms.shape_factors import scale_by_shape
from ...values.numeric_arguments import Decay, Dtype, NonNegative
from .common_links import JORDAN, LARGER_SIDE, adam_links, compose_step, factor_links, momentum_links


@recipe(name="flavors.muon.keller_jordan")
def keller_jordan(
    lr: NonNegative = 0.02,
    weight_decay: NonNegative = 0.0,
    momentum: Decay = 0.95,
    *,
    matrices: Any = None,
    adam_lr: NonNegative = 3e-4,
    adam_betas: tuple[Decay, Decay] = (0.9, 0.95),
    adam_eps: NonNegative = 1e-10,
    precision: Dtype | None = "bfloat16",
    layout: Layout = "torch",
):
    r"""Muon of its author, `MuonWithAuxAdam`: $m_t = \mu m_{t-1} + (1 - \mu) g_t$, looked ahead, five steps, and the
    factor $\sqrt{\max(1, r / c)}$.

    Both groups have the same `weight_decay`. The implementation takes the factor of a kernel of a convolution from its
    height and width, so that it is 1 for a square one; here the factor is that of the matrix.
    Source: github.com/KellerJordan/Muon at 857d1ad, `muon.py`.
    """
    of_matrices = compose_step(
        *momentum_links(momentum, nesterov=True),
        orthogonalize(precision=precision, layout=layout),
        scale_by_shape(layout=layout),
        lr=lr,
        weight_decay=weight_decay,
    )
    of_others = published_adamw(adam_lr, *adam_betas, adam_eps, weight_decay)
    return partition_matrices(matrices, of_matrices, of_others)


@recipe(name="flavors.muon.torch")
def torch(
    lr: NonNegative = 1e-3,
    weight_decay: NonNegative = 0.1,
    momentum: Decay = 0.95,
    nesterov: bool = True,
    ns_coefficients: Any = JORDAN,
    eps: NonNegative = 1e-7,
    ns_steps: int = 5,
    adjust_lr_fn: str | None = None,
    *,
    precision: Dtype | None = "bfloat16",
    layout: Layout = "torch",
):
    r"""`torch.optim.Muon`: $m_t = \mu m_{t-1} + (1 - \mu) g_t$ (its documentation says $\mu m_{t-1} + g_t$), looked
    ahead with `nesterov`, and divided by $\max(\|d\|_F, \epsilon)$.

    `adjust_lr_fn` is 'original' (None), for the factor $\sqrt{\max(1, r / c)}$, or 'match_rms_adamw', for $0.2
    \sqrt{\max(r, c)}$. The decay is not multiplied by it. As in torch, every leaf must be a matrix; send others to
    another optimizer by `partition`. Raises ValueError for any other `adjust_lr_fn`.
    Source: torch 2.13, `torch/optim/_muon.py`.
    """
    if adjust_lr_fn not in (None, "original", "match_rms_adamw"):
        raise ValueError(
            f"flavors.muon.torch: adjust_lr_fn must be 'original' or 'match_rms_adamw', got {adjust_lr_fn!r}"
        )
    matches_adam = adjust_lr_fn == "match_rms_adamw"
    return compose_step(
        *momentum_links(momentum, nesterov),
        orthogonalize(ns_coefficients, ns_steps, precision, eps=0.0, least_norm=eps, layout=layout),
        *factor_links(matches_adam, 0.2, layout),
        lr=lr,
        weight_decay=weight_decay,
    )


@recipe(name="flavors.muon.moonlight")
def moonlight(
    lr: NonNegative = 1e-3,
    wd: NonNegative = 0.1,
    momentum: Decay = 0.95,
    nesterov: bool = True,
    ns_steps: int = 5,
    adamw_betas: tuple[Decay, Decay] = (0.9, 0.95),
    adamw_eps: NonNegative = 1e-8,
    *,
    matrices: Any = None,
    precision: Dtype | None = "bfloat16",
    layout: Layout = "torch",
):
    r"""Muon of Moonlight: $m_t = \mu m_{t-1} + g_t$, looked ahead as $g_t + \mu m_t$, and the factor $0.2 \sqrt{\max(r,
    c)}$, with which the steps are as long as AdamW's.

    So the rate and the decay of AdamW serve both groups. Epsilon is added to the uncorrected root in AdamW.
    Source: Liu et al. (2025); github.com/MoonshotAI/Moonlight, `examples/toy_train.py`.
    """
    of_matrices = compose_step(
        *momentum_links(momentum, nesterov, dampening=0.0),
        orthogonalize(JORDAN, ns_steps, precision, layout=layout),
        *factor_links(True, 0.2, layout),
        lr=lr,
        weight_decay=wd,
    )
    of_others = compose_step(*adam_links(*adamw_betas, adamw_eps), lr=lr, weight_decay=wd)
    return partition_matrices(matrices, of_matrices, of_others)


@recipe(name="flavors.muon.dion")
def dion(
    lr: NonNegative = 0.01,
    mu: Decay = 0.95,
    betas: tuple[Decay, Decay] = (0.9, 0.95),
    weight_decay: NonNegative = 0.01,
    epsilon: NonNegative = 1e-8,
    nesterov: bool = False,
    adjust_lr: str = "spectral_norm",
    *,
    matrices: Any = None,
    precision: Dtype | None = "bfloat16",
    layout: Layout = "torch",
):
    r"""Muon of Microsoft's dion: $m_t = \mu m_{t-1} + g_t$ without a look-ahead, five steps of Polar Express, and the
    factor $\sqrt{r / c}$.

    The matrix is divided by $1.02 \|m\|_F + \epsilon$. `adjust_lr` is 'spectral_norm', for $\sqrt{r / c}$ (which is
    below 1 for wide matrices, unlike that of the other implementations), or 'rms_norm', for $0.2 \sqrt{\max(r, c)}$.
    All other leaves move by AdamW with the same rate. Raises ValueError for any other `adjust_lr`.
    Source: github.com/microsoft/dion at 0a059a4, `dion/muon.py`, `dion/polar_express.py`.
    """
    factors = {
        "spectral_norm": (scale_by_shape("sqrt(r / c)", layout),),
        "rms_norm": factor_links(True, 0.2, layout),
    }
    if adjust_lr not in factors:
        raise ValueError(f"flavors.muon.dion: adjust_lr must be 'spectral_norm' or 'rms_norm', got {adjust_lr!r}")
    of_matrices = compose_step(
        *momentum_links(mu, nesterov, dampening=0.0),
        orthogonalize("polar_express_5", precision=precision, eps=epsilon, norm_factor=1.02, layout=layout),
        *factors[adjust_lr],
        lr=lr,
        weight_decay=weight_decay,
    )
    of_others = published_adamw(lr, *betas, epsilon, weight_decay)
    return partition_matrices(matrices, of_matrices, of_others)


@recipe(name="flavors.muon.heavyball")
def heavyball(
    lr: NonNegative = 0.0025,
    betas: tuple[Decay, Decay] = (0.9, 0.99),
    weight_decay: NonNegative = 0.0,
    *,
    nesterov: bool = True,
    heavyball_momentum: bool = False,
    matrices: Any = None,
    precision: Dtype | None = "bfloat16",
    layout: Layout = "torch",
):
    r"""Muon of HeavyBall: the direction is $g_t + m_t$ with $m_t = \beta m_{t-1} + (1 - \beta) g_t$.

    So the newest gradient has about as much weight as all others together. Without `nesterov`, the direction is $m_t /
    (1 - \beta^t)$, which matters for leaves that are no matrices. The factor is $\sqrt{\max(1, r / c)}$. With
    `heavyball_momentum`, $m_t = \beta m_{t-1} + g_t$, looked ahead as $g_t + \beta m_t$. `betas[1]` has no effect, as
    there. Leaves of fewer than two axes move along the momentum itself, by the same rate, and not by Adam. HeavyBall
    rounds to bfloat16 at random; here it is to nearest.
    Source: heavyball 3.2, `heavyball/__init__.py`, `chainable.py`, `utils.py`.
    """
    beta, _ = betas
    both = add(chain(), gradient())  # the momentum and the gradient, with equal weights
    moments = (
        momentum_links(beta, nesterov, dampening=0.0)
        if heavyball_momentum
        else (scale_by_momentum(beta), both if nesterov else bias_correction(beta))
    )
    matrix_step = chain(
        orthogonalize("quintic", precision=precision, eps=0.0, least_norm=1e-7, layout=layout),
        scale_by_shape(layout=layout),
    )
    return compose_step(
        *moments,
        only(~ndim(0) & ~ndim(1) if matrices is None else matrices, matrix_step),
        lr=lr,
        weight_decay=weight_decay,
    )


@recipe(name="flavors.muon.nvidia")
def nvidia(
    lr: NonNegative = 3e-4,
    momentum: Decay = 0.95,
    weight_decay: NonNegative = 0.01,
    *,
    nesterov: bool = False,
    coefficient_type: str = "quintic",
    num_ns_steps: int = 5,
    scale_mode: str = "spectral",
    extra_scale_factor: NonNegative = 1.0,
    precision: Dtype | None = "bfloat16",
    layout: Layout = "torch",
):
    r"""Muon of NVIDIA's Emerging-Optimizers: $m_t = \mu m_{t-1} + (1 - \mu) g_t$ without a look-ahead, and the factor
    $\sqrt{\max(r, c)}$, five times that of Moonlight.

    `coefficient_type` is 'simple', 'quintic', 'polar_express', 'cans' or 'deepseekv4'. (Its 'aol' makes steps uphill
    and is refused; its 'polar_express' is rounded to four decimals.) `scale_mode` is 'spectral', 'shape_scaling', for
    $\sqrt{\max(1, r / c)}$, or 'unit_rms_norm', for $\sqrt{r / c}$. Every leaf must be a matrix. Raises ValueError for
    other words, and for more steps than its sets are made for, where NVIDIA's code begins again with the first set. The
    step is multiplied by `extra_scale_factor`, in [0, inf). Source: github.com/NVIDIA-NeMo/Emerging-Optimizers at
    fd77292, `orthogonalized_optimizers/muon.py`.
    """
    sets = {
        "simple": JORDAN,
        "deepseekv4": "deepseek",
        **{name: name for name in ("quintic", "polar_express", "cans")},
    }
    formulas = {"spectral": LARGER_SIDE, "shape_scaling": "sqrt(max(1, r / c))", "unit_rms_norm": "sqrt(r / c)"}
    for argument, value, known in (
        ("coefficient_type", coefficient_type, sets),
        ("scale_mode", scale_mode, formulas),
    ):
        if value not in known:
            raise ValueError(
                f"flavors.muon.nvidia: {argument} must be one of {', '.join(map(repr, known))}; got {value!r}"
            )
    return compose_step(
        *momentum_links(momentum, nesterov),
        orthogonalize(sets[coefficient_type], num_ns_steps, precision, eps=0.0, least_norm=1e-15, layout=layout),
        scale_by_shape(formulas[scale_mode], layout),
        scale(extra_scale_factor),
        lr=lr,
        weight_decay=weight_decay,
    )
