"""The table of released implementations has a row for each section of its page."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "released-implementations.md"


def find_anchor(heading: str) -> str:
    """Return the anchor of a heading, as GitHub and MyST make it."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def test_each_section_has_a_row_that_links_to_it() -> None:
    text = PAGE.read_text()
    rows = re.findall(r"^\| \[([^]]+)\]\(#([^)]+)\) \| [^|]+ \| [^|]+ \|$", text, re.MULTILINE)
    sections = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert len(sections) >= 16
    assert rows == [(section, find_anchor(section)) for section in sections]
