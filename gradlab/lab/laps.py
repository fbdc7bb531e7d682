"""Laps: one optimizer's runs on one problem, as they are planned, run block by block, and kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from typing import Any, NamedTuple

import jax
import numpy as np
import optax

from .cut import Cut, cut
from .lanes import Curves, Draws, curves, draw, stack
from .problems.base import Problem
from .processes import Processes
from .program import Program
from .store import DamagedError, Part, Store


@dataclass(frozen=True)
class Task:
    """What a lap is to do: each point of one optimizer's hyperparameters, from each seed, on one problem."""

    problem: Problem
    name: str  # of the optimizer
    family: str  # what it is drawn beside
    make: Callable[..., optax.GradientTransformation]  # of the hyperparameters below, by name
    points: Mapping[str, np.ndarray]  # hyperparameter -> (point,)
    seeds: tuple[int, ...]
    steps: int
    lanes: int | None = None  # at most so many in a block; None leaves it to the size of the problem
    chunk: int | None = None  # at most so many steps in a chunk
    notes: Mapping[str, str] = field(default_factory=dict)  # attributes of the Dataset
    axis: str = "rate"  # what the points are on: "rate" in a race, "point" in a sweep

    @property
    def count(self) -> int:
        """The number of points."""
        return len(next(iter(self.points.values())))

    @property
    def setup(self) -> str:
        """The problem as text, without the address that is in Python's own."""
        kind = type(self.problem)
        return (
            repr(self.problem) if kind.__repr__ is not object.__repr__ else f"{kind.__module__}.{kind.__qualname__}()"
        )

    @property
    def runs(self) -> int:
        """The number of runs."""
        return self.count * len(self.seeds)

    def optimizer(self, point: int) -> optax.GradientTransformation:
        """The optimizer at a point."""
        return self.make(**{name: values[point].item() for name, values in self.points.items()})

    @cached_property
    def composition(self) -> str:
        """What the optimizer is made of, at the middle point."""
        return str(self.optimizer(self.count // 2))

    @cached_property
    def cut(self) -> Cut:
        """Its blocks and chunks."""
        tx = self.optimizer(self.count // 2)
        return cut(self.problem, tx, self.count, len(self.seeds), self.steps, self.lanes, self.chunk)


class Lap(NamedTuple):
    """What a task gave."""

    task: Task
    curves: Curves  # NumPy arrays on (point, seed, ...)
    compile_seconds: float
    run_seconds: float  # of the chunks, without compilation; what was read back took none


class Watcher:
    """Is told how the work goes; this one does not care."""

    def starts(self, task: Task) -> None:
        """A lap begins."""

    def advances(self, runs: float) -> None:
        """So many runs are done, in parts of a run, since the last time; those of before a resume are counted too."""

    def warns(self, message: str) -> None:
        """Something was amiss, and is being put right."""


def run_laps(
    tasks: Sequence[Task],
    store: Store | None = None,
    watcher: Watcher | None = None,
    processes: Processes | None = None,
    devices: Sequence[jax.Device] | None = None,
) -> Generator[Lap, None, None]:
    """Run the tasks, and yield each lap as it ends.

    While a lap runs, the next one is compiled on a second thread. Chunks that a store holds are taken from it, and new
    ones are added as they end: stopping at any moment loses only what is in flight. With several processes, each must
    call this with the same tasks; only the first has a store, and all get the same laps.
    """
    watcher, processes = watcher or Watcher(), processes or Processes()
    drawn: dict[Any, Future[Draws]] = {}
    # For a program, and for the draws beside it.
    compiler = ThreadPoolExecutor(2, thread_name_prefix="compile")

    def prepare(task: Task) -> tuple[Program, Future[Draws]]:
        key = (id(task.problem), task.seeds, task.steps)
        if key not in drawn:
            drawn.clear()  # laps come problem by problem
            drawn[key] = compiler.submit(_as_here(draw), task.problem, task.seeds, task.steps)
        program = Program(task.problem, stack([task.optimizer(i) for i in range(task.count)]), task.cut, devices)
        return program, drawn[key]

    try:
        kept = _kept(0, tasks[0], store, processes, watcher)
        upcoming = _submit(compiler, prepare, tasks[0], kept)
        for index, task in enumerate(tasks):
            watcher.starts(task)
            now, parts = upcoming, kept
            prepared = now.result() if now is not None else None
            if index + 1 < len(tasks):
                kept = _kept(index + 1, tasks[index + 1], store, processes, watcher)
                upcoming = _submit(compiler, prepare, tasks[index + 1], kept)
            if prepared is not None:
                program, draws = prepared
                parts = _Run(index, task, program, draws.result(), store, watcher, processes).finish(parts)
            else:
                watcher.advances(task.runs)
            yield _lap(task, parts)
    finally:
        compiler.shutdown(wait=False, cancel_futures=True)


def train(
    problem: Problem, optimizers: Sequence[optax.GradientTransformation], seeds: Sequence[int], steps: int
) -> Curves:
    """The curves of some optimizers of one structure from each seed, on (optimizer, seed, step), as one program.

    A run's numbers do not depend on which others run beside it, up to the rounding of the compiled loops; a run that
    diverges changes no other one. Raises ValueError for no steps or seeds.
    """
    if steps < 1 or not len(seeds):
        raise ValueError(f"a sweep needs at least one step and one seed, got {steps} steps and {len(seeds)} seeds")
    points = {"index": np.arange(len(optimizers))}
    task = Task(problem, "given", "given", lambda index: optimizers[index], points, tuple(seeds), steps)
    return next(run_laps([task])).curves


Parts = list[list[Part]]  # (block, chunk)


def _submit(
    compiler: ThreadPoolExecutor, prepare: Callable[[Task], Any], task: Task, kept: Parts
) -> Future[tuple[Program, Future[Draws]]] | None:
    complete = all(len(parts) == task.cut.chunks for parts in kept)
    return None if complete else compiler.submit(_as_here(prepare), task)


def _as_here(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function to be called in another thread, under those settings of JAX in this one that types depend on."""
    settings: Any = jax.config
    wide, promotion = settings.jax_enable_x64, settings.jax_numpy_dtype_promotion

    def call(*args: Any) -> Any:
        with jax.enable_x64(wide), jax.numpy_dtype_promotion(promotion):
            return function(*args)

    return call


def _kept(index: int, task: Task, store: Store | None, processes: Processes, watcher: Watcher) -> Parts:
    """The chunks of each block that are done already."""
    blocks = len(task.cut.blocks())
    if processes.is_first:
        parts = [_sound(store, index, block, task, watcher) for block in range(blocks)] if store else [[]] * blocks
    else:
        parts = []
    return processes.from_first(parts)


def _sound(store: Store, index: int, block: int, task: Task, watcher: Watcher) -> list[Part]:
    try:
        return store.parts(index, block, task.cut.chunks)
    except DamagedError as error:
        watcher.warns(f"{error}; the block is computed anew")
        store.discard(index, block)
        return []


class _Run:
    """The chunks of one lap that are still to be computed."""

    def __init__(
        self,
        index: int,
        task: Task,
        program: Program,
        draws: Draws,
        store: Store | None,
        watcher: Watcher,
        processes: Processes,
    ):
        self.index, self.task, self.program, self.draws = index, task, program, draws
        self.store, self.watcher, self.processes = store, watcher, processes
        self.blocks = task.cut.blocks()
        self.block_runs = task.runs / len(self.blocks)
        self.compile_seconds = program.compile_seconds
        self.is_kept = processes.from_first(store is not None)

    def finish(self, kept: Parts) -> Parts:
        """All parts of all blocks."""
        parts = [list(block) for block in kept]
        width = self.program.width * self.processes.count
        done = [len(block) for block in parts]
        self.watcher.advances(self.block_runs * sum(done) / self.task.cut.chunks)
        for chunk, same in groupby(sorted(range(len(parts)), key=done.__getitem__), key=done.__getitem__):
            if chunk == self.task.cut.chunks:
                continue
            queue = list(same)
            for first in range(0, len(queue), width):
                for block, part in self._wave(queue[first : first + width], chunk):
                    parts[block].append(part)
        return parts

    def _wave(self, wave: list[int], start: int) -> Iterator[tuple[int, Part]]:
        """Run some blocks, one on each device of all processes, from the chunk `start` to the end."""
        width = self.program.width
        filled = wave + [wave[-1]] * (width * self.processes.count - len(wave))
        mine = filled[self.processes.index * width : (self.processes.index + 1) * width]
        carry = self._load(mine, wave, start)
        for chunk in range(start, self.task.cut.chunks):
            begin = time.perf_counter()
            carry, trace = self.program.run([self.blocks[block] for block in mine], self.draws, chunk, carry)
            results = jax.tree.map(np.asarray, trace)  # waits for them
            seconds = (time.perf_counter() - begin) / len(wave)
            is_last = chunk + 1 == self.task.cut.chunks
            kept = [] if is_last or not self.is_kept else [np.asarray(array) for array in carry]
            results, kept = self.processes.joined((results, kept))
            for position, block in enumerate(wave):
                own = jax.tree.map(lambda array, at=position: array[at], results)
                part = Part(self.program.valid(chunk, own), seconds, self.compile_seconds)
                self.compile_seconds = 0.0
                if self.store:
                    self.store.write(self.index, block, chunk, part, [array[position] for array in kept])
                self.watcher.advances(self.block_runs / self.task.cut.chunks)
                yield block, part

    def _load(self, mine: list[int], wave: list[int], start: int) -> list[Any] | None:
        """What the blocks go on from, on (block, ...)."""
        if start == 0:
            return None
        shapes = self.program.carry_shapes()
        carries = {}
        if self.store:
            carries = {block: self.store.carry(self.index, block, start - 1, shapes) for block in wave}
        carries = self.processes.from_first(carries)
        return [np.stack(arrays) for arrays in zip(*(carries[block] for block in mine))]


def _lap(task: Task, parts: Parts) -> Lap:
    """Put the blocks and chunks of a lap together."""
    joined = [
        {name: np.concatenate([part.arrays[name] for part in block], axis=2) for name in block[0].arrays}
        for block in parts
    ]
    whole = {}
    for name, array in joined[0].items():
        whole[name] = np.empty((task.count, len(task.seeds), *array.shape[2:]), array.dtype)
        for block, arrays in zip(task.cut.blocks(), joined):
            whole[name][np.ix_(block.points, block.seeds)] = arrays[name]
    metrics = {name.removeprefix("metric "): array for name, array in whole.items() if name.startswith("metric ")}
    return Lap(
        task,
        curves(whole["loss"], metrics, whole.get("path")),
        compile_seconds=sum(part.compile_seconds for block in parts for part in block),
        run_seconds=sum(part.seconds for block in parts for part in block),
    )
