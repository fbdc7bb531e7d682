"""Names are looked up, and a name that does not exist is answered with a suggestion."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import optax
import pytest

from gradlab.lab._inputs.name_lookup import UnknownNameError, look_up, suggest_attribute, suggest_name

TABLE = {"adam": 1, "adamw": 2, "sgd": 3, "sgd_momentum": 4}


def test_a_name_is_found() -> None:
    assert look_up("adam", TABLE, "optimizer", may_be_own=True) == 1


@pytest.mark.parametrize(
    ("name", "meant"), [("adm", "adam"), ("Adam", "adam"), ("sgd-momentum", "sgd_momentum"), ("adamW", "adamw")]
)
def test_near_matches_come_first(name: str, meant: str) -> None:
    with pytest.raises(UnknownNameError, match=rf"no optimizer is named '{name}'; did you mean {meant}( or .*)?\?"):
        look_up(name, TABLE, "optimizer", may_be_own=True)


def test_without_a_near_match_all_are_listed() -> None:
    with pytest.raises(UnknownNameError, match="there are adam, adamw, sgd, sgd_momentum"):
        look_up("xyz", TABLE, "optimizer", may_be_own=True)


def test_a_dot_in_the_place_of_a_colon_is_pointed_out() -> None:
    with pytest.raises(UnknownNameError, match=r"'optax.adam'; a name in a module is typed with a colon, optax:adam$"):
        look_up("optax.adam", TABLE, "optimizer", may_be_own=True)


def test_a_name_in_a_file_of_the_folder_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.py").write_text("def sign_fade(")
    (tmp_path / "mine.py").write_text("import os\n\n\ndef sign_fade(learning_rate): ...\n\n\nbowl = None\n")
    with pytest.raises(UnknownNameError, match=r"'sign_fade'; a name in mine.py is typed mine:sign_fade$"):
        look_up("sign_fade", TABLE, "optimizer", may_be_own=True)
    with pytest.raises(UnknownNameError, match=r"a name in mine.py is typed mine:bowl$"):
        look_up("bowl", TABLE, "problem", may_be_own=True)


def test_a_name_that_a_study_lacks_is_answered_with_those_that_it_has() -> None:
    with pytest.raises(UnknownNameError, match=r"no optimizer of this study is named 'sgd'; there are adamw, mine$"):
        look_up("sgd", {"mine": 1, "adamw": 2}, "optimizer of this study")


def test_only_what_may_be_the_users_own_is_sought_elsewhere() -> None:
    with pytest.raises(UnknownNameError, match=r"no problem here is named 'adamw'; there are bowl$"):
        look_up("adamw", {"bowl": 1}, "problem here")
    with pytest.raises(UnknownNameError, match="it is an optimizer"):
        look_up("adamw", {"bowl": 1}, "problem here", may_be_own=True)


def test_similar_names_are_suggested() -> None:
    assert suggest_name("adm", TABLE) == "did you mean adam or adamw?"
    assert suggest_name("xyz", TABLE) == ""


def test_names_that_hold_a_word_come_first() -> None:
    table = ["rmsprop", "scale_by_rms", "clip_by_norm", "add_decayed_weights", "weight_decay", "delay"]
    assert suggest_name("rms", table) == "did you mean scale_by_rms or rmsprop?"
    assert suggest_name("decay", table) == "did you mean weight_decay or add_decayed_weights or delay?"
    assert suggest_name("by", table) == ""  # in too many names
    assert suggest_name("", table) == ""


def test_the_names_that_are_listed_are_few() -> None:
    table = {f"name{letter}": 0 for letter in "abcdefghijklmnop"}
    with pytest.raises(UnknownNameError, match=r"there are namea, .*, namej and 6 more; type your own as module:NAME$"):
        look_up("zzz", table, "optimizer", may_be_own=True)


def test_a_name_of_a_submodule_is_found() -> None:
    assert suggest_attribute(optax, "muon") == "did you mean optax.contrib:muon?"
    assert suggest_attribute(optax, "adamm").startswith("did you mean adam or ")
    assert suggest_attribute(optax, "zzzzzzz").endswith(" more")
    assert len(suggest_attribute(optax, "zzzzzzz")) < 300
    assert suggest_attribute(ModuleType("empty"), "x") == "it has nothing public"
