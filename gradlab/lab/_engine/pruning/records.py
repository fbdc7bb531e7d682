"""The records of the runs of a pruned task, which end at different updates, and the curves that they make."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..._storage.checkpoints import ChunkResult
from ..evaluation_steps import choose_evaluation_steps
from ..partition import Partition
from ..training_loop import Curves, assemble_curves, thin


class Records:
    """The records so far of the runs of some points from some seeds."""

    def __init__(self, points: int, seeds: int, steps: int):
        self.steps, self.evaluations = steps, choose_evaluation_steps(steps)
        self.ends = np.zeros((points, seeds), int)  # the positions that a run has records of
        self.arrays: dict[str, np.ndarray] = {}  # on (point, seed, step or evaluation, ...); zero where unknown
        self.run_seconds = self.compile_seconds = 0.0

    def add(self, partition: Partition, block: int, chunks: Sequence[ChunkResult]) -> None:
        """Add all chunks of a block of a part of the runs, which begins where the part before it has ended."""
        place = np.ix_(*partition.block(block))
        first = partition.first * partition.chunk
        for name in chunks[0].arrays:
            piece = np.concatenate([chunk.arrays[name] for chunk in chunks], axis=2)
            is_metric = name.startswith("metric ")
            if name not in self.arrays:
                length = len(self.evaluations) if is_metric else self.steps
                self.arrays[name] = np.zeros((*self.ends.shape, length, *piece.shape[3:]), piece.dtype)
            start = int(np.searchsorted(self.evaluations, first)) if is_metric else first
            self.arrays[name][:, :, start : start + piece.shape[2]][place] = piece
        self.ends[place] = first + len(chunks) * partition.chunk
        self.run_seconds += sum(chunk.seconds for chunk in chunks)
        self.compile_seconds += sum(chunk.compile_seconds for chunk in chunks)

    def curves(self, curve_points: int | None = None) -> Curves:
        """Return the curves. A run that has not come to its end is NaN from there on, and has diverged only before."""
        metrics = {
            name.removeprefix("metric "): array for name, array in self.arrays.items() if name.startswith("metric ")
        }
        curves = assemble_curves(self.arrays["loss"], metrics, self.arrays.get("path"))  # zeros are no divergence
        is_finished = self.ends > self.steps
        ends = np.where(is_finished, self.steps + 1, self.ends)

        def cut_off(curve: np.ndarray, at: np.ndarray) -> np.ndarray:
            is_known: Any = at < ends[..., None]
            return np.where(is_known.reshape(is_known.shape + (1,) * (curve.ndim - 3)), curve, curve.dtype.type(np.nan))

        cut = curves._replace(
            loss=cut_off(curves.loss, np.arange(self.steps)),
            metrics={name: cut_off(metric, self.evaluations) for name, metric in curves.metrics.items()},
            path=None if curves.path is None else cut_off(curves.path, np.arange(self.steps)),
            pruned_step=np.where(is_finished, -1, self.ends).astype(np.int32),
        )
        return thin(cut, self.steps, curve_points)
