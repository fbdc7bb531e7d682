"""The recipes of `docs/how-to/add-to-gradlab.md`: each diff applies to a copy of gradlab, and its commands succeed."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "how-to" / "add-to-gradlab.md"


class Recipe(NamedTuple):
    """A section of the page."""

    diff: str
    commands: list[str]


def recipes() -> dict[str, Recipe]:
    """The sections of the page by their headings."""
    sections = re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    return {
        section.splitlines()[0]: Recipe(block("diff", section), block("bash", section).splitlines())
        for section in sections
    }


def block(language: str, section: str) -> str:
    (code,) = re.findall(rf"^```{language}\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    return code


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what the recipes change, outside of the repository."""
    folder = tmp_path / "copy"
    for name in ("gradlab", "tests"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def apply(diff: str, folder: Path) -> None:
    """Apply a diff. Raise AssertionError if it does not fit."""
    # Without a ceiling, git would take a repository above the folder for the one to change.
    environment = os.environ | {"GIT_CEILING_DIRECTORIES": str(folder.parent)}
    command = ["git", "apply", "-p0", "--unidiff-zero", "-"]
    done = subprocess.run(command, cwd=folder, env=environment, input=diff, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def run(command: str, folder: Path) -> None:
    """Run a command of this environment with the gradlab of a folder. Raise AssertionError if it fails."""
    program, *arguments = shlex.split(command)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    environment = inherited | {"PYTHONPATH": str(folder), "JAX_PLATFORMS": "cpu", "MPLBACKEND": "agg"}
    line = [sys.executable, "-m", program, *arguments]
    done = subprocess.run(line, cwd=folder, env=environment, text=True, capture_output=True, check=False)
    assert done.returncode == 0, f"$ {command}\n{done.stdout}{done.stderr}"


def test_the_page_has_a_recipe_for_each_kind() -> None:
    assert list(recipes()) == ["A link", "A recipe", "A problem", "A law", "A command", "A plot"]


@pytest.mark.slow
@pytest.mark.parametrize("name", recipes())
def test_a_recipe_works(name: str, checkout: Path) -> None:
    recipe = recipes()[name]
    apply(recipe.diff, checkout)
    for command in recipe.commands:
        run(command, checkout)


def test_a_stale_diff_is_noticed(checkout: Path) -> None:
    (checkout / "gradlab" / "cli" / "app.py").write_text("")
    with pytest.raises(AssertionError, match=r"gradlab/cli/app\.py"):
        apply(recipes()["A command"].diff, checkout)


def test_a_command_that_fails_is_noticed(checkout: Path) -> None:
    with pytest.raises(AssertionError, match="no command 'versions'"):
        run("gradlab versions --help", checkout)
