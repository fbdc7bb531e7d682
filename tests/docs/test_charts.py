"""The charts of pages: each stands on one page, is computed by the page's code, and shows what the page prints."""

from __future__ import annotations

import base64
import importlib
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import jax
import numpy as np
import pytest

DOCS = Path(__file__).parents[2] / "docs"
PLACE = re.compile(r"^```\{chart\} (\S+)$", re.MULTILINE)


def draw(charts: ModuleType, file: str, name: str) -> tuple[str, Any]:
    """Return the text of a page and one of its charts, as for a reader and not in the tests' float64."""
    page = (DOCS / file).read_text("utf-8")
    with jax.enable_x64(False), jax.numpy_dtype_promotion("standard"):
        return page, charts.CHARTS[name](charts.Page(page, name))


@pytest.fixture(scope="module")
def charts() -> Iterator[ModuleType]:
    """The extension, which Sphinx imports from its folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(DOCS / "_extensions")
        yield importlib.import_module("charts")


def test_every_chart_stands_on_one_page(charts: ModuleType) -> None:
    found = [name for page in sorted(DOCS.rglob("*.md")) for name in PLACE.findall(page.read_text("utf-8"))]
    assert sorted(found) == sorted(charts.CHARTS)


def test_a_chart_gets_the_names_that_are_defined_above_it(charts: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    drawing = charts.drawing

    def draw(names: Mapping[str, Any]) -> object:
        assert "later" not in names
        points = np.array([[0, 1.0], [1, names["height"]], [2, np.nan]])
        return drawing.Chart({"a < b": points}, "step", "height", 0.0, 4.0)

    monkeypatch.setitem(charts.CHARTS, "one", draw)
    blocks = ["python\nheight = 3.0", "python\n>>> height = 0", "{chart} one", "python\nlater = 1"]
    page = "".join(f"```{block}\n```\n\n" for block in blocks)
    figure = ET.fromstring(charts.draw_chart("one", page))
    (line,) = figure.iter("polyline")
    (_, low), (_, high) = (point.split(",") for point in line.attrib["points"].split())  # and none at the NaN
    assert float(low) - float(high) == pytest.approx(drawing.HEIGHT / 2)
    assert "a < b" in "".join(figure.itertext())


def test_dots_stand_by_themselves_and_the_axis_across_may_have_powers(charts: ModuleType) -> None:
    points = np.array([[1.0, 0.0], [10.0, 1.0], [1000.0, 2.0]])
    chart = charts.drawing.Chart({}, "rate", "loss", 0.0, 2.0, by_powers=True, dots={"runs": points})
    figure = ET.fromstring(charts.drawing.write_chart(chart, "runs"))
    left, middle, right = (float(dot.attrib["cx"]) for dot in figure.iter("circle"))
    assert middle - left == pytest.approx((right - left) / 3, abs=0.1)
    assert left - 6 > charts.drawing.LEFT  # and not on the frame
    assert not list(figure.iter("polyline"))
    assert [number.text for number in figure.iter("tspan")] == ["0", "1", "2", "3"]  # powers of ten, and no value up


def test_the_chart_of_averages_ends_at_the_numbers_of_its_page(charts: ModuleType) -> None:
    page, chart = draw(charts, "how-to/averages-and-points.md", "average")
    ends = [f"{points[-1, 1]:.4f}" for points in chart.curves.values()]
    assert f"['{ends[0]}', '{ends[1]}']" in page
    assert f"['{ends[0]}', '{ends[2]}']" in page


def test_the_chart_of_roundings_ends_at_the_numbers_of_its_page(charts: ModuleType) -> None:
    page, chart = draw(charts, "how-to/low-precision.md", "rounding")
    plain, master, rounded = (points[:, 1] for points in chart.curves.values())
    assert (plain == 1).all()
    assert f"{master[-1]:.6f}\n" in page
    assert rounded[-1] == pytest.approx(master[-1], abs=0.02)


def test_the_loss_scale_never_stays_above_the_largest(charts: ModuleType) -> None:
    _, chart = draw(charts, "how-to/gates.md", "loss_scale")
    scale, largest = (points[:, 1] for points in chart.curves.values())
    above = scale > largest
    assert above.any()
    assert not (above[1:] & above[:-1]).any()


def test_a_reset_without_a_correction_of_its_own_takes_steps_five_times_too_large(charts: ModuleType) -> None:
    _, chart = draw(charts, "how-to/edit-a-run.md", "reset")
    uncorrected, corrected = (points[:, 1] for points in chart.curves.values())
    assert 5 < uncorrected.max() < 5.5
    np.testing.assert_allclose(corrected, 1.0, atol=1e-2)


def test_the_port_goes_through_what_pytorch_printed_and_the_mistakes_do_not(charts: ModuleType) -> None:
    _, chart = draw(charts, "how-to/port-a-run.md", "ports")
    (printed,) = chart.dots.values()
    right, weights, optimizer, rate = (points[:, 1] for points in chart.curves.values())
    np.testing.assert_allclose(right[printed[:, 0].astype(int)], printed[:, 1], atol=1e-5)
    assert abs(weights[0] - right[0]) > 0.1  # wrong before the first update
    assert optimizer[0] == rate[0] == right[0]
    assert abs(optimizer[1] - right[1]) > 0.1 > abs(rate[1:10] - right[1:10]).max()
    assert abs(rate[-1] - right[-1]) > 0.1


def test_the_gradient_falls_a_hundredfold_at_nearly_the_first_rate(charts: ModuleType) -> None:
    _, chart = draw(charts, "how-to/look-inside.md", "probes")
    gradient, rate = (chart.curves[name][:, 1] for name in ("gradient/norm", "partition/ndim(2)/learning_rate"))
    assert gradient[:25].min() < gradient[0] / 100
    assert rate[24] > 0.8 * rate[0]


def test_the_flavors_of_nadam_part_as_the_page_says(charts: ModuleType) -> None:
    _, chart = draw(charts, "flavors.md", "flavors")
    torch, keras, optax = (points[:, 1] for points in chart.curves.values())
    assert optax[1] > torch[1] + 0.03
    assert torch[1] == pytest.approx(keras[1], abs=0.01)
    assert 0.005 < torch[-1] - keras[-1] < 0.05


def test_bars_are_as_long_as_their_numbers(charts: ModuleType) -> None:
    bars = charts.bars.Bars({"before": {"a < b": 2.0, "c": 4.0}, "after": {"a < b": 1.0, "c": 0.5}}, "seconds")
    figure = ET.fromstring(charts.bars.write_bars(bars))
    longest = charts.bars.WIDTH - charts.bars.LEFT - charts.bars.RIGHT
    lengths = [float(bar.attrib["width"]) / longest for bar in figure.iter("rect")]
    assert lengths == pytest.approx([0.5, 0.25, 1.0, 0.125], abs=1e-3)
    assert [text for text in figure.itertext() if text.strip()][1:] == (
        ["a < b", "2.0", "1.0", "c", "4.0", "0.5", "seconds", "before", "after"]
    )


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (1.5, 12.0, ["2", "3", "5", "10"]),
        (0.002, 0.009, ["0.002", "0.003", "0.005"]),
        (2.2, 2.8, ["2.2", "2.3", "2.4", "2.5", "2.6", "2.7", "2.8"]),
        (1.0, 100.0, ["100", "101", "102"]),
    ],
)
def test_an_axis_of_less_than_a_decade_has_numbers_to_read(
    charts: ModuleType, low: float, high: float, ticks: list[str]
) -> None:
    points = np.array([[0.0, low], [1.0, high]])
    chart = charts.drawing.Chart({"a": points}, "step", "loss", low, high, logarithmic=True)
    figure = ET.fromstring(charts.drawing.write_chart(chart, "a"))
    assert ["".join(text.itertext()) for text in figure.iter("text") if text.get("class") == "up"] == ticks


def test_a_long_name_beside_a_bar_is_not_cut(charts: ModuleType) -> None:
    name = "every argument matters"
    figure = ET.fromstring(charts.bars.write_bars(charts.bars.Bars({"found": {name: 2.0, "c": 1.0}}, "mutants")))
    (end, _) = (float(text.attrib["x"]) for text in figure.iter("text") if text.attrib.get("class") == "up")
    assert end >= 11.5 * len(name)  # pixels of the picture, where a letter has 22
    assert {float(bar.attrib["x"]) for bar in figure.iter("rect")} == {end + 8}


def test_a_very_long_name_stands_above_its_bar(charts: ModuleType) -> None:
    name = "same trajectory on complex leaves"
    figure = ET.fromstring(charts.bars.write_bars(charts.bars.Bars({"found": {name: 2.0, "c": 1.0}}, "mutants")))
    assert not [text for text in figure.iter("text") if text.attrib.get("class") == "up"]
    bars = list(figure.iter("rect"))
    assert float(bars[0].attrib["width"]) > 0.8 * charts.bars.WIDTH
    (above, _, below, _, _) = (float(text.attrib["y"]) for text in figure.iter("text"))
    assert above < float(bars[0].attrib["y"]) < below < float(bars[1].attrib["y"])


def test_the_chart_of_the_muons_has_a_valley_that_six_share(charts: ModuleType) -> None:
    _, chart = draw(charts, "muon.md", "muon")
    best = {name: points[points[:, 1].argmin(), 0] for name, points in chart.curves.items()}
    heavyball, nvidia, _ = (best.pop(name) for name in ("HeavyBall 3.2", "Emerging-Optimizers", "AdamW alone"))
    assert len(best) == 6
    assert nvidia < min(best.values()) <= max(best.values()) < heavyball
    assert max(best.values()) <= 2.5 * min(best.values())
    assert all(chart.low < points[:, 1].min() for points in chart.curves.values())


def test_coefficients_turn_signs_where_the_page_says(charts: ModuleType) -> None:
    page, chart = draw(charts, "how-to/check-a-matrix-method.md", "signs")
    jordan, four, five, band = chart.curves.values()
    assert f"band=({band[:, 1].min():g}, {band[:, 1].max():g})" in page
    inside = jordan[jordan[:, 0] >= 0.01, 1]
    assert band[:, 1].min() < inside.min() < inside.max() < band[:, 1].max()
    assert (four[:, 1] < 0).tolist() == [value > 0.883 for value in four[:, 0]]
    assert (five[(five[:, 0] > 0.011) & (five[:, 0] < 0.87), 1] < 0).all()
    assert (five[five[:, 0] < 0.01, 1] > 0).all()


def test_three_trials_buy_more_than_one_for_all_but_lion(charts: ModuleType) -> None:
    _, chart = draw(charts, "how-to/compare.md", "budget")
    adam, momentum, lion = (points[:, 1] for points in chart.curves.values())
    assert adam[0] < momentum[0] < lion[0]
    assert adam[0] / adam[2] > 1000 > 10 > lion[0] / lion[2]
    assert momentum[0] / momentum[2] > 1000
    assert momentum[-1] == pytest.approx(adam[-1], rel=0.2)
    assert lion[-1] > 0.1
    assert all(chart.low < min(scores) <= max(scores) < chart.high for scores in (adam, momentum, lion))


def test_the_curves_of_sensitivity_are_as_the_page_says(charts: ModuleType) -> None:
    page, chart = draw(charts, "how-to/compare.md", "sensitivity")
    adam, momentum, lion = chart.curves.values()
    assert [np.isnan(points[:, 1]).sum() for points in (adam, momentum, lion)] == [1, 2, 0]
    assert lion[:, 1].min() > 1e6 * max(np.nanmin(adam[:, 1]), np.nanmin(momentum[:, 1]))
    assert all(chart.low < points[:, 1].min() for points in chart.curves.values() if not np.isnan(points).any())
    decades = importlib.import_module("charts.charts_of_comparisons")._race().gradlab.rate_sensitivity().sensitivity
    assert f"with {decades['lion']:.1f} decades" in page
    assert f"Adam has {decades['adam']:.1f}," in page
    assert f"has {decades['sgd_momentum']:.1f}:" in page


def test_only_momo_adam_is_good_at_large_rates(charts: ModuleType) -> None:
    _, chart = draw(charts, "how-to/choose-an-optimizer.md", "good_rates")
    large = {name: points[points[:, 0] > 3, 1] for name, points in chart.curves.items()}
    assert np.nanmax(large.pop("gl.momo_adam")) < 3
    assert all(not (error < 50).any() for error in large.values())


def test_the_bars_of_streams_are_those_that_the_page_counts(charts: ModuleType) -> None:
    _, bars = draw(charts, "how-to/bench.md", "streams")
    assert bars.values["streams"]["adam"] == 7
    assert bars.values["streams"]["clip_adamw"] == 8


def test_bars_show_the_tables_of_their_pages(charts: ModuleType) -> None:
    _, fusion = draw(charts, "how-to/training-loops.md", "fusion")
    without, fused = fusion.values.values()
    assert list(without)[:2] == ["momentum", "Adam"]
    assert all(1.1 < without[name] / fused[name] < 3 for name in without)
    _, spread = draw(charts, "how-to/sharding.md", "spread")
    whole, parts = spread.values.values()
    assert parts["state"] == pytest.approx(whole["state"] / 8, rel=0.02)
    assert parts["sent in a step"] == pytest.approx(1.5 * whole["sent in a step"], rel=0.01)


def test_the_rules_make_as_many_updates_as_the_page_on_pruning_says(charts: ModuleType) -> None:
    page, bars = draw(charts, "how-to/prune.md", "pruned_updates")
    shares = [share for rule in bars.values.values() for share in rule.values()]
    assert list(bars.values) == ["halving", "hyperband", "median"]
    assert len(shares) == 18
    assert f"with {min(shares):g} to {max(shares):g} % of the updates" in page


def test_the_laws_found_as_many_mutants_as_the_page_says(charts: ModuleType) -> None:
    page, bars = draw(charts, "mutation_score.md", "first_laws")
    counts = bars.values["mutants"]
    assert counts["same trajectory"] == 1177
    assert counts["traceable"] == 1
    assert f"the laws kill {sum(counts.values()):,.0f}, which" in page


def test_the_optimizer_of_the_page_stands_in_its_place_among_the_baselines(charts: ModuleType) -> None:
    page, chart = draw(charts, "how-to/baselines.md", "baselines")
    baselines, own = chart.dots.values()
    assert sorted([*baselines[:, 0], *own[:, 0]]) == list(range(1, 55))
    ((rank, loss),) = own
    assert f"clipped has rank {rank:g} of 54" in page
    assert baselines[baselines[:, 0] < rank, 1].max() < loss < baselines[baselines[:, 0] > rank, 1].min()
    assert chart.low < baselines[:, 1].min() < baselines[:, 1].max() < chart.high


def test_the_optimizers_differ_that_the_page_on_comparisons_says(charts: ModuleType) -> None:
    page, picture = draw(charts, "how-to/compare.md", "critical_differences")
    (axes,) = picture.figure.axes
    words = [sorted(text.get_text().split()) for text in axes.texts]  # a number sorts before a name
    ranks = {name: float(rank) for rank, name in words}
    assert sorted(ranks, key=ranks.__getitem__) == ["adam", "sgd_momentum", "sgd", "rmsprop", "lion"]
    bars = [np.sort(line.get_xdata()) for line in axes.lines if line.get_marker() == "o"]
    assert [len(bar) for bar in bars] == [3, 4]
    np.testing.assert_allclose(bars[0], sorted(ranks.values())[:3], atol=5e-3)
    np.testing.assert_allclose(bars[1], sorted(ranks.values())[1:], atol=5e-3)
    assert "Adam differs from RMSProp and\nLion, and no other two differ." in page


def test_the_sizes_of_a_bench_have_raised_exponents(charts: ModuleType) -> None:
    _, picture = draw(charts, "how-to/bench.md", "bench_plot")
    ticks = picture.figure.axes[0].xaxis
    assert ticks.get_major_formatter().format_ticks(ticks.get_ticklocs()) == [
        "$2^{10}$", "$2^{14}$", "$2^{18}$", "$2^{22}$",
    ]  # fmt: skip


def test_dots_show_the_table_of_bits(charts: ModuleType) -> None:
    _, chart = draw(charts, "how-to/one-bit.md", "bits")
    assert chart.dots["majority vote of the gradients"].tolist() == [[819, 4.43]]
    assert chart.errors["majority vote of the momenta"] == 0.04
    for label, points in chart.dots.items():
        assert chart.low < points[0, 1] - chart.errors[label] < points[0, 1] + chart.errors[label] < chart.high


def test_lines_through_dots_are_as_long_as_their_errors(charts: ModuleType) -> None:
    points = {"sure": np.array([[1.0, 1.0]]), "less so": np.array([[2.0, 1.0]])}
    chart = charts.drawing.Chart({}, "rate", "loss", 0.0, 2.0, dots=points, errors={"less so": 0.5})
    figure = ET.fromstring(charts.drawing.write_chart(chart, "errors"))
    (line,) = (path.attrib["d"] for path in figure.iter("path") if path.attrib.get("class") == "error")
    low, high = map(float, line.split(" ")[1].split("V"))
    assert low - high == pytest.approx(charts.drawing.HEIGHT / 2)


def test_the_run_of_the_speed_run_passes_its_target_before_it_has_arrived(charts: ModuleType) -> None:
    _, chart = draw(charts, "how-to/speedrun.md", "arrival")
    losses, target = (points[:, 1] for points in chart.curves.values())
    ((update, loss),) = chart.dots["reached for good"]
    below = losses <= target
    assert below[int(update) :].all()
    assert not below[int(update) - 1]
    assert (np.diff(below.astype(int)) == 1).sum() > 2
    assert loss == losses[int(update)]


def test_large_rates_of_the_sweep_differ_less_than_the_momenta(charts: ModuleType) -> None:
    _, chart = draw(charts, "how-to/sweeps.md", "sweep")
    assert list(chart.curves) == ["b1=0.8", "b1=0.9"]
    less, more = (points[points[:, 0] > 0.3, 1] for points in chart.curves.values())
    assert all(scores.max() < 3 * scores.min() for scores in (less, more))
    assert less.max() < more.min() / 1000
    assert all((chart.low < points[:, 1]).all() for points in chart.curves.values())


def test_the_race_ends_as_the_page_says(charts: ModuleType) -> None:
    _, chart = draw(charts, "how-to/race.md", "small_race")
    momentum, plain = chart.curves
    assert momentum.startswith("sgd_momentum, ")
    assert plain.startswith("sgd, ")
    assert chart.curves[momentum][-1, 1] < 1e-3 < chart.curves[plain][-1, 1] * 1e3


def test_the_pictures_of_a_paper_are_those_of_its_commands(charts: ModuleType) -> None:
    page, picture = draw(charts, "how-to/write-a-paper.md", "paper_choices")
    assert [label.get_text() for label in picture.figure.axes[0].get_xticklabels()] == (
        ["constant", "warmup_cosine", "linear"]
    )
    for written in ("peak=log:0.03:0.3:3", "schedule=constant,warmup_cosine,linear", "--seeds 2", "--steps 60"):
        assert written in page
    _, picture = draw(charts, "how-to/write-a-paper.md", "paper_scaling")
    assert [label.get_text() for label in picture.figure.axes[0].get_xticklabels()] == ["4", "8", "16"]
    assert "matrix_factorization:rows=4|8|16' --optimizer sgd \\\n    --rates 3 --seeds 6 --steps 40" in page


def test_the_steps_of_layers_have_the_factors_of_their_page(charts: ModuleType) -> None:
    page, bars = draw(charts, "how-to/rates-for-each-layer.md", "layer_steps")
    *layers, head = bars.values["step"].values()
    assert f"({[-step for step in layers]}, {-head})" in page


def test_adam_in_float16_makes_no_first_step_where_the_page_says(charts: ModuleType) -> None:
    page, chart = draw(charts, "how-to/mixed-precision.md", "first_steps")
    own, theirs = chart.curves.values()
    assert own[0, 0] < 2e-7
    np.testing.assert_allclose(own[own[:, 0] > 1e-5, 1], 1.0, atol=2e-3)
    np.testing.assert_allclose(theirs[theirs[:, 0] > 0.1, 1], 1.0, atol=2e-3)
    assert "For gradients below 0.0055 it is zero" in page
    assert 0.00545 < theirs[0, 0] < 0.0058  # the next point of the chart
    assert np.ptp(theirs[:20, 1]) > 0.3


def test_radam_goes_to_the_numbers_of_its_page(charts: ModuleType) -> None:
    page, chart = draw(charts, "released-implementations.md", "warm_up")
    own, theirs = (points[:, 1] for points in chart.curves.values())
    assert f"({theirs[8]}, {own[8]})" in page
    np.testing.assert_allclose(-np.diff(own[:6]), 0.1, atol=1e-4)
    assert -np.diff(own[5:]).max() > 0
    assert (-np.diff(own[5:]) < 0.01).all()
    assert (-np.diff(theirs[1:]) < 0.01).all()


def test_the_missing_correction_makes_steps_as_long_as_the_page_says(charts: ModuleType) -> None:
    page, chart = draw(charts, "how-to/check-your-optimizer.md", "uncorrected")
    right, wrong = (points[:, 1] for points in chart.curves.values())
    np.testing.assert_allclose(right, 1.0, atol=1e-4)
    assert f"the first one is {wrong[0]:.2f} times as\nlong" in page
    assert f"up to {wrong.max():.1f} times" in page


def test_a_chain_of_optax_makes_steps_as_long_as_the_page_says(charts: ModuleType) -> None:
    page, chart = draw(charts, "how-to/optax-wrappers.md", "two_chains")
    right, wrong = (points[:, 1] for points in chart.curves.values())
    np.testing.assert_allclose(right, 1.0, atol=1e-4)
    assert wrong[0] == pytest.approx(10, rel=1e-4)
    assert f"the tenth step is still {wrong[9]:.1f} times too large" in page
    assert wrong[-1] < 1.2


def test_the_kinds_of_breaches_are_counted_in_the_list_of_their_page(charts: ModuleType) -> None:
    page, bars = draw(charts, "optax_laws.md", "optax_kinds")
    counts = bars.values["transformations"]
    assert counts["root of zero"] == page.count("**root of zero**")
    assert counts["aliases"] == page.count("**aliases**")
    (forms,) = re.findall(r"in (\d+) forms", page)
    assert bars.across.endswith(f"of {forms}")


def test_the_curves_of_exported_results_are_those_of_the_page(charts: ModuleType) -> None:
    page, chart = draw(charts, "how-to/open-results.md", "exported")
    assert "--set learning_rate=0.01,0.1,10 --seeds 2 --steps 50" in page
    lost = {label for label, points in chart.curves.items() if np.isnan(points[-1, 1])}
    assert lost == {"sgd, 0.1", "sgd, 10"}
    assert all(chart.low < np.nanmin(points[:, 1]) for points in chart.curves.values())
    assert all(np.nanmax(points[:, 1]) < chart.high for points in chart.curves.values())


@pytest.mark.slow
def test_the_curves_of_an_own_model_are_at_the_rates_of_its_table(charts: ModuleType) -> None:
    page, chart = draw(charts, "how-to/race-your-own-model.md", "own_model")
    table = re.findall(r"^ \d   (\w+) +[\d.e-]+ +([\d.]+)\*? ", page, re.MULTILINE)
    assert list(chart.curves) == [f"{name}, rate {rate}" for name, rate in table]
    assert all(points[-1, 1] < points[0, 1] / 10 for points in chart.curves.values())


def test_a_picture_is_an_image_in_the_page(charts: ModuleType) -> None:
    _, picture = draw(charts, "how-to/bench.md", "bench_plot")
    assert [axes.get_title("left") for axes in picture.figure.axes] == ["sgd", "adam"]
    figure = ET.fromstring(charts.pictures.write_picture(picture).replace('"></figure>', '"/></figure>'))
    kind, _, data = figure[0].attrib["src"].partition(",")
    assert kind == "data:image/svg+xml;base64"
    image = base64.b64decode(data)
    assert b"<text" not in image  # its letters are drawn
    assert len(image) < 400 * 1024


def test_a_color_map_has_pale_letters_on_a_dark_page(charts: ModuleType) -> None:
    _, picture = draw(charts, "how-to/write-a-paper.md", "paper_choices")
    written = charts.pictures.write_picture(picture)
    images = re.findall(r'<img class="([^"]+)" alt="[^"]+" src="data:image/svg\+xml;base64,([^"]+)">', written)
    light, dark = (base64.b64decode(data).decode() for _, data in images)
    assert [kind for kind, _ in images] == ["only-light", "only-dark"]
    assert charts.pictures.INK in light
    assert dark == light.replace(charts.pictures.INK, charts.pictures.INK_ON_DARK)


def test_a_study_is_watched_where_its_page_says(charts: ModuleType) -> None:
    page, chart = draw(charts, "how-to/watch-a-study.md", "watched")
    (ends,) = chart.dots.values()
    assert {f"step {step:g} of 150" for step in ends[:, 0]} == set(re.findall(r"step \d+ of 150", page))
    slow, fast = (points[:, 1] for points in chart.curves.values())
    assert chart.low < fast[-1] < slow[-1] < slow[0] < chart.high
    assert sorted(ends[3::4, 1]) == sorted([slow[-1], fast[-1]])


def test_grams_is_as_good_as_adam_and_bears_larger_rates(charts: ModuleType) -> None:
    _, chart = draw(charts, "tutorials/from-a-paper-to-a-recipe.md", "grams")
    adam, grams = (points[:, 1] for points in chart.curves.values())
    assert abs(adam.min() - grams.min()) < 0.5
    assert grams[-1] < adam[-1] / 2


def test_the_losses_of_the_transformer_are_those_of_its_page(charts: ModuleType) -> None:
    page, chart = draw(charts, "tutorials/train-a-transformer.md", "transformer")
    average, params, batch = (points[:, 1] for points in chart.curves.values())
    assert f"step 10: {average[9]:.3f} bits" in page
    assert f"step 40: {average[39]:.3f} bits" in page
    assert (average[1:] >= params[1:]).mean() > 0.8
    assert batch[-20:].mean() < params[-1]
    assert chart.low < batch.min()


@pytest.mark.parametrize("letter", [17, 22])  # on wide pages, and on phones
def test_the_exponent_of_a_power_at_the_upper_end_of_an_axis_is_not_cut(charts: ModuleType, letter: int) -> None:
    panels = importlib.import_module("stories.panels")
    frame = panels.Frame(400, 200, (0.0, 1.0), (1e-2, 1e2), logarithmic=True)
    labels = re.findall(
        r'class="up" x="\d+" y="([\d.]+)">10<tspan dy="-6" font-size="80%">2<', "".join(panels.draw_ticks(frame))
    )
    assert len(labels) == 1
    assert float(labels[0]) - 6 - 0.75 * 0.8 * letter > 0  # a digit is three quarters as high as its font
