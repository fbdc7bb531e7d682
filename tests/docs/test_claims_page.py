"""The page of the claims has what follows from the records: verdicts, tables and figures."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest

from gradlab.lab._literature_claims.catalogue import CLAIMS
from gradlab.lab._literature_claims.record import read_record, record_path

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "claims.md"


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(DOCS / "_extensions")
    return importlib.import_module("claims_page")


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.title)
def test_the_page_is_what_the_record_says(claim: Any, module: Any) -> None:
    page, record = PAGE.read_text(encoding="utf-8"), read_record(claim)
    assert record is not None
    assert record["command"] == f"gradlab claims {claim.number}"
    again = "run python docs/_extensions/claims_page.py"
    assert module.make_row(claim, record) in page, again
    assert module.make_part(claim, record) in page, again
    figure = DOCS / "_static" / "claims" / f"{module.figure_name(claim)}.svg"
    assert 1000 < figure.stat().st_size < 400 * 1024
    assert record_path(claim).stat().st_size < 400 * 1024
    assert claim.experiment.draw(record["numbers"]).axes


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.title)
def test_a_phone_shows_the_legend_beside_the_first_panel(claim: Any) -> None:
    """It shows 358 of the 672 pixels of a figure at a time."""
    record = read_record(claim)
    assert record is not None
    figure = claim.experiment.draw(record["numbers"])
    figure.draw_without_rendering()
    for legend in figure.legends:
        assert legend.get_window_extent().x1 <= 358 / 672 * figure.bbox.x1


def test_the_page_has_every_claim() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert all(f"\n## {claim.heading}\n" in page for claim in CLAIMS)
