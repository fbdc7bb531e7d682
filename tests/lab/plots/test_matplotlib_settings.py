"""Pictures are the same whatever the user's settings are, and show names as they are."""

from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.text import Text

import gradlab as gl
from gradlab.lab._report.picture_files import comparison_figures
from gradlab.lab._report.problem_findings import compute_findings
from gradlab.lab._storage.files import make_printable
from gradlab.lab.plots import draw_heat_map, draw_learning_curves, draw_sensitivity
from gradlab.lab.plots.lines_and_labels import LONGEST_NAME, drawable_name
from gradlab.lab.plots.matplotlib_settings import use_own_settings
from gradlab.lab.plots.race_figures import save_figures
from gradlab.lab.plots.sweep_figures import sweep_figures

SETTINGS: dict[Any, Any] = {
    "text.usetex": True, "text.parse_math": False, "font.size": 30, "font.family": "cursive", "axes.facecolor": "black",
    "mathtext.fontset": "stix", "axes.grid": True, "axes.unicode_minus": False, "axes.formatter.use_mathtext": True,
    "axes.xmargin": 0.4, "lines.linewidth": 9, "lines.markersize": 20, "figure.dpi": 37, "figure.facecolor": "red",
    "figure.constrained_layout.use": True, "image.cmap": "hot", "legend.loc": "center", "path.simplify": False,
    "savefig.bbox": "tight", "savefig.transparent": True, "savefig.format": "pdf", "svg.fonttype": "path",
    "svg.hashsalt": "mine", "pdf.compression": 0, "xtick.direction": "in", "xtick.minor.visible": True,
}  # fmt: skip
# Results hold no lone surrogates, because their assembly makes names printable; pandas refuses them with pyarrow.
HOSTILE = (
    r"a $x_$ name", "$", r"\frac{", r"$\alpha", "100 %", "a_b^c{d}", "&<b>", "_hidden", "\x1b[31mred\nnew",
    make_printable("\udcff"),
    "学習率", "🚀👩‍🔬", "مرحبا", "a" * 300,
)  # fmt: skip


@pytest.fixture
def drawn(make_dataset: Callable[..., xr.Dataset], make_sweep: Callable[..., xr.Dataset]) -> Callable[..., Any]:
    """`drawn(*names)`: all figures of a race and of a sweep by optimizers, families and scores of such names."""

    def draw(*names: str) -> dict[str, Figure]:
        rng = np.random.default_rng(0)
        count = len(names)
        raced = make_dataset(10 ** rng.normal(-3, 1, (count, 3, 6)), [0.01, 0.1, 1.0], ["choose", "report"] * 3)
        raced = raced.assign_coords(optimizer=list(names), family=("optimizer", list(names)))
        raced.attrs["score_label"] = names[0]
        swept = make_sweep(rng.random((3, 4, 4)), {names[0]: [0.1, 0.1, 1, 1], "b1": [0.5, 0.9, 0.5, 0.9]})
        swept = swept.assign_coords(optimizer=[*names, *names, *names][:3]).assign_attrs(score_label=names[-1])
        return comparison_figures(compute_findings({"made": raced, "again": raced})) | sweep_figures({"made": swept})

    return draw


@pytest.mark.parametrize("form", ["png", "svg", "pdf"])
def test_no_setting_of_the_user_changes_a_byte(drawn: Callable[..., Any], tmp_path: Path, form: str) -> None:
    contents, some = [], None if form == "png" else {"heat_made", "ranks_made"}
    for settings in ({}, SETTINGS):
        with matplotlib.rc_context(settings):
            before = dict(matplotlib.rcParams)
            made = drawn("sgd", "adam", "own")
            written = save_figures(tmp_path, {name: made[name] for name in some or made}, form)
            assert dict(matplotlib.rcParams) == before
        contents.append({path.name: path.read_bytes() for path in written})
    assert len(contents[0]) == (9 if some is None else 2)
    assert contents[0] == contents[1]


def test_every_setting_that_draws_is_gradlabs_own() -> None:
    with matplotlib.rc_context(SETTINGS), use_own_settings():
        changed = {
            name for name in matplotlib.rcParams if matplotlib.rcParams[name] != matplotlib.rcParamsDefault[name]
        }
        assert changed & set(SETTINGS) <= {"font.size", "svg.fonttype", "svg.hashsalt"}
        assert matplotlib.rcParams["svg.hashsalt"] == "gradlab"


