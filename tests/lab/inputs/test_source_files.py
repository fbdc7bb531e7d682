"""All files of the user's whose code a problem or an optimizer runs are digested, and none that is installed."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import sys
import time
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import optax
import pytest

import gradlab as gl
from gradlab.lab._inputs.loading import find_contestant, find_factory, find_problem
from gradlab.lab._inputs.source_files import digest_source_files, find_package_versions
from gradlab.lab._inputs.user_code_detection import is_user_code
from gradlab.lab.problems import Ravine

FILES = {
    "mine_of_sources.py": """
import json, math
import numpy as np
import helper_of_sources
from package_of_sources import part
from space_of_sources.inner import deep
import twin_of_sources as twin, gone_of_sources_if_any

class Bowl:
    def init(self, key): return np.ones(3, np.float32)
    def loss(self, params, batch):
        from package_of_sources.lazy import factor
        import importlib
        importlib.import_module("by_name_of_sources")
        return factor * (params**2).sum()

def steep(rate=0.1): return helper_of_sources.descent(rate)
""".replace(", gone_of_sources_if_any", ""),
    "helper_of_sources.py": "import second_of_sources\nimport optax\ndef descent(rate): return optax.sgd(rate)\n",
    "second_of_sources.py": "try:\n    import no_such_module_at_all\nexcept ImportError:\n    pass\n",
    "by_name_of_sources.py": "",
    "twin_of_sources.py": "from helper_of_sources import *\n",
    "package_of_sources/__init__.py": "",
    "package_of_sources/part.py": "from . import sibling\nfrom .below import leaf\n",
    "package_of_sources/sibling.py": "",
    "package_of_sources/lazy.py": "factor = 1.0\n",
    "package_of_sources/below/__init__.py": "",
    "package_of_sources/below/leaf.py": "from ..other import x\n",
    "package_of_sources/other.py": "x = 1\n",
    "package_of_sources/unused.py": "",
    "space_of_sources/inner/deep.py": "",
    "makers_of_sources.py": "import gradlab as gl\ndef maker(b1):\n    return lambda rate=0.1: gl.adam(rate, b1=b1)\n",
    "named_of_sources.py": "from makers_of_sources import maker\nmade = maker(0.8)\n",
}  # fmt: skip
REACHED = set(FILES) - {"package_of_sources/unused.py", "makers_of_sources.py", "named_of_sources.py"}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    importlib.invalidate_caches()
    yield tmp_path
    for name in [name for name in sys.modules if "_of_sources" in name]:
        del sys.modules[name]


def test_every_file_that_is_reached_is_digested() -> None:
    assert set(digest_source_files(find_problem("mine_of_sources:Bowl"))) == REACHED
    assert set(digest_source_files(find_contestant("mine_of_sources:steep").make)) == REACHED


@pytest.mark.parametrize("name", sorted(REACHED))
def test_an_edit_of_a_file_changes_its_digest_alone(folder: Path, name: str) -> None:
    thing = find_factory("mine_of_sources:steep")
    before = digest_source_files(thing)
    (folder / name).write_text(FILES[name] + "# edited\n")
    after = digest_source_files(thing)
    assert {key for key in {**before, **after} if before.get(key) != after.get(key)} == {name}


def test_the_module_that_is_named_counts_where_another_one_made_the_thing() -> None:
    assert set(digest_source_files(find_factory("named_of_sources:made"))) == {
        "makers_of_sources.py",
        "named_of_sources.py",
    }
    mine = importlib.import_module("mine_of_sources")
    assert set(digest_source_files(functools.partial(mine.steep, 0.2))) == REACHED
    assert set(digest_source_files(types.MethodType(mine.steep, 0.2))) == REACHED
    holder = Ravine()
    object.__setattr__(holder, "measure", [mine.steep])
    assert set(digest_source_files(holder)) == REACHED


def test_gradlab_and_installed_packages_have_no_files_but_a_version() -> None:
    assert digest_source_files(gl.adam, Ravine(), find_factory("optax:adam"), optax.sgd) == {}
    assert find_package_versions(gl.adam, Ravine()) == {}
    assert find_package_versions(find_factory("optax:adam")) == {"optax": optax.__version__}
    assert find_package_versions(find_factory("mine_of_sources:steep")) == {}
    assert [is_user_code(thing) for thing in (gl.adam, Ravine(), find_contestant("sgd_momentum").make)] == [False] * 3
    assert is_user_code(find_factory("optax:adam"))
    assert is_user_code(find_problem("mine_of_sources:Bowl"))


def test_a_users_name_for_a_factory_of_gradlab_marks_nothing(folder: Path) -> None:
    (folder / "alias_of_sources.py").write_text("from gradlab import adam\n")
    find_factory("alias_of_sources:adam")
    assert not is_user_code(gl.adam)
    assert digest_source_files(gl.adam) == {}


def test_files_that_are_no_valid_python_are_digested_too(folder: Path) -> None:
    (folder / "helper_of_sources.py").write_bytes(FILES["helper_of_sources.py"].encode())
    thing = find_factory("mine_of_sources:steep")
    for content in (b"def (", b"\xff\xfe\0", b"(" * 10_000, b""):
        (folder / "second_of_sources.py").write_bytes(content)
        assert "second_of_sources.py" in digest_source_files(thing)
    (folder / "second_of_sources.py").unlink()
    assert "second_of_sources.py" not in digest_source_files(thing)


def test_modules_of_an_archive_and_imports_in_a_circle(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import zipfile

    with zipfile.ZipFile(folder / "packed.zip", "w") as archive:
        archive.writestr("zipped_of_sources.py", "import round_of_sources\ndef made(rate=0.1): return 3\n")
    (folder / "round_of_sources.py").write_text("import zipped_of_sources\n")
    monkeypatch.syspath_prepend(str(folder / "packed.zip"))
    module: Any = importlib.import_module("zipped_of_sources")
    assert set(digest_source_files(module.made)) == {"zipped_of_sources.py", "round_of_sources.py"}


def test_it_takes_little_time() -> None:
    problem, factory = find_problem("mine_of_sources:Bowl"), find_factory("optax:adam")
    digest_source_files(problem, factory)
    begin = time.process_time()
    digest_source_files(problem, factory)
    assert time.process_time() - begin < 0.5
