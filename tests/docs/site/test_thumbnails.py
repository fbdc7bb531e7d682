"""Ten views of the site look as they did when their thumbnails were stored."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.browser import Browser

from .thumbnails import STORED, measure_gap, read, show, take
from .views import VIEWS, View

# Measured in 2026 on all views: another text font or letters larger by 3 % make a gap of up to 10.5. A page without its
# style makes one of at least 19, one without its picture of at least 20, one whose table is 2000 pixels wide of 12.
TOLERANCE = 11.0
BY_NAME = {view.name: view for view in VIEWS}
REMOVE = "document.querySelectorAll(arguments[0]).forEach(element => element.remove())"
WIDEN = "document.querySelectorAll(arguments[0]).forEach(table => { table.style.minWidth = '2000px'; })"
FAULTS = {
    **{f"{view.name}: no style": (view.name, REMOVE, "link[rel=stylesheet]") for view in VIEWS},
    **{f"{name}: no picture": (name, REMOVE, ".content svg, .content img") for name in ("start", "optimizer", "story")},
    **{f"{name}: a wide table": (name, WIDEN, "table") for name in ("how-to", "claims", "choice")},
}

on_the_site = pytest.mark.site
each_view = pytest.mark.parametrize("view", VIEWS, ids=[view.name for view in VIEWS])


@on_the_site
@each_view
def test_a_view_looks_as_it_did(chromium: Browser, site: Path, view: View, tmp_path: Path) -> None:
    show(chromium, site, view)
    gap = measure_gap(take(chromium), read(view))
    if gap > TOLERANCE:
        chromium.shot(tmp_path / f"{view.name}.png", whole=False)
        pytest.fail(
            f"{view.page} looks different, by {gap:.1f} levels of gray where {TOLERANCE} are allowed. Compare "
            f"{tmp_path / view.name}.png with {STORED / view.name}.png. If the new look is meant, store it: "
            f"python -m tests.docs.site.thumbnails {site}"
        )


@on_the_site
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_seen(chromium: Browser, site: Path, fault: str) -> None:
    name, script, selector = FAULTS[fault]
    show(chromium, site, BY_NAME[name])
    chromium.run(script, selector)
    assert measure_gap(take(chromium), read(BY_NAME[name])) > TOLERANCE


@on_the_site
@pytest.mark.parametrize("name", ["gallery", "how-to", "claims"])
def test_letters_of_another_size_are_no_fault(chromium: Browser, site: Path, name: str) -> None:
    show(chromium, site, BY_NAME[name])
    chromium.run("document.documentElement.style.fontSize = '101%'")
    assert 0 < measure_gap(take(chromium), read(BY_NAME[name])) < TOLERANCE


@each_view
def test_a_view_has_a_thumbnail_of_its_window(view: View) -> None:
    width, height = (size // 8 for size in view.size)
    assert read(view).shape == (height, width)


def test_the_stored_thumbnails_are_those_of_the_views_and_small() -> None:
    files = list(STORED.iterdir())
    assert {file.stem for file in files} == set(BY_NAME)
    assert sum(file.stat().st_size for file in files) < 200 * 1024


def test_a_gap_does_not_see_what_moved_a_little_and_sees_what_is_gone() -> None:
    page = np.full((110, 160), 255.0)
    page[40:60, 30:90] = 128
    moved = np.roll(page, 4, 0)
    assert measure_gap(page, page) == 0
    assert measure_gap(page, moved) < 3
    assert measure_gap(page, np.full_like(page, 255)) > 50
    assert measure_gap(page, page[:100]) == np.inf
