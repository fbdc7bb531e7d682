"""The small experiments of the recipes' pages: what is stored is what the code computes, and the text says it."""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import jax
import numpy as np
import pytest

import gradlab as gl
from docs._extensions.recipe_behavior.sentences import write_behavior
from docs._extensions.recipe_experiments import stored_pairs, stored_spectra
from docs._extensions.recipe_experiments.pairs import PAIRS
from docs._extensions.recipe_groups import GROUPS
from gradlab.registry import of_kind

EXTENSIONS = Path(__file__).parents[2] / "docs" / "_extensions"


@pytest.fixture(scope="module")
def matrices() -> Iterator[ModuleType]:
    """The module of the section on a matrix, imported by its own name, as Sphinx does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(EXTENSIONS)
        yield importlib.import_module("recipe_experiments.matrix_section")


def test_every_method_for_matrices_has_singular_values_of_this_code() -> None:
    expected = {"adam", "galore", *GROUPS["Matrices"][1]}
    assert set(stored_spectra.METHODS) == expected
    assert set(stored_spectra.read()) == expected, f"methods are new, or have changed: run {stored_spectra.COMMAND}"


@pytest.mark.parametrize("name", ["adam", "muon"])
def test_stored_singular_values_are_those_of_the_code(name: str) -> None:
    with jax.enable_x64(False), jax.numpy_dtype_promotion("standard"):
        computed = stored_spectra.run(name)["updates"]
    for number, values in stored_spectra.read()[name].items():
        np.testing.assert_allclose(values, computed[number], atol=2e-3)


def test_the_gradient_is_as_strong_as_the_page_says() -> None:
    gradient, _ = stored_spectra.make_matrices()
    assert gradient.shape == stored_spectra.SHAPE
    values = np.linalg.svd(gradient, compute_uv=False)
    np.testing.assert_allclose(values[[0, -1]], [1, stored_spectra.WEAKEST])
    adam = np.linalg.svd(np.sign(gradient), compute_uv=False)
    np.testing.assert_allclose(stored_spectra.read()["adam"][1], adam / adam[0], atol=1e-3)  # the sign of each number


def test_changed_methods_are_left_out_and_another_gradient_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = json.loads(stored_spectra.FILE.read_text("utf-8"))
    changed["methods"]["muon"]["composition"] = "sgd()"
    monkeypatch.setattr(stored_spectra, "FILE", tmp_path / "spectra.json")
    stored_spectra.FILE.write_text(json.dumps(changed), "utf-8")
    assert set(stored_spectra.METHODS) - set(stored_spectra.read.__wrapped__()) == {"muon"}
    stored_spectra.FILE.write_text(json.dumps(changed | {"seed": 3}), "utf-8")
    with pytest.raises(ValueError, match="has the seed 3, and this code 0; renew it: python -m docs"):
        stored_spectra.read.__wrapped__()


def test_a_page_draws_the_singular_values_and_says_how_far_they_fall(matrices: ModuleType) -> None:
    text = "\n".join(matrices.write_matrix_section("muon"))
    weakest = stored_spectra.read()["muon"][1][-1]
    assert f"0.097 for Adam's update and {weakest:.2g} for update 1 of `muon`. So it goes more than half as far" in text
    assert "So update 100 goes more than half as far" in "\n".join(matrices.write_matrix_section("soap"))
    assert re.findall("<code>(.*?)</code>", text) == ["muon, update 1", "adam, update 1", "the gradient"]
    assert len(re.findall("<polyline", text)) == 3
    soap = "\n".join(matrices.write_matrix_section("soap"))
    assert "The first update is zero: it only fills the state." in soap
    assert {"soap, update 2", "soap, update 100"} < {*re.findall("<code>(.*?)</code>", soap)}
    galore = "\n".join(matrices.write_matrix_section("galore"))
    assert "Only 4 of the 16 directions are left." in galore
    assert "`galore` with `rank=4`" in galore
    assert matrices.write_matrix_section("adam") == matrices.write_matrix_section("lion") == []


@pytest.fixture(scope="module")
def pairs() -> Iterator[ModuleType]:
    """The module of the section on wrappers, imported by its own name, as Sphinx does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(EXTENSIONS)
        yield importlib.import_module("recipe_experiments.pair_section")


