"""The page as text: whole, small, escaped, and without a network."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
import xarray as xr

from gradlab.lab.report import write_report
from gradlab.lab.report.page import page

from .conftest import HOSTILE


class Reader(HTMLParser):
    """Collects tags with their attributes, and complains of ends without a beginning."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "input", "link", "br", "path", "circle"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("path", "circle"):
            return
        assert self.open.pop() == tag


def test_it_is_one_file_that_asks_for_nothing(page_file: Path) -> None:
    text = page_file.read_text(encoding="utf-8")
    reader = Reader()
    reader.feed(text)
    assert reader.open == []
    for _, attributes in reader.tags:
        assert {"src", "srcset", "data", "action"}.isdisjoint(attributes)
        assert not (attributes.get("href") or "#").startswith(("http", "//"))
    assert "@import" not in text
    assert "url(http" not in text
    assert "default-src 'none'" in text  # the browser holds it to that
    assert "{{" not in re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL)
    assert len(text) < 3_000_000


def test_ids_are_unique_and_links_lead_somewhere(page_file: Path) -> None:
    reader = Reader()
    reader.feed(page_file.read_text(encoding="utf-8"))
    ids = [attributes["id"] for _, attributes in reader.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in reader.tags:
        if "href" in attributes:
            assert (attributes["href"] or "").removeprefix("#") in ids


def test_names_cannot_leave_their_place(page_file: Path) -> None:
    text = page_file.read_text(encoding="utf-8")
    assert HOSTILE not in text
    assert "<script>document" not in text
    assert "&lt;by&gt;" in text
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert data is not None
    assert HOSTILE in [optimizer["name"] for optimizer in json.loads(data[1])["optimizers"]]


def test_a_name_that_looks_like_a_place_in_the_template_stays_a_name(
    race: dict[str, xr.Dataset], attributes: dict[str, str]
) -> None:
    named = race["images"].assign_coords(optimizer=["{{data}}", "adam", "{{paths}}"])
    text = page({"{{style}}": named}, attributes)
    assert text.count("<style>") == 1
    assert 'data-sort="{{data}}"' in text
    assert "<h2>{{style}}</h2>" in text


def test_profiles_need_two_problems(race: dict[str, xr.Dataset], attributes: dict[str, str]) -> None:
    assert 'data-chart="profiles"' in page(race, attributes)
    assert 'data-chart="profiles"' not in page({"ravine": race["ravine"]}, attributes).split("<script>")[0]


def test_writing_is_one_step(
    race: dict[str, xr.Dataset], attributes: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "report.html"
    path.write_text("older")
    monkeypatch.setattr("gradlab.lab.report.page.reproduce", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_report(race, attributes, path)
    assert path.read_text() == "older"
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]


def test_one_is_no_plural(race: dict[str, xr.Dataset], attributes: dict[str, str]) -> None:
    alone = race["ravine"].isel(optimizer=[1], rate=[2], seed=[0], step=[0]).assign_coords(role=("seed", ["both"]))
    text = page({"ravine": alone}, attributes)
    assert "1 training run of 1 optimizer on 1 problem." in text
    assert "1 optimizer × 1 rate × 1 seed = 1 run of 1 update;" in text  # noqa: RUF001
    assert "the median of 1 seed," in text
    assert not re.search(r"\b1 (optimizers|rates|seeds|runs|updates|problems)\b", text)
