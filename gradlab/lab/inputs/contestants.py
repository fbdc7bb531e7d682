"""The contestants of the race: every recipe of the registry, the classic variants of some, and the rates to try.

The registry and NumPy are imported inside: the shell completes the names of the variants without JAX.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import gradlab as gl

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Contestant:
    """An optimizer of which only the learning rate is open."""

    name: str
    family: str  # what it is drawn beside
    make: Callable[[float], gl.Transformation]
    centers: Mapping[str, float] = field(default_factory=dict)  # problem -> where the grid is centered
    decades: float = 3.0  # the width of the grid
    default_rate: float | None = None  # the middle of the grid on other problems; None: that of the recipe

    def __call__(self, learning_rate: float) -> gl.Transformation:
        return self.make(learning_rate)

    @property
    def __wrapped__(self) -> Callable[[float], gl.Transformation]:
        """What it calls, for those who look for its source."""
        return self.make

    def grid(self, problem: str, count: int) -> np.ndarray:
        """Learning rates, evenly spaced in their logarithm: a float64 array of shape (count,)."""
        import numpy as np

        center = self.centers.get(problem) or self._default_rate()
        half = self.decades / 2 if count > 1 else 0.0
        middle = np.round(4 * np.log10(center)) / 4  # a quarter of a decade, so that 0.01 and 0.1 are on the grid
        exponents = middle + np.linspace(-half, half, count)
        return np.array([float(f"{rate:.4g}") for rate in 10.0**exponents])  # so that what is printed can be typed

    def _default_rate(self) -> float:
        if self.default_rate is not None:
            return self.default_rate
        from gradlab import registry

        factory: Any = registry.entries()[VARIANTS.get(self.name, (self.name,))[0]].factory
        return float(factory.factory.parameters["learning_rate"].default)


_DESCENT, _ADAPTIVE, _ADAM, _BOUNDED, _OTHER = "gradient descent", "adaptive rates", "Adam", "Adam, bounded", "other"

# Family, and the rates around which the good ones lie: found by racing over five decades.
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
}

VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {  # of a recipe, with some of its arguments set
    "sgd_momentum": ("sgd", {"momentum": 0.9}),
    "sgd_nesterov": ("sgd", {"momentum": 0.9, "nesterov": True}),
    "rmsprop_centered": ("rmsprop", {"centered": True}),
    "rmsprop_momentum": ("rmsprop", {"momentum": 0.9}),
}


def all_contestants() -> dict[str, Contestant]:
    """All contestants by name: the curated ones in order, then any recipe that the registry has besides."""
    from gradlab import registry

    recipes = {name: entry.factory for name, entry in registry.of_kind("recipe").items()}
    makers = recipes | {name: _variant(recipes[recipe], settings) for name, (recipe, settings) in VARIANTS.items()}
    names = [*_CURATED, *(name for name in recipes if name not in _CURATED)]
    found = {}
    for name in names:
        family, centers = _CURATED.get(name, (_OTHER, {}))
        found[name] = Contestant(name, family, makers[name], centers)
    return found


def _variant(recipe: Callable[..., gl.Transformation], settings: Mapping[str, Any]) -> Callable[..., gl.Transformation]:
    return lambda rate: recipe(rate, **settings)
