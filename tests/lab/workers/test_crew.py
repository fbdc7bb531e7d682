"""Workers are copies of a process that has not started JAX, so each test here starts a command of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from multiprocessing import Pipe
from pathlib import Path
from pickle import PicklingError
from types import SimpleNamespace
from typing import Any

import pytest

from gradlab.lab._workers import crew
from gradlab.lab._workers.worker import Call, Reply
from tests.lab.exports.test_tensorboard import list_runs, read_run

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are copied under Linux only")

TINY = ("--rates", "3", "--seeds", "4", "--steps", "6", "--lanes", "4", "--chunk", "4", "--json")
# With two cores, so that two workers are hired on any machine.
COMMAND = (
    "import os; os.sched_getaffinity = lambda process: {0, 1}\nfrom gradlab.cli import main\nraise SystemExit(main())"
)


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "XLA_FLAGS"}
    return subprocess.run(
        [sys.executable, "-c", COMMAND, *arguments],
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment | {"JAX_PLATFORMS": "cpu", "PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )


@pytest.mark.slow
def test_workers_leave_the_same_bytes_as_one_process(tmp_path: Path) -> None:
    """Shampoo decomposes matrices: two blocks at a time in one process waited for each other without end."""
    race = ("race", "--problem", "ravine", "--optimizer", "sgd", "--optimizer", "shampoo", *TINY)
    alone = run(tmp_path, *race, "--workers", "1", "--out", "alone")
    together = run(tmp_path, *race, "--out", "together", "--profile", "--log", "tensorboard:log")
    assert (alone.returncode, together.returncode) == (0, 0), together.stderr
    for name in ("results.nc", "plan.json", "leaderboard.csv"):
        assert (tmp_path / "alone" / name).read_bytes() == (tmp_path / "together" / name).read_bytes()
    assert "shampoo on ravine" in (tmp_path / "together" / "profile.json").read_text()  # which a worker measured
    assert len(runs := list_runs(tmp_path / "log")) == 24
    assert {len(read_run(tmp_path / "log" / name)[0]["loss"]) for name in runs} == {6}  # or a NaN at its end


@pytest.mark.slow
def test_what_workers_cannot_do_is_reported_by_the_command(tmp_path: Path) -> None:
    """An optimizer that fails in a worker fails again in the command, which names it, and the others go on."""
    (tmp_path / "mine.py").write_text(
        "import optax\nprint('imported')\n\ndef update(g, s, p=None):\n    raise RuntimeError('no update')\n\n"
        "def broken(rate):\n    return optax.GradientTransformation(lambda p: (), update)\n"
    )
    out = run(tmp_path, "race", "--problem", "ravine", "--optimizer", "mine:broken", "--optimizer", "sgd", *TINY)
    assert out.returncode == 1
    assert "broken on ravine fails" in out.stderr
    assert "no update" in out.stderr
    assert (tmp_path / "race" / "results.nc").exists()


def test_workers_are_hired_only_for_a_cpu_that_has_not_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "count_cores", lambda: 4)
    monkeypatch.setattr(threading, "active_count", lambda: 1)
    monkeypatch.setattr(crew, "backend_has_started", lambda: False)
    monkeypatch.setattr(crew, "read_settings", lambda: {"jax_platforms": "cpu", "jax_default_device": None})
    monkeypatch.delenv("XLA_FLAGS", raising=False)
    assert crew.count_workers() == 4
    monkeypatch.setattr(crew, "count_cores", lambda: 64)
    assert crew.count_workers() == crew.MOST_WORKERS
    monkeypatch.setattr(crew, "count_cores", lambda: 1)
    assert crew.count_workers() == 0
    monkeypatch.setattr(crew, "count_cores", lambda: 4)
    monkeypatch.setattr(crew, "read_settings", lambda: {"jax_platforms": "cuda,cpu", "jax_default_device": None})
    assert crew.count_workers() == 0
    monkeypatch.setattr(crew, "read_settings", lambda: {"jax_platforms": "cpu", "jax_default_device": None})
    monkeypatch.setenv("XLA_FLAGS", "--xla_force_host_platform_device_count=2")
    assert crew.count_workers() == 0
    monkeypatch.delenv("XLA_FLAGS")
    monkeypatch.setattr(crew, "backend_has_started", lambda: True)
    assert crew.count_workers() == 0


def test_workers_for_whom_there_is_no_room_compute_no_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, _ = Pipe()
    few = crew.Crew(lambda: (), 0)
    few._members = [crew._Member(number, ours) for number in range(3)]
    leading: list[int] = []
    monkeypatch.setattr(crew.Crew, "_lead", lambda self, member, task, store: leading.append(member.process))
    tasks: Any = [SimpleNamespace(pruning=None, partition=SimpleNamespace(block_count=5))] * 2
    few.begin(None, tasks, at_a_time=1)  # type: ignore[arg-type]
    for thread in few._threads:
        thread.join()
    assert leading == [0]
    assert [few._idle.get_nowait().process for _ in range(2)] == [1, 2]


def test_a_call_that_fails_leaves_its_worker_for_others() -> None:
    """A worker that answers as a real one does, at the other end of a pipe."""
    ours, theirs = Pipe()
    with crew.Crew(lambda: (), 0) as alone:
        alone._idle.put(crew._Member(0, ours))
        theirs.send(Reply(is_end=True, value=7))
        assert alone.call(max, 3, 7).result() == 7
        assert theirs.recv() == Call(max, (3, 7))
        with pytest.raises((AttributeError, PicklingError)):
            alone.call(lambda: 0).result()
        theirs.send(Reply(is_end=True, succeeded=False))
        with pytest.raises(RuntimeError, match="min failed in a worker"):
            alone.call(min, 3).result()
