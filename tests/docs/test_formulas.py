"""Formulas of the site are MathML, and what latex2mathml would write wrongly is refused."""

import re
from pathlib import Path

import pytest

pytest.importorskip("latex2mathml", reason="the site's own dependencies are not installed: gradlab[docs]")

from docs._extensions.formulas import to_mathml

DOCS = Path(__file__).parents[2] / "docs"


def test_a_formula_is_an_element_with_its_latex() -> None:
    element = to_mathml(r"x_t < \sqrt{v_t}")
    assert element.startswith(r'<math alttext="x_t &lt; \sqrt{v_t}" xmlns="http://www.w3.org/1998/Math/MathML"')
    assert "<msqrt>" in element
    assert 'display="block"' in to_mathml("x", "block")


def test_an_escaped_brace_need_not_be_closed() -> None:
    assert "<mo" in to_mathml(r"\{ x")


@pytest.mark.parametrize(
    ("latex", "message"),
    [
        (r"\frac{a", "braces are not balanced"),
        (r"\fraction a", r"not known: \\fraction"),
        ("x_", "cannot be read"),
        ("", "cannot be read"),
    ],
)
def test_a_wrong_formula_is_refused(latex: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        to_mathml(latex)


def test_a_function_has_the_spaces_of_tex() -> None:
    assert 'lspace="0.17em" rspace="0">qr</mo>' in to_mathml(r"\operatorname{qr}(A)")
    assert 'rspace="0.17em">max</mo>' in to_mathml(r"\max x")
    assert "<mo>mod</mo>" in to_mathml(r"a \bmod b")


def test_no_page_needs_the_network() -> None:
    for name in ("conf.py", "_static/site.css"):
        assert not re.search(r"https?://|mathjax", (DOCS / name).read_text("utf-8"))
