"""Compiled programs are kept in the user's cache, unless somebody has said otherwise."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import jax
import matplotlib
import pytest

import gradlab._compat
from gradlab.cli.sessions.program_cache import VARIABLE, use_program_cache
from gradlab.lab._storage.program_store import keep_programs

SETTINGS = (
    "jax_compilation_cache_dir",
    "jax_compilation_cache_max_size",
    "jax_persistent_cache_min_compile_time_secs",
    "jax_persistent_cache_min_entry_size_bytes",
)


@pytest.fixture(autouse=True)
def new_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """The settings of a process that has computed nothing, and a user without a cache."""
    monkeypatch.delenv(VARIABLE)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(gradlab._compat, "backend_has_started", lambda: False)
    before = {name: jax.config.values[name] for name in SETTINGS}
    yield
    keep_programs(None)
    for name, value in before.items():
        jax.config.update(name, value)


def test_the_cache_has_a_folder_for_each_kind_of_processor(tmp_path: Path) -> None:
    use_program_cache()
    folder = Path(jax.config.values["jax_compilation_cache_dir"])
    assert folder.parent == tmp_path / "gradlab" / "programs"
    assert folder.is_dir()
    assert jax.config.values["jax_compilation_cache_max_size"] == 2**29


@pytest.mark.parametrize("why", ["own", "off", "begun", "read-only"])
def test_what_the_user_has_set_stays(why: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    own = str(tmp_path / "own") if why == "own" else None
    jax.config.update("jax_compilation_cache_dir", own)
    if why == "off":
        monkeypatch.setenv(VARIABLE, "off")
    if why == "begun":
        monkeypatch.setattr(gradlab._compat, "backend_has_started", lambda: True)
    if why == "read-only":
        monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null")
    use_program_cache()
    assert jax.config.values["jax_compilation_cache_dir"] == own


@pytest.mark.slow
def test_a_second_race_compiles_nothing_and_two_at_a_time_share_the_cache(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "XLA_FLAGS"}
    environment |= {"XDG_CACHE_HOME": str(tmp_path), "JAX_PLATFORMS": "cpu", "PYTHONPATH": os.pathsep.join(sys.path)}
    environment |= {"MPLCONFIGDIR": matplotlib.get_cachedir()}  # Matplotlib says so when it has to list the fonts anew

    def start(out: str) -> subprocess.Popen[str]:
        tiny = ("--problem", "ravine", "--optimizer", "sgd", "--rates", "2", "--seeds", "2", "--steps", "6", "--json")
        command = [sys.executable, "-m", "gradlab", "race", *tiny, "--out", str(tmp_path / out)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)

    def list_programs() -> set[str]:
        return {
            path.name
            for path in (tmp_path / "gradlab").rglob("*")
            if path.suffix == ".program" or "-cache" in path.name
        }

    both = [start("one"), start("two")]
    assert [process.communicate()[1] for process in both] == ["", ""]
    programs = list_programs()
    assert "jit_draw_seed" in {name.split("-")[0] for name in programs}
    assert sum(name.endswith(".program") for name in programs) == 1
    assert start("three").communicate()[1] == ""
    assert list_programs() == programs
    results = {(tmp_path / out / "results.nc").read_bytes() for out in ("one", "two", "three")}
    assert len(results) == 1
