"""`gradlab report`, from a folder of results to a page and pictures."""

from __future__ import annotations

import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from gradlab.lab._results import provenance, results_file


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The results of a race of two optimizers, one rate and two seeds."""
    runs = ("optimizer", "rate", "seed")
    dataset = xr.Dataset(
        {
            "final_loss": ((*runs, "evaluation"), np.array([1, 0.1, 1, 0.2] * 2).reshape(2, 1, 2, 2)),
            "diverged": (runs, np.zeros((2, 1, 2), bool)),
            "run_seconds": ("optimizer", [1.0, 2.0]),
        },
        {
            "optimizer": ["sgd", "adam"], "family": ("optimizer", ["a", "b"]), "seed": [0, 1],
            "composition": ("optimizer", ["scale(-0.1)", "chain()"]), "role": ("seed", ["choose", "report"]),
            "learning_rate": (("optimizer", "rate"), [[0.1], [0.1]]), "step": np.arange(4), "evaluation": [0, 4],
        },
        {
            "problem": "made", "summary": "Made.", "score": "final_loss", "score_label": "loss", "higher_is_better": 0,
            "logarithmic": 1, "tolerance": 10.0,
        },
    )  # fmt: skip
    made = tmp_path / "race"
    made.mkdir()
    results_file.write(made / "results.nc", {"made": dataset}, provenance.collect_provenance("gradlab race --out race"))
    return made


def test_a_page_goes_into_the_folder(gradlab: Callable[..., Any], folder: Path) -> None:
    code, printed, err = gradlab("report", str(folder))
    assert (code, err) == (0, "")
    assert printed.strip() == str(folder / "report.html")
    text = (folder / "report.html").read_text()
    assert "Which optimizer is best, and how sure is that?" in text
    assert "gradlab race --out race" in text


def test_a_file_and_another_place(gradlab: Callable[..., Any], folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "deep" / "page.html"
    assert gradlab("report", str(folder / "results.nc"), "--out", str(out)).code == 0
    assert out.exists()
    assert not (folder / "report.html").exists()


def test_pictures(gradlab: Callable[..., Any], folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "pictures"
    code, printed, err = gradlab("report", str(folder), "--format", "svg", "--out", str(out))
    assert (code, err) == (0, "")
    names = {"learning_curves_made.svg", "sensitivity_made.svg", "ranks_made.svg"}
    assert {path.name for path in out.iterdir()} == names
    assert set(printed.split()) == {str(out / name) for name in names}


def test_the_browser_is_asked_only_when_told(
    gradlab: Callable[..., Any], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(webbrowser, "open", asked.append)
    gradlab("report", str(folder))
    assert asked == []
    gradlab("report", str(folder), "--open")
    assert asked == [(folder / "report.html").as_uri()]


def test_what_is_wrong_is_said(gradlab: Callable[..., Any], folder: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    code, _, err = gradlab("report", str(empty))
    assert (code, "holds no finished study" in err, "gradlab race --out" in err) == (2, True, True)
    (empty / "plan.json").write_text('{"format": "gradlab-plan-1", "kind": "sweep"}')
    for name in (empty, empty / "results.nc"):
        code, _, err = gradlab("report", str(name))
        assert (code, err.startswith(f"gradlab: the sweep in {empty} is unfinished; repeat its command")) == (2, True)
    (empty / "plan.json").write_text("no plan")
    assert "holds no finished study" in gradlab("report", str(empty)).err
    (empty / "results.nc").write_text("not results")
    code, _, err = gradlab("report", str(empty))
    assert (code, "cannot be read as NetCDF" in err) == (2, True)
    code, _, err = gradlab("report", str(folder), "--out", str(tmp_path))
    assert (code, "is a folder; pass the name of the page" in err) == (2, True)
    code, _, err = gradlab("report", str(folder), "--out", str(folder / "results.nc" / "page.html"))
    assert (code, "cannot write" in err) == (1, True)
    assert gradlab("report", str(folder), "--format", "gif").code == 2


def test_what_gradlab_did_not_write_is_not_overwritten(
    gradlab: Callable[..., Any], folder: Path, tmp_path: Path
) -> None:
    page, pictures = tmp_path / "page.html", tmp_path / "pictures"
    pictures.mkdir()
    page.write_text("mine")
    (pictures / "ranks_made.svg").write_text("mine")
    code, printed, err = gradlab("report", str(folder), "--out", str(page))
    assert (code, printed, err.count("\n")) == (2, "", 1)
    assert "page.html (not written by gradlab)" in err
    code, _, err = gradlab("report", str(folder), "--format", "svg", "--out", str(pictures))
    assert (code, "ranks_made.svg (not written by gradlab)" in err) == (2, True)
    assert [path.read_text() for path in (page, *pictures.iterdir())] == ["mine", "mine"]
    page.unlink()
    (tmp_path / "target.html").write_text("mine")
    page.symlink_to("target.html")
    assert "page.html (a symbolic link)" in gradlab("report", str(folder), "--out", str(page)).err
    assert (tmp_path / "target.html").read_text() == "mine"


@pytest.mark.parametrize("form", ["html", "png", "svg", "pdf"])
def test_what_gradlab_wrote_is_written_again(
    gradlab: Callable[..., Any], folder: Path, tmp_path: Path, form: str
) -> None:
    out = ("--out", str(tmp_path / "page.html")) if form == "html" else ("--out", str(tmp_path / "pictures"))
    for _ in range(2):
        assert gradlab("report", str(folder), "--format", form, *out).code == 0


@pytest.mark.parametrize("text", [None, "", "[]", "{" * 9_999, '{"command": 3, "seconds": {"made": 3}}'])
def test_results_alone_are_reported_with_what_is_unknown(
    gradlab: Callable[..., Any], folder: Path, text: str | None
) -> None:
    path = folder / "provenance.json"
    path.unlink() if text is None else path.write_text(text)
    code, _, err = gradlab("report", str(folder))
    assert (code, err) == (0, "")
    page = (folder / "report.html").read_text()
    assert "command, date, python, machine, devices: provenance.json is missing, or damaged" in page
    assert gradlab("report", str(folder), "--format", "png").code == 0


def test_a_changed_bit_is_refused(gradlab: Callable[..., Any], folder: Path) -> None:
    path = folder / "results.nc"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    code, printed, err = gradlab("report", str(folder))
    assert (code, printed) == (2, "")
    assert err == f"gradlab: {path} is damaged: its content does not match its checksum\n"
