"""The tables of where the frameworks differ."""

from __future__ import annotations

import inspect

import pytest

from docs._extensions.framework_differences import MATCHED, gaps, table_of_gaps
from gradlab.flavors import framework_names
from tests.flavors.golden_runs import factories


@pytest.fixture(scope="module")
def shares():
    """The gaps by optimizer and pair: {(scale, rate): share of the distance}."""
    return {(gap.name, *gap.frameworks): gap.gaps for gap in gaps()}


def test_every_shared_optimizer_is_compared():
    made = [set(factories(flavors)) for flavors in framework_names.FLAVORS.values()]
    shared = {name for one in made for name in one if sum(name in other for other in made) > 1}
    assert {matched.call("torch")[0] for matched in MATCHED} == shared


def test_what_is_the_same_is_the_same(shares):
    same = ("SGD", "Adadelta", "Adam", "AdamW, weight decay 0.1", "AdaMax", "SGD, momentum 0.9")
    assert all(share < 1e-11 for name in same for share in shares[name, "torch", "optax"].values())
    assert all(share < 1e-11 for share in shares["Adagrad, initial sum 0.1", "keras", "optax"].values())


def test_what_differs_differs_where_it_must(shares):
    momentum = shares["SGD, momentum 0.9", "torch", "keras"]  # the rate inside the buffer or outside
    assert max(momentum[1.0, "constant"], momentum[1e-4, "constant"]) < 1e-11
    assert min(momentum[1.0, "decaying"], momentum[1e-4, "decaying"]) > 0.1
    epsilon = shares["Adam", "torch", "keras"]  # before or after the correction
    assert 0 < 100 * epsilon[1.0, "constant"] < epsilon[1e-4, "constant"]
    assert all(share > 0.01 for share in shares["AMSGrad", "torch", "optax"].values())
    assert all(share > 0.1 for share in shares["Adam, weight decay 0.1", "torch", "keras"].values())


def test_the_flavors_stand_in_only_where_no_golden_run_matches():
    stand_ins = {(gap.name, framework) for gap in gaps() for framework in gap.computed}
    assert ("Adam", "keras") in stand_ins  # Keras's default epsilon is another
    assert not {("Adam", "torch"), ("SGD, momentum 0.9", "keras"), ("Adam, epsilon 0.001", "keras")} & stand_ins


def test_the_tables_are_markdown():
    for table in (table_of_gaps(), framework_names.format_defaults()):
        lines = table.split("\n")
        assert len(lines) > 20
        assert {line.count("|") for line in lines} == {lines[0].count("|")}
    assert "| **rmsprop** | | | |\n| rate | `lr=0.01` | `learning_rate=0.001` | `learning_rate`, required |" in table
    assert "| decay | `alpha=0.99` | `rho=0.9` | `0.9` |" in table


def test_large_gaps_are_written_without_a_power_of_ten():
    row = next(line for line in table_of_gaps().split("\n") if "Adam, weight decay 0.1" in line)
    assert "e-01" not in table_of_gaps()
    assert all(0.1 < float(cell) < 2 for cell in row.split("|")[3:7])


def test_common_names_become_each_frameworks_own():
    assert framework_names.name_arguments("torch", rate=0.1, b1=0.8, b2=0.9, eps=1e-3) == {
        "lr": 0.1,
        "betas": (0.8, 0.9),
        "eps": 1e-3,
    }
    assert framework_names.name_arguments("keras", rate=0.1, b1=0.8, eps=1e-3) == {
        "learning_rate": 0.1,
        "beta_1": 0.8,
        "epsilon": 1e-3,
    }
    assert framework_names.read_defaults("optax", "adam")["learning_rate"] is inspect.Parameter.empty
