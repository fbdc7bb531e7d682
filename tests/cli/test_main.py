"""The command itself: help, version, and errors in one line."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import CliRunner

import gradlab as gl
from gradlab.cli.app import COMMANDS, app, import_command


def test_without_a_command_there_is_help(gradlab: Callable[..., Any]) -> None:
    code, out, err = gradlab()
    assert code == 0
    assert err == ""
    for command in ("race", "sweep", "search", "list", "explain"):
        assert command in out


def test_the_version(gradlab: Callable[..., Any]) -> None:
    assert gradlab("--version") == (0, f"gradlab {gl.__version__}\n", "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["rase"], "gradlab has no command 'rase'; did you mean race?"),
        (["plot", "out"], "gradlab has no command 'plot'; did you mean figures or report?"),
        (["race", "--bogus"], "race has no option --bogus; it has --out, "),
        (["race", "--steps", "many"], "--steps must be a whole number, got 'many'"),
        (["explain"], "explain needs NAME: an optimizer, link"),
        (["sweep", "adamw", "--set", "b1=0.8"], "Repeat it for more; write --optimizer adamw"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(
    gradlab: Callable[..., Any], arguments: list[str], message: str
) -> None:
    code, out, err = gradlab(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("gradlab: ")
    assert message in err
    assert err.count("\n") <= 2


def test_every_command_has_help() -> None:
    for command in ("race", "sweep", "search", "list", "explain"):
        result = CliRunner().invoke(app, [command, "--help"])
        assert result.exit_code == 0
        assert "Usage" in result.output


@pytest.mark.parametrize("package", ["typer", "xarray", "h5py", "jinja2"])
def test_without_the_lab_extra_one_line_says_how_to_get_it(
    gradlab: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr("gradlab.cli.find_spec", lambda name: None if name == package else find(name))
    code, printed, err = gradlab("list")
    assert (code, printed) == (1, "")
    assert err.startswith(f'gradlab: {package} missing; install with: pip install "filelock>=')
    assert f' "{package}>=' in err


def test_importing_gradlab_imports_nothing_of_the_lab() -> None:
    script = (
        "import sys, gradlab, gradlab.cli; "
        "print({'typer', 'rich', 'xarray', 'h5netcdf', 'matplotlib', 'sklearn'} & set(sys.modules))"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"


@pytest.mark.parametrize("kind", ["help", "wrong input", "completion"])
def test_nothing_heavy_is_imported_before_a_command_runs(kind: str) -> None:
    lines = {
        "help": ["--version", "--help", *(f"{name} --help" for name in COMMANDS)],
        "wrong input": [
            "rase", "explain", "report nowhere", "race --steps many", "race --seeds 0",
            "sweep --optimizer adam --set b1=0.9 --samples 0", "search --sample-seed -1",
            *(f"{name} --bogus" for name in COMMANDS),
        ],
        "completion": [
            "se", "race --pro", "race --problem ra", "race --optimizer ad", "sweep --optimizer ad", "sweep --sampler h",
            "search --problem ra", "report --format p", "check ad", "explain ad", *(f"{name} --" for name in COMMANDS),
        ],
    }[kind]  # fmt: skip
    result = subprocess.run(
        [sys.executable, "-c", _SCRIPT, kind, *lines], capture_output=True, text=True, check=True, timeout=60
    )
    code, said = {"help": ("0", "Usage"), "wrong input": ("2", ""), "completion": ("0", "ravine")}[kind]
    assert said in result.stdout
    assert result.stdout.splitlines()[-1] == f"['{code}'] []"


# Runs all lines in one process; prints the exit codes, and what was imported that takes long.
_SCRIPT = """
import os, sys
from gradlab.cli import main
kind, *lines = sys.argv[1:]
codes = set()
for line in lines:
    sys.argv = ["gradlab", *line.split()]
    if kind == "completion":
        words = "gradlab " + line
        os.environ |= {"_GRADLAB_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    try:
        codes.add(str(main()))
    except SystemExit as end:  # by which a completion ends
        codes.add(str(end.code))
heavy = {"jax", "numpy", "optax", "pandas", "xarray", "scipy", "sklearn", "matplotlib", "optuna", "h5py"}
print(sorted(codes), sorted(heavy & set(sys.modules)))
"""


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_shown_by_its_first_sentence(name: str) -> None:
    command = import_command(name)
    first = " ".join(command.help.split("\n\n")[0].split())
    assert COMMANDS[name][2] == first
    assert command.name == name


def test_an_interrupt_during_the_imports_is_no_traceback(
    gradlab: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(name: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("gradlab.cli.find_spec", interrupted)
    assert gradlab("list") == (130, "", "")


def test_an_interrupt_before_a_command_has_begun_is_said(
    gradlab: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("gradlab.cli.race.make_study", interrupted)
    assert gradlab("race", "--workers", "1") == (130, "", "gradlab: stopped\n")


def test_the_package_can_be_run() -> None:
    result = subprocess.run([sys.executable, "-m", "gradlab", "--version"], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (0, f"gradlab {gl.__version__}\n")
