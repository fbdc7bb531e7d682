"""The forms in which each transformation is examined, chosen so that every branch and every argument matters."""

from __future__ import annotations

import inspect
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

import gradlab as gl

from ... import registry
from ...values.numeric_arguments import is_schedule
from .. import references
from .sources import Edited


class Form(NamedTuple):
    """A factory with the arguments that it is called with."""

    name: str  # of the factory, in the registry
    arguments: dict[str, Any]

    def make_original(self) -> Any:
        """Return the transformation as it is."""
        return registry.entries()[self.name].factory(**self.arguments)

    def make_edited(self, factories: Edited) -> Any:
        """Return the transformation as it is after an edit."""
        return factories.find_factory(registry.entries()[self.name].factory)(**self.arguments)

    @property
    def reference(self) -> str | None:
        """The reference with which it is compared: that of its name, if it takes these arguments."""
        step = vars(references).get(self.name)
        if step is None:
            return None
        names = inspect.signature(step).parameters
        given = {shorten(name): value for name, value in self.arguments.items() if value is not None}
        # The published bias corrections of Adam's other relatives are powers of a decay, and so take no schedule.
        is_known = not is_schedule(given.get("b1")) or "next_b1" in names
        fits = names.keys() >= given.keys() and is_known
        return self.name if fits and not any(map(_is_transformation, given.values())) else None

    def __str__(self) -> str:
        shown = (f"{name}={getattr(value, '__name__', repr(value))}" for name, value in self.arguments.items())
        return f"{self.name}({', '.join(shown)})"


def shorten(argument: str) -> str:
    """Return the name that the references have for an argument."""
    return "initial_accumulator" if argument == "initial_accumulator_value" else argument


def _is_transformation(value: Any) -> bool:
    return isinstance(value, optax.GradientTransformation)


def choose_matrices(params: Any) -> Any:
    """Return a mask that is true for matrices."""
    return jax.tree.map(lambda p: p.ndim == 2, params)


def choose_in_numpy(params: Any) -> Any:
    """Return a mask that is true for matrices, of the booleans that comparisons in NumPy give."""
    return jax.tree.map(lambda p: np.bool_(p.ndim == 2), params)


def restart(step: Any) -> Any:
    """A decay that is 0 at three of five steps, an odd number, so that exchanging states there shows."""
    return jnp.where((step % 5 < 2) | (step % 5 == 3), 0.0, 0.8)


def warm_up(step: Any) -> Any:
    """A decay that rises from 0.5 to 0.9."""
    return 0.9 - 0.4 / (1 + step)


def fall(step: Any) -> Any:
    """A learning rate that falls from 0.1."""
    return 0.1 / (1 + 0.1 * step)


_ESTIMATOR = gl.chain(gl.scale_by_momentum(0.9), gl.bias_correction(0.9))
_ADAM = {"learning_rate": 0.01, "b1": 0.8, "b2": 0.95, "eps": 1e-3}

