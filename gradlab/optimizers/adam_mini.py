"""Adam-mini, with one second moment for each block of weights."""

from __future__ import annotations

from typing import Any

from ..combinators.chain import chain
from ..combinators.partition import partition
from ..core.decorators import recipe
from ..transforms.bias_correction import bias_correction
from ..transforms.blocks import block_mean
from ..transforms.decay import add_decayed_weights
from ..transforms.matrix_shapes import Layout, matrix_shape
from ..transforms.momentum import scale_by_momentum
from ..transforms.scaling import scale_by_learning_rate
from ..transforms.second_moment import scale_by_rms
from ..values.numeric_arguments import Decay, NonNegative

_HEADS = matrix_shape(inputs=0, outputs=2)  # of a kernel (in, heads, size), as Flax has it


@recipe(claims=("descends",))
def adam_mini(
    learning_rate: NonNegative = 1e-3,
    b1: Decay = 0.9,
    b2: Decay = 0.999,
    eps: NonNegative = 1e-8,
    weight_decay: NonNegative = 0.0,
    mask: Any = None,
    *,
    layout: Layout = "flax",
    embeddings: Any = None,
    heads: Any = None,
    head_layout: Layout = _HEADS,
    head_size: int | None = None,
):
    r"""Adam-mini: AdamW with one second moment a block, $x_t = x_{t-1} - \alpha (\hat m_t / (\sqrt{\hat v_t} +
    \epsilon) + \lambda x_{t-1})$, $v_t = \beta_2 v_{t-1} + (1 - \beta_2) \operatorname{mean}(|g_t|^2)$.

    The mean is over a block, whose weights have similar curvatures: all weights of an output, by `layout`, or a whole
    leaf without two axes, such as a bias. Two selectors choose other blocks. `embeddings` are leaves (tokens, size), as
    all frameworks have them, with one block for each token. `heads` are queries and keys, with one block for each
    head: each matrix of `head_layout`, by default of kernels (in, heads, size), as Flax has them; or `head_size` rows
    of it next to each other, as with `head_layout="torch", head_size=64` for weights (heads * 64, in). The other
    arguments are those of `adamw`. So $v$ takes one number a block, and the state is half of Adam's. The code that its
    authors released uses Adam itself for biases.

    Needs `params`, even where `weight_decay` is 0. Source: Zhang et al. (2024), algorithm 1.

    >>> tx = gl.adam_mini(1e-3)
    >>> state = tx.init(jnp.ones((8, 4)))  # 8 inputs, 4 outputs
    >>> print(jax.tree.map(jnp.shape, (state[0].moment, state[2].second_moment)))
    ((8, 4), (BlockMeanState(mean=(1, 4)), BiasCorrectionState(first_weight=(), second_weight=())))
    """

    def estimate(blocks, layout, size=1):
        return chain(block_mean(b2, blocks, layout, size), bias_correction(b2))

    of_heads = ("matrices", head_layout) if head_size is None else ("rows", head_layout, head_size)
    rules = [(heads, estimate(*of_heads)), (embeddings, estimate("columns", "flax"))]
    chosen = [rule for rule in rules if rule[0] is not None]
    of_others = estimate("rows", layout)
    return chain(
        scale_by_momentum(b1),
        bias_correction(b1),
        scale_by_rms(partition(*chosen, default=of_others) if chosen else of_others, eps),
        add_decayed_weights(weight_decay, mask),
        scale_by_learning_rate(learning_rate),
    )
