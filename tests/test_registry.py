"""The registry finds every public factory, and has a working example of each."""

from __future__ import annotations

import importlib
import os
import pkgutil
import subprocess
import sys
from typing import Any

import pytest

import gradlab as gl
from gradlab import public_names, registry
from gradlab.schedules import Schedule
from gradlab.values.value import is_factory

ENTRIES = registry.entries()
FOUNDING_LINKS = [
    "scale",
    "scale_by_learning_rate",
    "scale_by_momentum",
    "nesterov",
    "bias_correction",
    "scale_by_rms",
    "scale_by_stddev",
    "scale_by_rss",
    "scale_by_infinity_norm",
    "running_max",
    "scale_by_update_rms",
    "scale_by_sign",
    "clip_by_value",
    "clip_between",
    "clip_by_norm",
    "clip_by_global_norm",
    "add_decayed_weights",
    "centralize",
    "add_noise",
]
FOUNDING_RECIPES = [
    "sgd",
    "adagrad",
    "adadelta",
    "rmsprop",
    "sign_sgd",
    "adam",
    "adamw",
    "adamax",
    "nadam",
    "amsgrad",
    "adabound",
    "amsbound",
]
FOUNDING_SCHEDULES = [
    "constant",
    "linear",
    "cosine",
    "warmup_cosine",
    "exponential",
    "inverse_time",
    "inverse_square_root",
    "polynomial",
    "piecewise",
    "one_cycle",
    "warmup_stable_decay",
]


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("link", FOUNDING_LINKS),
        ("recipe", FOUNDING_RECIPES),
        ("schedule", FOUNDING_SCHEDULES),
        ("combinator", ["chain", "isolate", "precondition"]),
    ],
)
def test_the_founding_factories_are_there_under_their_kind(kind: str, names: list[str]) -> None:
    assert set(names) <= set(registry.of_kind(kind))


def test_kinds_partition_the_entries() -> None:
    kinds = ("recipe", "link", "combinator", "schedule", "selector")
    assert registry.of_kind(*kinds).keys() == ENTRIES.keys()
    assert sum(len(registry.of_kind(kind)) for kind in kinds) == len(ENTRIES)
    assert registry.of_kind() == {}


@pytest.mark.parametrize("package", ["transforms", "optimizers", "schedules"])
def test_every_factory_of_a_module_is_public(package: str) -> None:
    path = importlib.import_module(f"gradlab.{package}").__path__
    for module in pkgutil.iter_modules(path):
        for name, thing in vars(importlib.import_module(f"gradlab.{package}.{module.name}")).items():
            is_public = is_factory(thing) and not name.startswith("_") and thing.__module__.endswith(module.name)
            if is_public and name not in ("combined", "from_callable", "relative"):  # what operators and such make
                assert name in ENTRIES, f"{thing.__module__}.{name} is missing from the public names"
                assert ENTRIES[name].factory is thing


def test_entries_come_in_the_order_of_the_public_names() -> None:
    names = [name for name in vars(public_names) if name in ENTRIES and name != "chain"]
    assert [name for name in ENTRIES if name in vars(public_names) and name != "chain"] == names


@pytest.mark.parametrize("entry", [pytest.param(entry, id=name) for name, entry in ENTRIES.items()])
def test_an_entry_describes_its_factory(entry: registry.Entry) -> None:
    namespace: Any = gl.schedules if entry.kind == "schedule" else gl
    assert entry.factory is getattr(namespace, entry.name)
    types: dict[str, type] = {"schedule": Schedule, "selector": gl.selectors.Selector}
    assert isinstance(entry.example, types.get(entry.kind, gl.Transformation))
    assert entry.example.factory.name == entry.name  # type: ignore[attr-defined]
    assert entry.summary[0].isupper()
    assert "\n" not in entry.summary
    assert 8 <= len(entry.summary) <= 120


def test_it_is_made_without_a_device() -> None:
    """Commands that only read it would wait for one, and the site forks, which is safe only before JAX has threads."""
    code = "from gradlab import registry; registry.entries()"
    environment = os.environ | {"JAX_PLATFORMS": "none"}  # no platform has this name
    done = subprocess.run([sys.executable, "-c", code], env=environment, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
