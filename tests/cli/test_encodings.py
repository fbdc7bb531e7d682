"""Names, locales and terminals that are not UTF-8."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import gradlab as gl
from gradlab.cli.terminal.printing import print_json
from gradlab.cli.terminal.stream_errors import guard_streams
from gradlab.lab._results import results_file

RACE = ("--problem", "ravine", "--optimizer", "sgd", "--rates", "2", "--seeds", "2", "--steps", "4")


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        ("ascii", r"97.5 +/- 0.4, 1e-9 x/ 2, \xff? -"),
        ("latin-1", "97.5 ± 0.4, 1e-9 ×÷ 2, \\xff? -"),  # noqa: RUF001
        ("utf-8", "97.5 ± 0.4, 1e-9 ×÷ 2, \\xffΩ −"),  # noqa: RUF001
    ],
)
def test_signs_that_a_terminal_does_not_have_are_plain(
    monkeypatch: pytest.MonkeyPatch, encoding: str, expected: str
) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding=encoding))
    with guard_streams():
        sys.stdout.write("97.5 ± 0.4, 1e-9 ×÷ 2, \udcffΩ −")  # noqa: RUF001
    assert written.getvalue().decode(encoding) == expected


@pytest.mark.parametrize("encoding", ["ascii", "utf-8", "utf-16"])
def test_json_means_the_same_in_any_encoding(monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    content, written = {"label": "× ± \udcff Ω"}, io.BytesIO()  # noqa: RUF001
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding=encoding))
    print_json(content)
    sys.stdout.flush()
    assert json.loads(written.getvalue().decode(encoding)) == content


MINE = """
import jax, jax.numpy as jnp, gradlab as gl
class Bowl:
    def init(self, key): return jax.random.normal(key, (3,), jnp.float32)
    def loss(self, params, batch): return jnp.sum(params**2)
def own(rate=0.1): return gl.sgd(rate)
"""


@pytest.mark.slow
@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_a_folder_whose_name_is_not_utf_8(tmp_path: Path, locale: str) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff"))
    try:
        folder.mkdir()
    except OSError:
        pytest.skip("file names are UTF-8 here")
    (folder / "mine_of_encodings.py").write_text(MINE)
    strict = {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"} if locale == "C" else {}
    root = str(Path(gl.__file__).parents[1])

    def gradlab(*arguments: Any) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "gradlab", *arguments],
            cwd=folder, env=os.environ | {"LC_ALL": locale, "PYTHONPATH": root} | strict,
            capture_output=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout.decode()

    own = (
        "--problem",
        "mine_of_encodings:Bowl",
        "--optimizer",
        "mine_of_encodings:own",
        "--rates",
        "2",
        "--seeds",
        "1",
    )
    printed = gradlab("race", "--out", b"out\xfe", *own, "--steps", "3", "--json")
    assert json.loads(printed)["problems"]["bowl"]["leaderboard"][0]["optimizer"] == "own"
    out = Path(os.fsdecode(os.fsencode(folder) + b"/out\xfe"))
    assert "--out" in results_file.read(out)[1]["command"]
    gradlab("report", b"out\xfe", "--format", "svg", "--out", b"pictures\xfd")
    gradlab("report", out, "--out", b"page\xfc.html")


def test_names_that_the_locale_does_not_have_are_refused_before_anything_is_run(
    gradlab: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> Any:
        raise UnicodeEncodeError("ascii", str(path), 0, 1, "ordinal not in range(128)")

    monkeypatch.setattr("gradlab.lab._results.study_folder.describe_foreign", refuse)
    monkeypatch.setattr("gradlab.lab._studies.study.run_tasks", None)
    monkeypatch.setattr(
        "gradlab.lab._results.study_folder.describe_foreign", lambda path, among_ours=False: refuse(path)
    )
    code, printed, err = gradlab("race", "--out", str(tmp_path), *RACE)
    assert (code, printed, err.count("\n")) == (2, "", 1)
    assert "cannot hold the files of this study (the locale's encoding of file names, ascii, does not have '/')" in err
