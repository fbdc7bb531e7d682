"""More devices and more processes write the same files."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

from gradlab.lab._engine.distributed import Processes

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture(scope="module")
def one_device(
    small_sweep_in: Start, contents: Callable[[Path], dict[str, bytes]], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("one_device")
    process = small_sweep_in(folder, "one")
    assert process.communicate(timeout=100)[1] == ""
    return contents(folder / "one")


def test_eight_devices_and_two_processes_of_four_equal_one_device(
    small_sweep: Start, contents: Callable[[Path], dict[str, bytes]], one_device: dict[str, bytes], tmp_path: Path
) -> None:
    eight = small_sweep("eight", devices=8)
    meeting = ("--coordinator", f"127.0.0.1:{_free_port()}", "--processes", "2", "--process")
    first, second = (small_sweep("two", *meeting, index, devices=4) for index in ("0", "1"))
    for process in (eight, first, second):
        _, errors = process.communicate(timeout=100)
        assert process.returncode == 0, errors
    assert contents(tmp_path / "eight") == one_device
    assert contents(tmp_path / "two") == one_device


def test_processes_are_found_in_the_environment_of_a_cluster(
    small_sweep: Start, contents: Callable[[Path], dict[str, bytes]], one_device: dict[str, bytes], tmp_path: Path
) -> None:
    job = {"SLURM_JOB_ID": str(os.getpid()), "SLURM_STEP_NODELIST": "localhost", "SLURM_NTASKS": "2"}
    both = [
        small_sweep("two", "--coordinator", "auto", devices=2, **job, SLURM_PROCID=index, SLURM_LOCALID=index)
        for index in ("0", "1")
    ]
    for process in both:
        _, errors = process.communicate(timeout=100)
        assert process.returncode == 0, errors
    assert contents(tmp_path / "two") == one_device


def test_all_processes_refuse_what_the_first_one_refuses(small_sweep: Start, tmp_path: Path) -> None:
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "results.nc").write_text("mine")
    meeting = ("--coordinator", f"127.0.0.1:{_free_port()}", "--processes", "2", "--process")
    both = [small_sweep("two", *meeting, index) for index in ("0", "1")]
    for process in both:
        _, errors = process.communicate(timeout=100)
        assert process.returncode == 2
        assert "results.nc was not written by gradlab" in errors


def test_one_process_keeps_its_own_values() -> None:
    alone = Processes()
    tree: Any = {"a": np.arange(3)}
    assert (alone.count, alone.index, alone.is_first) == (1, 0, True)
    assert alone.broadcast(tree) is tree
    assert alone.concatenate(tree) is tree
    assert alone.gather("x") == ["x"]


def test_arrays_of_processes_are_concatenated_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jax, "process_count", lambda: 2)
    monkeypatch.setattr(jax, "process_index", lambda: 1)
    second = Processes()
    monkeypatch.setattr(second, "gather", lambda value: [{"a": np.array([1])}, value])
    np.testing.assert_array_equal(second.concatenate({"a": np.array([2])})["a"], [1, 2])
    assert not second.is_first


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
