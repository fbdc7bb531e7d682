"""What other processes put into the store is told while this one waits for them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradlab.lab._engine import task_runner
from gradlab.lab._engine.task import Watcher
from gradlab.lab._engine.task_runner import ChunkFollower
from gradlab.lab._storage.checkpoints import CheckpointStore, ChunkResult


class Listener(Watcher):
    def __init__(self) -> None:
        self.told: list[tuple[Any, int, int]] = []
        self.runs = 0.0

    def on_progress(self, runs: float) -> None:
        self.runs += runs

    def on_chunk(self, task: Any, block: int, chunk: int, arrays: Mapping[str, np.ndarray]) -> None:
        assert arrays["loss"].tolist() == [block, chunk]
        self.told.append((task, block, chunk))


def test_new_chunks_are_told_once_when_runs_progress(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task_runner, "SECONDS", 0.0)
    store, listener = CheckpointStore(tmp_path, {}, first=3), Listener()
    follower = ChunkFollower(["a", "b"], store, listener)  # type: ignore[list-item]

    def write(task: int, block: int, chunk: int) -> None:
        store.write(task, block, chunk, ChunkResult({"loss": np.array([block, chunk])}, 1.0, 0.0), [])

    CheckpointStore(tmp_path, {}).write(0, 0, 0, ChunkResult({}, 1.0, 0.0), [])  # of an earlier round
    write(1, 0, 0)
    write(0, 2, 0)
    follower.on_progress(2.0)
    (tmp_path / "parts" / "0003-0002-0001").write_bytes(b"damaged")
    write(1, 0, 1)
    follower.on_progress(1.0)
    follower.on_progress(1.0)
    assert listener.told == [("a", 2, 0), ("b", 0, 0), ("b", 0, 1)]
    assert listener.runs == 4.0
    monkeypatch.setattr(task_runner, "SECONDS", 1000.0)
    follower.on_progress(0.0)
    write(0, 2, 1)
    follower.on_progress(0.0)
    assert len(listener.told) == 3  # it does not look all the time
