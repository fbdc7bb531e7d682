"""What is measured, and what is refused."""

from __future__ import annotations

import pytest

from gradlab.bench.counterparts import COUNTERPARTS, DEFAULT
from gradlab.bench.plan import format_power, make_plan, parse_counts, parse_libraries
from gradlab.lab._inputs.name_lookup import UnknownNameError


def test_counts() -> None:
    assert parse_counts("2^10, 1e6,2**4,7,7", "--size") == [7, 16, 1024, 1_000_000]
    for text in ("", "0", "-1", "1.5", "2^0.5", "many", "2^99", "1,,2", "nan", "inf"):
        with pytest.raises(ValueError, match="--size must be a list of whole numbers from 1 on, such as"):
            parse_counts(text, "--size")


def test_libraries() -> None:
    assert parse_libraries("torch,optax") == ["torch", "optax"]
    assert parse_libraries("none") == []
    with pytest.raises(ValueError, match="--against must be a list of optax and torch, or none, got 'keras'"):
        parse_libraries("optax,keras")


def test_plans() -> None:
    plan = make_plan([], [64], [1, 2], ["optax"], 0.1)
    assert plan.rows == [(name, 64, leaves) for leaves in (1, 2) for name in DEFAULT]
    everything = make_plan(["all"], [64, 2**23], [1], [], 0.1)
    assert {name for name, _, _ in everything.rows} == set(COUNTERPARTS)
    assert everything.left_out == ["muon", "galore"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((["adamm"], [64], [1]), "did you mean adam"),
        ((["adam"], [64], [3]), "64 parameters cannot be divided into 3 equal leaves"),
        ((["adam"], [2**40], [1]), "adam with 2\\^40 parameters needs about .* GiB .* pass a smaller --size"),
    ],
)
def test_refusals(arguments: tuple[list[str], list[int], list[int]], message: str) -> None:
    with pytest.raises((ValueError, UnknownNameError), match=message):
        make_plan(*arguments, [], 0.1)


def test_powers_of_two_are_printed_as_such() -> None:
    assert [format_power(count) for count in (64, 1024, 1025, 2**25)] == ["64", "2^10", "1,025", "2^25"]
