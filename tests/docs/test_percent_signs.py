"""The pages write a percentage in one form: 0.2 %, with a space, which the site keeps on one line."""

from __future__ import annotations

import re
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
GENERATED = {"_build", "notebooks", "modules", "recipes"}  # by a build of the site, which may be of an older text
CODE = re.compile(r"^```.*?^```|`[^`\n]*`|<[^>]*>", re.MULTILINE | re.DOTALL)


def test_a_percent_sign_stands_behind_a_space() -> None:
    pages = [path for path in DOCS.rglob("*.md") if path.relative_to(DOCS).parts[0] not in GENERATED]
    assert len(pages) > 50
    found = {path.stem: re.findall(r"\d+%", CODE.sub("", path.read_text(encoding="utf-8"))) for path in pages}
    assert not {page: places for page, places in found.items() if places}
