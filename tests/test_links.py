"""The links of the README, the docs, the notebooks and the changelog lead somewhere, on the site and in the repository.

Nothing is fetched: links to other sites are only read. `.ci/run` looks for links to registries of packages.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from gradlab.registry import entries

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
GENERATED = ("_build", "notebooks", "modules", "recipes")  # folders of the site, which the build writes
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *(path for path in sorted(DOCS.rglob("*.md")) if not {*GENERATED} & {*path.relative_to(DOCS).parts}),
    *sorted((ROOT / "notebooks").glob("*.ipynb")),
]
LINK = re.compile(r'\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)|\b(?:href|src)="([^"]+)"')
ADDRESS = re.compile(r"https?:[^\s\"'`<>)\]}]+")
WELL_FORMED = re.compile(r"https://[a-z0-9-]+(\.[a-z0-9-]+)+(/\S*)?")
PAPERS = {
    "arxiv.org": r"https://arxiv\.org/(abs|pdf)/(\d{4}\.\d{4,5}(v\d+)?|[a-z-]+/\d{7})",
    "doi.org": r"https://doi\.org/10\.\d{4,9}/\S+",
}
NAMESPACES = ("http://www.w3.org/", "http://127.0.0.1", "http://localhost")  # no links: names, and this machine


def read(path: Path) -> str:
    """Return the text of a page without its code, and the text cells of a notebook."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        cells = json.loads(text)["cells"]
        text = "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    block = re.compile(r"^(`{3,})(\{)?[^\n]*\n(.*?)^\1", re.MULTILINE | re.DOTALL)
    text = block.sub(lambda found: found[3] if found[2] else "", text)  # a directive may hold links
    return re.sub(r"`[^`\n]+`(?!\]\()", "code", text)


def find_anchors(path: Path) -> set[str]:
    """Return the anchors of a page: those of its headings as GitHub and MyST make them, and those that it names."""
    text = re.sub(r"^(`{3,}).*?^\1", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    titles = [
        re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", title) for title in re.findall(r"^#{1,6} (.*)$", text, re.MULTILINE)
    ]
    made = {re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-") for title in titles}
    return made | set(re.findall(r"^\(([\w-]+)\)=", text, re.MULTILINE)) | set(re.findall(r'id="([^"]+)"', text))


def find_faults(path: Path) -> Iterator[str]:
    """Yield what is wrong with each link of a page."""
    for found in LINK.finditer(read(path)):
        link = found[1] or found[2]
        if re.match(r"\w+:", link):
            if fault := judge_address(link):
                yield fault
            continue
        place, _, anchor = link.partition("#")
        target = (path.parent / place).resolve() if place else path
        if target.is_relative_to(DOCS) and {"recipes", "modules"} & {*target.relative_to(DOCS).parts}:
            if target.parent.name == "recipes" and target.stem not in ("index", *entries()):
                yield f"{link}: no recipe has this page"
        elif not target.exists():
            yield f"{link}: there is no {target.relative_to(ROOT) if target.is_relative_to(ROOT) else target}"
        elif anchor and target.suffix == ".md" and anchor not in find_anchors(target):
            yield f"{link}: {target.name} has no heading with this anchor"


def judge_address(address: str) -> str:
    """Return what is wrong with an address, or nothing."""
    host = address.partition("//")[2].partition("/")[0]
    if not WELL_FORMED.fullmatch(address):
        return f"{address}: expected https and a host with a dot"
    if host in PAPERS and not re.fullmatch(PAPERS[host], address.rstrip(".")):
        return f"{address}: no paper on {host} has such an address"
    return ""


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    assert [*find_faults(path)] == []


def test_addresses_in_the_code_are_well_formed() -> None:
    addresses = {
        address.rstrip(".,;:")
        for path in sorted((ROOT / "gradlab").rglob("*.py"))
        for address in ADDRESS.findall(path.read_text(encoding="utf-8"))
    }
    assert [fault for each in addresses if not each.startswith(NAMESPACES) and (fault := judge_address(each))] == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[a](how-to/race.md#races)", "no heading with this anchor"),
        ("[a](how-to/racing.md)", "there is no docs/how-to/racing.md"),
        ("[a](recipes/adamm.md)", "no recipe has this page"),
        ("[a](http://example.org)", "expected https"),
        ("[a](https://arxiv.org/abs/21.1)", "no paper on arxiv.org"),
        ("[a](https://doi.org/1234)", "no paper on doi.org"),
        ('<img src="_static/none.svg">', "there is no docs/_static/none.svg"),
        ("[a](how-to/race.md#stop-and-continue) and `[code](none.md)`", ""),
    ],
)
def test_a_fault_is_found(text: str, fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = DOCS / "page-of-a-test.md"
    monkeypatch.setattr(
        Path, "read_text", lambda self, _read=Path.read_text, **how: text if self == page else _read(self, **how)
    )
    found = [*find_faults(page)]
    assert len(found) == bool(fault)
    assert all(fault in each for each in found)
