"""Programs are kept under all that they depend on, and not at all where that cannot be told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab.lab._engine import program as program_module
from gradlab.lab._engine.partition import Partition
from gradlab.lab._engine.program import Program
from gradlab.lab._engine.training_loop import draw, stack_optimizers
from gradlab.lab._inputs import importing
from gradlab.lab._inputs.importing import import_object
from gradlab.lab._storage import program_store
from gradlab.lab._storage.program_store import ProgramStore, keep_programs
from gradlab.lab.problems import Problem, Ravine

PARTITION = Partition(2, 3, 4, 2, 3, 5)
STACK = stack_optimizers([gl.sgd(0.1), gl.sgd(0.01)])
RAVINE = Ravine()


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ProgramStore]:
    """A store in a process with one device that has imported nothing for the user."""
    monkeypatch.setattr(jax, "device_count", lambda: 1)
    monkeypatch.setattr(program_module, "imported_modules", set())
    yield ProgramStore(tmp_path, package=_package(tmp_path / "package", "a = 1"))
    keep_programs(None)


def _package(folder: Path, source: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "part.py").write_text(source)
    return folder


def _key(store: ProgramStore, problem: Any = RAVINE, tx: Any = STACK, partition: Partition = PARTITION) -> str | None:
    lane = jax.tree.map(lambda number: jax.ShapeDtypeStruct((), jnp.asarray(number).dtype), tx)
    return store.find_key(jax.local_devices()[:1], problem, lane, partition)


def test_the_key_holds_all_that_a_program_depends_on(store: ProgramStore, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = [_key(store)]
    assert keys[0] is not None
    assert _key(store, tx=gl.sgd(jnp.float64(0.3))) == keys[0]  # numbers are inputs
    keys.append(_key(store, Ravine(steepness=51.0)))
    keys.append(_key(store, tx=gl.sgd(jnp.float32(0.1))))
    keys.append(_key(store, tx=gl.sgd(0.1, momentum=0.9)))
    keys.append(_key(store, tx=gl.sgd(0.1, momentum=0.9, nesterov=True)))
    keys.append(_key(store, partition=replace(PARTITION, chunk=3)))
    with jax.default_matmul_precision("float32"):
        keys.append(_key(store))
    monkeypatch.setenv("XLA_FLAGS", "--xla_cpu_enable_fast_math=true")
    keys.append(_key(store))
    monkeypatch.undo()
    assert None not in keys
    assert len(set(keys)) == len(keys)


def test_a_change_of_gradlabs_source_or_of_a_package_gives_a_new_program(
    store: ProgramStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def find_new() -> str | None:
        return _key(ProgramStore(tmp_path, package=tmp_path / "package"))

    key = _key(store)
    assert find_new() == key
    _package(tmp_path / "package", "a = 2")
    edited = find_new()
    monkeypatch.setattr(program_store, "_find_version", lambda package: "0.0.1")
    assert len({key, edited, find_new()}) == 3


class Mine(Ravine):
    """A problem of the user."""


def test_nothing_is_kept_that_runs_code_of_the_user(store: ProgramStore) -> None:
    def of_the_user(path: Any, leaf: Any) -> bool:
        return True

    assert _key(store, Mine()) is None
    assert _key(store, tx=gl.muon(0.1)) is not None
    assert _key(store, tx=gl.muon(0.1, matrices=of_the_user)) is None
    assert _key(store, tx=gl.muon(0.1, matrices=lambda path, leaf: True)) is None
    assert store.find_key(jax.local_devices()[:2], Ravine()) is None  # and nothing for two devices


def _run(problem: Problem) -> tuple[Program, Any]:
    program = Program(problem, STACK, PARTITION, jax.local_devices()[:1])
    return program, program.run([PARTITION.block(0)], draw(problem, range(3), 4), 0, None)


def test_a_kept_program_runs_as_the_one_that_was_made_and_a_damaged_one_is_made_again(
    store: ProgramStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Program] = []
    make = Program._compile

    def note(program: Program, devices: Any) -> Any:
        made.append(program)
        return make(program, devices)

    monkeypatch.setattr(Program, "_compile", note)
    keep_programs(store.folder)
    first, second = _run(Ravine()), _run(Ravine())
    assert len(made) == 1
    assert second[0].carry_shapes() == first[0].carry_shapes()
    assert second[0].decomposes is first[0].decomposes is False
    jax.tree.map(np.testing.assert_array_equal, second[1], first[1])
    (path,) = store.folder.glob("*.program")
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    _run(Ravine())
    assert len(made) == 2
    import_object("optax:sgd")  # any module may change what gradlab computes
    monkeypatch.setattr(program_module, "imported_modules", importing.imported_modules)
    _run(Ravine())
    assert len(made) == 3


def test_the_programs_that_were_not_used_for_the_longest_time_make_room(store: ProgramStore) -> None:
    keep_programs(store.folder)
    kept = _run(Ravine())[0]._kept
    (path,) = store.folder.glob("*.program")
    small = ProgramStore(store.folder, most_bytes=path.stat().st_size + 1, package=store.folder / "package")
    small.save("later", kept)
    assert [found.stem for found in store.folder.glob("*.program")] == ["later"]
