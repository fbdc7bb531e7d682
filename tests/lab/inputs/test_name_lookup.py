"""Names are found, or met with what was meant."""

from __future__ import annotations

from types import ModuleType

import optax
import pytest

from gradlab.lab.inputs.name_lookup import UnknownNameError, advice, meant, pick

TABLE = {"adam": 1, "adamw": 2, "sgd": 3, "sgd_momentum": 4}


def test_a_name_is_found() -> None:
    assert pick("adam", TABLE, "optimizer") == 1


@pytest.mark.parametrize(
    ("name", "meant"), [("adm", "adam"), ("Adam", "adam"), ("sgd-momentum", "sgd_momentum"), ("adamW", "adamw")]
)
def test_near_matches_come_first(name: str, meant: str) -> None:
    with pytest.raises(UnknownNameError, match=rf"no optimizer is named '{name}'; did you mean {meant}( or .*)?\?"):
        pick(name, TABLE, "optimizer")


def test_without_a_near_match_all_are_listed() -> None:
    with pytest.raises(UnknownNameError, match="there are adam, adamw, sgd, sgd_momentum"):
        pick("xyz", TABLE, "optimizer")


def test_a_dot_in_the_place_of_a_colon_is_pointed_out() -> None:
    with pytest.raises(UnknownNameError, match=r"'optax.adam'; one of a module is typed with a colon, optax:adam$"):
        pick("optax.adam", TABLE, "optimizer")


def test_what_was_meant() -> None:
    assert meant("adm", TABLE) == "did you mean adam or adamw?"
    assert meant("xyz", TABLE) == ""


def test_the_names_that_are_listed_are_few() -> None:
    table = {f"name{letter}": 0 for letter in "abcdefghijklmnop"}
    with pytest.raises(
        UnknownNameError, match=r"there are namea, .*, namej and 6 more; your own is typed module:NAME$"
    ):
        pick("zzz", table, "optimizer")


def test_a_name_of_a_submodule_is_found() -> None:
    assert advice(optax, "muon") == "did you mean optax.contrib:muon?"
    assert advice(optax, "adamm").startswith("did you mean adam or ")
    assert advice(optax, "zzzzzzz").endswith(" more")
    assert len(advice(optax, "zzzzzzz")) < 300
    assert advice(ModuleType("empty"), "x") == "it has nothing public"
