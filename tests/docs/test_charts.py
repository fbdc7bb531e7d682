"""The charts of pages: each stands on one page, is computed by the page's code, and shows what the page prints."""

from __future__ import annotations

import importlib
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import jax
import numpy as np
import pytest

DOCS = Path(__file__).parents[2] / "docs"
PLACE = re.compile(r"^```\{chart\} (\S+)$", re.MULTILINE)


@pytest.fixture(scope="module")
def charts() -> Iterator[ModuleType]:
    """The extension, which Sphinx imports from its folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(DOCS / "_extensions")
        yield importlib.import_module("charts")


def test_every_chart_stands_on_one_page(charts: ModuleType) -> None:
    found = [name for page in sorted(DOCS.glob("*/*.md")) for name in PLACE.findall(page.read_text("utf-8"))]
    assert sorted(found) == sorted(charts.CHARTS)


def test_a_chart_gets_the_names_that_are_defined_above_it(charts: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    drawing = charts.drawing

    def draw(names: dict[str, object]) -> object:
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


def test_the_chart_of_averages_ends_at_the_numbers_of_its_page(charts: ModuleType) -> None:
    page = (DOCS / "how-to" / "averages-and-points.md").read_text("utf-8")
    names: dict[str, object] = {}
    with jax.enable_x64(False), jax.numpy_dtype_promotion("standard"):  # as for a reader
        exec(charts.BLOCK.findall(page)[0], names)
        chart = charts.CHARTS["average"](names)
    ends = [f"{points[-1, 1]:.4f}" for points in chart.curves.values()]
    assert f"['{ends[0]}', '{ends[1]}']" in page
    assert f"['{ends[0]}', '{ends[2]}']" in page
