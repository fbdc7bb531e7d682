"""The command that installs what is missing of an extra."""

from __future__ import annotations

import importlib.metadata
import tomllib
from pathlib import Path

import pytest

from gradlab.remedies.missing_packages import how_to_install

EXTRAS = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]["optional-dependencies"]


def hide(monkeypatch: pytest.MonkeyPatch, *missing: str) -> None:
    version = importlib.metadata.version

    def find(name: str) -> str:
        if name in missing:
            raise importlib.metadata.PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(importlib.metadata, "version", find)


def test_only_what_is_missing_is_named_also_of_an_extra_that_another_includes(monkeypatch: pytest.MonkeyPatch) -> None:
    hide(monkeypatch, "optuna", "scikit-learn", "pyarrow")
    (optuna,) = (line for line in EXTRAS["search"] if line.startswith("optuna"))
    (sklearn,) = (line for line in EXTRAS["lab"] if line.startswith("scikit-learn"))
    assert how_to_install("search") == f'pip install "{sklearn}" "{optuna}"'


@pytest.mark.parametrize("extra", ["lab", "search", "parquet", "cluster", "tensorboard", "mlflow"])
def test_where_none_is_missing_all_of_the_extra_are_named(extra: str) -> None:
    own = sorted(line.lower() for line in EXTRAS[extra] if not line.startswith("gradlab"))
    assert how_to_install(extra) == " ".join(["pip install", *(f'"{line}"' for line in own)])
