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
from ...numeric_arguments import is_schedule
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
    ),
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
