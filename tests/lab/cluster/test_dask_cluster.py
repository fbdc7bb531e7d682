"""Addresses of clusters, and one study on three workers of which one is killed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from gradlab.lab._cluster.dask_cluster import ClusterError, _parse, connect

SWEEP = (
    "sweep",
    "--problem",
    "digits",
    "--optimizer",
    "mine:slow",
    "--set",
    "rate=0.01,0.02,0.05,0.1",
    "--seeds",
    "10",
)
SIZES = ("--steps", "400", "--lanes", "8", "--chunk", "50", "--json")


@pytest.mark.parametrize(
    ("on", "argument"),
    [
        ("dask://host:8786", {"address": "tcp://host:8786"}),
        ("dask+tls://host:8786", {"address": "tls://host:8786"}),
        ("dask:shared/scheduler.json", {"scheduler_file": "shared/scheduler.json"}),
    ],
)
def test_an_address_is_what_dask_needs(on: str, argument: dict[str, str]) -> None:
    assert _parse(on) == argument


@pytest.mark.parametrize("on", ["host:8786", "dask://host", "dask:", "ray://host:1", "dask+tls:file"])
def test_another_address_is_refused(on: str) -> None:
    with pytest.raises(ValueError, match=f"got '{re.escape(on)}'; expected dask://HOST:PORT"):
        connect(on).__enter__()


def test_another_object_is_refused() -> None:
    with pytest.raises(TypeError, match=r"on must be an address or a distributed\.Client, got int"):
        connect(3).__enter__()


def test_without_a_scheduler_one_line_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match=r"no Dask scheduler answers at dask:.*; start one with `dask scheduler`"):
        connect(f"dask:{tmp_path / 'missing.json'}").__enter__()


def test_without_certificates_one_line_says_what_tls_lacks() -> None:
    with pytest.raises(ClusterError, match=r"no Dask scheduler answers at dask\+tls://127.0.0.1:9 \(TLS expects"):
        connect("dask+tls://127.0.0.1:9").__enter__()


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    environment = {name: value for name, value in os.environ.items() if name != "XLA_FLAGS"}
    environment |= {"JAX_PLATFORMS": "cpu", "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONUNBUFFERED": "1"}
    with (folder / "log").open("a") as log:
        return subprocess.Popen(
            [sys.executable, "-m", *arguments], cwd=folder, env=environment, text=True, stdout=log, stderr=log
        )


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is needed")
def test_a_study_of_which_one_worker_is_killed_equals_that_of_one_machine(tmp_path: Path) -> None:
    """The workers have no file system in common with the command, as far as they use it: their folders differ."""
    (tmp_path / "mine.py").write_text(
        "import gradlab as gl\n\ndef slow(rate=0.1):\n    return gl.sgd(rate, momentum=0.9)\n"
    )
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    file = tmp_path / "scheduler.json"
    scheduler = start(tmp_path, "dask", "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard",
                      "--scheduler-file", str(file))  # fmt: skip
    processes = [scheduler]
    try:
        wait_for(file.exists)
        worker: tuple[Any, ...] = ("dask", "worker", "--scheduler-file", str(file), "--nthreads", "1", "--no-nanny")
        processes += [start(elsewhere, *worker) for _ in range(3)]
        command = start(tmp_path, "gradlab", *SWEEP, *SIZES, "--out", "together", "--on", f"dask:{file}")
        processes.append(command)
        wait_for(lambda: len([*tmp_path.glob("together/parts/*-*")]) > 12 or command.poll() is not None)
        assert command.poll() is None
        processes[1].send_signal(signal.SIGKILL)
        assert command.wait(600) == 0, (tmp_path / "log").read_text()
        alone = start(tmp_path, "gradlab", *SWEEP, *SIZES, "--out", "alone", "--workers", "1")
        assert alone.wait(600) == 0
    finally:
        for process in processes:
            process.kill()
            process.wait()
    for name in ("results.nc", "plan.json", "points.csv"):
        assert (tmp_path / "alone" / name).read_bytes() == (tmp_path / "together" / name).read_bytes()


def wait_for(condition: Any) -> None:
    end = time.monotonic() + 600
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)
