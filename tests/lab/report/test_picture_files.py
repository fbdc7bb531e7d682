"""The same figures as files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from gradlab.lab._report.picture_files import all_figures, draw_rank_figure, write_pictures
from gradlab.lab._report.problem_findings import Finding, ReportError
from gradlab.lab.plots.race_figures import save_figures

BEGINS = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}


@pytest.fixture
def plainly_named(race: dict[str, xr.Dataset]) -> dict[str, xr.Dataset]:
    return {name: dataset.assign_coords(optimizer=["sgd", "adam", "own"]) for name, dataset in race.items()}


def test_all_figures_are_written(plainly_named: dict[str, xr.Dataset], tmp_path: Path) -> None:
    written = write_pictures(plainly_named, tmp_path / "new", "svg")
    assert sorted(path.name for path in written) == sorted(
        f"{name}.svg"
        for name in (
            "learning_curves_images", "learning_curves_ravine", "paths_ravine", "performance_profiles", "ranks_images",
            "ranks_ravine", "sensitivity_images", "sensitivity_ravine",
        )
    )  # fmt: skip
    assert all(path.read_bytes().startswith(BEGINS["svg"]) for path in written)
    assert "rank (bar: 95 % interval over 4 seeds)" in (tmp_path / "new" / "ranks_images.svg").read_text()


@pytest.mark.parametrize("form", ["png", "svg", "pdf"])
def test_the_same_figure_makes_the_same_file(findings: list[Finding], tmp_path: Path, form: str) -> None:
    texts = []
    for name in ("once", "again"):
        (tmp_path / name).mkdir()
        (path,) = save_figures(tmp_path / name, {"ranks": draw_rank_figure(findings[0])}, form)
        texts.append(path.read_bytes())
    assert texts[0].startswith(BEGINS[form])
    assert texts[0] == texts[1]


def test_the_names_beside_profiles_stay_inside_the_picture(race: dict[str, xr.Dataset]) -> None:
    names = ["sgd", "rmsprop eps=0.0001 decay=0.999 momentum=0.9", "adam"]
    named = {problem: dataset.assign_coords(optimizer=names) for problem, dataset in race.items()}
    figure = all_figures(named)["performance_profiles"]
    figure.draw_without_rendering()
    (axes,) = figure.axes
    assert len(axes.texts) == 3
    assert all(text.get_window_extent().x1 <= figure.bbox.x1 for text in axes.texts)


def test_one_problem_has_no_profiles(plainly_named: dict[str, xr.Dataset], tmp_path: Path) -> None:
    written = write_pictures({"images": plainly_named["images"]}, tmp_path, "png")
    assert [path.stem for path in written] == ["learning_curves_images", "sensitivity_images", "ranks_images"]
    assert all(path.read_bytes().startswith(BEGINS["png"]) for path in written)


def test_samples_have_the_pictures_of_a_sweep(make_sweep: Callable[..., xr.Dataset], tmp_path: Path) -> None:
    points = {"learning_rate": [0.1, 0.2], "b1": [0.8, 0.9]}
    swept = make_sweep(np.ones((1, 2, 4)), points, "sobol")
    written = write_pictures({"made": swept}, tmp_path, "svg")
    assert [path.name for path in written] == ["effects_made.svg", "heat_made.svg"]
    with pytest.raises(ReportError, match="have no learning rate, only b1"):
        write_pictures({"made": make_sweep(np.ones((1, 1, 4)), {"b1": [0.8]})}, tmp_path, "svg")
