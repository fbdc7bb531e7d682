"""Every contract and claim, for every transformation in the registry; and every recipe against its reference."""

import jax
import pytest

from gradlab import registry
from gradlab.core.claims import claims_of
from gradlab.testing import CONTRACTS, assert_same_trajectory, check, references

ENTRIES = {name: entry for name, entry in registry.entries().items() if entry.kind not in ("schedule", "selector")}
RECIPES = registry.of_kind("recipe")


@pytest.mark.parametrize("name", ENTRIES)
def test_transformation_keeps_every_contract_and_claim(name: str) -> None:
    entry = ENTRIES[name]
    report = check(entry.example, claims=claims_of(entry.example), seconds_per_law=300)  # other work may run beside it
    assert report.ok, str(report)
    assert {result.law for result in report.results} >= set(CONTRACTS)
    held = [result.law for result in report.results if result.verdict == "holds"]
    is_stochastic = "stochastic" in claims_of(entry.example).get("domain", ())  # for which three laws do not apply
    assert len(held) >= len(CONTRACTS) - 6 - is_stochastic, f"too many laws did not apply; those that hold: {held}"


@pytest.mark.xla_defaults
@pytest.mark.parametrize("name", ["adam", "amsbound"])
def test_recipe_keeps_every_contract_as_xla_compiles_by_itself(name: str) -> None:
    """Only with `-m xla_defaults` does `tests/conftest.py` leave the options of XLA as they are."""
    report = check(RECIPES[name].example, claims=claims_of(RECIPES[name].example), reference=name)
    assert report.ok, str(report)


@pytest.mark.parametrize("name", [name for name in RECIPES if name != "sophia"])  # tests/optimizers fixes its draws
def test_recipe_moves_as_its_reference(name: str) -> None:
    long = 300 if name in ("shampoo", "soap") else 3000  # these references decompose matrices at every step
    assert_same_trajectory(RECIPES[name].example, name, extra={"value": 1.0}, long=long)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("sgd", {"momentum": 0.9}),
        ("sgd", {"momentum": 0.9, "dampening": 0.5}),
        ("sgd", {"momentum": 0.9, "nesterov": True}),
        ("rmsprop", {"centered": True}),
        ("rmsprop", {"momentum": 0.9}),
        ("rmsprop", {"momentum": 0.9, "nesterov": True, "centered": True}),
        ("adam", {"b1": 0.0, "b2": 0.5, "eps": 1e-3}),
        ("adagrad", {"initial_accumulator_value": 0.1}),
        ("adabound", {"final_rate": 1e-2, "gamma": 0.1}),
    ],
    ids=str,
)
def test_options_move_as_in_the_reference(name: str, options: dict[str, float]) -> None:
    shapes = {"b": (3,), "a": (2, 2)}  # the recipe itself is compared on the network, and for 3,000 steps
    assert_same_trajectory(RECIPES[name].factory(1e-2, **options), name, shapes=shapes, long=0)


def test_every_recipe_has_a_reference() -> None:
    assert [name for name in RECIPES if not hasattr(references, name)] == []


def test_sharded_runs_were_examined() -> None:
    assert len(jax.devices()) > 1, "tests/conftest.py forces several host devices"
    report = check(RECIPES["adam"].example, laws=("sharded equals unsharded",))
    assert report["sharded equals unsharded"].verdict == "holds"
