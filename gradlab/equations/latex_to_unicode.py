r"""Equations in LaTeX, such as those in docstrings, as Unicode text for terminals and tables.

Two libraries were tried on the 173 formulas of gradlab. unicodeit 0.7 leaves LaTeX in 69 of them: fractions, accents
and names such as `\min`. pylatexenc 2.11 drops braces, so that `x_{t-1}` becomes x_t-1, and `\frac{a}{1 - b} c`
becomes a/1 - b c, which is another formula.
"""

# ruff: noqa: RUF001  (Greek letters are meant)

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_SIGNS = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "varepsilon": "ε", "zeta": "ζ", "eta": "η",
    "theta": "θ", "iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ",
    "sigma": "σ", "tau": "τ", "upsilon": "υ", "phi": "φ", "varphi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω",
    "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ", "Sigma": "Σ", "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω",
    "odot": "⊙", "cdot": "·", "times": "×", "le": "≤", "leq": "≤", "ge": "≥", "geq": "≥", "infty": "∞", "in": "∈",
    "prod": "∏", "sum": "∑", "to": "→", "gets": "←", "leftarrow": "←", "rightarrow": "→", "ldots": "…", "dots": "…",
    "cdots": "…", "nabla": "∇", "approx": "≈", "sim": "~", "pm": "±", "ne": "≠", "neq": "≠", "top": "ᵀ",
    "lVert": "‖", "rVert": "‖", "lvert": "|", "rvert": "|", "quad": "  ", "mid": "∣", "langle": "⟨", "rangle": "⟩",
    "|": "‖", ",": " ", ";": " ", ":": " ", " ": " ", "!": "", "_": "_", "{": "{", "}": "}", "%": "%", "$": "$",
    "&": "&", "#": "#",
}  # fmt: skip
_SUB = dict(zip("0123456789+-=()aehijklmnoprstuvxβγρφχ", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ"))
_SUPER = dict(zip("0123456789+-=()itTᵀn*", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁱᵗᵀᵀⁿ*"))
_ACCENTS = {"hat": "\u0302", "bar": "\u0304", "tilde": "\u0303", "widehat": "\u0302", "overline": "\u0304"}
_FRACTIONS = ("frac", "tfrac", "dfrac")
_UPRIGHT = ("operatorname", "mathrm", "mathbf", "mathbb", "mathcal", "mathit", "mathsf", "text")
_SIZES = ("left", "right", "big", "Big", "bigl", "bigr", "displaystyle")


def format_text(text: str) -> str:
    r"""Return a text with each `$...$` and `$$...$$` as Unicode: `$\hat m_t$` becomes m̂ₜ."""
    return re.sub(r"\${1,2}([^$]+)\${1,2}", lambda match: format_formula(match[1]), text)


def format_formula(latex: str) -> str:
    r"""Return a formula in LaTeX as Unicode: `\frac{1}{1 - \beta^t}` becomes 1/(1 - βᵗ)."""
    text = _Reader(re.sub(r"\s+", " ", latex)).read()
    return re.sub(r" {2,}(?! )", " ", text).strip()


class _Reader:
    """A reader of a formula from left to right: `read` goes to the end of a group, `argument` reads one argument."""

    def __init__(self, latex: str):
        self._tokens = re.findall(r"\\[A-Za-z]+\*?|\\.|.", latex)
        self._at = 0

    def _next(self) -> str:
        self._at += 1
        return self._tokens[self._at - 1]

    def _ahead(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def read(self) -> str:
        """Return the rest up to a closing brace or the end."""
        return "".join(self._parts())

    def _parts(self) -> Iterator[str]:
        while self._ahead():
            token = self._next()
            if token == "}":
                return
            yield self._one(token)

    def argument(self) -> str:
        """Return the next group in braces, or the next token, without its subscript."""
        while self._ahead() == " ":
            self._next()
        return self._one(self._next()) if self._ahead() else ""

    def _one(self, token: str) -> str:
        if token == "{":
            return self.read()
        if token in ("_", "^"):
            return _shift(self.argument(), token)
        if token == "~":
            return " "
        if not token.startswith("\\"):
            return token
        name = token[1:].rstrip("*")
        if name in _FRACTIONS:
            return f"{_group(self.argument(), '+-/−')}/{_group(self.argument())}"
        if name == "sqrt":
            return f"√{_group(self.argument())}"
        if name in _ACCENTS:
            inside = self.argument()
            return unicodedata.normalize("NFC", inside[:1] + _ACCENTS[name]) + inside[1:]
        if name in _UPRIGHT:
            return self.argument()
        if name in _SIZES:
            return ""
        return _SIGNS.get(name, name)


def _group(inside: str, apart: str = " +-/−") -> str:
    """Return a part of a quotient or a root, in parentheses if it holds one of the signs in `apart`."""
    depth = 0
    for position, letter in enumerate(inside):
        depth += (letter in "([") - (letter in ")]")
        closes_early = depth == 0 and inside[0] == "(" and position < len(inside) - 1 and " " in apart
        if (depth == 0 and letter in apart) or closes_early:
            return f"({inside})"
    return inside


def _shift(inside: str, mark: str) -> str:
    """Return a subscript or superscript in small letters, or after its mark if Unicode lacks one of the letters."""
    table = _SUB if mark == "_" else _SUPER
    tight = inside if "," in inside else inside.replace(" ", "")
    if inside and all(letter in table for letter in tight):
        return "".join(table[letter] for letter in tight)
    if mark == "_" and re.fullmatch(r"[0-9]+,[a-z]", tight):
        return "".join(table.get(letter, letter) for letter in tight)
    return mark + (inside if len(inside) == 1 else f"({inside})")
