"""Cards: equations, compositions, and names that are not to be believed."""

# ruff: noqa: RUF001  (Greek letters are meant)

from __future__ import annotations

from gradlab.lab.report.about import broken, optimizers
from gradlab.lab.report.findings import Finding

from .conftest import HOSTILE


def test_a_recipe_has_its_equation_and_composition(findings: list[Finding]) -> None:
    card = optimizers(findings, ["adam"])
    assert "Adam: momentum, plus RMSProp, plus bias correction" in card
    assert '<li><span class="math">xₜ = xₜ₋₁ \u2212 α m̂ₜ/(√v̂ₜ + ε)</span></li></ol>' in card
    assert card.count("<li>") == 5
    assert "<code>b1</code>" in card
    assert "chain(a(b=1, c=(2, 3)), d())" in card


def test_the_note_is_there_only_with_compositions(findings: list[Finding]) -> None:
    assert "Shown at the middle rate" in optimizers(findings, ["adam"])
    unknown = [each._replace(dataset=each.dataset.drop_vars("composition")) for each in findings]
    assert "Shown at" not in optimizers(unknown, ["adam"])


def test_a_variant_has_its_own_equations(findings: list[Finding]) -> None:
    card = optimizers(findings, ["sgd_nesterov"])
    assert '<li><span class="math">mₜ = μ mₜ₋₁ \u2212 α gₜ</span></li>' in card
    assert "xₜ = xₜ₋₁ \u2212 α gₜ<" not in card.partition("<details>")[0]


def test_a_variant_says_of_what(findings: list[Finding]) -> None:
    assert "A variant: <code>sgd(momentum=0.9)</code>" in optimizers(findings, ["sgd_momentum"])


def test_what_is_not_known_is_shown_as_it_is_and_escaped(findings: list[Finding]) -> None:
    card = optimizers(findings, [HOSTILE])
    assert "<script>" not in card
    assert "&lt;script&gt;" in card
    assert "&lt;i&gt;x&lt;/i&gt;" in card


def test_long_compositions_are_broken_at_their_links() -> None:
    text = "chain(\n    first(a=1),\n    second(of=chain(third(b=(1, 2)), fourth(c='x, y')), eps=1e-08),\n)"
    assert broken(text, 40) == (
        "chain(\n"
        "  first(a=1),\n"
        "  second(\n"
        "    of=chain(\n"
        "      third(b=(1, 2)),\n"
        "      fourth(c='x,\n"
        "      y')\n"
        "    ),\n"
        "    eps=1e-08\n"
        "  )\n"
        ")"
    ).replace("'x,\n      y'", "'x, y'")
    assert broken("scale(factor=1.0)") == "scale(factor=1.0)"
