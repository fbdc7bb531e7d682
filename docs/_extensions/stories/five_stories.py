"""The five stories of the articles: what each compares, what a reader can move, and what is drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradlab as gl
from gradlab.lab.problems import Ravine

from .landscapes import Slope, exploding, ravine, reddi, sparse

RED, GREEN, BLUE = "#e0702b", "#2f9e6e", "#3b82f6"


@dataclass(frozen=True)
class Slider:
    """A number that the reader chooses among `values`; the story begins with `start`, which is one of them."""

    name: str
    label: str
    values: tuple[float, ...]
    start: float


@dataclass(frozen=True)
class Method:
    """An optimizer of a story, as the expression of gradlab in which the names of sliders stand in braces."""

    label: str
    color: str
    expression: str

    def write(self, settings: dict[str, Any]) -> str:
        """Return the expression at these settings."""
        return self.expression.format(**settings)

    def make(self, settings: dict[str, Any]) -> Any:
        """Return the optimizer."""
        return eval(self.write(settings), {"gl": gl})


@dataclass(frozen=True)
class Map:
    """The path over the contours of the loss. Each level is a loss."""

    window: tuple[tuple[float, float], tuple[float, float]]
    axes: tuple[str, str]
    optimum: tuple[float, float] | None
    levels: tuple[float, ...]


@dataclass(frozen=True)
class Curve:
    """A quantity against the update: "loss", or the first parameter, or how far it is along the ravine."""

    quantity: str
    label: str
    low: float
    high: float
    logarithmic: bool = False


@dataclass(frozen=True)
class Story:
    """A page's problem, methods, sliders and panels."""

    name: str
    slope: Callable[[], Slope]
    steps: int
    methods: tuple[Method, ...]
    sliders: tuple[Slider, ...]
    panels: tuple[Map | Curve, ...]

    @property
    def settings(self) -> dict[str, Any]:
        """The values at which the story begins."""
        return {slider.name: slider.start for slider in self.sliders}


def _decades(low: int, high: int) -> tuple[float, ...]:
    """Return the values 1, 1.5, 2, 3, 5, 7 of each decade, up to the power `high` of ten."""
    digits = [f"{digit}e{power}" for power in range(low, high) for digit in (1, 1.5, 2, 3, 5, 7)]
    return tuple(map(float, [*digits, f"1e{high}"]))


MOMENTA = (0.0, 0.3, 0.5, 0.7, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99)
LANDSCAPE = Ravine.landscape
assert LANDSCAPE is not None
RAVINE_MAP = Map(
    LANDSCAPE.window,
    ("first parameter", "second parameter"),
    LANDSCAPE.optimum,
    (0.02, 0.1, 0.4, 1.5, 5.0, 12.0, 25.0, 50.0, 90.0, 150.0),
)
RATE = "learning rate"
STORIES = (
    Story(
        "ravine",
        ravine,
        200,
        (
            Method("gradient descent", RED, "gl.sgd({rate})"),
            Method("with momentum", GREEN, "gl.sgd({rate}, momentum={momentum})"),
        ),
        (Slider("rate", RATE, _decades(-3, -1), 0.02), Slider("momentum", "momentum", MOMENTA, 0.9)),
        (RAVINE_MAP, Curve("loss", "loss", 1e-14, 1e3, True)),
    ),
    Story(
        "overshoot",
        ravine,
        100,
        (
            Method("Polyak's momentum", RED, "gl.sgd({rate}, momentum={momentum})"),
            Method("Nesterov's momentum", BLUE, "gl.sgd({rate}, momentum={momentum}, nesterov=True)"),
        ),
        (Slider("rate", RATE, _decades(-3, -1), 0.01), Slider("momentum", "momentum", MOMENTA, 0.9)),
        (
            RAVINE_MAP,
            Curve("along", "place along the valley", -2.0, 2.0),
            Curve("loss", "loss", 1e-8, 1e3, True),
        ),
    ),
    Story(
        "sparse-features",
        sparse,
        400,
        (
            Method("SGD", RED, "gl.sgd({rate})"),
            Method("Adagrad", GREEN, "gl.adagrad({rate})"),
        ),
        (
            Slider("rate", RATE, _decades(-2, 1), 0.5),
            Slider("period", "the rare feature is seen at one update in", (1, 2, 5, 10, 20, 40, 80), 20),
        ),
        (
            Map(
                ((-0.3, 3.0), (-0.3, 2.4)),
                ("weight of the frequent feature", "weight of the rare feature"),
                (1.3863, 1.3863),
                (0.003, 0.01, 0.03, 0.06, 0.1, 0.15, 0.2, 0.3, 0.4, 0.55),
            ),
            Curve("loss", "loss above the least", 1e-5, 1.0, True),
        ),
    ),
    Story(
        "non-convergence",
        reddi,
        1000,
        (
            Method("Adam", RED, "gl.adam({rate}, b1=0.0, b2={b2})"),
            Method("AMSGrad", GREEN, "gl.amsgrad({rate}, b1=0.0, b2={b2})"),
        ),
        (
            Slider("rate", RATE, _decades(-3, -1), 0.01),
            Slider("b2", "decay of the second moment", (0.0, 0.06, 0.2, 0.4, 0.6, 0.7, 0.8, 0.9, 0.99, 0.999), 0.06),
        ),
        (
            Curve("first", "x (-1 is best, +1 is worst)", -1.25, 1.25),
            Curve("loss", "mean loss above the least", 1e-4, 10.0, True),
        ),
    ),
    Story(
        "exploding-gradients",
        exploding,
        300,
        (
            Method("gradient descent", RED, "gl.sgd({rate})"),
            Method("clipped", GREEN, "gl.chain(gl.clip_by_global_norm({limit}), gl.sgd({rate}))"),
            Method("Adam", BLUE, "gl.adam({rate})"),
        ),
        (
            Slider("rate", RATE, _decades(-6, -1), 0.01),
            Slider("limit", "longest gradient", (0.1, 0.3, 1.0, 3.0, 10.0, 100.0, 1000.0, 10000.0), 1.0),
        ),
        (
            Map(
                ((0.7, 1.3), (0.9, 1.3)),
                ("recurrent weight w", "initial state u"),
                None,
                (0.01, 0.1, 0.3, 0.45, 1.0, 10.0, 100.0, 1e3, 1e4),
            ),
            Curve("loss", "loss", 1e-8, 1e5, True),
        ),
    ),
)
