"""Long formulas of the site are written in pieces, so that a phone shows all of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest.importorskip("latex2mathml", reason="the site's own dependencies are not installed: gradlab[docs]")

import gradlab as gl
from docs._extensions.formulas import write_block, write_inline
from docs._extensions.formulas.breaking import ROOM, break_rows, measure, split
from docs._extensions.page_text.line_breaks import allow_breaks
from gradlab.equations import equations_of
from tests.browser import Browser

CSS = Path(__file__).parents[2] / "docs" / "_static" / "site.css"
QHADAM = r"x_t = x_{t-1} - \alpha (\nu_1 \hat m_t + (1 - \nu_1) g_t)"
QHADAM += r" / (\sqrt{\nu_2 \hat v_t + (1 - \nu_2) g_t^2} + \epsilon)"
NADAM = r"\hat m_t = \mu_{t+1} m_t / (1 - \prod_{i=1}^{t+1} \mu_i) + (1 - \mu_t) g_t / (1 - \prod_{i=1}^t \mu_i)"


@pytest.mark.parametrize(
    ("latex", "starts"),
    [
        (NADAM, ["+"]),  # a sum rather than a quotient
        (QHADAM, ["/"]),  # not within parentheses
        (
            r"x_t = x_{t-1} - \alpha (\rho \sqrt{v_t} O_t + \rho' \sqrt{v'_t} O'_t + \lambda x_{t-1} + \mu y_t)",
            ["-", "+"],
        ),
        (r"s_t = \max(\epsilon', \operatorname{RMS}(x_{t-1})) \min(1, c / \operatorname{RMS}(\tilde g_t + y))", ["\\"]),
        (r"\sqrt{r_t} \hat m_t \text{ if } r_t + s_t + u_t - v_t - w_t > 5, \text{ else } m_t + g_t", ["\\"]),
        ("x_t = x_{t-1} - g_t", []),  # short
        (r"\sqrt{" + " + ".join(["x_t"] * 20) + "}", []),  # no place outside of braces
    ],
)
def test_a_long_formula_breaks_before_an_outer_operator(latex: str, starts: list[str]) -> None:
    first, *others = split(latex)
    assert [piece[0] for piece in others] == starts
    assert "".join([first, *others]).replace(r"\cdot", "").replace(" ", "") == latex.replace(" ", "")
    assert not starts or max(map(measure, [first, *others])) <= ROOM


def test_a_product_that_goes_on_in_the_next_line_says_so() -> None:
    rows = break_rows(equations_of(gl.adafactor(0.1)).latex.replace("aligned", "align*"))
    assert r"&\quad \cdot \min(1, c / " in rows
    assert rows.count(r"\cdot") == 1


def test_a_long_formula_in_a_sentence_is_several_elements_and_the_stop_stays_with_the_last() -> None:
    shown = allow_breaks(f"<p>{write_inline(QHADAM)}.</p>")
    assert re.search(r"</math></span><wbr><span[^>]*><math (?:(?!<math).)*</math>\.</span></p>$", shown)
    assert write_inline("x - y").count("<math") == 1
    assert '<mrow><mo form="infix">&#x0002B;</mo>' in write_inline(NADAM)  # a plus between terms, with its spaces


def test_a_long_row_of_equations_goes_on_in_the_next() -> None:
    rows = break_rows(equations_of(gl.soap(0.1)).latex.replace("aligned", "align*"))
    assert r"&\quad - \chi_2 \odot" in rows
    assert rows.count("&=") == rows.count(r"\\") + 1 - rows.count(r"&\quad")
    short = r"\begin{align*}a &= b \\ c &= d\end{align*}"
    assert break_rows(short) == short


def test_formulas_that_share_a_line_may_stand_on_several() -> None:
    shown = write_block(r"d_t = \max(m_t, g_t), \quad x_t = x_{t-1} - \alpha d_t, \qquad w = v")
    assert shown.count('<div class="pieces"><math') == shown.count("<math") == 3
    assert shown.count("&#x0002C;") == 3  # one in the parentheses
    assert "pieces" not in write_block("x = y")


@pytest.mark.parametrize(
    "name", ["adafactor", "adopt", "kron", "nadam", "normuon", "qhadam", "radam", "scion", "shampoo", "soap"]
)
def test_the_equations_of_an_optimizer_fit_a_phone(chromium: Browser, tmp_path: Path, name: str) -> None:
    latex = equations_of(getattr(gl, name)(0.1)).latex.replace("aligned", "align*")
    page = tmp_path / "page.html"
    style = f'<link rel="stylesheet" href="{CSS.as_uri()}"><body style="margin: 0 16px; font: 16px sans-serif">'
    page.write_text(f'<!doctype html><meta charset="utf-8">{style}<div class="formula">{write_block(latex)}</div>')
    chromium.open(page, width=390)
    hidden = "const box = document.querySelector('.formula'); return box.scrollWidth - box.clientWidth"
    assert chromium.run(hidden) <= 0


def test_a_stop_stands_in_no_line_of_its_own(chromium: Browser, tmp_path: Path) -> None:
    """Nor does the element in which a line may break, behind a formula that is a block on a phone."""
    page = tmp_path / "page.html"
    formula = allow_breaks(f"<p>{write_inline(QHADAM)}.</p>")
    style = f'<link rel="stylesheet" href="{CSS.as_uri()}"><body style="margin: 0 16px; font: 16px sans-serif">'
    page.write_text(f'<!doctype html><meta charset="utf-8">{style}{formula}')
    for width in (390, 450, 1280):
        chromium.open(page, width=width)
        lines = "return document.querySelector('p').getBoundingClientRect().height"
        pieces = "return [...document.querySelectorAll('math')].map(m => m.getBoundingClientRect().height)"
        assert chromium.run(lines) < sum(chromium.run(pieces)) + 25
