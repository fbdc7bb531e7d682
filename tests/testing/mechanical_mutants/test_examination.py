"""A mutant is one of four: stillborn, equivalent, killed by the first law that finds it, or a survivor."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gradlab.testing.mechanical_mutants.examination import EQUIVALENT, KILLED, STILLBORN, SURVIVED, EditOutcome, examine
from gradlab.testing.mechanical_mutants.explained import EXPLAINED
from gradlab.testing.mechanical_mutants.mutants import list_mutants
from gradlab.testing.mechanical_mutants.record import read_record, summarize, write_record
from gradlab.testing.mutants.__main__ import main
from tests.testing.mechanical_mutants.test_sources import find

FIRST = EditOutcome("a", "sign lost", "scale", "in scale, line 1: `-d`", KILLED, "same trajectory", "scale()", 1.0)
LIVING = EditOutcome("b", "term dropped", "scale", "in scale, line 1: `c + d` became `d`", SURVIVED, "scale(): float64")


@pytest.mark.parametrize(
    ("function", "text", "verdict", "law"),
    [
        ("scale", "lambda d: factor / d", KILLED, "same trajectory"),
        ("sign_sgd", "chain(scale_by_sign(), learning_rate)", STILLBORN, ""),
        ("scale_by_momentum", "through_half(jnp.full_like(p, initial))", KILLED, "same trajectory"),
        ("scale_by_heavy_ball", "decay * b + share * d", EQUIVALENT, ""),
        ("_choose_leaves", "mask(params) if params else mask", KILLED, "runs"),
        ("_take_larger", "magnitude(old) < magnitude(new)", KILLED, "same trajectory on complex leaves"),
    ],
)
def test_a_verdict(function: str, text: str, verdict: str, law: str) -> None:
    outcome = examine(find(function, text))
    assert (outcome.verdict, outcome.law) == (verdict, law), str(outcome)


def test_the_mutants_of_small_links_are_killed_at_once() -> None:
    mutants = [m for m in list_mutants("scale", "scale_by_learning_rate") if m.function.startswith("scale")]
    verdicts = [examine(mutant).verdict for mutant in mutants]
    assert len(verdicts) > 10
    assert set(verdicts) == {KILLED, STILLBORN}
    assert verdicts.count(KILLED) > verdicts.count(STILLBORN)


@pytest.mark.slow
@pytest.mark.parametrize("function", ["scale_by_momentum", "running_sum"])
def test_no_mutant_survives_unexplained(function: str) -> None:
    outcomes = [examine(mutant) for mutant in list_mutants(function)]
    assert [str(o) for o in outcomes if o.verdict == SURVIVED and o.name not in EXPLAINED] == []
    assert sum(outcome.verdict == KILLED for outcome in outcomes) > 10


def test_every_explained_survivor_is_a_mutant() -> None:
    assert set(EXPLAINED) <= {mutant.name for mutant in list_mutants()}


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    assert read_record(path) == {}
    write_record(path, [FIRST, LIVING])
    assert read_record(path) == {"a": FIRST, "b": LIVING}
    assert [item["verdict"] for item in json.loads(path.read_text())] == ["killed", "SURVIVED"]
    assert list(tmp_path.iterdir()) == [path]


def test_the_summary_counts_and_lists_the_survivors() -> None:
    text = summarize([FIRST, LIVING, LIVING._replace(name="c", verdict=EQUIVALENT)])
    assert "1 of 2 mutants killed (50.0%); beside them 1 are equivalent and 0 stillborn" in text
    assert "survived: term dropped: in scale, line 1: `c + d` became `d` (NOT EXPLAINED)" in text
    assert "equivalent: term dropped" in text
    assert "killed by: same trajectory 1" in text


def test_the_command_line_continues_from_a_record(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "record.json"
    command = ["--mechanical", "scale", "--record", str(path)]
    assert main([*command, "--seconds", "0"]) == 0
    assert "the same command continues" in capsys.readouterr().err
    known = {m.name: FIRST._replace(name=m.name) for m in list_mutants("scale")}
    missing = find("scale", "lambda d: factor / d").name
    write_record(path, [outcome for name, outcome in known.items() if name != missing])
    assert main(command) == 0
    assert "killed     operation replaced: in scale, line" in capsys.readouterr().out
    assert set(read_record(path)) == set(known)
    assert main(["--mechanical", "no such"]) == 2


def test_both_kinds_are_scored_by_one_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "record.json"
    write_record(path, [FIRST._replace(name=mutant.name) for mutant in list_mutants("scale_by_sign")])
    assert main(["--all", "scale_by_sign", "sign_by_the_sum", "--record", str(path)]) == 0
    written, edits = capsys.readouterr().out.splitlines()[-2:]
    assert written.startswith("hand-written: 1 of 1 mutants killed (100%)")
    assert edits.startswith("mechanical: ")
    assert "mutants killed (100.0%)" in edits
