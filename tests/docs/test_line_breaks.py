"""Long code and titles may break behind a dot and such, options never, and a sign stays with its formula."""

import pytest

pytest.importorskip("sphinx", reason="the site's own dependencies are not installed: gradlab[docs]")

from docs._extensions.formulas import to_mathml
from docs._extensions.page_text.line_breaks import allow_breaks


def code(text: str) -> str:
    return f'<code><span class="pre">{text}</span></code>'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("gl.scale_to_global_norm(0.05)", "gl.<wbr>scale_<wbr>to_<wbr>global_<wbr>norm(0.05)"),
        ("--learning-rate", "--learning-rate"),
        ("gl.adam(1e-3)", "gl.<wbr>adam(1e-3)"),
        ("(a.at[i].add(x),", "(a.<wbr>at[i].<wbr>add(x),"),
        ("(labels(tree,", "(labels(tree,"),
        ("(&quot;float8_e5m2&quot;)", "(&quot;float8_<wbr>e5m2&quot;)"),
        ("print(average_of_the_losses)", "print(<wbr>average_<wbr>of_<wbr>the_<wbr>losses)"),
        ("b1=0.9", "b1=0.9"),
        ("weight_decay=0.01", "weight_<wbr>decay=0.01"),
        ("companded_blocks()", "companded_<wbr>blocks()"),
        ("print(&quot;text&quot;)", "print(&quot;text&quot;)"),
        ("__init_subclass__", "__<wbr>init_<wbr>subclass__"),
    ],
)
def test_code_breaks_behind_signs(before: str, after: str) -> None:
    assert allow_breaks(code(before)) == code(after)


def test_a_title_breaks_behind_a_dot_and_text_does_not() -> None:
    title = '<h1>gradlab.race_grid<a class="headerlink" href="#a_long.name">#</a></h1>'
    assert allow_breaks(title).startswith("<h1>gradlab.<wbr>race_<wbr>grid<a class")
    assert allow_breaks("<p>a_text.with_names</p>") == "<p>a_text.with_names</p>"


def test_a_sign_stays_on_the_line_of_its_formula() -> None:
    assert (
        allow_breaks(f"<p>{to_mathml('x')}, then</p>") == f'<p><span class="together">{to_mathml("x")},</span> then</p>'
    )
    assert allow_breaks(f"<p>{to_mathml('x')} then</p>") == f"<p>{to_mathml('x')} then</p>"


def test_a_long_formula_can_be_scrolled_by_itself_unless_it_has_its_own_line() -> None:
    long = " + ".join(["x_t"] * 20)
    assert allow_breaks(f"<p>{to_mathml(long)}.</p>").startswith('<p><span class="wide"><math')
    assert "wide" not in allow_breaks(to_mathml(long, "block"))


def test_a_formula_stays_with_its_value() -> None:
    formula = to_mathml("x")
    assert allow_breaks(f"<p>with {formula} = 0.9, {formula} = 2</p>") == (
        f'<p>with <span class="together">{formula} = 0.9,</span> <span class="together">{formula} = 2</span></p>'
    )
    assert "together" not in allow_breaks(f"<p>{formula} = {code('power_law(factor=1.0)')}</p>")


@pytest.mark.parametrize(
    "number", ["1e-8", "2026-11-27", "95 %", "2.69 ± 0.01", "97.0 ± 0.2 %", "18.7 s", "44 MB", "[0, inf)", "(0, 1.5]"]
)
def test_a_number_stays_on_one_line(number: str) -> None:
    assert allow_breaks(f"<td>{number}</td>") == f'<td><span class="together">{number}</span></td>'
    assert allow_breaks(f'<p title="{number}">of {number}, or</p>') == (
        f'<p title="{number}">of <span class="together">{number}</span>, or</p>'
    )
    for other in (f"<pre>a <b>{number}</b></pre>", f"<code>{number}</code>", f"<script>{number}</script>"):
        assert allow_breaks(other) == other


def test_a_number_before_a_word_is_no_measure() -> None:
    assert allow_breaks("<p>in 9 steps</p>") == "<p>in 9 steps</p>"
