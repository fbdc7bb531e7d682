"""The publications below a docstring: titles and addresses from the bibliography."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import docutils.core
import pytest

import gradlab as gl
from gradlab.explanations.citations import read_bibliography

EXTENSIONS = Path(__file__).parents[2] / "docs" / "_extensions"


@pytest.fixture
def publications(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(EXTENSIONS)
    return importlib.import_module("publications")


def test_a_docstring_gets_the_titles_and_addresses_of_what_it_cites(publications: Any) -> None:
    assert publications.list_publications(gl.mars.__doc__) == [
        "- Yuan et al. (2024): MARS: Unleashing the Power of Variance Reduction for Training Large Models, "
        "`arXiv:2411.10438 <https://arxiv.org/abs/2411.10438>`__."
    ]
    assert publications.list_publications("Source: Cauchy\n(1847).")[0].startswith(
        "- Cauchy (1847): Méthode générale pour la résolution des systèmes d'équations simultanées, Comptes rendus"
    )
    assert publications.list_publications("No source.") == []
    assert publications.list_publications(None) == []


def test_every_entry_is_readable_text_without_latex(publications: Any) -> None:
    for citation in read_bibliography():
        (line,) = publications.list_publications(f"Source: {citation}.")
        messages = docutils.core.publish_doctree(line, settings_overrides={"report_level": 5}).findall(
            docutils.nodes.system_message
        )
        assert not list(messages), line
        plain = line.replace(r":math:`\beta_2`", "")
        assert not set(plain) & set("\\{}$"), line