@pytest.mark.parametrize("first", range(0, len(HOSTILE), 3))
def test_names_are_drawn_as_they_are(drawn: Callable[..., Any], tmp_path: Path, first: int) -> None:
    names = [*HOSTILE[first : first + 3], "_own"][:3]
    made = drawn(*names)
    for form in ("png", "pdf"):
        save_figures(tmp_path, {name: made[name] for name in ("ranks_made", "effects_made")}, form)
    found = {path.stem: read_texts(path) for path in save_figures(tmp_path, made, "svg")}
    for name in names:
        shown = " ".join(drawable_name(name).split())
        for figure in ("learning_curves_made", "sensitivity_made", "ranks_made", "performance_profiles", "heat_made"):
            assert any(shown in text for text in found[figure]), figure
        assert shown in found["effects_made"]  # in the legend
    assert found["effects_made"].count(" ".join(drawable_name(names[0]).split())) == 2  # and below an axis


def read_texts(path: Path) -> list[str]:
    """The texts of an SVG file, which must be well-formed XML."""
    texts = ElementTree.parse(path).iter("{http://www.w3.org/2000/svg}text")
    return [" ".join("".join(text.itertext()).split()) for text in texts]


def test_panels_drawn_on_axes_of_the_users_own_do_not_read_names_as_mathematics(
    make_dataset: Callable[..., xr.Dataset], make_sweep: Callable[..., xr.Dataset]
) -> None:
    raced = make_dataset(np.full((1, 2, 2), 0.1), [0.1, 1.0], ["choose", "report"]).assign_attrs(score_label="$a_$")
    raced = raced.assign_coords(optimizer=["$b_$"])
    swept = make_sweep(np.full((1, 2, 2), 0.1), {"x_$1$": [0.1, 1.0], "y": [1.0, 2.0]})
    with matplotlib.rc_context({"text.usetex": True}):
        panels = [draw_learning_curves(Figure().subplots(), raced), draw_sensitivity(Figure().subplots(), raced)]
        panels.append(draw_heat_map(Figure().subplots(), swept, "sgd", "x_$1$", "y"))
    for axes in panels:
        texts = [text for text in axes.findobj(Text) if "$" in text.get_text() and "^" not in text.get_text()]
        assert texts
        assert not any(text.get_parse_math() or text.get_usetex() for text in texts)


def test_a_long_name_keeps_its_ends() -> None:
    assert drawable_name("adam " + "b1=0.9 " * 30 + "last=1") == "adam b1=0.9 b1=0.9 b1=0.….9 b1=0.9 b1=0.9 last=1"
    assert len(drawable_name("x" * 1000)) == LONGEST_NAME
    assert drawable_name("a\nb\x07") == "a b\ufffd"
    assert drawable_name("adam b1=0.9") == "adam b1=0.9"


@pytest.mark.slow
@pytest.mark.parametrize("trouble", ["bytes here", "bytes", "bad values", "no backend", "qtagg", "no folder"])
def test_matplotlib_is_loaded_whatever_the_users_files_hold(tmp_path: Path, trouble: str) -> None:
    environment = {"MPLCONFIGDIR": str(tmp_path)}
    if trouble.startswith("bytes"):
        (tmp_path / "matplotlibrc").write_bytes(b"\xff\xfe\x00font.size: \xff")
    if trouble == "bad values":
        (tmp_path / "matplotlibrc").write_text("font.size: large-ish\nnonsense\ntext.usetex: maybe\n")
    if trouble == "no backend":
        environment["MPLBACKEND"] = "no_such_backend"
    if trouble == "qtagg":
        environment["MPLBACKEND"] = "qtagg"
    if trouble == "no folder":
        environment["MPLCONFIGDIR"] = "/proc/nowhere"
    program = (
        "import os; from gradlab.lab.plots.race_figures import save_figures, write_head\n"
        "from gradlab.lab.plots.matplotlib_settings import use_own_settings\n"
        "from matplotlib.figure import Figure; from pathlib import Path; import matplotlib.cbook\n"
        "with use_own_settings(): figure = Figure(); write_head(figure, 'a', 'b')\n"
        "save_figures(Path(os.environ['OUT']), {'a': figure}); print(os.environ.get('MPLBACKEND'), os.getcwd())"
    )
    here = tmp_path if trouble == "bytes here" else tmp_path.parent
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=here,
        env=os.environ | environment | {"OUT": str(tmp_path), "PYTHONPATH": str(Path(gl.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [environment.get("MPLBACKEND", str(os.environ.get("MPLBACKEND"))), str(here)]
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    assert "Traceback" not in done.stderr
