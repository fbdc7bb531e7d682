"""The kit finds in optax exactly the breaches that the table lists, so it raises no false alarms."""

from __future__ import annotations

import pytest

from .optax_laws import TABLE, Entry, examine

pytestmark = pytest.mark.slow  # the gate runs these too

REPRESENTATIVE = {name: entry for name, entry in TABLE.items() if entry.representative}


@pytest.mark.parametrize("entry", REPRESENTATIVE.values(), ids=REPRESENTATIVE)
def test_the_verdicts_are_those_of_the_table(entry: Entry) -> None:
    report = examine(entry)
    assert {result.law for result in report.broken} == set(entry.breaks), str(report)


def test_the_table_explains_every_kind_of_break() -> None:
    everywhere = {law for entry in TABLE.values() for law in entry.breaks}
    examined = {law for entry in REPRESENTATIVE.values() for law in entry.breaks}
    of_one_only = {"any tree", "contained", "msgpack state resumes"}
    of_scalars = {law for law, reason in TABLE["sm3(1e-2)"].breaks.items() if "scalar" in reason}
    assert everywhere - examined <= of_one_only | of_scalars
    assert all(reason for entry in TABLE.values() for reason in entry.breaks.values())
