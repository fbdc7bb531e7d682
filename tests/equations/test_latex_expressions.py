"""Expressions in LaTeX: each operation by its text, and by the number that the text stands for."""

from __future__ import annotations

import pytest

from gradlab.equations.latex_expressions import Expression, Number
from gradlab.schedules import linear

X, SUM = Expression("x"), Expression("x").plus(Expression("y"))
BETA = Number(r"\beta", 0.9)
DECAY = Number(r"\beta", linear(0.9, 0.5, transition_steps=10), role="1", index="1")


@pytest.mark.parametrize(
    ("expression", "latex"),
    [
        (X.times("a"), "a x"),
        (X.times(""), "x"),
        (X.times("", negative=True), "-x"),
        (X.times("a", negative=True).times("b", negative=True), "b a x"),
        (Expression("1").times("a"), "a"),
        (SUM.times("a"), "a (x + y)"),
        (SUM.times("", negative=True), "-(x + y)"),
        (X.plus(Expression("y").times("a", negative=True)), "x - a y"),
        (X.plus(SUM.times("", negative=True)), "x - (x + y)"),
        (X.times("", negative=True).plus(Expression("y")), "-x + y"),
        (X.over("a"), r"\frac{x}{a}"),
        (X.over("a", "b"), r"\frac{b x}{a}"),
        (Expression("1").over("a", "b"), r"\frac{b}{a}"),
        (Expression("1").over("a"), r"\frac{1}{a}"),
        (X.over("a").over("b"), r"\frac{x}{(b) a}"),
        (X.over("a + c").over("b", "d"), r"\frac{d x}{(b) (a + c)}"),
        (X.times("", negative=True).over("a"), r"-\frac{x}{a}"),
        (SUM.inside("f"), "f(x + y)"),
        (X.inside("f", "a", "b"), "f(x, a, b)"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_expression_is_written(expression: Expression, latex: str) -> None:
    assert str(expression) == latex


def test_the_kind_says_whether_a_product_is_a_scaled_atom() -> None:
    assert X.times(BETA).kind == X.times(BETA).times(BETA).kind == "scaled"
    assert X.times("a").kind == X.over("a").kind == X.inside("f").kind == "product"
    assert SUM.kind == SUM.times("").kind == "sum"
    assert X.times("").kind == "atom"


def test_a_number_has_a_subscript_only_for_its_role_and_its_step() -> None:
    assert (str(BETA), BETA.at("5")) == (r"\beta", r"\beta")
    assert str(Number(r"\beta", 0.9, index="2")) == r"\beta_2"
    assert (str(DECAY), DECAY.at("i")) == (r"\beta_{1,t}", r"\beta_{1,i}")
    assert str(Number(r"\eta", linear(1.0, 0.0, transition_steps=3))) == r"\eta_t"


def test_the_weights_of_a_running_mean() -> None:
    assert BETA.rest == r"(1 - \beta)"
    assert BETA.weight() == r"1 - \beta^t"
    assert BETA.weight("t+1") == r"1 - \beta^{t+1}"
    assert DECAY.weight("t") == r"1 - \prod_{i=1}^{t} \beta_{1,i}"
    assert DECAY.weight("t", as_power=True) == r"1 - \beta_{1,t}^t"
