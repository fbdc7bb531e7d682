"""The bibliography has every publication that gradlab's docstrings cite, and nothing else."""

from __future__ import annotations

import inspect
import re
from importlib.resources import files

import pytest

from gradlab import codecs, registry
from gradlab.explanations.citations import find_citations, read_bibliography, to_bibtex

TEXT = (files("gradlab.explanations") / "bibliography.bib").read_text("utf-8")


def _cited() -> set[str]:
    factories = [entry.factory for entry in registry.entries().values()]
    codec_factories = [thing for thing in vars(codecs).values() if inspect.isfunction(thing)]
    texts = [inspect.cleandoc(factory.__doc__ or "") for factory in factories + codec_factories]
    sources = [source for text in texts for source in re.findall(r"\bSources?: (.+?)(?:\n\n|\Z)", text, re.DOTALL)]
    return {citation for source in sources for citation in find_citations(" ".join(source.split()))}


def test_every_citation_has_an_entry_and_every_entry_is_cited() -> None:
    assert _cited() == set(read_bibliography())


def test_entries_are_well_formed_and_in_order() -> None:
    keys = re.findall(r"^@\w+\{(\w+),$", TEXT, re.MULTILINE)
    assert keys == sorted(set(keys))
    assert len(keys) == len(read_bibliography()) == TEXT.count("@")
    for entry in read_bibliography().values():
        assert entry.count("{") == entry.count("}")
        assert re.fullmatch(r"@\w+\{\w+,\n(  \w+ = \{.*\},\n)+  \w+ = \{.*\}\n\}", entry)
        assert {"author", "title", "year"} <= set(re.findall(r"^  (\w+) = ", entry, re.MULTILINE))


@pytest.mark.parametrize(
    ("source", "citations"),
    [
        ("Zeiler (2012), algorithm 1", ["Zeiler (2012)"]),
        (
            "Ma & Yarats (2019), section 6; Gonzalez Ortiz et al. (2026)",
            ["Ma & Yarats (2019)", "Gonzalez Ortiz et al. (2026)"],
        ),
        ("PyTorch's `ReduceLROnPlateau`", []),
    ],
)
def test_citations_are_found_in_text(source: str, citations: list[str]) -> None:
    assert find_citations(source) == citations


def test_each_publication_comes_once_in_order() -> None:
    text = to_bibtex(["Zeiler (2012)", "Kingma & Ba (2015), algorithm 1", "Kingma & Ba (2015)", "Nobody (1900)"])
    assert re.findall(r"@\w+\{(\w+),", text) == ["kingma2015adam", "zeiler2012adadelta"]
