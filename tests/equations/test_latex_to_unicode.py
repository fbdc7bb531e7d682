"""LaTeX becomes text."""

# ruff: noqa: RUF001  (Greek letters are meant)

from __future__ import annotations

import inspect

import pytest

from gradlab import registry
from gradlab.equations.latex_to_unicode import format_text


@pytest.mark.parametrize(
    ("latex", "text"),
    [
        (r"$\alpha$ and `b1`", "α and `b1`"),
        (r"$x_t = x_{t-1} - \alpha g_t$", "xₜ = xₜ₋₁ - α gₜ"),
        (r"$\hat m_t / (\sqrt{\hat v_t} + \epsilon)$", "m̂ₜ / (√v̂ₜ + ε)"),
        (r"$\frac{\alpha}{1 - \beta_1^t} m_t$", "α/(1 - β₁ᵗ) mₜ"),
        (r"$\operatorname{clip}(s, l)\, \mathbf 1$", "clip(s, l) 1"),
        (r"$\max_{i \le t} \hat v_i$", "max_(i ≤ t) v̂ᵢ"),
        (r"$\frac12 \tfrac12$", "1/2 1/2"),
        (r"$\tfrac12 0.96^{\psi t}$", "1/2 0.96^(ψ t)"),
        (r"$\frac{a}{\frac{b}{c + \sqrt{d_{t-1}}}}$", "a/(b/(c + √dₜ₋₁))"),
        (r"$\frac{(a) + (b)}{(a + b)}$", "((a) + (b))/(a + b)"),
        (r"$\sqrt{\frac{m_t}{u_t}}$", "√(mₜ/uₜ)"),
        (r"$\operatorname{my\_link}(\tilde g_t)$", "my_link(g̃ₜ)"),
        (r"$\left(\beta_{1,t} + \|d\|\right)$", "(β₁,ₜ + ‖d‖)"),
        (r"$m'_t \Psi \unknown$", "m'ₜ Ψ unknown"),
        (r"$\frac{1}{$", "1/"),
        ("$$a_t = b$$", "aₜ = b"),
        ("costs $5", "costs $5"),
    ],
)
def test_formulas(latex: str, text: str) -> None:
    assert format_text(latex) == text


@pytest.mark.parametrize("name", registry.entries())
def test_no_command_is_left_in_any_docstring(name: str) -> None:
    text = format_text(inspect.getdoc(registry.entries()[name].factory) or "")
    assert "$" not in text
    assert "\\" not in text
