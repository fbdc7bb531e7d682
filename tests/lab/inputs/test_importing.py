"""Objects are imported by name, and names that cannot be imported are refused in one line."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import optax
import pytest

from gradlab.lab._inputs.importing import BrokenUserCodeError, LoadError, import_object

FILES = {
    "importing_works.py": "class Outer:\n    inner = [1, 2]\nvalue = 3\n",
    "importing_divides.py": "\n1 / 0\n",
    "importing_exits.py": "import sys\nsys.exit(3)\n",
    "importing_misses.py": "import no_such_package_at_all\n",
    "importing_moves.py": (
        "import os, sys\nos.chdir('..')\nsys.path.remove(sys.path[-1])\nsys.path.insert(0, 'extra')\nvalue = 1\n"
    ),
    "importing_waits.py": "import time\ntime.sleep(60)\n",
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("importing_")]:
        del sys.modules[name]


def test_an_object_is_imported_from_the_working_directory_and_from_packages() -> None:
    assert import_object("importing_works:value") == 3
    assert import_object("importing_works:Outer.inner") == [1, 2]
    assert import_object("optax:adam") is optax.adam
    assert import_object("optax.contrib:muon") is optax.contrib.muon


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("optax:", r"'optax:' has nothing behind the colon; expected package.module:name, such as optax:adam$"),
        (":adam", r"cannot import '' of ':adam', which is not the name of a module; expected package.module:name$"),
        ("a b:c", r"cannot import 'a b' of 'a b:c', which is not the name of a module"),
        ("importing_works.py:value", r"is a file; type its module, importing_works:value$"),
        ("./importing_works.py:value", r"is a file; type its module, importing_works:value$"),
        ("optax:adamx", r"optax has no 'adamx'; did you mean adam"),
        ("importing_works:Outer.outer", r"importing_works has no 'Outer.outer'; "),
        (
            "no_such_module:x",
            r"cannot import no_such_module of .* \(No module named .*\); looked in /.* too$",
        ),
        ("importing_misses:x", r"of importing_misses:x, because it imports no_such_package_at_all \(No module named"),
    ],
)
def test_a_name_that_does_not_exist_is_refused(name: str, message: str) -> None:
    with pytest.raises(LoadError, match=message) as caught:
        import_object(name)
    assert not isinstance(caught.value, BrokenUserCodeError)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "importing_divides:x",
            r"^the import of importing_divides fails at .*divides.py:2 \(1 / 0\): ZeroDiv",
        ),
        ("importing_exits:x", r"it ends the program, by sys.exit\(3\)$"),
    ],
)
def test_a_module_that_fails_is_broken(name: str, message: str) -> None:
    with pytest.raises(BrokenUserCodeError, match=message):
        import_object(name)


def test_a_module_that_takes_too_long_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADLAB_LOAD_SECONDS", "0.2")
    with pytest.raises(BrokenUserCodeError, match=r"importing_waits .*no answer after 0.2 s; set GRADLAB_LOAD_SECONDS"):
        import_object("importing_waits:x")


def test_an_import_leaves_the_working_directory_and_the_path(folder: Path) -> None:
    before = list(sys.path)
    assert import_object("importing_moves:value") == 1
    assert Path.cwd() == folder
    assert set(before) <= set(sys.path)
    assert "extra" in sys.path


def test_a_working_directory_that_was_removed_is_no_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = folder / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert import_object("optax:sgd") is optax.sgd
    with pytest.raises(LoadError, match=r"looked in \(a working directory that was removed\) too$"):
        import_object("no_such_module:x")
    os.chdir(folder)
