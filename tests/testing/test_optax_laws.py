"""The kit finds in optax exactly the breaches that the table lists, so it raises no false alarms."""

from __future__ import annotations

from pathlib import Path

import optax
import pytest
from optax import contrib

from .optax_catalog import CATALOG
from .optax_findings import FINDINGS
from .optax_laws import KINDS, REPRESENTATIVE, examine, laws_of, list_lines

PAGE = Path(__file__).parents[2] / "docs" / "optax_laws.md"


@pytest.mark.slow  # the gate runs these too
@pytest.mark.parametrize("name", [name for name in REPRESENTATIVE if name in FINDINGS])
def test_the_verdicts_are_those_of_the_table(name: str) -> None:
    report = examine(name)
    assert {result.law for result in report.broken} == laws_of(FINDINGS[name]), str(report)


def test_the_table_explains_every_breach_of_something_in_the_catalog() -> None:
    assert set(FINDINGS) <= set(CATALOG)
    assert {kind for kinds in FINDINGS.values() for kind in kinds} <= set(KINDS)


def test_the_page_is_the_table() -> None:
    assert PAGE.read_text(encoding="utf-8") == "\n".join(list_lines()) + "\n"


def test_the_page_lists_every_form_once_in_order_and_its_faults_first() -> None:
    groups = PAGE.read_text(encoding="utf-8").split("\n### ")[1:]
    names = [[line.split("`")[1] for line in group.splitlines() if line.startswith("- ")] for group in groups]
    assert sorted(name for group in names for name in group) == sorted(FINDINGS)
    assert all(group == sorted(group, key=str.lower) for group in names)
    assert all(line.split(": ")[1].startswith("**") for line in groups[0].splitlines() if line.startswith("- "))
    assert "**" not in groups[1] + groups[2]


def test_the_catalog_has_every_public_transformation_of_optax() -> None:
    factories = set()
    for prefix, module in (("", optax), ("contrib.", contrib)):
        for name, item in vars(module).items():
            returned = getattr(item, "__annotations__", {}).get("return")
            if "GradientTransformation" in str(returned) and not name.startswith("_"):
                factories.add(prefix + name)
    assert {name for name in factories if not any(entry.startswith(name) for entry in CATALOG)} == set()
