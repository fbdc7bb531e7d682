"""The publications that a docstring cites, with their titles and addresses, from the bibliography of `gl.explain`.

A docstring has authors and year alone, such as "Kingma & Ba (2015)". The bibliography is the one place of the titles.
"""

from __future__ import annotations

import inspect
import re
import unicodedata
from typing import Any

from gradlab.explanations.citations import find_citations, read_bibliography

_ACCENTS = {"'": "\u0301", "`": "\u0300", '"': "\u0308", "^": "\u0302", "~": "\u0303"}  # of LaTeX -> of Unicode
_ACCENT = re.compile(r"\{\\(['`\"^~])\{?(\w)\}?\}")
_FIELD = re.compile(r"^  (\w+) = \{(.*)\},?$", re.MULTILINE)


def list_publications(docstring: str | None) -> list[str]:
    """Return a list, in reStructuredText, of the publications that a docstring cites, each once, as they come."""
    bibliography = read_bibliography()
    cited = dict.fromkeys(find_citations(" ".join((docstring or "").split())))
    return [f"- {citation}: {_describe(bibliography[citation])}" for citation in cited if citation in bibliography]


def _describe(entry: str) -> str:
    """Return the title of an entry of BibTeX, and its address, or else the journal or conference."""
    fields = dict(_FIELD.findall(entry))
    title = _to_rst(fields["title"])
    if "eprint" in fields:
        return f"{title}, `arXiv:{fields['eprint']} <https://arxiv.org/abs/{fields['eprint']}>`__."
    if address := re.search(r"\\url\{([^}]+)\}", fields.get("howpublished", "")):
        return f"`{title} <{address[1]}>`__."
    places = [_to_rst(fields[name]) for name in ("journal", "booktitle", "publisher", "school") if name in fields]
    return ", ".join([title, *places[:1]]) + "."


def _to_rst(text: str) -> str:
    """Return a text of BibTeX as reStructuredText: formulas are math, and braces and accents are resolved."""
    text = _ACCENT.sub(lambda match: unicodedata.normalize("NFC", match[2] + _ACCENTS[match[1]]), text)
    parts = re.split(r"\{?\$([^$]+)\$\}?", text)
    plain = [re.sub(r"[{}]", "", part) for part in parts[::2]]
    formulas = [f":math:`{part}`" for part in parts[1::2]]
    return "".join(part + formula for part, formula in zip(plain, [*formulas, ""], strict=True))


def _process(app: Any, what: str, name: str, owner: Any, options: Any, lines: list[str]) -> None:
    lines += ["", *list_publications(inspect.getdoc(owner) if what != "module" else owner.__doc__), ""]


def setup(app: Any) -> dict[str, bool]:
    app.connect("autodoc-process-docstring", _process, priority=900)  # behind `docstrings`
    return {"parallel_read_safe": True}
