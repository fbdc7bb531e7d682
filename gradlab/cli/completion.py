"""The names that the shell completes, once `gradlab --install-completion` has told it to."""

from __future__ import annotations

from gradlab import registry
from gradlab.lab.entrants import entrants
from gradlab.lab.problems import PROBLEMS


def problems(incomplete: str) -> list[tuple[str, str]]:
    """The problems that begin with what is typed, each with what it shows."""
    return [(name, make().summary) for name, make in PROBLEMS.items() if name.startswith(incomplete)]


def optimizers(incomplete: str) -> list[str]:
    """The optimizers of the race that begin with what is typed."""
    return [name for name in entrants() if name.startswith(incomplete)]


def recipes(incomplete: str) -> list[str]:
    """The optimizers that have hyperparameters to set."""
    return [name for name in registry.of_kind("recipe") if name.startswith(incomplete)]


def everything(incomplete: str) -> list[str]:
    """All that `gradlab explain` knows."""
    return [name for name in {**entrants(), **registry.entries(), **PROBLEMS} if name.startswith(incomplete)]
