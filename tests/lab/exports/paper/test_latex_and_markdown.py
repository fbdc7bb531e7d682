"""Special characters of LaTeX and Markdown are printed as they are, and signs are printed as signs."""

# ruff: noqa: RUF001  (the typographic signs are meant)

from __future__ import annotations

import pytest

from gradlab.lab._exports.paper import latex, markdown
from gradlab.lab._exports.paper.printed_table import Column, PrintedRow, PrintedTable

TABLE = PrintedTable(
    "leaderboard_a&b",
    "the leaderboard",
    "Loss of a_b at 95 %.",
    [Column("optimizer", numbers=False, shows_best=True), Column("loss", shows_best=True), Column("rank")],
    [PrintedRow(["my_adam", "1.8×10⁻¹¹", "1"], is_best=True), PrintedRow(["a|b", "–", "2"])],
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("my_adam", r"my\_adam"),
        ("97.5 %", r"97.5\,\%"),
        (r"a\b{c}$d$", r"a\textbackslash{}b\{c\}\$d\$"),
        ("1.8×10⁻¹¹", r"1.8$\times$10$^{-11}$"),
        ("−0.5", "$-$0.5"),
        ("β₁", r"$\beta$₁"),
        ("ο and ς", "ο and ς"),  # no commands of LaTeX
        ("10⁻⁵†", r"10$^{-5}\dagger$"),
        ("mäde", "mäde"),
        ("", ""),
    ],
)
def test_latex_prints_a_text_as_it_is(text: str, expected: str) -> None:
    assert latex.escape(text) == expected


def test_a_table_in_latex() -> None:
    lines = latex.to_latex(TABLE).splitlines()
    assert r"  \caption{Loss of a\_b at 95\,\%.}" in lines
    assert r"  \label{tab:leaderboard_a-b}" in lines
    assert r"  \begin{tabular}{lrr}" in lines
    assert r"    \textbf{\boldmath my\_adam} & \textbf{\boldmath 1.8$\times$10$^{-11}$} & 1 \\" in lines
    assert r"    a\textbar{}b & -- & 2 \\" in lines


def test_a_table_in_markdown() -> None:
    assert markdown.to_markdown(TABLE) == (
        "| optimizer | loss | rank |\n"
        "| :--- | ---: | ---: |\n"
        r"| **my\_adam** | **1.8×10⁻¹¹** | 1 |" + "\n"
        r"| a\|b | – | 2 |" + "\n\n"
        r"Loss of a\_b at 95 %." + "\n"
    )
