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
    assert 'lspace="0.17em" rspace="0">qr</mo>' in to_mathml(r"a \operatorname{qr}(A)")
    assert 'lspace="0.17em" rspace="0.17em">max</mo>' in to_mathml(r"2 \max x")
    for latex in (r"\max x", r"a, \max x", r"a = \max x", r"(\max x)", r"a &= \max x"):
        assert 'lspace="0" rspace="0.17em">max</mo>' in to_mathml(latex), latex
    assert "<mo>mod</mo>" in to_mathml(r"a \bmod b")


def test_bars_stand_close_to_what_they_enclose() -> None:
    for bar, shown in (("|", "&#x0007C;"), (r"\lvert ", "&#x0007C;"), (r"\|", "&#x02016;"), (r"\lVert ", "&#x02016;")):
        fence = f'<mo stretchy="false" lspace="0" rspace="0">{shown}</mo>'
        element = to_mathml(f"a + {bar}g{bar.replace('l', 'r')} + b")
        assert element.count(fence) == element.count(shown) == 2, bar
    assert 'form="postfix">&#x0007C;</mo>' in to_mathml(r"\left| x \right|")  # TeX knows which one closes


def test_a_full_stop_stands_close_to_what_it_ends() -> None:
    assert to_mathml(r"x = \alpha v_t .").endswith('<mo lspace="0">&#x0002E;</mo></mrow></math>')


def test_no_page_needs_the_network() -> None:
    for name in ("conf.py", "_static/site.css"):
        assert not re.search(r"https?://|mathjax", (DOCS / name).read_text("utf-8"))


def test_a_bar_stands_close_to_its_letter() -> None:
    """As an accent does; the letter may have marks and an index of its own."""
    assert '<mover accent="true"><mrow><mi>v</mi></mrow><mo stretchy' in to_mathml(r"\bar{v}_t")
    assert '<mover accent="true"><mrow><msub>' in to_mathml(r"\bar{v_t}")
    assert to_mathml(r"\hat{v}").count("accent") == 1


def test_a_minus_sign_before_a_term_has_no_spaces() -> None:
    prefix = '<mo form="prefix">&#x02212;</mo>'
    for latex in (r"\{-1, 1\}", "[-1, 1]", "f(-x)", "x = -1", r"x &= -1", "x < -1", "(a, -b)"):
        assert to_mathml(latex).count(prefix) == 1, latex
    assert prefix not in to_mathml("a - b")


def test_a_prime_is_not_raised_twice() -> None:
    assert '<mpadded voffset="-0.35em" height="0.4em"><mi>&#x02032;</mi></mpadded>' in to_mathml("g'_t")
    assert "<mi>&#x02033;</mi></mpadded></msup>" in to_mathml("g''")


def test_the_sign_of_a_distribution_is_a_relation() -> None:
    assert "<mo>&#x0223C;</mo>" in to_mathml(r"z_t \sim \mathcal N(0, 1)")
    assert "accent" not in to_mathml(r"z_t \sim p")
