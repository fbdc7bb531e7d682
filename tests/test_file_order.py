"""The files that start first are there, each once, and those that are not listed keep their order behind them."""

from pathlib import Path

import pytest

from tests.file_order import LONGEST, find_place

ROOT = Path(__file__).parents[1]


def test_listed_files_exist_and_are_listed_once() -> None:
    assert [file for file in LONGEST if not (ROOT / file).is_file()] == []
    assert len(set(LONGEST)) == len(LONGEST)


def test_the_listed_come_first_and_the_others_keep_their_order() -> None:
    files = ["tests/b.py", LONGEST[1], "tests/a.py", LONGEST[0]]
    assert sorted(files, key=find_place) == [LONGEST[0], LONGEST[1], "tests/b.py", "tests/a.py"]


def test_the_tests_of_this_run_are_in_that_order(request: pytest.FixtureRequest) -> None:
    places = [find_place(item.nodeid.partition("::")[0]) for item in request.session.items]
    assert places == sorted(places)
