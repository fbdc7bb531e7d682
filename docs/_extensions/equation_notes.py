"""The notes below the equations of a recipe: the values of their symbols, and the meaning of their signs."""

from __future__ import annotations

import re

from gradlab.equations import Equations, Symbol
from gradlab.explanations.long_numbers import shorten_numbers

NUMBER = re.compile(r"(-?[\d.]+)(?:e([-+]\d+))?")
ROOT = re.compile(r"2\*\*(-?[\d.]+)")
MASK = re.compile(r"1 at (.*), else 0")

# A sign in the LaTeX of equations -> what it means.
SIGNS = {
    r"\\odot": r"$\odot$ multiplies element by element",
    r"\\mid": r"$k \mid n$ says that $k$ divides $n$",
    r"\[[^\]]*(?:>|\\ge|\\mid)[^\]]*\]": "a bracket is 1 where it is true, else 0",
    r"\\nabla f": r"$f$ is the loss with the gradient $\nabla f$",
    r"\\nabla\^2 f": r"$f$ is the loss with the Hessian $\nabla^2 f$",
    r"\\bar f": "$f_t$ is the loss",
    r"\\langle": r"$\langle a, b \rangle$ is the inner product over all leaves",
    r"\\\|_\{\\text\{all\}\}": r"$\|\cdot\|_{\text{all}}$ is the norm of all leaves together",
    r"\\\|_1": r"$\|\cdot\|_1$ is the sum of the absolute values in all leaves",
    r"\\\|(?!_|\[|\\operatorname)[^|\n]*?\\\|(?!_)": r"$\|\cdot\|$ is the norm of a leaf",
    r"\\operatorname\{triu\}.*\\\|": r"$\|\cdot\|$ is a lower bound of the largest singular value",
    r"\\top": r"$\top$ transposes a matrix",
    r"(?<![A-Za-z\\])I(?![a-z])": "$I$ is the identity matrix",
    r"\\mathcal N": r"$\mathcal N(0, I)$ says that the elements are normal deviates",
    r"\\operatorname\{clip\}": r"$\operatorname{clip}(d, l, u)$ bounds each element of $d$ by $l$ and $u$",
    r"\\operatorname\{NS\}": r"$\operatorname{NS}_n$ takes $n$ steps of Newton and Schulz, as `orthogonalize` does",
    r"\\operatorname\{qr\}": r"$\operatorname{qr}$ makes the columns orthonormal",
    r"\\operatorname\{svd\}": r"$\operatorname{svd}_n$ are the first $n$ singular vectors of the shorter side",
    r"\\operatorname\{normalize\}": r"$\operatorname{normalize}$ divides each column by its norm",
    r"\\operatorname\{triu\}": r"$\operatorname{triu}$ is the upper triangle",
    r"\\operatorname\{E\}_V": r"$\operatorname{E}_V$ is the mean over all $V$",
    r"\\operatorname\{sum\}": r"$\operatorname{sum}$ adds all elements",
    r"\\operatorname\{RMS\}": r"$\operatorname{RMS}$ is the root of the mean square of a leaf",
    r"\\operatorname\{mean\}_c\(": (
        r"$\operatorname{mean}_c$ averages over columns, $\operatorname{mean}_r$ over rows, and $\operatorname{mean}$ "
        "over all elements"
    ),
    r"\\operatorname\{mean\}\((?!R)": r"$\operatorname{mean}$ is the mean over a leaf",
    r"\\text\{leaf\}": r"$\operatorname{mean}_{\text{leaf}}$ is the mean over a leaf",
    r"\\text\{matrices\}": r"$\operatorname{mean}_{\text{matrices}}$ is the mean over a matrix",
    r"\\text\{rows\}": r"$\operatorname{mean}_{\text{rows}}$ is the mean over all weights of an output",
    r"\\text\{columns\}": r"$\operatorname{mean}_{\text{columns}}$ is the mean over all weights of an input",
    r"\\sqrt\{[^ ]*\\frac\{r\}\{c\}|\\max\(1, \\frac\{r\}\{c\}\)": "$r$ and $c$ are the numbers of outputs and inputs",
    r"\\sim \\\{-1, 1\\\}": "the elements of $z_t$ are random signs, both with the same probability",
    r"\\operatorname\{sign\}\(\\nu": (
        r"$\nu$ is `b1` over `b2`, so that $\nu m_t + (1 - \nu) g_t$ is the published mean of $m_{t-1}$ and $g_t$ with "
        "the share `b1`"
    ),
}


def write_values(equations: Equations) -> list[str]:
    """Return the sentences below equations as lines of Markdown: values, then the meaning of signs."""
    values = list(dict.fromkeys(map(write_symbol, equations.symbols)))
    formulas = "\n".join([equations.latex, *(symbol.formula for symbol in equations.symbols)])
    signs = [meaning for sign, meaning in SIGNS.items() if re.search(sign, formulas)]
    lines = [f"with {', '.join(values)}.", ""] if values else []
    return [*lines, f"Here {join_clauses(signs)}.", ""] if signs else lines


def join_clauses(clauses: list[str]) -> str:
    return ", ".join(clauses[:-1]) + (", and " if clauses[1:] else "") + clauses[-1]


def write_symbol(symbol: Symbol) -> str:
    """Return a symbol and its value for a sentence. A number is a part of the formula, so that no line breaks there."""
    formula = symbol.formula or write_number(symbol.value)
    if formula:
        return f"${symbol.latex} = {formula}$"
    if mask := MASK.fullmatch(symbol.value):
        where = mask[1] if mask[1].startswith("all other") else f"the leaves of `{mask[1]}`"
        return f"${symbol.latex} = 1$ at {where}, else 0"
    value = f"`{symbol.value}`" if "(" in symbol.value else symbol.value
    return f"${symbol.latex}$ = {value}"


def write_number(text: str) -> str:
    r"""Return a number in LaTeX, such as `10^{-8}` or `2 \cdot 10^{-5}`, or an empty text for anything else."""
    short = shorten_numbers(text, decimals=9)
    if root := ROOT.fullmatch(short):
        return f"2^{{{root[1]}}}"
    number = NUMBER.fullmatch(short)
    if number is None:
        return ""
    digits, exponent = number.groups()
    if exponent is None:
        return digits
    power = f"10^{{{int(exponent)}}}"
    return power if float(digits) == 1 else rf"{digits} \cdot {power}"
