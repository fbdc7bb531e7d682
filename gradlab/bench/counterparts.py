"""The recipes that optax or PyTorch have too, with the same hyperparameters on each side.

What is missing has no counterpart, or a cost that depends on the model: Sophia's includes products with the Hessian.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, NamedTuple

import optax
from optax import contrib

import gradlab as gl

LEARNING_RATE = 1e-3
MAX_NORM = 1.0  # of the clipped gradient


class TorchClass(NamedTuple):
    """A class of `torch.optim` by its name, with the arguments beside the learning rate."""

    name: str
    arguments: Mapping[str, Any] = MappingProxyType({})
    max_norm: float | None = None  # the gradient is clipped to this norm first


class Counterpart(NamedTuple):
    """An optimizer as each library has it. The factories take the learning rate."""

    gradlab: Callable[[float], Any]
    optax: Callable[[float], Any] | None = None
    torch: TorchClass | None = None
    is_for_matrices: bool = False  # it takes leaves that are matrices
    multiplies_matrices: bool = False  # it multiplies matrices, which takes longer than to read them
    reads_loss: bool = False  # its `update` takes the loss as `value`


def _clip(library: Any, learning_rate: float) -> Any:
    return library.chain(library.clip_by_global_norm(MAX_NORM), library.adamw(learning_rate, weight_decay=0.01))


_ADAFACTOR = {"decay_rate": 0.8, "min_dim_size_to_factor": 128}
_NESTEROV: dict[str, Any] = {"momentum": 0.9, "nesterov": True}

COUNTERPARTS: dict[str, Counterpart] = {
    "sgd": Counterpart(gl.sgd, optax.sgd, TorchClass("SGD")),
    "sgd_momentum": Counterpart(
        partial(gl.sgd, momentum=0.9), partial(optax.sgd, momentum=0.9), TorchClass("SGD", {"momentum": 0.9})
    ),
    "sgd_nesterov": Counterpart(
        partial(gl.sgd, **_NESTEROV), partial(optax.sgd, **_NESTEROV), TorchClass("SGD", _NESTEROV)
    ),
    "sign_sgd": Counterpart(gl.sign_sgd, optax.sign_sgd),
    "signum": Counterpart(gl.signum, partial(optax.signum, beta=0.9)),
    "adagrad": Counterpart(gl.adagrad, partial(optax.adagrad, initial_accumulator_value=0.0), TorchClass("Adagrad")),
    "adadelta": Counterpart(gl.adadelta, optax.adadelta, TorchClass("Adadelta")),
    "rmsprop": Counterpart(
        gl.rmsprop, partial(optax.rmsprop, eps_in_sqrt=False), TorchClass("RMSprop", {"alpha": 0.9})
    ),
    "rmsprop_centered": Counterpart(
        partial(gl.rmsprop, centered=True),
        partial(optax.rmsprop, centered=True, eps_in_sqrt=False),
        TorchClass("RMSprop", {"alpha": 0.9, "centered": True}),
    ),
    "rmsprop_momentum": Counterpart(
        partial(gl.rmsprop, momentum=0.9),
        partial(optax.rmsprop, momentum=0.9, eps_in_sqrt=False),
        TorchClass("RMSprop", {"alpha": 0.9, "momentum": 0.9}),
    ),
    "adam": Counterpart(gl.adam, optax.adam, TorchClass("Adam")),
    "adamw": Counterpart(gl.adamw, partial(optax.adamw, weight_decay=0.01), TorchClass("AdamW")),
    "clip_adamw": Counterpart(
        partial(_clip, gl), partial(_clip, optax), TorchClass("AdamW", {"weight_decay": 0.01}, MAX_NORM)
    ),
    "amsgrad": Counterpart(gl.amsgrad, optax.amsgrad, TorchClass("Adam", {"amsgrad": True})),
    "adamax": Counterpart(gl.adamax, optax.adamax, TorchClass("Adamax")),
    "nadam": Counterpart(gl.nadam, optax.nadam, TorchClass("NAdam")),
    "nadamw": Counterpart(
        gl.nadamw,
        partial(optax.nadamw, weight_decay=0.01),
        TorchClass("NAdam", {"weight_decay": 0.01, "decoupled_weight_decay": True}),
    ),
    "radam": Counterpart(gl.radam, optax.radam, TorchClass("RAdam")),
    "adabelief": Counterpart(gl.adabelief, optax.adabelief),
    "yogi": Counterpart(gl.yogi, optax.yogi),
    "lion": Counterpart(partial(gl.lion, weight_decay=0.001), optax.lion),
    "adan": Counterpart(partial(gl.adan, weight_decay=0.0), optax.adan),
    "ademamix": Counterpart(partial(gl.ademamix, weight_decay=0.0), contrib.ademamix),
    "adopt": Counterpart(gl.adopt, contrib.adopt),
    "lars": Counterpart(gl.lars, optax.lars),
    "lamb": Counterpart(gl.lamb, partial(optax.lamb, weight_decay=0.01)),
    "schedule_free_sgd": Counterpart(gl.schedule_free_sgd, contrib.schedule_free_sgd),
    "schedule_free_adamw": Counterpart(gl.schedule_free_adamw, contrib.schedule_free_adamw),
    "dog": Counterpart(gl.dog, contrib.dog),
    "dowg": Counterpart(gl.dowg, contrib.dowg),
    "prodigy": Counterpart(gl.prodigy, contrib.prodigy),
    "dadapt_adam": Counterpart(gl.dadapt_adam, contrib.dadapt_adamw),
    "momo": Counterpart(gl.momo, contrib.momo, reads_loss=True),
    "momo_adam": Counterpart(gl.momo_adam, contrib.momo_adam, reads_loss=True),
    "adafactor": Counterpart(
        gl.adafactor, partial(optax.adafactor, **_ADAFACTOR), TorchClass("Adafactor"), is_for_matrices=True
    ),
    "muon": Counterpart(gl.muon, contrib.muon, TorchClass("Muon"), is_for_matrices=True, multiplies_matrices=True),
    "galore": Counterpart(gl.galore, contrib.galore, is_for_matrices=True, multiplies_matrices=True),
}

DEFAULT = (
    "sgd", "sgd_momentum", "adagrad", "rmsprop", "adadelta", "adam", "adamw", "clip_adamw", "nadam", "lion",
)  # fmt: skip