# The arguments beside those of the example in the registry. Numbers differ from each other and from their defaults, so
# that one argument in the place of another shows.
_FORMS: dict[str, tuple[dict[str, Any], ...]] = {
    "sgd": (
        {"learning_rate": 0.1, "momentum": 0.8},
        {"learning_rate": 0.1, "momentum": 0.8, "dampening": 0.3},
        {"learning_rate": 0.1, "momentum": 0.8, "nesterov": True, "dampening": 0.3},
        {"learning_rate": fall, "momentum": 0.8, "nesterov": True},
        {"learning_rate": 0.1, "momentum": warm_up, "nesterov": True},
    ),
    "rmsprop": (
        {"learning_rate": 0.1, "decay": 0.8, "eps": 1e-2},
        {"learning_rate": 0.1, "decay": 0.8, "eps": 1e-2, "centered": True},
        {"learning_rate": 0.1, "decay": 0.8, "eps": 1e-2, "momentum": 0.7},
        {"learning_rate": 0.1, "decay": 0.8, "momentum": 0.7, "nesterov": True, "eps_in_sqrt": True},
        {"learning_rate": 0.1, "initial_scale": 0.7, "eps": 1e-3, "bias_correction": True},
        {"learning_rate": 0.1, "initial_scale": 0.7, "centered": True, "eps": 1e-3, "eps_in_sqrt": True},
        {"learning_rate": 0.1, "decay": 0.8, "eps": 1e-3, "bias_correction": True},
        {"learning_rate": 0.1, "bias_correction": True, "centered": True, "eps": 1e-3, "eps_in_sqrt": True},
    ),
    "adam": (
        {**_ADAM, "eps_root": 1e-2},
        {**_ADAM, "nesterov": True},
    ),
    "adamw": (
        {**_ADAM, "weight_decay": 0.1, "eps_root": 1e-2},
        {**_ADAM, "weight_decay": 0.1, "nesterov": True},
        {**_ADAM, "weight_decay": 0.1, "mask": choose_matrices},
    ),
    "nadam": ({**_ADAM, "eps_root": 1e-2}, {**_ADAM, "b1": warm_up}),
    "adamax": (_ADAM,),
    "amsgrad": ({**_ADAM, "eps_root": 1e-2},),
    "adabound": (
        {**_ADAM, "final_rate": 0.05, "gamma": 0.1},
        {**_ADAM, "final_rate": 0.05, "gamma": 0.1, "learning_rate": fall},
    ),
    "amsbound": (
        {**_ADAM, "final_rate": 0.05, "gamma": 0.1},
        {**_ADAM, "final_rate": 0.05, "gamma": 0.1, "learning_rate": fall},
    ),
    "adagrad": ({"learning_rate": 0.1, "initial_accumulator_value": 0.3, "eps": 1e-2},),
    "adadelta": (
        {"learning_rate": 0.5, "rho": 0.8, "eps": 1e-3},
        {"learning_rate": 0.5, "rho": 0.8, "eps": 1e-3, "weight_decay": 0.1},
        {"learning_rate": 0.5, "rho": 0.8, "eps": 1e-3, "weight_decay": 0.1, "weight_decay_mask": choose_matrices},
    ),
    "signum": ({"learning_rate": 0.1, "momentum": 0.8, "weight_decay": 0.2, "mask": choose_matrices},),
    "lion": (
        {"learning_rate": 0.1, "b1": 0.8, "b2": 0.95, "weight_decay": 0.2, "mask": choose_matrices},
        {"learning_rate": 0.1, "b1": warm_up, "b2": 0.95},
    ),
    "cautious_lion": ({"learning_rate": 0.1, "b1": 0.8, "b2": 0.95, "weight_decay": 0.2, "min_share": 0.7},),
    "cautious_adamw": ({**_ADAM, "weight_decay": 0.1, "min_share": 0.7},),
    "nadamw": ({**_ADAM, "weight_decay": 0.1, "eps_root": 1e-2}, {**_ADAM, "mask": choose_matrices}),
    "adabelief": ({**_ADAM, "eps_root": 1e-2},),
    "yogi": ({**_ADAM, "initial_accumulator_value": 0.3},),
    "radam": ({**_ADAM, "threshold": 4.0}, {**_ADAM, "b2": 0.5}),
    "qhm": ({"learning_rate": 0.1, "momentum": 0.8, "nu": 0.3},),
    "qhadam": ({**_ADAM, "nu1": 0.3, "nu2": 0.6},),
    "adan": ({**_ADAM, "b3": 0.9, "weight_decay": 0.2, "mask": choose_matrices},),
    "ademamix": (
        {**_ADAM, "b3": 0.99, "alpha": 2.0, "weight_decay": 0.2, "mask": choose_matrices},
        {**_ADAM, "b3": 0.99, "warmup_steps": 40},
    ),
    "adopt": ({**_ADAM, "weight_decay": 0.2, "mask": choose_matrices, "clip_exponent": 0.1},),
    "mars": ({**_ADAM, "gamma": 0.3, "max_norm": 0.5, "weight_decay": 0.2, "mask": choose_matrices},),
    "dog": ({"learning_rate": 0.7, "initial": 0.1, "eps": 0.3, "weight_decay": 0.2, "mask": choose_matrices},),
    "dowg": ({"learning_rate": 0.7, "initial": 0.1, "eps": 0.3, "weight_decay": 0.2, "relative": False},),
    "prodigy": (
        {**_ADAM, "learning_rate": 0.7, "weight_decay": 0.2, "b3": 0.9, "initial": 0.1, "coefficient": 1.5},
        {**_ADAM, "learning_rate": fall, "mask": choose_matrices},
    ),
    "dadapt_adam": ({**_ADAM, "learning_rate": 0.7, "weight_decay": 0.2, "mask": choose_matrices, "initial": 0.1},),
    "momo": (
        {"learning_rate": 0.7, "momentum": 0.8, "lower_bound": 0.3, "weight_decay": 0.2, "mask": choose_matrices},
        {"learning_rate": 0.7, "lower_bound": 0.3, "adapt_lower_bound": True},
    ),
    "momo_adam": ({**_ADAM, "lower_bound": 0.3, "weight_decay": 0.2, "mask": choose_matrices},),
    "sophia": (
        {"learning_rate": 0.1, "b1": 0.8, "b2": 0.9, "gamma": 0.5, "eps": 0.01, "limit": 0.7, "every": 2},
        {"learning_rate": 0.1, "weight_decay": 0.2, "mask": choose_matrices},
    ),
    "scale_by_global_rss": ({"eps": 0.3, "eps_root": 0.2},),
    "bias_correction": (
        {"first_decay": 0.9},
        {"second_decay": 0.4},
        {"first_decay": 0.4, "second_decay": 0.9, "as_power": True},
        {"first_decay": 0.998, "second_decay": 0.999, "as_power": True},
        {"first_decay": warm_up, "second_decay": 0.9},
        {"first_decay": warm_up, "as_power": True},
    ),
    "centralize": ({"output_axis": 0}, {"output_axis": 1}),
    "add_decayed_weights": (
        {"weight_decay": 0.1},
        {"weight_decay": 0.1, "mask": choose_matrices},
        {"weight_decay": 0.1, "mask": choose_in_numpy},
        {"weight_decay": 0.1, "mask": True},
        {"weight_decay": 0.1, "mask": False},
        {"weight_decay": 0.1, "cautious": True},
    ),
    "muon": (
        {"learning_rate": 0.1, "momentum": 0.8, "weight_decay": 0.2, "adam_b1": 0.8, "adam_b2": 0.9, "adam_eps": 1e-3},
        {"learning_rate": 0.1, "nesterov": False, "layout": "torch", "adam_learning_rate": 0.2},
    ),
    "muon_hyperball": (
        {"learning_rate": 0.1, "momentum": 0.8, "adam_b1": 0.8, "adam_b2": 0.9, "adam_eps": 1e-3},
        {"learning_rate": 0.1, "nesterov": False, "layout": "torch", "adam_learning_rate": 0.2},
    ),
    "normuon": (
        {"learning_rate": 0.1, "momentum": 0.8, "b2": 0.7, "eps": 1e-2, "weight_decay": 0.2, "rms": 0.3},
        {"learning_rate": 0.1, "nesterov": True, "adam_learning_rate": 0.2, "adam_b1": 0.8, "adam_eps": 1e-3},
    ),
    "scion": (
        {"learning_rate": 0.01, "momentum": 0.8, "radius": 2.0, "eps": 1e-2, "is_constrained": False},
        {"learning_rate": 0.01, "output_radius": 7.0, "outputs": gl.ndim(2)},
        {"learning_rate": 0.01, "embeddings": gl.ndim(2), "layout": "torch"},
    ),
    "lamb": ({"learning_rate": 0.1, "b1": 0.8, "b2": 0.9, "eps": 1e-3, "weight_decay": 0.2, "mask": choose_matrices},),
    "lars": (
        {"learning_rate": 0.1, "momentum": 0.8, "weight_decay": 0.2, "coefficient": 0.1, "eps": 1e-2},
        {"learning_rate": 0.1, "coefficient": 0.1, "mask": choose_matrices},
    ),
    "adafactor": (
        {"learning_rate": 0.1, "decay_rate": 0.5, "clipping_threshold": 0.5, "eps": 1e-2, "weight_decay": 0.2},
        {"learning_rate": 0.1, "least_scale": 2.0, "weight_decay": 0.2, "mask": choose_matrices, "min_size": 2},
    ),
    "adam_mini": ({**_ADAM, "weight_decay": 0.2, "mask": choose_matrices},),
    "block_mean": ({"decay": 0.8, "blocks": "columns"}, {"decay": 0.8, "blocks": "leaf"}),
    "average_blocks": ({"blocks": "columns", "layout": "torch"}, {"blocks": "matrices"}),
    "normalize_blocks": ({"blocks": "rows", "eps": 0.3},),
    "orthogonalize": ({"eps": 0.1, "least_norm": 2.0, "norm_factor": 1.5}, {"coefficients": (1.5, -0.5), "steps": 3}),
    "scale_by_trust_ratio": ({"coefficient": 0.3, "weight_decay": 0.2, "eps": 0.1},),
    "factored_mean": ({"decay": 0.8, "eps": 0.1, "min_size": 2},),
    "clip_by_rms": ({"max_rms": 0.3},),
    "scale_by_param_rms": ({"least": 2.0, "max_rms": 0.3}, {"least": 0.1, "max_rms": 5.0}),
    "proximal_decay": ({"learning_rate": 0.3, "weight_decay": 0.2, "mask": choose_matrices},),
    "agree_in_sign": ({"min_share": 2.0},),
    "mix_with_gradient": ({"share": 0.3},),
    "additive_mean": ({"decay": 0.8, "initial": 0.3},),
    "lagged_mean": ({"decay": 0.8}, {"decay": restart}),
    "running_sum": ({"initial": 0.3},),
    "nesterov": (
        {"decay": 0.9, "dampening": 0.3},
        {"decay": 0.9, "dampening": 0.3, "next_decay": 0.8},
        {"decay": 0.9, "dampening": 0.3, "next_decay": 0.8, "corrected": True},
        {"decay": 0.9, "dampening": 0.3, "next_decay": 0.4, "corrected": True, "as_power": True},
        {"decay": 0.999, "next_decay": 0.998, "corrected": True, "as_power": True},
        {"decay": warm_up, "corrected": True},
    ),
    "scale_by_heavy_ball": ({"decay": 0.8, "dampening": 0.3}, {"decay": restart, "dampening": 0.3}, {"decay": 0.0}),
    "scale_by_momentum": ({"decay": 0.8, "dampening": 0.3, "initial": 0.7}, {"decay": restart}),
    "add_noise": ({"eta": 0.3, "gamma": 0.7, "key": 3}, {"eta": 0.3, "gamma": 0.0}, {"eta": 0.0}),
    "scale_by_infinity_norm": ({"decay": 0.8, "eps": 1e-3, "eps_inside": 1e-2},),
    "scale_by_rms": (
        {"decay": 0.8, "eps": 1e-3, "eps_root": 1e-2},
        {"decay": 0.0, "eps": 0.0},
        {"decay": _ESTIMATOR, "eps": 1e-3, "eps_root": 1e-2},
        {"decay": 0.8, "eps": 1e-3, "floor": 0.5},
    ),
    "scale_by_rss": ({"initial": 0.3, "eps": 1e-3, "eps_root": 1e-2},),
    "scale_by_stddev": (
        {"decay": 0.8, "eps": 1e-3, "eps_root": 1e-2},
        {"decay": 0.8, "eps": 1e-3, "mean_decay": 0.5},
        {"decay": _ESTIMATOR, "eps": 1e-3, "mean_decay": 0.5},
    ),
    "scale_by_update_rms": ({"decay": 0.8, "eps": 1e-2},),
}


def list_forms(name: str) -> list[Form]:
    """Return the forms of a transformation by its name in the registry, the example of the registry first."""
    example = registry.entries()[name].example
    forms = [Form(name, dict(example.arguments))]
    return forms + [Form(name, arguments) for arguments in _FORMS.get(name, ())]
