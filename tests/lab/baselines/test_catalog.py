"""Baselines that do not fit are refused, with both values and what to do, or said to be other."""

from __future__ import annotations

import lzma
import shutil
from pathlib import Path
from typing import Any

import pytest

import gradlab as gl
from gradlab.lab._baselines import catalog
from gradlab.lab._baselines.baseline_file import read_baseline, write_baseline
from gradlab.lab._baselines.catalog import RefusedBaselinesError, find_baselines
from gradlab.lab._baselines.searches import SHIPPED
from gradlab.lab.problems import Quadratic, Ravine
from tests.lab.baselines.conftest import Races


def change(races: Races, folder: Path, dataset: Any = None, **attributes: str) -> Path:
    """Write the baseline with other content into a folder, and return it."""
    old = races.baseline
    own = {**old.origin, "definition": old.definition, **attributes}
    path = folder / old.path.name
    write_baseline(path, old.dataset if dataset is None else dataset, own, own["definition"], old.settings, 1.0)
    return folder


def test_what_fits_has_no_warnings(races: Races) -> None:
    found = find_baselines(races.folder, [Ravine()])["ravine"]
    assert found.warnings == ()
    assert found.dataset.optimizer.values.tolist() == ["sgd", "adam"]


def test_other_versions_are_named(races: Races, tmp_path: Path) -> None:
    found = find_baselines(change(races, tmp_path, jax="0.1.2"), [Ravine()])["ravine"]
    assert found.warnings[0].startswith("the baseline on ravine was computed with jax 0.1.2 (here 0.")
    with pytest.warns(UserWarning, match=r"computed with jax 0\.1\.2"):
        results = gl.lab.race("ravine", "lion", against=tmp_path)
    assert "jax 0.1.2" in results.attrs["parts"]


def test_a_recipe_that_changed_is_left_out_by_name(races: Races, tmp_path: Path) -> None:
    old = races.baseline.dataset
    texts = old.composition.values.copy()
    texts[0] = "0123456789abcdef"
    changed = old.assign_coords(composition=("optimizer", texts))
    found = find_baselines(change(races, tmp_path, changed), [Ravine()])["ravine"]
    assert found.warnings == ("left out on ravine, since their recipes changed after the baseline: sgd",)
    assert found.dataset.optimizer.values.tolist() == ["adam"]
    both = old.assign_coords(composition=("optimizer", ["0", "1"]))
    with pytest.raises(RefusedBaselinesError, match="no optimizer of the baseline on ravine is what it was"):
        find_baselines(change(races, tmp_path, both), [Ravine()])


def test_other_arguments_code_and_problems_are_refused(
    races: Races, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(RefusedBaselinesError, match=r"is of Ravine\(steepness=50.* and this race of Ravine\(steep.*20"):
        find_baselines(races.folder, [Ravine(steepness=20.0)])
    with pytest.raises(RefusedBaselinesError, match="has no baseline on quadratic, but on ravine; compute it anew: gr"):
        find_baselines(races.folder, [Quadratic()])
    other = change(races, tmp_path, definition="0" * 16)
    with pytest.raises(RefusedBaselinesError, match="code of ravine is not that of its baseline"):
        find_baselines(other, [Ravine()])
    monkeypatch.setattr(catalog, "read_result_settings", lambda: {**races.baseline.settings, "XLA_FLAGS": "--fast"})
    with pytest.raises(RefusedBaselinesError, match="XLA_FLAGS is unset in the baseline on ravine, --fast here; set"):
        find_baselines(races.folder, [Ravine()])


def test_other_places_and_damage_are_refused(races: Races, tmp_path: Path) -> None:
    with pytest.raises(RefusedBaselinesError, match="is no folder; pass baselines for those of gradlab"):
        find_baselines(tmp_path / "nowhere", [Ravine()])
    with pytest.raises(RefusedBaselinesError, match="has no baselines; pass baselines"):
        find_baselines(tmp_path, [Ravine()])
    copy = tmp_path / races.baseline.path.name
    content = bytearray(races.baseline.path.read_bytes())
    content[len(content) // 2] ^= 1
    copy.write_bytes(content)
    with pytest.raises(RefusedBaselinesError, match="cannot be read as a baseline"):
        find_baselines(tmp_path, [Ravine()])
    copy.write_bytes(lzma.compress(b"text"))
    with pytest.raises(RefusedBaselinesError, match="cannot be read as a baseline"):
        find_baselines(tmp_path, [Ravine()])
    shutil.copy(races.baseline.path, tmp_path)
    assert find_baselines(tmp_path, [Ravine()])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rates": 3}, r"rates: 0.003,0.01,0.03 in the baseline on ravine, 3 requested; leave out --rates \(rates=\)"),
        ({"rates": [0.01]}, "0.01 requested"),
        ({"seeds": 4}, "seeds: 6 from 0 to 5 in the baseline on ravine, 0,1,2,3 requested"),
        ({"steps": 41}, "steps: 40 in the baseline on ravine, 41 requested; .* gradlab baselines --problem ravine"),
        ({"optimizers": "adam"}, "adam: among the baselines on ravine already; leave it out, or give yours another"),
        ({"optimizers": None}, "against compares optimizers of yours with the baselines, and none is given"),
        ({"prune": "halving"}, "leave out prune or against"),
    ],
)
def test_options_that_the_baseline_does_not_have_are_refused(
    races: Races, options: dict[str, Any], message: str
) -> None:
    given = {"optimizers": "lion", **options}
    with pytest.raises(ValueError, match=message):
        gl.lab.race("ravine", against=races.folder, **given)


@pytest.mark.parametrize("name", SHIPPED)
def test_what_is_shipped_is_complete_and_of_this_code(name: str) -> None:
    from gradlab.lab._baselines.compression import digest_composition
    from gradlab.lab._baselines.definitions import digest_definition
    from gradlab.lab._inputs.default_contestants import collect_contestants
    from gradlab.lab.problems import PROBLEMS

    problem = PROBLEMS[name]()
    baseline = read_baseline(catalog.list_baselines(catalog.locate("baselines"))[name])
    hint = f"repeat it: gradlab baselines --problem {name}, and copy the file into gradlab/lab/_baselines/files"
    assert baseline.definition == digest_definition(problem), hint
    assert (len(baseline.rates), len(baseline.seeds), baseline.steps) == (13, 10, problem.steps)
    contestants = collect_contestants()
    assert set(baseline.optimizers) == set(contestants), hint
    texts = {digest_composition(str(contestants[name](baseline.rates[6]))) for name in baseline.optimizers}
    assert texts == set(baseline.dataset.composition.values.tolist()), hint
    assert baseline.path.stat().st_size < 400 * 1024
    assert baseline.settings["jax_enable_x64"] == "False"
    assert baseline.origin["command"].startswith("gradlab race --problem")


def test_all_that_is_shipped_is_listed_and_small() -> None:
    paths = catalog.list_baselines(catalog.locate("baselines"))
    assert set(paths) == set(SHIPPED)
    assert sum(path.stat().st_size for path in paths.values()) < 2 * 2**20
