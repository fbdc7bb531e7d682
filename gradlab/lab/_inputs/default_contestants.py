"""The contestants of a race: all recipes and their classic variants, with the learning rates to try.

The registry and NumPy are imported inside functions, because the shell completes the names of variants without JAX.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import gradlab as gl

if TYPE_CHECKING:
    import numpy as np

_DECADES = 3.0  # the width of the range of learning rates


@dataclass(frozen=True)
class Contestant:
    """An optimizer whose learning rate is varied, and all of whose other hyperparameters are fixed."""

    name: str
    family: str  # the optimizers that share a plot
    make: Callable[[float], gl.Transformation]
    centers: Mapping[str, float] = field(default_factory=dict)  # problem -> learning rate in the middle of its range
    default_rate: float | None = None  # the middle on problems of others; None is the default rate of the recipe

    def __call__(self, learning_rate: float) -> gl.Transformation:
        return self.make(learning_rate)

    @property
    def __wrapped__(self) -> Callable[[float], gl.Transformation]:
        """The function whose source is that of the contestant."""
        return self.make

    def choose_rates(self, problem: str, count: int) -> np.ndarray:
        """Return learning rates evenly spaced in their logarithm, a float64 array of shape (count,)."""
        import numpy as np

        center = self.centers.get(problem) or self._middle_of_centers(problem) or self._default_rate()
        half = _DECADES / 2 if count > 1 else 0.0
        middle = np.round(4 * np.log10(center)) / 4  # quarters of a decade, so that 0.01 and 0.1 are among the rates
        exponents = middle + np.linspace(-half, half, count)
        return np.array([float(f"{rate:.4g}") for rate in 10.0**exponents])  # so that a printed rate can be typed

    def _middle_of_centers(self, problem: str) -> float | None:
        """The geometric mean of the centers, for the other problems of gradlab: small, as those with a center are.

        It is None for a problem of the user, which may be of any size, as the problems are for which defaults are made.
        """
        from statistics import geometric_mean

        from ..problems import PROBLEMS

        return geometric_mean(self.centers.values()) if self.centers and problem in PROBLEMS else None

    def _default_rate(self) -> float:
        if self.default_rate is not None:
            return self.default_rate
        from gradlab import registry

        factory: Any = registry.entries()[VARIANTS.get(self.name, (self.name,))[0]].factory
        return float(factory.factory.parameters["learning_rate"].default)


_DESCENT, _ADAPTIVE, _ADAM, _BOUNDED, _OTHER = "gradient descent", "adaptive rates", "Adam", "Adam, bounded", "other"
_LATER, _SIGNS, _LAYERS, _MATRICES = "Adam, later", "signs", "norms of layers", "matrices"
_DISTANCES = "rates of their own"  # the learning rate is a factor near 1

# The family of each contestant and, for each problem, the learning rate around which the good ones lie. These were
# found by races over five decades; those of the later methods over four on the digits, and over six on the ravine.
_CURATED: dict[str, tuple[str, dict[str, float]]] = {
    "sgd": (_DESCENT, {"digits": 0.3, "ravine": 0.01}),
    "sgd_momentum": (_DESCENT, {"digits": 0.1, "ravine": 0.01}),
    "sgd_nesterov": (_DESCENT, {"digits": 0.1, "ravine": 0.01}),
    "sign_sgd": (_DESCENT, {"digits": 0.006, "ravine": 0.02}),
    "adagrad": (_ADAPTIVE, {"digits": 0.1, "ravine": 2.0}),
    "adadelta": (_ADAPTIVE, {"digits": 10.0, "ravine": 10.0}),
    "rmsprop": (_ADAPTIVE, {"digits": 0.006, "ravine": 0.03}),
    "rmsprop_centered": (_ADAPTIVE, {"digits": 0.006, "ravine": 0.01}),
    "rmsprop_momentum": (_ADAPTIVE, {"digits": 0.002, "ravine": 0.006}),
    "adam": (_ADAM, {"digits": 0.03, "ravine": 1.0}),
    "adamw": (_ADAM, {"digits": 0.03, "ravine": 0.3}),
    "adamax": (_ADAM, {"digits": 0.03, "ravine": 1.0}),
    "nadam": (_ADAM, {"digits": 0.03, "ravine": 1.0}),
    "amsgrad": (_BOUNDED, {"digits": 0.03, "ravine": 1.0}),
    "adabound": (_BOUNDED, {"digits": 0.02, "ravine": 1.0}),
    "amsbound": (_BOUNDED, {"digits": 0.02, "ravine": 1.0}),
    "nag": (_DESCENT, {"digits": 0.3, "ravine": 0.01}),
    "qhm": (_DESCENT, {"digits": 3.0, "ravine": 0.03}),
    "schedule_free_sgd": (_DESCENT, {"digits": 3.0, "ravine": 0.1}),
    "signum": (_SIGNS, {"digits": 0.006, "ravine": 0.03}),
    "lion": (_SIGNS, {"digits": 0.006, "ravine": 0.06}),
    "cautious_lion": (_SIGNS, {"digits": 0.006, "ravine": 0.03}),
    "adabelief": (_LATER, {"digits": 0.01, "ravine": 0.3}),
    "yogi": (_LATER, {"digits": 0.06, "ravine": 1.0}),
    "radam": (_LATER, {"digits": 0.06, "ravine": 0.1}),
    "nadamw": (_LATER, {"digits": 0.03, "ravine": 0.3}),
    "cautious_adamw": (_LATER, {"digits": 0.03, "ravine": 0.3}),
    "qhadam": (_LATER, {"digits": 0.03, "ravine": 10.0}),
    "adan": (_LATER, {"digits": 0.01, "ravine": 3.0}),
    "ademamix": (_LATER, {"digits": 0.03, "ravine": 1.0}),
    "adopt": (_LATER, {"digits": 0.01, "ravine": 1.0}),
    "mars": (_LATER, {"digits": 0.03, "ravine": 0.1}),
    "adam_mini": (_LATER, {"digits": 0.03, "ravine": 1.0}),
    "adafactor": (_LATER, {"digits": 0.03, "ravine": 0.1}),
    "schedule_free_adamw": (_LATER, {"digits": 0.1, "ravine": 10.0}),
    "sophia": (_LATER, {"digits": 0.01, "ravine": 0.1}),
    "lars": (_LAYERS, {"digits": 3.0, "ravine": 10.0}),
    "lamb": (_LAYERS, {"digits": 0.01, "ravine": 0.1}),
    "scion": (_LAYERS, {"digits": 0.003, "ravine": 0.001}),
    "muon": (_MATRICES, {"digits": 0.03, "ravine": 3.0}),
    "muon_hyperball": (_MATRICES, {"digits": 0.1, "ravine": 3.0}),
    "normuon": (_MATRICES, {"digits": 0.03, "ravine": 0.1}),
    "dion": (_MATRICES, {"digits": 0.1, "ravine": 0.1}),
    "shampoo": (_MATRICES, {"digits": 1.0, "ravine": 30.0}),
    "soap": (_MATRICES, {"digits": 0.03, "ravine": 0.3}),
    "galore": (_MATRICES, {"digits": 0.03, "ravine": 0.3}),
    "kron": (_MATRICES, {"digits": 0.01, "ravine": 0.3}),
    "dog": (_DISTANCES, {"digits": 1.0, "ravine": 1.0}),
    "dowg": (_DISTANCES, {"digits": 1.0, "ravine": 1.0}),
    "prodigy": (_DISTANCES, {"digits": 2.0, "ravine": 1.0}),
    "dadapt_adam": (_DISTANCES, {"digits": 1.0, "ravine": 1.0}),
    "momo": (_DISTANCES, {"digits": 1.0, "ravine": 0.3}),
    "momo_adam": (_DISTANCES, {"digits": 0.03, "ravine": 1.0}),
}

# The recipe of each variant, and the arguments that it sets.
VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "sgd_momentum": ("sgd", {"momentum": 0.9}),
    "sgd_nesterov": ("sgd", {"momentum": 0.9, "nesterov": True}),
    "rmsprop_centered": ("rmsprop", {"centered": True}),
    "rmsprop_momentum": ("rmsprop", {"momentum": 0.9}),
}


def collect_contestants() -> dict[str, Contestant]:
    """Return all contestants by name: those of the table above in its order, then all other recipes."""
    from gradlab import registry

    recipes = {name: entry.factory for name, entry in registry.of_kind("recipe").items()}
    makers = recipes | {name: _make_variant(recipes[recipe], settings) for name, (recipe, settings) in VARIANTS.items()}
    names = [*_CURATED, *(name for name in recipes if name not in _CURATED)]
    contestants = {}
    for name in names:
        family, centers = _CURATED.get(name, (_OTHER, {}))
        contestants[name] = Contestant(name, family, makers[name], centers)
    return contestants


def _make_variant(
    recipe: Callable[..., gl.Transformation], settings: Mapping[str, Any]
) -> Callable[..., gl.Transformation]:
    return lambda rate: recipe(rate, **settings)
