"""Scion: steps to the boundary of a ball whose norm depends on the kind of the layer."""

from __future__ import annotations

from typing import Any

from ..combinators.chain import chain
from ..combinators.partition import partition
from ..core.decorators import recipe
from ..equations import Letter, letters_of
from ..selectors import ndim
from ..transforms.blocks import normalize_blocks
from ..transforms.decay import add_decayed_weights
from ..transforms.matrix_shapes import Layout
from ..transforms.momentum import scale_by_momentum
from ..transforms.orthogonalize import orthogonalize
from ..transforms.scaling import scale, scale_by_learning_rate, scale_by_sign
from ..transforms.shape_factors import scale_by_shape
from ..values.numeric_arguments import Decay, NonNegative


@recipe(claims=("descends",))
def scion(
    learning_rate: NonNegative = 2.0**-12,
    momentum: Decay = 0.9,
    radius: NonNegative = 50.0,
    output_radius: NonNegative = 3000.0,
    eps: NonNegative = 1e-8,
    *,
    matrices: Any = None,
    outputs: Any = None,
    embeddings: Any = None,
    is_constrained: bool = True,
    layout: Layout = "flax",
):
    r"""Scion: every layer steps along the steepest direction in a norm of its own, $x_t = (1 - \gamma) x_{t-1} - \gamma
    \rho \operatorname{lmo}( m_t)$, $m_t = \mu m_{t-1} + (1 - \mu) g_t$.

    $\operatorname{lmo}(m)$ is the linear minimization oracle with the opposite sign: of all directions with the norm 1,
    the one that has the largest inner product with $m$. `learning_rate` is $\gamma$ in [0, inf), and at most 1 for the
    weights to stay in the ball of radius $\rho$. With `is_constrained=False`, they are not pulled back, $x_t = x_{t-1}
    - \gamma \rho \operatorname{lmo}(m_t)$. `momentum` is $\mu$ in [0, 1), which is $1 - \alpha$ in the publication.

    Selectors say of which kind a layer is. `matrices`, by default all leaves with two axes, have the spectral norm
    times $\sqrt{c / r}$: $\operatorname{lmo}$ is $\sqrt{r / c}$ times `orthogonalize`, for $r$ outputs and $c$ inputs.
    `outputs`, the last layer, have their largest element times $c$ as the norm: $\operatorname{lmo}$ is the sign,
    divided by $c$. `embeddings`, (tokens, size) as all frameworks have them, have the largest RMS of a token: each
    token is divided by its RMS. All other leaves, such as biases, are divided by the RMS of the leaf. `eps` in [0, inf)
    is added to an RMS. `outputs` and `embeddings` choose no leaf by default. A leaf that they choose is not among the
    `matrices`.

    `radius` is $\rho$, and `output_radius` is $\rho'$, which the last layer has instead, both in [0, inf). Their
    defaults are those for a transformer. `layout` says how leaves are matrices, and all axes of inputs count as
    columns. (For kernels of convolutions with $k \times k$ pixels, the released code divides by $k$ once more.)

    Needs `params` if it is constrained. Source: Pethick et al. (2025), algorithms 1 and 2.

    >>> tx, x = gl.scion(0.01, radius=10.0), {"bias": jnp.array([1.0, -1.0])}
    >>> step, state = tx.update({"bias": jnp.array([2.0, 2.0])}, tx.init(x), x)
    >>> print(x["bias"] + step["bias"])  # 0.99 x - 0.01 * 10 g / RMS(g)
    [ 0.89 -1.09]
    """
    rules = [
        (outputs, chain(scale_by_sign(), scale_by_shape("1 / c", layout), scale(output_radius))),
        (embeddings, chain(normalize_blocks("columns", eps=eps), scale(radius))),
        (
            ndim(2) if matrices is None else matrices,
            chain(orthogonalize(layout=layout), scale_by_shape("sqrt(r / c)", layout), scale(radius)),
        ),
    ]
    of_others = chain(normalize_blocks("leaf", eps=eps), scale(radius))
    return chain(
        scale_by_momentum(momentum),
        partition(*(rule for rule in rules if rule[0] is not None), default=of_others),
        *((add_decayed_weights(1.0),) if is_constrained else ()),
        scale_by_learning_rate(learning_rate),
    )


@letters_of(scion)
def _(learning_rate: Any, momentum: Any, radius: Any, output_radius: Any, **_: Any) -> tuple[Letter, ...]:
    return (
        Letter(r"\beta", "1", momentum, r"\mu"),
        Letter(r"\alpha", "", radius, r"\rho"),
        Letter(r"\alpha", "", output_radius, r"\rho'"),
        Letter(r"\alpha", "", learning_rate, r"\gamma"),
    )