def test_every_wrapper_with_a_page_has_a_race_of_this_code() -> None:
    wrappers = {name for _, names in GROUPS.values() for name in names} - set(of_kind("recipe"))
    assert set(PAIRS) == wrappers
    assert set(stored_pairs.read()) == set(PAIRS), f"wrappers have changed: run {stored_pairs.COMMAND}"
    for name in PAIRS:
        assert "[below](#with-it-and-without-it)" in "\n".join(write_behavior(name))


@pytest.mark.parametrize("name", ["lookahead", "sam"])
def test_stored_curves_are_those_of_the_code_on_the_page(name: str) -> None:
    code = stored_pairs.describe(name)["code"]
    names: dict[str, Any] = {"__name__": name}
    with jax.enable_x64(False), jax.numpy_dtype_promotion("standard"):
        computed = stored_pairs.run(name)
        exec(code, names)
    for label, curve in stored_pairs.read()[name].items():
        np.testing.assert_array_equal(curve[:, 0], computed["updates"])
        np.testing.assert_array_equal(curve[:, 0], np.arange(len(curve)))  # each update, and as many everywhere
        np.testing.assert_allclose(curve[:, 1], computed["curves"][label], rtol=1e-2, atol=1e-4)
        on_page = names["curves"].sel(optimizer=label)
        np.testing.assert_allclose(curve[on_page.evaluation.values, 1], on_page.values, rtol=1e-2, atol=1e-4)


@pytest.mark.parametrize("name", PAIRS)
def test_what_is_seen_is_in_the_curves(name: str) -> None:
    with_it, without = (stored_pairs.read()[name][label] for label in ("with it", "without it"))
    if PAIRS[name].is_about_minima:
        assert without[-1, 1] == pytest.approx(-1, abs=1e-3)
        assert with_it[-1, 1] == pytest.approx(1, abs=0.02)
    else:
        late = with_it[:, 0] >= 270
        assert (with_it[late, 1] < 0.6 * without[late, 1]).all()
    if name == "average_params":
        assert with_it[28, 1] > without[28, 1]  # it goes there later


def test_changed_wrappers_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changed = json.loads(stored_pairs.FILE.read_text("utf-8"))
    changed["pairs"]["sam"]["compositions"]["with it"] = "sgd()"
    changed["pairs"]["asam"]["code"] = ""
    monkeypatch.setattr(stored_pairs, "FILE", tmp_path / "pairs.json")
    stored_pairs.FILE.write_text(json.dumps(changed), "utf-8")
    assert set(PAIRS) - set(stored_pairs.read.__wrapped__()) == {"sam", "asam"}


def test_a_page_shows_the_code_of_the_race_and_names_both_runs(pairs: ModuleType) -> None:
    text = "\n".join(pairs.write_pair_section("lookahead"))
    assert stored_pairs.describe("lookahead")["code"] in text
    assert re.findall("<code>(.*?)</code>", text) == [
        "sgd(0.1, momentum=0.9)",
        "lookahead(sgd(0.1, momentum=0.9))",
    ]
    curve = stored_pairs.read()["lookahead"]["with it"]
    assert f"the loss is {curve[curve[:, 0] >= 270, 1].mean():.2g} with it" in text
    for name in PAIRS:
        label = pairs.write_label(name, "with it")
        assert (
            str(eval(label, {n: getattr(gl, n) for n in (name, "sgd")}))
            == (stored_pairs.describe(name)["compositions"]["with it"])
        )
    assert "The chart has every update; `curves` has 46 of them, at which a race evaluates." in text
    assert "class TwoMinima(Problem):" in "\n".join(pairs.write_pair_section("sam"))
    assert pairs.write_pair_section("adam") == []
