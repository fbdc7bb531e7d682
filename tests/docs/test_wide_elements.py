"""Elements that are wider than a page: diagrams, and code."""

from __future__ import annotations

import base64
import importlib
import re
from pathlib import Path

import pytest

from tests.browser import Browser

DOCS = Path(__file__).parents[2] / "docs"
NOTEBOOKS = DOCS.parent / "notebooks"
ONE_PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
WIDTH = "return document.querySelector('svg').getBoundingClientRect().width"


@pytest.mark.parametrize(
    ("width", "shown"),
    [(300, 300.0), (370, 360.0), (500, 0.87 * 500)],
    ids=["narrower than the page", "hardly wider", "much wider"],
)
def test_a_diagram_that_is_hardly_wider_than_the_page_is_made_smaller(
    chromium: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, width: int, shown: float
) -> None:
    monkeypatch.syspath_prepend(DOCS / "_extensions")
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="100" viewBox="0 0 {width} 100"></svg>'
    made = importlib.import_module("diagrams").surround(svg)
    css = f'<link rel="stylesheet" href="{(DOCS / "_static" / "site.css").as_uri()}">'
    page = tmp_path / "page.html"
    page.write_text(f'<!doctype html><meta charset="utf-8">{css}<div style="width: 360px">{made}</div>', "utf-8")
    chromium.open(page, width=390)
    assert chromium.run(WIDTH) == pytest.approx(shown, abs=0.5)


def test_a_picture_of_a_notebook_is_made_smaller_and_its_letters_can_still_be_read(
    chromium: Browser, tmp_path: Path
) -> None:
    """A figure has 100 pixels in an inch, and a phone shows 358 of them side by side."""
    notebooks = [path.read_text("utf-8") for path in NOTEBOOKS.glob("*.ipynb")]
    widths = [float(width) for text in notebooks for width in re.findall(r"figsize=\(([\d.]+),", text)]
    assert len(widths) > 10
    assert max(widths) <= 4.4
    css = f'<link rel="stylesheet" href="{(DOCS / "_static" / "site.css").as_uri()}">'
    style = "<style>img { max-width: 100% }</style>"  # as the theme has it
    (tmp_path / "picture.png").write_bytes(base64.b64decode(ONE_PIXEL))
    img = '<img src="picture.png" width="440" height="300">'
    page = tmp_path / "page.html"
    output = f'<div class="content" style="width: 358px"><div class="cell_output"><div class="output">{img}</div></div>'
    page.write_text(f'<!doctype html><meta charset="utf-8">{style}{css}{output}</div>', "utf-8")
    chromium.open(page, width=390)
    assert chromium.run(WIDTH.replace("svg", "img")) == 358


def test_a_long_name_in_the_list_of_modules_goes_on_in_the_next_line(chromium: Browser, tmp_path: Path) -> None:
    css = f'<link rel="stylesheet" href="{(DOCS / "_static" / "site.css").as_uri()}">'
    name = "<code>gradlab.bench.inspection.a_very_long_name_of_a_module</code>"
    row = f"<tr><td></td><td>&#160;&#160;&#160;\n<a href='#'>{name}</a></td></tr>"
    page = tmp_path / "page.html"
    table = f'<table class="domainindex-table">{row}</table>'
    page.write_text(f'<!doctype html><meta charset="utf-8">{css}{table}', "utf-8")
    chromium.open(page, width=390)
    assert chromium.run("return document.documentElement.scrollWidth") <= 390
    # The first letters of the name are at the top of the cell, beside the spaces before it.
    assert chromium.run("return document.querySelector('code').getClientRects()[0].top") < 30


def test_the_index_has_one_column_on_a_phone_and_two_on_a_desk(chromium: Browser, tmp_path: Path) -> None:
    css = f'<link rel="stylesheet" href="{(DOCS / "_static" / "site.css").as_uri()}">'
    cells = '<td style="width: 33%; vertical-align: top;">a name</td>' * 2
    page = tmp_path / "page.html"
    table = f'<table class="genindextable"><tr>{cells}</tr></table>'
    page.write_text(f'<!doctype html><meta charset="utf-8">{css}{table}', "utf-8")
    columns = "return new Set([...document.querySelectorAll('td')].map(e => e.getBoundingClientRect().left)).size"
    for width, count in ((390, 1), (1280, 2)):
        chromium.open(page, width=width)
        assert chromium.run(columns) == count


def test_the_name_of_a_flavor_stays_whole_on_a_desk(chromium: Browser, tmp_path: Path) -> None:
    css = f'<link rel="stylesheet" href="{(DOCS / "_static" / "site.css").as_uri()}">'
    name = '<code><span class="pre">gl.<wbr>flavors.<wbr>torch.<wbr>adam</span></code>'
    row = f"<tr><td>{name}</td><td>{'many words ' * 40}</td></tr>"
    page = tmp_path / "page.html"
    table = f'<section id="other-implementations"><table class="docutils">{row}</table></section>'
    page.write_text(f'<!doctype html><meta charset="utf-8">{css}{table}', "utf-8")
    height = "return document.querySelector('.pre').getBoundingClientRect().height"  # a line has less than 25 pixels
    for width in (1280, 800):
        chromium.open(page, width=width)
        assert chromium.run(height) < 25
    chromium.open(page, width=390)
    assert chromium.run(height) > 25


def test_captions_of_pictures_beside_each_other_begin_at_one_height(chromium: Browser, tmp_path: Path) -> None:
    css = f'<link rel="stylesheet" href="{(DOCS / "_static" / "site.css").as_uri()}">'
    figures = "".join(
        f'<figure><svg class="landscape" viewBox="0 0 100 {height}"></svg><figcaption>a text</figcaption></figure>'
        for height in (70, 100, 90)
    )
    page = tmp_path / "page.html"
    page.write_text(f'<!doctype html><meta charset="utf-8">{css}<div class="pictures">{figures}</div>', "utf-8")
    tops = "return [...document.querySelectorAll('figcaption')].map(e => e.getBoundingClientRect().top)"
    chromium.open(page, width=1280)
    assert len(set(chromium.run(tops))) == 1
    chromium.open(page, width=390)
    assert len(set(chromium.run(tops))) == 3


def test_code_that_goes_on_beyond_the_edge_has_a_shadow_there(chromium: Browser, tmp_path: Path) -> None:
    css = f'<link rel="stylesheet" href="{(DOCS / "_static" / "site.css").as_uri()}">'
    style = "<style>.highlight pre { overflow: auto; --color-code-background: white }</style>"
    code = f'<div class="highlight"><pre>{"code " * 40}</pre></div>'
    page = tmp_path / "page.html"
    page.write_text(f'<!doctype html><meta charset="utf-8">{css}{style}{code}', "utf-8")
    chromium.open(page, width=390)
    shown = "return getComputedStyle(document.querySelector('pre'))[arguments[0]]"
    assert chromium.run(shown, "backgroundImage").count("linear-gradient") == 4
    assert chromium.run(shown, "backgroundImage").count("rgb(255, 255, 255)") == 2
    assert chromium.run(shown, "backgroundAttachment") == "local, local, scroll, scroll"
