"""The picture of how data flows through the laboratory."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest.importorskip("docutils", reason="the site's own dependencies are not installed: gradlab[docs]")

from docs._extensions.flows import draw_flow
from tests.browser import Browser

ROOT = Path(__file__).parents[2]
LINES = re.compile(r"```\{flow\}\n(.*?)```", re.DOTALL)


def flow_of_the_design() -> list[str]:
    (lines,) = LINES.findall((ROOT / "docs" / "design.md").read_text("utf-8"))
    return lines.splitlines()


def test_a_station_has_what_it_does_its_files_and_what_came_before() -> None:
    flow = draw_flow(["a name", "_engine | compile & run | <-> parts/ | TaskResult", "_results | label"])
    first, second = flow.split("</li>")[:2]
    assert '<span class="arrow">↓ a name</span>' in first
    assert "<strong><code>_engine</code></strong> <span>compile &amp; run</span>" in first
    assert '<span class="files">↔ <code>parts/</code></span>' in first
    assert '<span class="arrow">↓ TaskResult</span>' in second
    assert "files" not in second


def test_a_station_beside_another_has_no_arrow_of_its_own() -> None:
    first, beside = draw_flow(["a name", "plots | draw | | a picture", "& _exports | write"]).split("</li>")[:2]
    assert "arrow" in first
    assert "arrow" not in beside
    assert "<strong><code>_exports</code></strong>" in beside


def test_a_line_of_too_many_parts_is_refused() -> None:
    with pytest.raises(ValueError, match=r"at most 4 parts between its bars; got 5: 'a \| b \| c \| d \| e'"):
        draw_flow(["a | b | c | d | e"])


def test_the_stations_of_the_design_are_rooms_of_the_laboratory() -> None:
    rooms = {path.stem for path in (ROOT / "gradlab" / "lab").iterdir()}
    names = [
        name for line in flow_of_the_design()[1:] for name in line.split("|")[0].strip("& ").replace(" ", "").split(",")
    ]
    assert len(names) == 9
    assert set(names) <= rooms


@pytest.mark.parametrize("width", [390, 1280])
def test_no_station_is_wider_than_the_page(chromium: Browser, tmp_path: Path, width: int) -> None:
    css = f'<link rel="stylesheet" href="{(ROOT / "docs" / "_static" / "site.css").as_uri()}">'
    page = tmp_path / "page.html"
    content = f'<div class="content" style="width: auto">{draw_flow(flow_of_the_design())}</div>'
    page.write_text(f'<!doctype html><meta charset="utf-8">{css}{content}', "utf-8")
    chromium.open(page, width=width)
    assert chromium.run("return document.documentElement.scrollWidth") <= width
    top = "document.querySelector('{}').getBoundingClientRect().top"
    tops = [chromium.run("return " + top.format(place)) for place in (".station", ".files")]
    assert (tops[0] < tops[1] - 20) == (width == 390)  # on a phone, files stand below their station
