"""Equations of docstrings, which are LaTeX, as text that a terminal, or any page, can show."""

# ruff: noqa: RUF001  (Greek letters are meant)

from __future__ import annotations

import re
from collections.abc import Callable

_SIGNS = {
    "alpha": "α", "beta": "β", "gamma": "γ", "epsilon": "ε", "eta": "η", "lambda": "λ", "mu": "μ", "rho": "ρ",
    "sigma": "σ", "tau": "τ", "theta": "θ", "pi": "π", "Delta": "Δ", "odot": "⊙", "cdot": "·", "times": "×", "le": "≤",
    "leq": "≤", "ge": "≥", "geq": "≥", "infty": "∞", "in": "∈", "prod": "∏", "sum": "∑", "sqrt": "√", "to": "→",
    "gets": "←", "ldots": "…", "dots": "…", "nabla": "∇", "approx": "≈", "sim": "~", "pm": "±", "ne": "≠", "neq": "≠",
}  # fmt: skip
_SUB = dict(zip("0123456789+-=()aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ"))
_SUPER = dict(zip("0123456789+-=()itTn*", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁱᵗᵀⁿ*"))
_ACCENTS = {"hat": "\u0302", "bar": "\u0304", "tilde": "\u0303"}


def plain(text: str) -> str:
    """The text with each `$...$` as Unicode: `$\\hat m_t$` becomes m̂ₜ."""
    return re.sub(r"\$([^$]+)\$", lambda match: _formula(match[1]), text)


def _formula(latex: str) -> str:
    latex = re.sub(r"\s+", " ", latex)
    latex = re.sub(r"\\[,;! ]|~", " ", latex)
    latex = re.sub(r"\\(?:operatorname|mathrm|mathbf|mathbb|text)\*?\s*(?:\{([^{}]*)\}|(\w))", r"\1\2", latex)
    latex = re.sub(r"\\(left|right|big|Big)\b", "", latex).replace(r"\|", "‖")
    for name, accent in _ACCENTS.items():
        latex = _accented(latex, name, accent)
    latex = _braces(latex, r"\\t?frac", lambda top, bottom: f"{_grouped(top)}/{_grouped(bottom)}", 2)
    latex = _braces(latex, r"\\sqrt", lambda inside: f"√{_grouped(inside)}", 1)
    latex = re.sub(r"\\([A-Za-z]+)", lambda match: _SIGNS.get(match[1], match[1]), latex)
    latex = re.sub(r"_(?:\{([^{}]*)\}|(.))", lambda match: _shift(match, _SUB, "_"), latex)
    latex = re.sub(r"\^(?:\{([^{}]*)\}|(.))", lambda match: _shift(match, _SUPER, "^"), latex)
    return re.sub(r" {2,}", " ", latex.replace("{", "").replace("}", "")).strip()


def _accented(latex: str, name: str, accent: str) -> str:
    return re.sub(rf"\\{name}\s*(?:\{{(\w)\}}|(\w))", lambda match: (match[1] or match[2]) + accent, latex)


def _braces(latex: str, command: str, write: Callable[..., str], arguments: int) -> str:
    group = r"\s*\{((?:[^{}]|\{[^{}]*\})*)\}"
    return re.sub(command + group * arguments, lambda match: write(*match.groups()), latex)


def _grouped(inside: str) -> str:
    return inside if re.fullmatch(r"\\?\w+", inside) else f"({inside})"


def _shift(match: re.Match[str], table: dict[str, str], mark: str) -> str:
    inside = (match[1] if match[1] is not None else match[2]).replace(" ", "")
    if all(letter in table for letter in inside):
        return "".join(table[letter] for letter in inside)
    return mark + (inside if len(inside) == 1 else f"({inside})")
