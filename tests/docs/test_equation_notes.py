"""Below the equations of an optimizer, its page explains every symbol that they have."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from gradlab.equations import equations_of
from gradlab.registry import of_kind

EXTENSIONS = Path(__file__).parents[2] / "docs" / "_extensions"
LAYOUT = r"\\(?:begin|end)\{aligned\}|\\\\|&|\\text\{ *(?:if|else|for|and) *\}"
OPERATOR = r"\\operatorname\{\w+\}(?:_\{\\text\{\w+\}\}|_[crV]\b)?"
WORDS = rf"{OPERATOR}|\\nabla|\\top|\\odot|\\mid|\\langle|\\mathcal N|\\\|_\{{\\text\{{all\}}\}}|\\\|_1|\\\|"
PLAIN = r"\\(?:frac|sqrt|cdot|le|ge|infty|max|min|pm|rangle|sim|text)\b"
GREEK = r"\\(?:alpha|beta|gamma|delta|epsilon|eta|kappa|lambda|mu|nu|rho|tau|phi|xi|chi|Delta)"
LETTER = rf"(?:\\(?:hat|bar|tilde) ?\{{?)*(?:{GREEK}|[A-Za-z])\}}*'*"
SYMBOL = rf"({LETTER})(?:_(\{{[^{{}}]*\}}|\\\w+|\w|\*))?"
WRAPPERS = ("average_params", "lookahead", "mechanic", "schedule_free", "sam", "asam")
WRAPPERS = ("average_params", "lookahead", "mechanic", "schedule_free", "sam", "asam")
KNOWN_TO_ALL = {r"\operatornamesign"}


def find_symbols(latex: str) -> set[str]:
    """Return the symbols of LaTeX without their steps: letters with their accents and primes, operators and signs."""
    latex = re.sub(LAYOUT, " ", latex)
    found = {re.sub(r"[{}]", "", word) for word in re.findall(WORDS, latex)}
    for letter, index in re.findall(SYMBOL, re.sub(PLAIN, " ", re.sub(WORDS, " ", latex))):
        letter, index = re.sub(r"[{} ]", "", letter), index.strip("{}")
        is_step = index in ("", "0") or index.startswith("t") or (index == "1" and not letter.startswith("\\"))
        found.add(letter if is_step else f"{letter}_{index}")
    return found


def find_all(formulas: Iterable[str]) -> set[str]:
    return {symbol for formula in formulas for symbol in find_symbols(formula)}


@pytest.fixture(scope="module")
def gallery() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(EXTENSIONS)
        yield importlib.import_module("recipe_pages").Gallery(EXTENSIONS.parent)


@pytest.mark.parametrize("name", [*of_kind("recipe"), *WRAPPERS])
def test_every_symbol_of_the_equations_is_explained(gallery: Any, name: str) -> None:
    equations = equations_of(gallery.txs[name])
    page = gallery.page(name)
    before, _, after = page.partition(equations.latex.replace("aligned", "align*"))
    assert after
    notes = before.splitlines()[-2] + after.partition("\n## ")[0]
    explained = find_all(re.findall(r"\$([^$]+)\$", notes))
    left = find_all(re.split(r" = | \\sim ", line)[0] for line in equations.lines)
    used = find_all([equations.latex, *(symbol.formula for symbol in equations.symbols)])
    assert used - explained - left - KNOWN_TO_ALL == set()


def test_a_symbol_is_known_by_its_accents_and_not_by_its_step() -> None:
    assert find_symbols(r"\hat{\bar f}_t + m'_{t-1} \beta_1^t") == {r"\hat\barf", "m'", r"\beta_1", "t"}
    assert find_symbols(r"\operatorname{mean}_{\text{rows}}(O_t^2)") == {r"\operatornamemean_\textrows", "O"}
