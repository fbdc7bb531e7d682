"""Every page of the site: nothing is wider than the window, nothing is fetched, nothing is wrong, no LaTeX is left.

On a desk no code and no table has to be moved sideways to be read. Every text stands out from its ground.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.browser import Browser

from .contrast import find_faint

pytestmark = pytest.mark.site

SHARE = 60  # of the pages that are made of docstrings and of sources, every so many is opened: they are all alike
LIKE = ("api/modules/", "_modules/")
FETCHES = re.compile(
    r"""<(?:script|img|iframe|source|video|audio|embed|object)\b[^>]*\b(?:src|srcset|data)=["']?(?:https?:)?//[^>]*"""
    r"""|<link\b(?![^>]*\brel=["']?(?:canonical|author|license))[^>]*\bhref=["']?(?:https?:)?//[^>]*"""
    r"""|@import[^;]*//|url\(["']?(?:https?:)?//[^)]*"""
)
REFERENCE = re.compile(r'(<a [^>]*>)?<code class="xref py [^>]*>(.*?)</code>', re.DOTALL)
LATEX = r"\$|\\[(\[]|\\[A-Za-z]{2,}|[_^]\{"
LOOK = """
    const found = {
        wider: document.documentElement.scrollWidth - innerWidth,
        widest: [], latex: [], cut: [], faint: [],
        broken: [...document.images].filter(i => i.complete && !i.naturalWidth).map(i => i.src),
        fetched: performance.getEntriesByType('resource').map(e => e.name).filter(name => !/^(file|data):/.test(name)),
    };
    if (found.wider > 0)
        for (const element of document.querySelectorAll('body *'))
            if (element.getBoundingClientRect().right > innerWidth + 1 && found.widest.length < 5)
                found.widest.push(element.tagName + '.' + element.className + ': ' + element.textContent.slice(0, 60));
    if (arguments[1])
        for (const box of document.querySelectorAll('pre, .table-wrapper')) {
            const hidden = box.scrollWidth - box.clientWidth;
            if (hidden > 1) found.cut.push(`by ${hidden} pixels: ${box.textContent.trim().slice(0, 60)}`);
        }
    if (arguments[0]) {
        const code = 'pre, code, math, script, style, noscript, .sig';
        const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        while (texts.nextNode()) {
            const text = texts.currentNode.textContent;
            if (new RegExp(arguments[0]).test(text) && !texts.currentNode.parentElement.closest(code))
                found.latex.push(text.trim().slice(0, 80));
        }
    }
    return found;
"""


def list_pages(site: Path) -> list[str]:
    """Return the pages of a site, as paths from its folder."""
    return sorted(str(page.relative_to(site)) for page in site.rglob("*.html"))


def choose(pages: list[str]) -> Iterator[str]:
    """Yield the pages to open: every one but of those of docstrings and of sources, of which one in `SHARE`."""
    yield from (page for page in pages if not page.startswith(LIKE))
    for kind in LIKE:
        yield from [page for page in pages if page.startswith(kind)][::SHARE]


def look(window: Browser, site: Path, page: str, widths: Sequence[int] = (1280, 390)) -> list[str]:
    """Return what is wrong with a page, at the widths of a desk and of a phone, or at others."""
    wrong = []
    window.open(site / page, widths[0])
    for width in widths:
        latex = LATEX if width == widths[0] else ""
        metrics = {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": False}
        window.devtools("Emulation.setDeviceMetricsOverride", metrics)
        is_desk = width == 1280 and not page.startswith("_modules/")  # a line of gradlab's source may be longer
        found: dict[str, Any] = window.run(LOOK, latex, is_desk)
        if found["wider"] > 0:
            wrong.append(f"{page} is {found['wider']} pixels wider than {width}: {found['widest']}")
        if width == widths[0]:
            found["faint"] = find_faint(window)
        for name in ("latex", "cut", "faint", "broken", "fetched"):
            wrong += [f"{page}, {name}: {text}" for text in found[name]]
    return wrong + [f"{page}, console: {message}" for message in window.errors()]


def test_no_page_is_too_wide_or_has_an_error_or_shows_latex(chromium: Browser, site: Path) -> None:
    chromium.errors()
    pages = list(choose(list_pages(site)))
    assert len(pages) > 100
    wrong = [fault for page in pages for fault in look(chromium, site, page)]
    assert not wrong, "\n".join(dict.fromkeys(wrong))


@pytest.mark.parametrize("page", ["recipes/adam.html", "claims.html", "how-to/race.html"])
def test_a_page_fits_into_windows_between_those_of_a_phone_and_of_a_desk(
    chromium: Browser, site: Path, page: str
) -> None:
    chromium.errors()
    assert look(chromium, site, page, (1240, 1100, 800)) == []


def test_no_page_asks_for_anything_from_another_machine(site: Path) -> None:
    files = [*site.rglob("*.html"), *site.rglob("*.css")]
    found = [
        f"{file.relative_to(site)}: {hit[0]}" for file in files for hit in FETCHES.finditer(file.read_text("utf-8"))
    ]
    assert not found, "\n".join(found)


def test_every_reference_to_the_api_is_a_link(site: Path) -> None:
    """Sphinx leaves a name that it does not find as plain code, without a warning."""
    pages = [page for page in list_pages(site) if not page.startswith(LIKE)]
    references = [(page, hit) for page in pages for hit in REFERENCE.finditer((site / page).read_text("utf-8"))]
    assert len(references) > 20
    assert [f"{page}: {hit[2]}" for page, hit in references if not hit[1]] == []


FAULTS = {
    "pixels wider than 390": '<p style="width: 600px">wide</p>',
    "latex: a formula": r"<p>a formula $x_t$</p>",
    "latex: another": r"<p>another \(x\)</p>",
    "cut": f'<pre style="overflow: auto">{"x" * 400}</pre>',
    "cut: by 200": '<div class="table-wrapper" style="overflow: auto; width: 300px"><p style="width: 500px"></p></div>',
    "faint: light, 3.5": '<p style="color: #888">a text</p>',
    "broken": '<img src="nothing.png">',
    "console": "<script>undefined_name()</script>",
    "fetched": '<img src="http://a-machine.invalid/picture.png">',
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_seen(chromium: Browser, tmp_path: Path, fault: str) -> None:
    (tmp_path / "page.html").write_text(f"<!doctype html><title>a</title><p><code>$x$</code></p>{FAULTS[fault]}")
    chromium.errors()
    assert any(fault in line for line in look(chromium, tmp_path, "page.html"))
    assert bool(FETCHES.search(FAULTS[fault])) == (fault == "fetched")


def test_a_page_without_fault_has_none(chromium: Browser, tmp_path: Path) -> None:
    link = '<a href="https://example.org">a link to another machine</a>'
    (tmp_path / "page.html").write_text(f"<!doctype html><title>a</title>{link}")
    chromium.errors()
    assert look(chromium, tmp_path, "page.html") == []
