"""Cards have equations, compositions, and prose with its code and equations marked."""

# ruff: noqa: RUF001  (Greek letters are meant)

from __future__ import annotations

import re

import xarray as xr

from gradlab.lab._report.optimizer_cards import Segment, break_composition, optimizer_cards, split_prose
from gradlab.lab._report.page import render_page
from gradlab.lab._report.problem_findings import Finding

from .conftest import HOSTILE


def test_a_recipe_has_its_equations_and_composition(findings: list[Finding]) -> None:
    (card,) = optimizer_cards(findings, ["adam"])
    assert "".join(segment.text for segment in card.summary).startswith(
        "Adam: momentum, plus RMSProp, plus bias correction"
    )
    assert len(card.equations) == 5
    assert card.equations[-1] == "xₜ = xₜ₋₁ \u2212 α m̂ₜ/(√v̂ₜ + ε)"
    assert Segment("code", "b1") in [segment for paragraph in card.details for segment in paragraph]
    assert card.composition == "chain(a(b=1, c=(2, 3)), d())"
    assert (card.variant_of, card.settings) == ("", "")


def test_prose_is_split_into_text_code_and_equations() -> None:
    assert split_prose("Take `b1` and $m_t$, so that $m_t = \\beta m_{t-1} + g_t$.") == [
        Segment("text", "Take "),
        Segment("code", "b1"),
        Segment("text", " and "),
        Segment("math", "mₜ,"),
        Segment("text", " so that "),
        Segment("display", "mₜ = β mₜ₋₁ + gₜ."),
    ]
    assert split_prose("$$m_t = \\beta m_{t-1} + g_t$$") == [Segment("display", "mₜ = β mₜ₋₁ + gₜ")]


def test_the_page_marks_prose(race: dict[str, xr.Dataset], attributes: dict[str, str]) -> None:
    card = card_on(render_page(race, attributes), "adam")
    assert '<li><span class="math">xₜ = xₜ₋₁ \u2212 α m̂ₜ/(√v̂ₜ + ε)</span></li>' in card
    assert card.count("<li>") == 5
    assert "<code>b1</code>" in card
    assert "<pre><code>chain(a(b=1, c=(2, 3)), d())</code></pre>" in card


def test_the_note_is_there_only_with_compositions(race: dict[str, xr.Dataset], attributes: dict[str, str]) -> None:
    assert "shown at the middle learning rate" in render_page(race, attributes)
    unknown = {name: dataset.drop_vars("composition") for name, dataset in race.items()}
    assert "shown at the middle" not in render_page(unknown, attributes)


def test_a_variant_has_its_own_equations_and_says_of_what(findings: list[Finding]) -> None:
    nesterov, momentum = optimizer_cards(findings, ["sgd_nesterov", "sgd_momentum"])
    assert "mₜ = μ mₜ₋₁ \u2212 α gₜ" in nesterov.equations
    assert "xₜ = xₜ₋₁ \u2212 α gₜ" not in nesterov.equations
    assert momentum.variant_of == "sgd(momentum=0.9)"


def test_a_combination_of_a_sweep_has_its_settings(findings: list[Finding]) -> None:
    (card,) = optimizer_cards(findings, ["adam b1=0.8"])
    assert card.settings == "b1=0.8"
    assert len(card.equations) == 5


def test_an_unknown_optimizer_is_shown_as_it_is_and_escaped(
    race: dict[str, xr.Dataset], attributes: dict[str, str]
) -> None:
    card = card_on(render_page(race, attributes), re.sub(r"\W+", "-", HOSTILE))
    assert "<script>" not in card
    assert "&lt;script&gt;" in card
    assert "<pre><code>&lt;i&gt;x&lt;/i&gt;</code></pre>" in card
    assert "<ol" not in card


def card_on(page: str, slug: str) -> str:
    return page.partition(f'id="about-{slug}"')[2].partition("</article>")[0]


def test_long_compositions_are_broken_at_their_links() -> None:
    text = "chain(\n    first(a=1),\n    second(of=chain(third(b=(1, 2)), fourth(c='x, y')), eps=1e-08),\n)"
    assert break_composition(text, 40) == (
        "chain(\n"
        "  first(a=1),\n"
        "  second(\n"
        "    of=chain(\n"
        "      third(b=(1, 2)),\n"
        "      fourth(c='x, y')\n"
        "    ),\n"
        "    eps=1e-08\n"
        "  )\n"
        ")"
    )
    assert break_composition("scale(factor=1.0)") == "scale(factor=1.0)"
    assert break_composition("mix(share=0.9090909090909092, eps=1e-08, decay=1.2345678901e-05)") == (
        "mix(share=0.909091, eps=1e-08, decay=1.23457e-05)"
    )
