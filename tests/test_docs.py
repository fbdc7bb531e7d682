"""Everything that a reader can run: the Python and console blocks of the README and the docs, and the notebooks.

The blocks of a page share one namespace and one folder, in order. A block that begins with `>>>` is a doctest, whose
output is compared (`...` stands for anything), and so is the output of a command after `$`. A block that begins with a
comment such as `# my_adam.py` is written to that file, too. Sphinx is not needed here: `.ci/run` builds the site.
"""

from __future__ import annotations

import contextlib
import doctest
import importlib
import io
import json
import re
import shlex
import shutil
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
import pytest

from gradlab.cli import main

ROOT = Path(__file__).parents[1]
GENERATED = {"_build", "notebooks", "modules", "recipes"}
PAGES = [
    path
    for path in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
    if not GENERATED & set(path.relative_to(ROOT).parts)
]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
FENCE = re.compile(r"^```(python|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"# (\w+\.py)\n")
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


class Block(NamedTuple):
    """A block of code of a page."""

    language: str
    code: str
    line: int  # of the page, counted from 0, at which the code begins


def find_blocks(text: str) -> list[Block]:
    """Return the Python and console blocks of a Markdown page, in order."""
    return [Block(found[1], found[2], text.count("\n", 0, found.start(2))) for found in FENCE.finditer(text)]


def run(block: Block, namespace: dict[str, Any], path: Path) -> None:
    """Run a block in a namespace; raise AssertionError if the output that it shows is not what it prints."""
    name = str(path.relative_to(ROOT))
    if block.language == "console":
        for command, shown in re.findall(r"^\$ ((?:.*\\\n)*.*)\n((?:(?!\$ ).*\n)*)", block.code, re.MULTILINE):
            require_output(command.replace("\\\n", ""), shown, is_own_process=path.name == "README.md")
    elif block.code.startswith(">>>"):
        examples = doctest.DocTestParser().get_doctest(block.code, namespace, name, str(path), block.line)
        examples.globs = namespace  # which the parser copies
        report: list[str] = []
        runner = doctest.DocTestRunner(verbose=False, optionflags=OPTIONS)
        with without_notes():
            failed = runner.run(examples, out=report.append, clear_globs=False).failed
        assert not failed, "".join(report)
    else:
        if file := FILE.match(block.code):
            Path(file[1]).write_text(block.code)
        exec(compile("\n" * block.line + block.code, str(path), "exec"), namespace)


@contextlib.contextmanager
def without_notes() -> Iterator[None]:
    """Let JAX add no note to exceptions, which doctest compares in place of the message before Python 3.11.7."""
    before = jax.config.values["jax_traceback_filtering"]
    jax.config.update("jax_traceback_filtering", "off")
    try:
        yield
    finally:
        jax.config.update("jax_traceback_filtering", before)


def require_output(command: str, shown: str, is_own_process: bool) -> None:
    """Run a command of this environment, such as `gradlab list`, in the current folder, and compare what it prints."""
    program, *arguments = shlex.split(command)
    run_command = run_as_process if is_own_process or program != "gradlab" else run_here
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"COLUMNS": "110", "JAX_PLATFORMS": "cpu", "MPLBACKEND": "agg"}.items():
            patch.setenv(name, value)
        printed, errors = run_command(program, arguments)
    agrees = doctest.OutputChecker().check_output(shown, printed, OPTIONS)
    assert agrees, f"$ {command}\nshown:\n{shown}\nprinted:\n{printed}{errors}"


def run_as_process(program: str, arguments: list[str]) -> tuple[str, str]:
    """Return what a program of this environment prints to either stream."""
    found = shutil.which(program, path=str(Path(sys.executable).parent))
    assert found, f"{program} is not installed beside {sys.executable}"
    printed = subprocess.run([found, *arguments], text=True, capture_output=True, check=False)
    return printed.stdout, printed.stderr


