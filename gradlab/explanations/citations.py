"""The publications that docstrings cite, as entries of BibTeX."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from importlib.resources import files

# "Zeiler (2012)", "Kingma & Ba (2015)", "Gonzalez Ortiz et al. (2026)"
_CITATION = re.compile(r"((?:[A-Z][\w-]+ )*[A-Z][\w-]+(?: et al\.| & (?:[A-Z][\w-]+ )*[A-Z][\w-]+)?) \((\d{4})\)")


def to_bibtex(sources: Iterable[str]) -> str:
    """Return the entries of BibTeX for the publications that some texts cite, each once, in the order of their keys.

    The bibliography has all publications that gradlab's own docstrings cite. Others are left out, and so is what is no
    publication, such as the code of a library.
    """
    entries = read_bibliography()
    cited = {citation for source in sources for citation in find_citations(source)}
    found = [entries[citation] for citation in cited & set(entries)]
    return "\n\n".join(sorted(found, key=lambda entry: entry.partition("{")[2]))


def find_citations(source: str) -> list[str]:
    """Return the publications that a text cites, each as author and year, such as "Kingma & Ba (2015)"."""
    return [f"{authors} ({year})" for authors, year in _CITATION.findall(source)]


@functools.cache
def read_bibliography() -> dict[str, str]:
    """Return the entries of the bibliography, by what they are cited as."""
    text = (files(__package__) / "bibliography.bib").read_text(encoding="utf-8")
    return {_cite(entry): entry for entry in text.strip().split("\n\n")}


def _cite(entry: str) -> str:
    """Return how an entry is cited: by one author, by two, or by the first of more."""
    fields = dict(re.findall(r"^  (\w+) = \{(.*)\},?$", entry, re.MULTILINE))
    names = [name.partition(",")[0] for name in fields["author"].split(" and ")]
    authors = f"{names[0]} et al." if len(names) > 2 or "others" in names else " & ".join(names)
    return f"{authors} ({fields['year']})"
