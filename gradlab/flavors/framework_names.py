"""The names and defaults that optax, PyTorch and Keras have for the same optimizers and hyperparameters."""

from __future__ import annotations

import inspect
from types import ModuleType
from typing import Any

from . import keras, optax, torch

FLAVORS: dict[str, ModuleType] = {"torch": torch, "keras": keras, "optax": optax}
OPTIMIZERS = (
    *("sgd", "sign_sgd", "adagrad", "adadelta", "rmsprop", "adam", "adamw"),
    *("adamax", "adamaxw", "nadam", "nadamw", "amsgrad"),
)

# The name of a hyperparameter in each framework, by the common name used here. All others have the same name.
_NAMES: dict[str, dict[str, str]] = {
    "torch": {"rate": "lr", "decay": "alpha"},
    "keras": {"rate": "learning_rate", "decay": "rho", "b1": "beta_1", "b2": "beta_2", "eps": "epsilon"},
    "optax": {"rate": "learning_rate"},
}

_COMMON: dict[str, dict[str, tuple[str, ...]]] = {
    framework: {name: (common,) for common, name in names.items()} | {"rho": ("decay",), "betas": ("b1", "b2")}
    for framework, names in _NAMES.items()
}

# Arguments that are not part of the arithmetic of an update (see `surroundings`).
AROUND = {
    *("foreach", "fused", "capturable", "differentiable"),
    *("clipnorm", "clipvalue", "global_clipnorm", "use_ema", "ema_momentum", "ema_overwrite_frequency"),
    *("loss_scale_factor", "gradient_accumulation_steps", "name"),
}


def name_arguments(framework: str, **common: Any) -> dict[str, Any]:
    """Return hyperparameters with common names as the arguments of an optimizer of a framework.

    >>> from gradlab.flavors.framework_names import name_arguments
    >>> name_arguments("torch", rate=0.1, b1=0.9, b2=0.99)
    {'lr': 0.1, 'betas': (0.9, 0.99)}
    """
    by_name = {_NAMES[framework].get(name, name): value for name, value in common.items()}
    if framework == "torch" and "b1" in by_name:
        by_name["betas"] = (by_name.pop("b1"), by_name.pop("b2"))
    return by_name


def read_defaults(framework: str, optimizer: str) -> dict[str, Any]:
    """Return the arguments of the update of an optimizer with their defaults, by the names of the framework.

    A required argument has the default `inspect.Parameter.empty`.
    """
    signature = inspect.signature(getattr(FLAVORS[framework], optimizer))
    return {name: parameter.default for name, parameter in signature.parameters.items() if name not in AROUND}


def format_defaults() -> str:
    """Return all arguments of the updates, with the names and defaults of the three frameworks, as Markdown.

    A framework's name stands before the default only where it is not the common one, so that four columns fit a page.
    """
    lines = ["| argument | torch | keras | optax |", "|---|---|---|---|"]
    for optimizer in OPTIMIZERS:
        columns = {
            framework: _by_common_name(framework, read_defaults(framework, optimizer))
            for framework, flavors in FLAVORS.items()
            if hasattr(flavors, optimizer)
        }
        lines.append(f"| **{optimizer}** | | | |")
        for common in dict.fromkeys(name for column in columns.values() for name in column):
            cells = (columns.get(framework, {}).get(common, "") for framework in FLAVORS)
            lines.append(f"| {common} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _by_common_name(framework: str, framework_arguments: dict[str, Any]) -> dict[str, str]:
    """Return the default of each argument by common name, with the framework's name where that is another."""
    texts: dict[str, str] = {}
    for name, value in framework_arguments.items():
        for common in _COMMON[framework].get(name, (name,)):
            if value is inspect.Parameter.empty:
                texts[common] = "required" if name == common else f"`{name}`, required"
            else:
                texts[common] = f"`{value}`" if name == common else f"`{name}={value}`"
    return texts
