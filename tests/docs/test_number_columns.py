"""Columns of numbers stand at the right, and columns with words at the left."""

from __future__ import annotations

import re

import pytest

pytest.importorskip("sphinx", reason="the site's own dependencies are not installed: gradlab[docs]")

from docs._extensions.page_text.number_columns import align_numbers


def write(*rows: list[str]) -> str:
    head, *body = rows
    written = "".join(f'<th class="head"><p>{cell}</p></th>' for cell in head)
    lines = "".join(f"<tr>{''.join(f'<td><p>{cell}</p></td>' for cell in row)}</tr>\n" for row in body)
    return f'<table class="docutils"><thead><tr>{written}</tr></thead><tbody>{lines}</tbody></table>'


@pytest.mark.parametrize(
    "cell",
    [
        "1.1",
        "51,000",
        "-0.30 ± 0.08",
        "1.0e-10 \N{MULTIPLICATION SIGN}÷ 1.15",
        "97 %",
        "3.2 s",
        "819 (1/20.6)",
        "0.01*",
    ],
)
def test_numbers_are_marked_and_their_head_with_them(cell: str) -> None:
    made = align_numbers(write(["study", "loss", "why"], ["1", cell, "a word"], ["2", "-", "3"]))
    assert re.findall(r'class="number[^>]*><p>(.*?)</p>', made) == ["loss", cell, "-"]
    assert '<th class="number head">' in made


@pytest.mark.parametrize("cells", [["1", "one"], ["\N{EN DASH}", ""], ["1 to 3", "2"], ["float32", "8"]])
def test_other_columns_stay_as_they_are(cells: list[str]) -> None:
    table = write(["study", "loss"], *[["a", cell] for cell in cells])
    assert align_numbers(table) == table


def test_a_class_of_a_cell_is_kept() -> None:
    table = write(["study", "loss"], ["a", "1"]).replace("<td><p>1", '<td class="text-center"><p>1')
    assert '<td class="number text-center"><p>1' in align_numbers(table)


def test_numbers_that_are_code_stay_at_the_left() -> None:
    """As the defaults of arguments do, of which some are words."""
    code = '<code class="docutils"><span class="pre">{}</span></code>'
    table = write(["argument", "default"], ["eps", code.format("1e-8")], ["b1", code.format("0.9")])
    assert align_numbers(table) == table
