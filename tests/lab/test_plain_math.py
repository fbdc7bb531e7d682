"""LaTeX becomes text."""

# ruff: noqa: RUF001  (Greek letters are meant)

from __future__ import annotations

import inspect

import pytest

from gradlab import registry
from gradlab.lab.plain_math import plain


@pytest.mark.parametrize(
    ("latex", "text"),
    [
        (r"$\alpha$ and `b1`", "α and `b1`"),
        (r"$x_t = x_{t-1} - \alpha g_t$", "xₜ = xₜ₋₁ - α gₜ"),
        (r"$\hat m_t / (\sqrt{\hat v_t} + \epsilon)$", "m̂ₜ / (√(v̂ₜ) + ε)"),
        (r"$\frac{\alpha}{1 - \beta_1^t} m_t$", "α/(1 - β₁ᵗ) mₜ"),
        (r"$\operatorname{clip}(s, l)\, \mathbf 1$", "clip(s, l) 1"),
        (r"$\max_{i \le t} \hat v_i$", "max_(i≤t) v̂ᵢ"),
        ("costs $5", "costs $5"),
    ],
)
def test_formulas(latex: str, text: str) -> None:
    assert plain(latex) == text


@pytest.mark.parametrize("name", registry.entries())
def test_no_command_is_left_in_any_docstring(name: str) -> None:
    text = plain(inspect.getdoc(registry.entries()[name].factory) or "")
    assert "$" not in text
    assert "\\" not in text
