"""The gallery of recipes: its cards say what the recipes are, and its form filters them in a browser."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any

import pytest

import gradlab as gl
from gradlab.registry import entries
from tests.browser import Browser

DOCS = Path(__file__).parents[2] / "docs"
SHOWN = (
    "return [...document.querySelectorAll('.gallery li')].filter(card => card.checkVisibility()).map(card => card.id)"
)


@pytest.fixture(scope="module")
def gallery() -> Any:
    """The module, imported by its own name, as Sphinx does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(DOCS / "_extensions")
        yield importlib.import_module("recipe_gallery")


@pytest.fixture(scope="module")
def page(gallery: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with two groups of cards, in the styles of the site; a card has the name of its recipe as its id."""
    made = {name: gl.muon() if name == "muon" else getattr(gl, name)() for name in ("sgd", "adam", "adamax", "muon")}
    chosen = {name: entries()[name] for name in made}
    groups = {"Old": ("", {n: chosen[n] for n in ("sgd", "adam", "adamax")}), "New": ("", {"muon": chosen["muon"]})}
    text = gallery.write_gallery(groups, made)
    body = "".join(
        f"<section>{''.join(re.findall('```{raw} html(.*?)```', part, re.DOTALL))}</section>"
        for part in text.split("\n## ")
    )
    body = re.sub(r'(<li )(.*?href="(\w+)\.html")', r'\1id="\3" \2', body).replace(
        "../_static", (DOCS / "_static").as_uri()
    )
    css = f'<link rel="stylesheet" href="{(DOCS / "_static" / "site.css").as_uri()}">'
    path = tmp_path_factory.mktemp("gallery") / "index.html"
    path.write_text(f'<!doctype html><meta charset="utf-8"><title>a</title>{css}{body}', "utf-8")
    return path


def test_a_card_says_what_is_kept_and_when_it_was_published(gallery: Any) -> None:
    cards = {
        name: gallery.describe(name, entries()[name], tx, "a group")
        for name, tx in {"sgd": gl.sgd(), "adafactor": gl.adafactor(), "adam": gl.adam(), "soap": gl.soap()}.items()
    }
    states = {name: card.state for name, card in cards.items()}
    assert states == {
        "sgd": "none", "adafactor": "less than one array", "adam": "up to two arrays", "soap": "more than two arrays",
    }  # fmt: skip
    assert (cards["adam"].year, cards["soap"].year) == (2015, 2024)
    for word in ("kingma", "scale_by_rms", "moment", "a group", "bias correction"):
        assert word in cards["adam"].words


def test_a_recipe_without_a_year_is_refused(gallery: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gallery, "find_sources", lambda tx: {"adam": "an unpublished note"})
    with pytest.raises(ValueError, match=r"docstring of adam needs a source with a year, .* got 'an unpublished note'"):
        gallery.describe("adam", entries()["adam"], gl.adam(), "a group")


def choose(window: Browser, **values: str) -> list[str]:
    """Set fields of the form, and return the cards that are shown."""
    for name, value in values.items():
        window.run(
            "const field = document.querySelector(`[name=${arguments[0]}]`); field.value = arguments[1];"
            "field.dispatchEvent(new Event('input', {bubbles: true}))",
            name,
            value,
        )
    return list(window.run(SHOWN))


def test_the_form_filters_by_text_family_state_and_year(chromium: Browser, page: Path) -> None:
    chromium.errors()
    chromium.open(page, width=390)
    assert chromium.errors() == []
    everything = ["sgd", "adam", "adamax", "muon"]
    assert chromium.run(SHOWN) == everything
    assert choose(chromium, words="KINGMA  norm") == ["adamax"]
    assert choose(chromium, words="", group="New") == ["muon"]
    assert chromium.run("return [...document.querySelectorAll('section')].map(s => s.hidden)") == [False, True, False]
    assert choose(chromium, group="", state="one array") == ["muon"]
    assert choose(chromium, state="up to two arrays", year="2015-2018") == ["adam", "adamax"]
    assert chromium.run("return document.querySelector('output').textContent") == "2 of 4 recipes"
    assert choose(chromium, year="0-2014") == []
    assert choose(chromium, state="", year="") == everything
    assert chromium.run("return document.documentElement.scrollWidth <= innerWidth")


def test_without_scripts_there_is_a_list_of_links_and_no_form(page: Path) -> None:
    text = page.read_text("utf-8")
    assert '<form class="filters" hidden>' in text
    assert re.findall(r'<a href="(\w+)\.html">', text) == ["sgd", "adam", "adamax", "muon"]
    assert " hidden" not in text.partition("</form>")[2]


def test_a_card_without_a_path_has_as_much_room_as_its_neighbors(gallery: Any) -> None:
    made = {"adam": gl.adam(), "mechanic": gl.mechanic(gl.sgd())}
    chosen = {name: entries()[name] for name in made}
    text = gallery.write_gallery({"Both": ("", chosen)}, made)
    assert text.count("<svg") == 2
    assert text.count(gallery.NO_PATH) == 2  # as a title, too
    alone = gallery.write_gallery({"One": ("", {"mechanic": chosen["mechanic"]})}, made)
    assert "<svg" not in alone
