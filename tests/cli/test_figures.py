"""`gradlab figures`: figures for a paper, and the paper."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr
from matplotlib.colors import to_hex

from gradlab.lab._results import results_file
from gradlab.lab.plots.lines_and_labels import COLORS
from gradlab.lab.plots.paper.figures import FIGURES, paper_figures
from tests.lab.conftest import make_dataset as make_dataset  # a fixture
from tests.lab.conftest import make_sweep as make_sweep

HOSTILE: Any = {"font.size": 30, "pdf.fonttype": 3, "figure.dpi": 30, "lines.color": "red", "axes.facecolor": "black"}
REFUSED = {  # figures that a race on one problem without a landscape does not have, and why
    "critical_differences": "1 problem cannot show which optimizers differ over problems; use 5 or more",
    "choices": "expected the Dataset of a sweep or a search, with the dimension point",
    "scaling": "one do not differ in a size; race one problem with several values of an argument",
    "paths": "there are no paths to draw on one: a path needs a problem of gradlab with a landscape",
}


@pytest.fixture
def study(make_dataset: Callable[..., xr.Dataset], tmp_path: Path) -> Path:
    """A race of three optimizers on five problems, with given scores."""
    folder = tmp_path / "study"
    folder.mkdir()
    scores = 10.0 ** -np.random.default_rng(0).uniform(1, 5, (3, 4, 8))
    made = make_dataset(scores, [0.01, 0.1, 1, 10], ["choose"] * 4 + ["report"] * 4)
    made = made.assign_coords(optimizer=["adam", "my_adam", "sgd"])
    datasets = {name: made.assign_attrs(problem=name) for name in ("one", "two", "three", "four", "five")}
    results_file.write(folder / "results.nc", datasets, {"format": results_file.FORMAT, "kind": "race"})
    return folder


def test_several_figures_are_drawn_at_once(gradlab: Callable[..., Any], study: Path, tmp_path: Path) -> None:
    wanted = ("sensitivity", "interquartile_means")
    options = [text for name in wanted for text in ("--figure", name)]
    code, out, _ = gradlab("figures", str(study), *options, "--problem", "one", "--out", str(tmp_path / "drawn"))
    assert code == 0
    assert [Path(line).stem for line in out.split()] == ["sensitivity_one", "interquartile_means"]


def test_each_figure_has_its_size_and_fonts(gradlab: Callable[..., Any], study: Path) -> None:
    for name in FIGURES:
        with mpl.rc_context(HOSTILE):
            code, out, err = gradlab(
                "figures", str(study), "--figure", name, "--problem", "one", "--figure-width", "90mm"
            )
        if name in REFUSED:
            assert (code, REFUSED[name] in " ".join(err.split())) == (2, True)
            continue
        assert (code, err) == (0, "")
        (path,) = out.split()
        page = Path(path).read_bytes()
        width = re.search(rb"/MediaBox \[ ?0 0 ([0-9.]+) ", page)
        assert width is not None
        assert float(width[1]) == pytest.approx(90 / 25.4 * 72, abs=0.01)
        assert b"/Subtype /Type3" not in page
        assert b"/FontFile2" in page
    first = Path(study / "figures" / "sensitivity_one.pdf").read_bytes()
    assert (
        gradlab("figures", str(study), "--figure", "sensitivity", "--problem", "one", "--figure-width", "90mm").code
        == 0
    )
    assert Path(study / "figures" / "sensitivity_one.pdf").read_bytes() == first  # whatever the user's settings


def test_an_optimizer_has_one_color_and_stays_inside(study: Path) -> None:
    problems, _ = results_file.read(study / "results.nc")
    problems["two"] = problems["two"].isel(optimizer=[0, 2])  # without my_adam
    for width, height in ((6.75, 2.2), (3.25, None)):
        for kind in ("learning_curves", "sensitivity", "tuning_budget"):
            made = paper_figures(problems, kind, width, height, ["my_adam", "sgd", "adam"], {"adam": "#123456"})
            colors = {"my_adam": COLORS[0], "sgd": COLORS[1], "adam": "#123456"}
            for problem in ("one", "two"):
                figure = made[f"{kind}_{problem}"]
                (axes,) = figure.axes
                lines = {line.get_label(): to_hex(line.get_color()).upper() for line in axes.lines}
                shown = [name for name in colors if problem == "one" or name != "my_adam"]
                assert [name for name in lines if not str(name).startswith("_")] == shown
                assert {name: lines[name] for name in shown} == {name: colors[name].upper() for name in shown}
                assert axes.get_position().width * width > 0.5 * width
                inside = figure.get_tightbbox()
                assert inside.x0 >= 0
                assert inside.y0 >= 0
                assert inside.x1 <= width
                assert inside.y1 <= figure.get_size_inches()[1]


def test_a_law_is_drawn_and_said(gradlab: Callable[..., Any], study: Path) -> None:
    datasets, attributes = results_file.read(study / "results.nc")
    setups = {name: f"Net(width={2**place})" for place, name in enumerate(datasets)}
    named = {name: dataset.assign_attrs(setup=setups[name]) for name, dataset in datasets.items()}
    results_file.write(study / "results.nc", named, attributes)
    code, out, err = gradlab("figures", str(study), "--figure", "scaling", "--axis", "width", "--optimizer", "sgd")
    assert (code, err) == (0, "")
    path, law, how = out.splitlines()
    assert Path(path) == study / "figures" / "scaling.pdf"
    assert re.fullmatch(r"sgd: loss = \S+ width\^\S+ \(power \S+ to \S+; 5 sizes, scatter \S+ decades\)\.", law)
    assert how.startswith(
        "Fitted by least squares to the logarithms of the scores at up to 5 sizes, with 95 % intervals"
    )
    code, _, err = gradlab("figures", str(study), "--figure", "scaling", "--axis", "wide")
    assert (code, "no argument of these problems is named 'wide'" in err) == (2, True)


def test_choices_fit_a_column(make_sweep: Callable[..., xr.Dataset]) -> None:
    words = ["constant", "linear", "warmup_then_cosine"]
    swept = make_sweep(np.ones((3, 3, 4)), {"schedule": words}, categories=json.dumps({"schedule": words}))
    for width, dataset in ((3.25, swept), (6.75, swept), (3.25, swept.isel(optimizer=[0]))):
        figure = paper_figures({"made": dataset}, "choices", width, axis="schedule")["choices_made"]
        inside = figure.get_tightbbox()
        assert (inside.x0 >= 0, inside.y0 >= 0) == (True, True)
        assert (inside.x1 <= width, inside.y1 <= figure.get_size_inches()[1]) == (True, True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--figure-width", "3"],
            "a length is a number with one of the units in, cm, mm, pt, bp, such as 3.25in; got '3'",
        ),
        (["--figure-width", "1in"], "has no room for its axes and the names of the optimizers; make it at least"),
        (["--optimizer", "adamm"], "no optimizer of these results is named 'adamm'; did you mean adam"),
        (["--problem", "six"], "no problem of this study is named 'six'"),
        (["--axis", "width"], "sensitivity has no axis to choose, only choices and scaling have; leave out width"),
        (["--color", "adam"], "--color is an optimizer and its color, as in adam=black; got 'adam'"),
        (["--color", "adam=blau"], "the color of adam is none of Matplotlib's, such as black or #0072B2: 'blau'"),
        (["--color", "adan=black"], "no optimizer of these results is named 'adan'"),
    ],
)
def test_wrong_inputs_are_answered(
    gradlab: Callable[..., Any], study: Path, arguments: list[str], message: str
) -> None:
    code, _, err = gradlab("figures", str(study), "--figure", "sensitivity", *arguments)
    assert code == 2
    assert message in " ".join(err.split())
    assert not (study / "figures").exists()


def test_a_picture_of_the_users_stays(gradlab: Callable[..., Any], study: Path) -> None:
    (study / "figures").mkdir()
    (study / "figures" / "interquartile_means.pgf").write_text("mine")
    pytest.importorskip("matplotlib.backends.backend_pgf")
    if shutil.which("pdflatex") is None:
        code, _, err = gradlab("figures", str(study), "--figure", "interquartile_means", "--format", "pgf")
        assert (code, "--format pgf needs pdflatex" in err) == (2, True)
        return
    code, _, err = gradlab("figures", str(study), "--figure", "interquartile_means", "--format", "pgf")
    assert code == 2
    assert "interquartile_means.pgf (not written by gradlab)" in " ".join(err.split())


PAPER = r"""
\documentclass{article}
\usepackage[margin=0.75in]{geometry}
\usepackage{booktabs,graphicx,pgf}
\begin{document}
\begin{figure}\centering\includegraphics{figures/tuning_budget_one}\caption{Tuning budget.}\end{figure}
\begin{figure}\centering\includegraphics{figures/sensitivity_one}\caption{Sensitivity to the learning rate.}\end{figure}
\clearpage
\begin{figure}\centering\input{figures/learning_curves_one.pgf}\caption{Learning curves.}\end{figure}
\begin{figure}\centering\includegraphics{figures/critical_differences}\caption{Critical differences.}\end{figure}
\input{latex/leaderboard_one}
\end{document}
"""


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="LaTeX is not installed")
def test_figures_and_a_table_are_a_paper_of_two_pages(gradlab: Callable[..., Any], study: Path) -> None:
    for name, form in (("tuning_budget", "pdf"), ("sensitivity", "pdf"), ("learning_curves", "pgf")):
        arguments = "--figure", name, "--problem", "one", "--format", form
        for _ in range(2):  # a picture of before is overwritten
            assert gradlab("figures", str(study), *arguments).code == 0
    assert (
        gradlab(
            "figures", str(study), "--figure", "critical_differences", "--post-hoc", "nemenyi", "--figure-width", "5in"
        ).code
        == 0
    )
    assert gradlab("export", str(study), "--to", "latex").code == 0
    (study / "paper.tex").write_text(PAPER)
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper"], cwd=study, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Output written on paper.pdf (2 pages" in done.stdout
    assert "Overfull" not in done.stdout


SPACED = r"""
\documentclass{article}
\usepackage{booktabs,graphicx}
\begin{document}
\includegraphics{my study/figures/tuning_budget_one}
\input{my study/latex/leaderboard_one}
\end{document}
"""


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="LaTeX is not installed")
def test_a_folder_with_a_space_is_compiled_too(gradlab: Callable[..., Any], study: Path, tmp_path: Path) -> None:
    spaced = tmp_path / "papers" / "my study"
    shutil.copytree(study, spaced)
    assert gradlab("figures", str(spaced), "--figure", "tuning_budget", "--problem", "one").code == 0
    assert gradlab("export", str(spaced), "--to", "latex").code == 0
    (spaced.parent / "paper.tex").write_text(SPACED)
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper"],
        cwd=spaced.parent,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-2000:]
