"""The contrast of a text with its ground is computed as a reader sees it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser import Browser

from .contrast import find_faint

pytestmark = pytest.mark.site

STYLES = {
    "color: #888": "3.5 for p",
    "color: #000; opacity: 0.4": "2.8 for p",
    "color: #fff; background: #999": "2.8 for p",
    "color: rgba(0, 0, 0, 0.4)": "2.8 for p",
    "color: #888; font-size: 24px": None,
    "color: #767676": None,
    "color: #888; visibility: hidden": None,
}


@pytest.mark.parametrize("style", STYLES)
def test_a_contrast_is_computed(chromium: Browser, tmp_path: Path, style: str) -> None:
    (tmp_path / "page.html").write_text(f'<!doctype html><title>a</title><p style="{style}">a text</p>')
    chromium.open(tmp_path / "page.html")
    found, expected = find_faint(chromium), STYLES[style]
    assert [fault.partition(",")[0] for fault in found] == (["dark", "light"] if expected else [])
    assert all(str(expected) in fault for fault in found)


def test_a_theme_has_contrasts_of_its_own(chromium: Browser, tmp_path: Path) -> None:
    dark = "@media (prefers-color-scheme: dark) { body { background: #333 } }"
    (tmp_path / "page.html").write_text(f"<!doctype html><title>a</title><style>{dark}</style><p>a text</p>")
    chromium.open(tmp_path / "page.html")
    (fault,) = find_faint(chromium)
    assert fault.startswith("dark, 1.7 for p")
