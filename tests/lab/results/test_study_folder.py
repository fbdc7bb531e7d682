"""A study writes only to its own files in a folder, and continues from what is there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import xarray as xr

from gradlab.lab._inputs.default_contestants import collect_contestants
from gradlab.lab._results import study_folder
from gradlab.lab._results.plan import make_plan
from gradlab.lab._results.results_file import FORMAT, write
from gradlab.lab._storage import checkpoints
from gradlab.lab._studies.race import RaceStudy
from gradlab.lab.problems import Ravine


@pytest.fixture(scope="module")
def plan() -> dict[str, Any]:
    return planned(steps=3)


def planned(**changes: Any) -> dict[str, Any]:
    table = collect_contestants()
    options: dict[str, Any] = {"rates": 2, "seeds": 2, **changes}
    return make_plan("race", RaceStudy((Ravine(),), (table["sgd"], table["adam"]), **options).tasks)


def results(path: Path, plan: dict[str, Any] | None = None, format: str = FORMAT) -> None:
    own = {} if plan is None else {"plan": checkpoints.compute_digest(plan)}
    write(path, {"empty": xr.Dataset()}, {"format": format, "gradlab": "0.0.9", **own})


def test_a_new_folder_is_made_with_its_parents(tmp_path: Path, plan: dict[str, Any]) -> None:
    study_folder.prepare_folder(tmp_path / "a" / "b")
    assert list((tmp_path / "a" / "b").iterdir()) == []
    assert study_folder.examine_folder(tmp_path / "a" / "b", plan) == "new"


def test_a_folder_may_hold_other_files(tmp_path: Path, plan: dict[str, Any]) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "cat.png").write_text("mine")
    assert study_folder.examine_folder(tmp_path, plan) == "new"


def test_a_file_in_the_place_of_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(study_folder.FolderError, match="is a file; pass the name of a folder"):
        study_folder.prepare_folder(tmp_path / "file")
    with pytest.raises(study_folder.FolderError, match=r"cannot be written .* pass another folder"):
        study_folder.prepare_folder(tmp_path / "file" / "below")


def unfinished(path: Path, plan: dict[str, Any]) -> None:
    """A folder in which one chunk of a plan is done."""
    checkpoints.initialize_folder(path, plan)
    checkpoints.CheckpointStore(path, plan).write(0, 0, 0, checkpoints.ChunkResult({}, 1.0, 1.0), [])


def test_a_plan_without_checkpoints_may_be_replaced(tmp_path: Path, plan: dict[str, Any]) -> None:
    checkpoints.initialize_folder(tmp_path, plan)
    assert study_folder.examine_folder(tmp_path, planned(steps=4)) == "new"
    unfinished(tmp_path, plan)
    with pytest.raises(study_folder.FolderError, match="holds a study with another plan"):
        study_folder.examine_folder(tmp_path, planned(steps=4))


def test_a_plan_is_unfinished_until_its_own_results_are_there(tmp_path: Path, plan: dict[str, Any]) -> None:
    unfinished(tmp_path, plan)
    assert study_folder.examine_folder(tmp_path, plan) == "unfinished"
    results(tmp_path / "results.nc", planned(steps=4))  # those of before, which stay until then
    assert study_folder.examine_folder(tmp_path, plan) == "unfinished"
    results(tmp_path / "results.nc", plan)
    assert study_folder.examine_folder(tmp_path, plan) == "complete"
    assert study_folder.examine_folder(tmp_path, plan, fresh=True) == "new"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"steps": 5}, "steps of sgd on ravine: 3 in the folder, 5 requested"),
        ({"seeds": 3}, "seeds of sgd on ravine: 0, 1 in the folder, 0, 1, 2 requested"),
        ({"rates": (0.5, 0.25)}, "learning_rate of sgd on ravine: .* in the folder, 0.25, 0.5 requested"),
        ({"chunk": 2}, "chunk of sgd on ravine: 4 in the folder, 2 requested"),
    ],
)
def test_another_plan_is_refused_with_what_differs(
    tmp_path: Path, plan: dict[str, Any], change: dict[str, Any], message: str
) -> None:
    unfinished(tmp_path, plan)
    with pytest.raises(study_folder.FolderError, match=message) as caught:
        study_folder.examine_folder(tmp_path, planned(**{"steps": 3, **change}))
    assert "--fresh (fresh=True) discards it and starts anew; another folder keeps it" in str(caught.value)
    assert study_folder.examine_folder(tmp_path, planned(**{"steps": 3, **change}), fresh=True) == "new"


def test_another_version_is_refused(tmp_path: Path, plan: dict[str, Any]) -> None:
    unfinished(tmp_path, {**plan, "versions": {**plan["versions"], "gradlab": "0.0.9"}})
    with pytest.raises(study_folder.FolderError, match=r"gradlab: 0\.0\.9 in the folder, \d"):
        study_folder.examine_folder(tmp_path, plan)


def test_results_of_a_version_without_plans_are_refused_unless_fresh(tmp_path: Path, plan: dict[str, Any]) -> None:
    results(tmp_path / "results.nc", format="gradlab-race-1")
    with pytest.raises(study_folder.FolderError, match=r"results of gradlab 0\.0\.9 without a plan"):
        study_folder.examine_folder(tmp_path, plan)
    assert study_folder.examine_folder(tmp_path, plan, fresh=True) == "new"


def test_a_damaged_result_is_refused_unless_fresh(tmp_path: Path, plan: dict[str, Any]) -> None:
    checkpoints.initialize_folder(tmp_path, plan)
    results(tmp_path / "results.nc", plan)
    path = tmp_path / "results.nc"
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(study_folder.FolderError, match=r"results\.nc is damaged; --fresh"):
        study_folder.examine_folder(tmp_path, plan)
    assert study_folder.examine_folder(tmp_path, plan, fresh=True) == "new"


@pytest.mark.parametrize("fresh", [False, True])
@pytest.mark.parametrize("text", ["", "someone else's"])
def test_results_that_gradlab_did_not_write_are_not_touched(
    tmp_path: Path, plan: dict[str, Any], text: str, fresh: bool
) -> None:
    (tmp_path / "results.nc").write_text(text)
    with pytest.raises(study_folder.FolderError, match="was not written by gradlab, or is damaged; move it away"):
        study_folder.examine_folder(tmp_path, plan, fresh)


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"format": "theirs"}'])
def test_a_plan_that_is_not_ours_is_not_touched(tmp_path: Path, plan: dict[str, Any], text: str) -> None:
    (tmp_path / "plan.json").write_text(text)
    with pytest.raises(study_folder.FolderError, match=r"plan\.json (cannot be read|was not written by gradlab)"):
        study_folder.examine_folder(tmp_path, plan, fresh=True)


OURS = {
    "leaderboard.csv": "problem,rank,optimizer,score\n",
    "leaderboard.json": '{"format": "gradlab-results-2", "files": []}',
    "report.html": '<!doctype html><p class="brand">gradlab</p>',
    "sensitivity_ravine.png": "\x89PNG Software\0gradlab",
}
NAMES = [*OURS, "provenance.json", "parts", "parts/mine", "results.nc", "learning_curves_ravine.png"]


@pytest.mark.parametrize("fresh", [False, True])
@pytest.mark.parametrize("begun", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_files_of_our_names_that_are_not_ours_are_not_touched(
    tmp_path: Path, plan: dict[str, Any], name: str, begun: bool, fresh: bool
) -> None:
    if begun and name != "parts":
        checkpoints.write_plan(tmp_path, planned(steps=4))
    path = tmp_path / name
    if name == "parts":
        path.mkdir()
    else:
        path.parent.mkdir(exist_ok=True)
        path.write_text("mine " * 20)
    with pytest.raises(study_folder.FolderError) as caught:
        study_folder.examine_folder(tmp_path, plan, fresh)
    if begun and not fresh and name == "results.nc":
        assert "holds a study with another plan" in str(caught.value)  # which comes first
    else:
        assert path.relative_to(tmp_path).parts[0] in str(caught.value)
        assert "move it away" in str(caught.value)


def test_all_that_would_be_overwritten_is_named_at_once(tmp_path: Path, plan: dict[str, Any]) -> None:
    for name in ("report.html", "leaderboard.csv", "paths_ravine.png", "paths_of_mine.png", "points.csv"):
        (tmp_path / name).write_text("mine")
    with pytest.raises(study_folder.FolderError) as caught:
        study_folder.examine_folder(tmp_path, plan)
    assert str(caught.value) == (
        f"{tmp_path} holds report.html (not written by gradlab), leaderboard.csv (not written by gradlab), "
        f"paths_ravine.png (not written by gradlab), which would be overwritten or removed; move it away, or pass "
        f"another folder"
    )


@pytest.mark.parametrize("name", list(OURS))
def test_files_of_an_older_study_are_overwritten_when_fresh(tmp_path: Path, plan: dict[str, Any], name: str) -> None:
    (tmp_path / name).write_text(OURS[name])
    with pytest.raises(
        study_folder.FolderError, match=f"holds {name} but no results, .* --fresh \\(fresh=True\\) discards"
    ):
        study_folder.examine_folder(tmp_path, plan)
    assert study_folder.examine_folder(tmp_path, plan, fresh=True) == "new"
    (tmp_path / name).chmod(0o444)
    with pytest.raises(study_folder.FolderError, match=rf"{name} \(read-only\)"):
        study_folder.examine_folder(tmp_path, plan, fresh=True)
    (tmp_path / name).rename(tmp_path / "target")
    (tmp_path / name).symlink_to("target")
    with pytest.raises(study_folder.FolderError, match=rf"{name} \(a symbolic link\)"):
        study_folder.examine_folder(tmp_path, plan, fresh=True)
    (tmp_path / name).unlink()
    (tmp_path / name).mkdir()
    with pytest.raises(study_folder.FolderError, match=rf"{name} \(a folder\)"):
        study_folder.examine_folder(tmp_path, plan, fresh=True)


def test_stale_files_of_ours_go_and_nothing_else(tmp_path: Path) -> None:
    for name in ("paths_ravine.png", "sensitivity_ravine.png", "heat_ravine.png", "cat.png", "paths_of_mine.png"):
        (tmp_path / name).write_text("mine" if name == "heat_ravine.png" else OURS["sensitivity_ravine.png"])
    listed = ["race/paths_ravine.png", "race/sensitivity_ravine.png", "race/cat.png", "../../outside.png", 3]
    listed += ["heat_ravine.png"]
    (tmp_path / "leaderboard.json").write_text(json.dumps({"format": "gradlab-results-2", "files": listed}))
    (tmp_path / "leaderboard.csv").write_text(OURS["leaderboard.csv"])
    (tmp_path / "points.csv").write_text("mine")
    old = study_folder.list_last_outputs(tmp_path)
    study_folder.remove_stale_outputs(old, [tmp_path / "sensitivity_ravine.png"])
    left = {entry.name for entry in tmp_path.iterdir()}
    assert left == {"sensitivity_ravine.png", "heat_ravine.png", "cat.png", "paths_of_mine.png", "points.csv"}


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"files": 3}', '{"files": ["paths_a.png"]}', '{"format": "gradlab-1", "files": 3}', "[" * 9999],
)
def test_a_broken_list_names_no_pictures(tmp_path: Path, text: str) -> None:
    (tmp_path / "leaderboard.json").write_text(text)
    assert study_folder.list_last_outputs(tmp_path) == {tmp_path / "leaderboard.json"}


def test_parts_are_removed_and_what_is_no_part_stays(tmp_path: Path, plan: dict[str, Any]) -> None:
    unfinished(tmp_path, plan)
    (tmp_path / "parts" / ".gradlab-x8d1_abc").write_text("half")
    checkpoints.remove_checkpoints(tmp_path)
    assert not (tmp_path / "parts").exists()
    unfinished(tmp_path, plan)
    (tmp_path / "parts" / "0001").write_text("mine")
    checkpoints.remove_checkpoints(tmp_path)
    assert [path.name for path in (tmp_path / "parts").iterdir()] == ["0001"]


def test_results_alone_are_complete_and_a_damaged_plan_is_no_loss(tmp_path: Path, plan: dict[str, Any]) -> None:
    results(tmp_path / "results.nc", plan)
    assert study_folder.examine_folder(tmp_path, plan) == "complete"
    for text in ("", "[]", '{"format": "gradlab-plan-3", "la'):
        (tmp_path / "plan.json").write_text(text)
        assert study_folder.examine_folder(tmp_path, plan) == "complete"
        with pytest.raises(
            study_folder.FolderError, match=r"plan\.json is damaged .*; --fresh \(fresh=True\) discards it"
        ):
            study_folder.examine_folder(tmp_path, planned(steps=4))
        assert study_folder.examine_folder(tmp_path, planned(steps=4), fresh=True) == "new"


def test_names_that_no_file_can_have_are_refused_before_anything_is_run(tmp_path: Path) -> None:
    long = {"kind": "race", "tasks": [{"problem": "a" * 250}]}
    with pytest.raises(study_folder.FolderError, match=r"cannot hold the files of this study \(File name too long\)"):
        study_folder.examine_folder(tmp_path, long)
    with pytest.raises(study_folder.FolderError, match="is no name of a folder"):
        study_folder.prepare_folder(tmp_path / "a\0b")
