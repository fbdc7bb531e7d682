"""Tables with much text are lists on a phone; others stay tables."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("sphinx", reason="the site's own dependencies are not installed: gradlab[docs]")

from docs._extensions.page_text.phone_tables import list_tables
from tests.browser import Browser

DOCS = Path(__file__).parents[2] / "docs"
LONG = "a cell that is too long for a column of a phone"


def write(section: str, heads: list[str], *rows: list[str]) -> str:
    head = "".join(f'<th class="head"><p>{text}</p></th>' for text in heads)
    body = "".join(f'<tr class="row-odd">{"".join(f"<td><p>{cell}</p></td>" for cell in row)}</tr>\n' for row in rows)
    return (
        f'<section class="a" id="{section}"><table class="docutils align-default"><thead><tr class="row-odd">{head}'
        f"</tr></thead><tbody>{body}</tbody></table></section>"
    )


def test_cells_of_a_table_with_much_text_have_the_heads_of_their_columns() -> None:
    made = list_tables(write("other", ["law", "a &lt; b", ""], ["first", LONG, f"<code>{LONG}</code>"]))
    assert '<table class="listed docutils' in made
    assert f'<td><p>first</p></td><td data-head="a &lt; b: "><p>{LONG}' in made
    assert f"<td><p><code>{LONG}</code></p></td>" in made


def test_an_empty_cell_is_marked() -> None:
    made = list_tables(write("other", ["law", "a", "b"], ["first", LONG, LONG], ["second", LONG, ""]))
    assert made.count("<td data-empty><p></p></td>") == 1


@pytest.mark.parametrize(
    ("heads", "cells"),
    [(["law", "a", "b"], ["x", "1", "2"]), (["law", "a", "b"], ["x", LONG, "2"]), (["law", "a"], ["x", LONG])],
    ids=["numbers", "one column of text", "two columns"],
)
def test_other_tables_stay_as_they_are_but_in_some_sections(heads: list[str], cells: list[str]) -> None:
    page = write("other", heads, cells) + write("relatives", heads, cells)
    made = list_tables(page)
    assert made.count("listed") == (len(heads) > 2)
    assert made.startswith(write("other", heads, cells))


def test_a_dash_is_left_out() -> None:
    made = list_tables(write("other", ["law", "a", "b"], ["first", LONG, LONG], ["second", "\N{EN DASH}", "-"]))
    assert made.count("<td data-empty>") == 2


def test_a_row_that_has_nothing_but_its_name_says_so(chromium: Browser, tmp_path: Path) -> None:
    made = list_tables(write("other", ["name", "a", "b"], ["first", LONG, LONG], ["second", "\N{EN DASH}", ""]))
    assert made.count("<tr data-bare") == 1
    css = f'<link rel="stylesheet" href="{(DOCS / "_static" / "site.css").as_uri()}">'
    page = tmp_path / "page.html"
    page.write_text(f'<!doctype html><meta charset="utf-8">{css}{made}', "utf-8")
    said = (
        "return [...document.querySelectorAll('td:first-child')].map(cell => getComputedStyle(cell, '::after').content)"
    )
    chromium.open(page, width=390)
    assert chromium.run(said) == ["none", '" \N{EN DASH}"']
    chromium.open(page, width=1280)
    assert chromium.run(said) == ["none", "none"]


def test_a_row_that_names_those_below_it_lacks_nothing() -> None:
    made = list_tables(write("other", ["name", "a", "b"], ["<strong>sgd</strong>", "", ""], ["rate", LONG, LONG]))
    assert made.count("data-empty") == 2
    assert "data-bare" not in made


def test_a_table_with_many_columns_has_several_cells_on_a_line(chromium: Browser, tmp_path: Path) -> None:
    heads = ["study", *"abcdefgh"]
    made = list_tables(write("other", heads, ["ravine", *"12345678"]))
    assert '<table class="listed brief docutils' in made
    assert "listed" not in list_tables(write("other", heads[:-1], ["ravine", *"1234567"]))
    css = f'<link rel="stylesheet" href="{(DOCS / "_static" / "site.css").as_uri()}">'
    page = tmp_path / "page.html"
    page.write_text(f'<!doctype html><meta charset="utf-8">{css}{made}', "utf-8")
    chromium.open(page, width=390)
    shown = "return [...document.querySelectorAll('td')].map(cell => cell.getBoundingClientRect().top)"
    tops = chromium.run(shown)
    assert tops[0] < tops[1] == tops[4]
    assert chromium.run("return document.documentElement.scrollWidth") <= 390


def test_a_list_fits_a_phone_and_is_a_table_on_a_desk(chromium: Browser, tmp_path: Path) -> None:
    made = list_tables(write("other", ["law", "what", "why"], ["first", LONG, LONG], ["second", LONG, ""]))
    css = f'<link rel="stylesheet" href="{(DOCS / "_static" / "site.css").as_uri()}">'
    page = tmp_path / "page.html"
    page.write_text(f'<!doctype html><meta charset="utf-8">{css}{made}', "utf-8")
    shown = "return [...document.querySelectorAll(arguments[0])].map(cell => cell.getBoundingClientRect().left)"
    chromium.open(page, width=390)
    assert len(set(chromium.run(shown, "tr:first-child td"))) == 1
    assert chromium.run("return document.documentElement.scrollWidth") <= 390
    assert not chromium.run("return document.querySelector('[data-empty]').checkVisibility()")
    said = "return getComputedStyle(document.querySelectorAll('td')[1], '::before').content"
    assert chromium.run(said) == '"what: "'
    chromium.open(page, width=1280)
    assert len(set(chromium.run(shown, "tr:first-child td"))) == 3
    assert chromium.run(said) == "none"
