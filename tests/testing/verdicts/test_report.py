import json

import pytest

from gradlab.testing import Report, Result, Unexamined
from gradlab.testing.verdicts.report import NOT_TRIED

REPORT = Report(
    "thing()",
    (
        Result("pure", "the same inputs give the same outputs", "holds", seconds=0.5),
        Result("any tree", "any tree works", "broken", "a scalar: it fell", "it assumes a dict", seconds=0.25),
        Result("exports", "it lowers", "not applicable", "no device"),
    ),
)


def test_text_counts_verdicts_and_explains_what_is_broken() -> None:
    assert str(REPORT).splitlines() == [
        "thing(): 1 law holds, 1 is broken, 1 does not apply (0.8 s)",
        "",
        "  NOT EXAMINED",
        "    exports: no device",
        "",
        "  BROKEN  any tree: any tree works",
        "    found: a scalar: it fell",
        "    usual cause: it assumes a dict",
    ]


def test_what_was_not_examined_is_grouped_by_the_reason() -> None:
    results = (
        Result("ranges", "ranges", "not applicable", "a plain pair"),
        Result("pure", "pure", "holds"),
        Result("any tree", "any tree works", "holds", "it refuses scalars"),
        Result("schedulable", "schedules", "not applicable", "a plain pair"),
        Result("exports", "it lowers", "broken", "it fails"),
    )
    report = Report("thing()", results, (Unexamined("nobody claims it", ("descends", "unbiased")),))
    assert report.unexamined == (
        Unexamined("a plain pair", ("ranges", "schedulable")),
        Unexamined("it refuses scalars", ("any tree (in part)",)),
        Unexamined("nobody claims it", ("descends", "unbiased")),
    )
    assert (
        "  NOT EXAMINED\n    ranges, schedulable: a plain pair\n    any tree (in part): it refuses scalars\n"
        "    descends, unbiased: nobody claims it\n\n  BROKEN"
    ) in str(report)
    data = json.loads(report.to_json())
    assert data["unexamined"][0] == {"reason": "a plain pair", "laws": ["ranges", "schedulable"]}


def test_json_holds_everything() -> None:
    data = json.loads(REPORT.to_json())
    assert (data["subject"], data["ok"], data["seconds"]) == ("thing()", False, 0.75)
    assert data["results"][1]["detail"] == "a scalar: it fell"


def test_lookup_by_law() -> None:
    assert REPORT["exports"].verdict == "not applicable"
    with pytest.raises(KeyError, match="examined: pure, any tree, exports"):
        REPORT["stable"]
    assert not REPORT.ok
    assert Report("x", ()).ok


@pytest.mark.parametrize("width", [40, 80, 110])
def test_text_fits_the_width(width: int) -> None:
    statement = "a statement that is longer than forty columns, and than eighty, too, if one reads it to the end"
    report = Report("thing()", (Result("pure", statement, "broken", f"{statement}\n{statement}", statement),))
    lines = report.to_text(width).splitlines()
    assert max(map(len, lines)) <= width
    assert " ".join(" ".join(lines).split()).count(statement) == 4


def test_the_values_that_were_compared_are_told_apart_from_what_was_not_examined() -> None:
    report = Report("thing()", (Result("same trajectory", "it moves alike", "holds", "Compared at b1=0.9."),))
    assert report.to_text().splitlines()[1:] == ["", "  same trajectory: Compared at b1=0.9."]
    assert report.unexamined == ()
    assert "Compared at b1=0.9." in report.to_json()


def test_laws_that_were_left_for_lack_of_time_are_not_ok() -> None:
    """The report derives it, so that it counts for schedules as well."""
    late = Result("exports", "it lowers", "not examined", f"{NOT_TRIED}, because pure and any tree took more than 1 s")
    unfinished = Report("thing()", (late,))
    assert not unfinished.ok
    assert unfinished.to_text(200).splitlines()[-1] == (
        "  UNFINISHED  1 law was not tried, for lack of time: raise seconds_per_law (--seconds-per-law). No law is "
        "broken, but the exit code is 1 until all laws were tried."
    )
    broken = Result("pure", "it is pure", "broken", "it is not")
    text = Report("thing()", (late, late, broken)).to_text(200)
    assert "  UNFINISHED  2 laws were not tried, for lack of time: raise seconds_per_law (--seconds-per-law).\n" in text
    assert Report("thing()", (Result("exports", "it lowers", "not examined", "no answer after 1 s"),)).ok