def run_here(program: str, arguments: list[str]) -> tuple[str, str]:
    """Return what a command of gradlab prints to either stream, without the seconds in which a new process imports JAX.

    The files of the page are imported anew, because it may have changed them since.
    """
    for file in Path().glob("*.py"):
        sys.modules.pop(file.stem, None)
    importlib.invalidate_caches()
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(io.StringIO()) as printed,
        contextlib.redirect_stderr(io.StringIO()) as errors,
    ):
        patch.setattr(sys, "argv", [program, *arguments])
        main()
    return printed.getvalue(), errors.getvalue()


@pytest.fixture(autouse=True)
def readers_session() -> Iterator[None]:
    """Use the settings of a fresh session, whatever other tests use and other pages set."""
    with jax.enable_x64(False), jax.numpy_dtype_promotion("standard"), np.printoptions():
        yield


@pytest.fixture
def namespace(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, Any]]:
    """Yield the namespace of an importable module in an empty folder, so that what a page defines can be pickled."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "agg")
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # a file that changes within a second would seem unchanged
    module = types.ModuleType("page_" + re.sub(r"\W", "_", request.node.name))
    sys.modules[module.__name__] = module
    yield vars(module)
    for name in [module.__name__, *(file.stem for file in tmp_path.glob("*.py"))]:
        sys.modules.pop(name, None)


def parametrize_by(paths: list[Path]) -> Any:
    return pytest.mark.parametrize("path", paths, ids=[str(path.relative_to(ROOT)) for path in paths])


@parametrize_by([path for path in PAGES if find_blocks(path.read_text())])
def test_page(path: Path, namespace: dict[str, Any]) -> None:
    for block in find_blocks(path.read_text()):
        run(block, namespace, path)


def test_a_name_of_a_file_stands_for_one_file_on_all_pages() -> None:
    """A reader who follows two pages in one folder keeps the files of both."""
    found: dict[str, dict[str, list[str]]] = {}
    for path in PAGES:
        for block in find_blocks(path.read_text()):
            if file := FILE.match(block.code):
                versions = found.setdefault(file[1], {}).setdefault(str(path.relative_to(ROOT)), [])
                versions.append(block.code)  # a page may correct its own file
    assert {name: [*pages] for name, pages in found.items() if len({*map(tuple, pages.values())}) > 1} == {}


@parametrize_by(NOTEBOOKS)
def test_notebook(path: Path, namespace: dict[str, Any]) -> None:
    for number, cell in enumerate(json.loads(path.read_text())["cells"]):
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), f"{path}[{number}]", "exec"), namespace)


@parametrize_by(NOTEBOOKS)
def test_notebook_is_stored_plain(path: Path) -> None:
    notebook = json.loads(path.read_text())
    cells = notebook["cells"]
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert len(cells) <= 12
    assert len({cell["id"] for cell in cells}) == len(cells)
    for cell in cells:
        assert not cell.get("outputs"), f"clear the outputs of {cell['id']}"
        assert cell.get("execution_count") is None, f"clear the outputs of {cell['id']}"


@pytest.mark.parametrize(("shown", "agrees"), [("2", True), ("3", False), ("", False)])
def test_shown_output_is_compared(shown: str, agrees: bool) -> None:
    (block,) = find_blocks(f"Some text.\n\n```python\n>>> 1 + 1\n{shown}\n```\n")
    if agrees:
        run(block, {}, ROOT / "README.md")
    else:
        with pytest.raises(AssertionError, match=r"line 4, in README\.md"):
            run(block, {}, ROOT / "README.md")


def test_blocks_of_a_page_share_a_namespace(namespace: dict[str, Any]) -> None:
    first, second = find_blocks("```python\nx = 1\n```\n\n```python\n>>> x + 1\n2\n```\n")
    run(first, namespace, ROOT / "README.md")
    run(second, namespace, ROOT / "README.md")
    assert namespace["x"] == 1
