"""The paths and charts of the recipes' pages: they are those of this code, and show what they say."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import jax
import numpy as np
import pytest

import gradlab as gl
from docs._extensions.recipe_behavior.findings import ranks_of
from docs._extensions.recipe_pictures import sections, stored_paths
from docs._extensions.recipe_pictures.baseline_results import Curves, read_curves, read_results
from docs._extensions.recipe_pictures.path_panels import MARGIN, draw_panel, leaves
from docs._extensions.recipe_pictures.rate_charts import (
    BOTTOM,
    HEIGHT,
    TOP,
    WIDTH,
    Axes,
    are_same,
    draw_chart,
    rises_above,
)
from docs._extensions.recipe_pictures.stored_paths import LANDSCAPES, SEEDS, read, thin
from gradlab.lab._inputs.default_contestants import VARIANTS
from gradlab.lab._report.landscape_data import path_data
from gradlab.lab._report.problem_findings import compute_findings
from gradlab.lab.problems import PROBLEMS
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
    assert text.count(f"at rate {row.best_rate:g}, rank 9.5 of 53") == 2  # four share it
    assert sections.write_paths("lookahead") == sections.write_sensitivity("lookahead") == []


def test_a_picture_says_that_runs_of_other_seeds_diverge_and_that_a_rate_is_at_the_end_of_the_grid() -> None:
    said = read_results("rosenbrock").describe("adopt")
    assert said.startswith("some runs diverge at rate 3.2 with other seeds; loss 4.3")
    assert said.endswith("rank 52.5 of 53")  # as the sentences on the page say, with one other that diverges
    assert "at rate 0.0001 *, rank" in read_results("noisy_quadratic").describe("scion")
    for name, starred in {"adam": False, "scion": True}.items():  # only a page with a star explains it
        assert ("stands a star" in "\n".join(sections.write_paths(name, True))) == starred


def test_a_caption_says_that_the_run_drawn_ends_far_from_the_score() -> None:
    valley = read_results("rosenbrock")
    assert valley.describe_drawn("prodigy") == "; the run drawn is one that diverges"
    assert valley.describe_drawn("adopt") == "; the run drawn has loss 8.4"
    assert valley.describe_drawn("adam") == ""
    assert "rank 52.5 of 53; the run drawn has loss 8.4" in "\n".join(sections.write_paths("adopt"))
    for landscape in LANDSCAPES:
        picture, results = read()["pictures"][landscape], read_results(landscape)
        for name, own in read()["paths"].items():
            end = read_points(own[landscape]["points"])[-1]
            is_outside = (end < 0).any() or (end > [1000, picture["height"]]).any()
            assert results.describe_drawn(name) or not is_outside, f"{name} on {landscape} ends outside of the contours"


@pytest.mark.parametrize("problem", sorted({*LANDSCAPES, *sections.SENSITIVITY, *sections.OF_MATRICES}))
def test_a_picture_has_the_rank_of_the_sentences_on_its_page(problem: str) -> None:
    results = read_results(problem)
    for name in results.rows:
        rank = re.search(r"rank ([\d.]+) of", results.describe(name))
        assert rank is None or float(rank[1]) == ranks_of(name)[problem]


RATES = np.array([0.01, 0.1, 1.0, 10.0])


def test_a_chart_has_no_line_where_runs_diverged_and_a_dot_at_the_chosen_rate() -> None:
    scores = {"one": np.array([1.0, 0.1, np.nan, 10.0]), "other": np.array([1.0, 0.1, 0.01, 0.01])}
    tree = ET.fromstring(draw_chart(Curves(RATES, scores, "loss"), "one", "other", 0.1, "bowl"))
    (line,) = [item.attrib["d"] for item in tree.iter("path") if item.attrib.get("class") == "path"]
    assert line.count("M") == 2
    (dot,) = tree.iter("circle")
    assert f"L{dot.attrib['cx']} {dot.attrib['cy']}M" in line
    assert np.isnan(read_curves("ravine").scores["sgd"]).any()


def test_a_score_above_the_frame_is_not_drawn_at_its_edge() -> None:
    scores = {str(i): np.array([1.0, 0.1, 0.01, 0.1]) for i in range(20)}
    scores["high"] = np.array([1e4, 0.1, 0.01, 1.0])
    curves = Curves(RATES, scores, "loss")
    tree = ET.fromstring(draw_chart(curves, "high", "0", 1.0, "bowl"))
    (line,) = [item.attrib["d"] for item in tree.iter("path") if item.attrib.get("class") == "path"]
    assert float(line.split("h")[0].split()[1]) < 0 < TOP
    (clipped,) = tree.iter("g")
    assert clipped.attrib["clip-path"] == "url(#rates-bowl)"
    assert rises_above(curves, "high")
    assert not rises_above(curves, "0")
    assert "goes on above" in "\n".join(sections.write_sensitivity("lion"))
    assert "goes on above" not in "\n".join(sections.write_sensitivity("galore"))


def test_a_caption_says_which_curves_are_the_same() -> None:
    assert "\n".join(sections.write_sensitivity("galore")).count("the curve of <code>adam</code> is the same") == 2
    assert "is the same" not in "\n".join(sections.write_sensitivity("galore", works_on_matrices=True))
    assert "is the same" not in "\n".join(sections.write_sensitivity("lion"))
    scores = {"one": np.array([1, 0.1, np.nan, 1]), "two": np.array([1, 0.1, 1, 1]), "three": np.array([1, 0.2, 1, 1])}
    curves = Curves(RATES, scores, "loss")
    assert are_same(curves, "one", "one")
    assert not are_same(curves, "one", "two")
    assert not are_same(curves, "two", "three")


def test_the_dot_is_not_cut_where_it_stands_on_the_frame() -> None:
    for name, rate in (("one", 0.01), ("other", 10.0)):  # the ends of the grid
        scores = {"one": np.array([1.0, 0.1, 0.1, 0.2]), "other": np.array([1.0, 1.0, 0.2, 0.1])}
        tree = ET.fromstring(draw_chart(Curves(RATES, scores, "loss"), name, "other", rate, "bowl"))
        (clipped,) = tree.iter("g")
        assert not list(clipped.iter("circle"))
        (dot,) = tree.iter("circle")
        tags = [item.attrib.get("class") for item in tree]
        assert tags.index("end") > tags.index("frame")
        assert float(dot.attrib["cx"]) - 7 > 0
        assert float(dot.attrib["cx"]) + 7 < WIDTH


@pytest.mark.parametrize("problem", sorted({*sections.SENSITIVITY, *sections.OF_MATRICES}))
def test_the_dot_of_every_recipe_is_in_the_frame(problem: str) -> None:
    results, curves = read_results(problem), read_curves(problem)
    for name, row in results.rows.items():
        _, y = Axes(curves).place(row.best_rate, curves.scores[name][np.flatnonzero(curves.rates == row.best_rate)])
        assert (y >= TOP).all(), name
        assert (y <= HEIGHT - BOTTOM).all(), name


def test_a_caption_says_what_a_good_rate_is() -> None:
    good = {problem: read_results(problem).describe_good_rates("adam") for problem in sections.SENSITIVITY}
    assert good["ravine"] == "; good rates, within a factor of 10, over 1.2 decades"
    assert good["digits"].startswith("; good rates, within 1 percentage point, over ")
    sensing = read_results("matrix_sensing")
    assert sensing.describe_good_rates("adam").startswith("; good rates, within a factor of 2, over ")
    assert read_results("digits").describe_good_rates("dog") == "; no other rate is within 1 percentage point of it"
    low = "; even the lowest rate tried is within a factor of 10 of it, so that no width of good rates is known"
    assert read_results("ravine").describe_good_rates("dog", is_lowest_good=True) == low


def test_a_method_for_matrices_has_the_charts_of_problems_with_matrices() -> None:
    text = "\n".join(sections.write_sensitivity("muon", works_on_matrices=True))
    assert re.findall("<b>(.*?)</b>", text) == list(sections.OF_MATRICES)
    assert "parameters that are matrices" in text
    for problem in sections.OF_MATRICES:
        params = jax.tree.leaves(jax.eval_shape(PROBLEMS[problem]().init, jax.random.key(0)))
        assert any(leaf.ndim == 2 and min(leaf.shape) > 1 for leaf in params)
    assert "what the method does with vectors" in "\n".join(sections.write_paths("muon", works_on_matrices=True))
    assert "with vectors" not in "\n".join(sections.write_paths("adam"))


def test_the_gray_curve_beside_adam_is_explained() -> None:
    assert VARIANTS["sgd_momentum"] == ("sgd", {"momentum": 0.9})
    assert sections.SGD_MOMENTUM in "\n".join(sections.write_sensitivity("adam"))
    assert "is that of [`adam`](adam.md)." in "\n".join(sections.write_sensitivity("muon"))


def test_the_numbers_at_the_ends_of_the_axes_are_within_the_picture() -> None:
    tree = ET.fromstring(draw_chart(read_curves("digits"), "adam", "sgd", 0.1, "digits"))
    letter = 0.64 * 21  # of a wide font
    for text in tree.iter("text"):
        if text.attrib.get("class") is None and (power := text.find("tspan")) is not None:
            half = (2 + 0.8 * len(power.text or "")) * letter / 2
            assert half < float(text.attrib["x"]) < WIDTH - half
            assert float(text.attrib["y"]) < HEIGHT


@pytest.mark.parametrize(("points", "has_left"), [("10,10 90,300", False), ("10,10 1900,-800 90,300", True)])
def test_a_path_that_leaves_the_contours_is_shown_as_a_whole_in_a_smaller_frame(points: str, has_left: bool) -> None:
    picture, line = {"height": 700, "optimum": [500, 350]}, {"points": points}
    tree = ET.fromstring(draw_panel(picture, line, "ravine", "", "a path"))
    (path,) = tree.iter("polyline")
    shown = read_points(path.attrib["points"])
    assert leaves(picture, line) is has_left
    assert (shown >= 0).all()
    assert (shown <= [1000, 700]).all()
    (frame,) = tree.iter("rect")
    x, y, width, height = (float(frame.attrib[name]) for name in ("x", "y", "width", "height"))
    assert height / width == pytest.approx(0.7)
    if has_left:
        low, high = np.array([0, -800 - MARGIN]), np.array([1900 + MARGIN, 700])
        assert width == pytest.approx(1000 * (700 / (high - low)[1]))
        np.testing.assert_allclose(shown[1], [x + 1.9 * width, y - 800 / 700 * height], atol=1)
    else:
        assert (x, y, width) == (0, 0, 1000)
        assert path.attrib["points"] == points
