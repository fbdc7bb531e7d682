"""A small race on the ravine of three optimizers, and the baseline of two of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import pytest
import xarray as xr

import gradlab as gl
from gradlab.lab._baselines.baseline_file import Baseline
from gradlab.lab._baselines.making import make_baseline
from gradlab.lab.problems import Ravine

OPTIONS: dict[str, Any] = {"rates": [0.003, 0.01, 0.03], "seeds": 6, "steps": 40}


class Races(NamedTuple):
    """A race of sgd, adam and lion, and the baseline of sgd and adam."""

    whole: xr.DataTree
    baseline: Baseline
    folder: Path  # of the baseline
    own: Path  # the folder of a race of lion alone


@pytest.fixture(scope="session")
def races(tmp_path_factory: pytest.TempPathFactory) -> Races:
    folder = tmp_path_factory.mktemp("races")
    rivals = folder / "rivals"
    gl.lab.race("ravine", ["sgd", "adam"], **OPTIONS, out=rivals)
    gl.lab.race("ravine", "lion", **OPTIONS, out=folder / "own")
    whole = gl.lab.race("ravine", ["lion", "sgd", "adam"], **OPTIONS)
    (folder / "baselines").mkdir()
    baseline = make_baseline(rivals, Ravine(), folder / "baselines")
    return Races(whole, baseline, folder / "baselines", folder / "own")
