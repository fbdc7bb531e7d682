"""Optimizers as PyTorch, Keras and optax publish them, where they differ from the publication in more than one thing.

Where they differ in one thing, the mutant with that difference names the frameworks.
"""

from __future__ import annotations

from gradlab.flavors import keras, torch
from gradlab.flavors import optax as optax_flavors
from gradlab.values.numeric_arguments import Decay

from .mutant import mutates


@mutates(
    "rmsprop",
    "eps is added inside the root, and the learning rate is applied inside the momentum buffer",
    frameworks=("keras", "optax"),
    momentum=0.9,
)
def rmsprop_eps_and_rate_inside(
    learning_rate=1e-2, decay=0.9, eps=1e-8, centered=False, nesterov=False, *, momentum: Decay
):
    return optax_flavors.rmsprop(learning_rate, decay, eps, centered=centered, momentum=momentum, nesterov=nesterov)


@mutates("rmsprop", "eps is added inside the root of the variance", frameworks=("keras", "optax"), centered=True)
def rmsprop_centered_eps_inside(learning_rate=1e-2, decay=0.9, eps=1e-8, *, centered: bool):
    return optax_flavors.rmsprop(learning_rate, decay, eps, centered=centered)


@mutates(
    "adamw",
    "eps is added before the correction of the second moment, not after it (the paper's epsilon-hat)",
    frameworks=("keras",),
)
def adamw_efficient_form(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-8, weight_decay=1e-2):
    return keras.adamw(learning_rate, weight_decay, b1, b2, eps)


@mutates(
    "nadam",
    "the momentum of the look-ahead is b1 (1 - 0.96^(0.004 t) / 2), not b1",
    frameworks=("torch",),
)
def nadam_warms_up_slowly(learning_rate=2e-3, b1=0.9, b2=0.999, eps=1e-8):
    return torch.nadam(learning_rate, (b1, b2), eps)


@mutates("nadam", "the momentum of the look-ahead is b1 (1 - 0.96^t / 2), not b1", frameworks=("keras",))
def nadam_warms_up_fast(learning_rate=2e-3, b1=0.9, b2=0.999, eps=1e-8):
    return keras.nadam(learning_rate, b1, b2, eps)


@mutates(
    "amsgrad",
    "the maximum is taken before the correction, and eps is added before it too",
    frameworks=("keras",),
)
def amsgrad_efficient_form(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-8):
    return keras.adam(learning_rate, b1, b2, eps, amsgrad=True)
