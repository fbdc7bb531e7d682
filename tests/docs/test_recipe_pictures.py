"""The paths and charts of the recipes' pages: they are those of this code, and show what they say."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

import gradlab as gl
from docs._extensions.recipe_pictures import sections, stored_paths
from docs._extensions.recipe_pictures.baseline_results import Curves, read_curves, read_results
from docs._extensions.recipe_pictures.rate_charts import draw_chart
from docs._extensions.recipe_pictures.stored_paths import LANDSCAPES, SEEDS, read, thin
from gradlab.lab._report.landscape_data import path_data
from gradlab.lab._report.problem_findings import compute_findings
from gradlab.registry import of_kind

SVG = re.compile(r"<svg .*?</svg>", re.DOTALL)


def read_points(text: str) -> np.ndarray:
    return np.array([point.split(",") for point in text.split(" ")], int)


def test_every_recipe_has_the_rates_of_the_baselines() -> None:
    paths = read()["paths"]
    assert set(paths) == set(of_kind("recipe")), f"recipes are new, or have changed: run {stored_paths.COMMAND}"
    for landscape in LANDSCAPES:
        rows = read_results(landscape).rows
        for name, own in paths.items():
            np.testing.assert_allclose(own[landscape]["rate"], rows[name].best_rate, rtol=1e-3)


def test_a_stored_path_is_the_one_that_the_code_takes() -> None:
    stored = read()["paths"]["adam"]["ravine"]
    results = gl.lab.race("ravine", ["adam"], rates=[stored["rate"]], seeds=SEEDS)
    data = path_data(compute_findings({"ravine": results["ravine"].to_dataset()})[0])
    assert data is not None
    path = np.reshape(data["lines"]["adam"]["points"], (-1, 2))
    gaps = np.abs(read_points(stored["points"])[:, None] - path[None]).sum(-1).min(1)
    assert gaps.max() <= 3
    assert data["height"] == read()["pictures"]["ravine"]["height"]


def test_the_path_of_another_recipe_is_left_out_and_other_seeds_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = json.loads(stored_paths.FILE.read_text("utf-8"))
    changed["compositions"]["adam"] = "sgd()"
    monkeypatch.setattr(stored_paths, "FILE", tmp_path / "paths.json")
    stored_paths.FILE.write_text(json.dumps(changed), "utf-8")
    assert set(of_kind("recipe")) - set(read.__wrapped__()["paths"]) == {"adam"}
    stored_paths.FILE.write_text(json.dumps(changed | {"seeds": 3}), "utf-8")
    with pytest.raises(ValueError, match="has the seeds 3, and this code 10; renew it: python -m docs"):
        read.__wrapped__()


def test_points_that_are_near_are_left_out_but_the_last() -> None:
    points = np.stack([np.array([0, 2, 4, 8, 9, 20, 21]), np.zeros(7, int)], 1)
    assert thin(points)[:, 0].tolist() == [0, 8, 20, 21]


def test_the_pictures_of_a_page_are_svg_and_say_the_rank() -> None:
    text = "\n".join([*sections.write_paths("adam"), *sections.write_sensitivity("adam")])
    pictures = SVG.findall(text)
    assert len(pictures) == 6
    for picture in pictures:
        ET.fromstring(picture)
    row = read_results("ravine").rows["adam"]
    assert text.count(f"at rate {row.best_rate:g}, rank {row.rank} of 53") == 2
    assert sections.write_paths("lookahead") == sections.write_sensitivity("lookahead") == []


def test_a_chart_has_no_line_where_runs_diverged_and_a_dot_at_the_chosen_rate() -> None:
    rates = np.array([0.01, 0.1, 1.0, 10.0])
    scores = {"one": np.array([1.0, 0.1, np.nan, 10.0]), "other": np.array([1.0, 0.1, 0.01, 0.01])}
    tree = ET.fromstring(draw_chart(Curves(rates, scores, "loss"), "one", "other", 0.1))
    (line,) = [item.attrib["d"] for item in tree if item.attrib.get("class") == "path"]
    assert line.count("M") == 2
    (dot,) = [item for item in tree if item.tag == "circle"]
    assert f"L{dot.attrib['cx']} {dot.attrib['cy']}M" in line
    assert np.isnan(read_curves("ravine").scores["sgd"]).any()
