"""The page as text: whole, small, escaped, and without a network."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
import xarray as xr

from gradlab.lab._report import write_report
from gradlab.lab._report.page import render_page

from .conftest import HOSTILE


class Reader(HTMLParser):
    """Collects tags with their attributes, and texts, and fails where an end has no beginning."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "input", "link", "br", "path", "circle"):
            self.open.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

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


NAMES = [
    "{{ data }}", "{% for name in names %}", "{# a comment #}", "a & b", "&amp;", "<b>bold</b>", "</style>", "-->",
    """'single' "double" `back`""", "学習率", "🚀👩‍🔬", "مرحبا",
    "tab\tbell\x07\x1b[31m", "\\u003c ${name} %s", "x" * 300,
]  # fmt: skip


@pytest.mark.parametrize("first", range(0, len(NAMES), 5))
def test_names_are_shown_as_they_are_and_add_no_tags(
    race: dict[str, xr.Dataset], attributes: dict[str, str], first: int
) -> None:
    names, readers = NAMES[first : first + 5], (Reader(), Reader())
    plain = [f"a {index}" if " " in name else f"a{index}" for index, name in enumerate(names)]  # " " begins settings
    for reader, own in zip(readers, (names, plain)):
        named = race["ravine"].assign_coords(optimizer=own[:3], family=("optimizer", own[2:]))
        named = named.assign_attrs(summary=own[4], setup=own[0], problem="unknown")
        failed = json.dumps({own[3]: {own[4]: own[0]}})
        reader.feed(render_page({own[3]: named}, {"command": own[1], "machine": own[2], "failed": failed}))
        reader.close()
    mine, expected = readers
    assert [(tag, list(found)) for tag, found in mine.tags] == [(tag, list(found)) for tag, found in expected.tags]
    for name, replacement in zip(names, plain):
        assert mine.texts.count(name) == expected.texts.count(replacement) > 0
    swatches = [found["data-name"] for _, found in mine.tags if "data-name" in found]
    assert set(swatches) == set(names[:3])
    (data,) = (json.loads(text) for text in mine.texts if text.startswith('{"optimizers"'))
    assert {optimizer["name"] for optimizer in data["optimizers"]} == set(names[:3])
    assert data["problems"][0]["name"] == names[3]


def test_profiles_need_two_problems(race: dict[str, xr.Dataset], attributes: dict[str, str]) -> None:
    assert 'data-chart="profiles"' in render_page(race, attributes)
    assert 'data-chart="profiles"' not in render_page({"ravine": race["ravine"]}, attributes).split("<script>")[0]


def test_writing_is_one_step(
    race: dict[str, xr.Dataset], attributes: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "report.html"
    path.write_text("older")
    monkeypatch.setattr("gradlab.lab._report.page.describe_reproduction", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_report(race, attributes, path)
    assert path.read_text() == "older"
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]


def test_one_is_no_plural(race: dict[str, xr.Dataset], attributes: dict[str, str]) -> None:
    alone = race["ravine"].isel(optimizer=[1], rate=[2], seed=[0], step=[0]).assign_coords(role=("seed", ["both"]))
    text = render_page({"ravine": alone}, attributes)
    assert "1 training run of 1 optimizer on 1 problem." in text
    assert "1 optimizer × 1 rate × 1 seed = 1 run of 1 update;" in text  # noqa: RUF001
    assert "the median over 1 seed," in text
    assert not re.search(r"\b1 (optimizers|rates|seeds|runs|updates|problems)\b", text)
