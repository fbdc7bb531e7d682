"""Checkpoints come back as they were written, and damage to them is noticed."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

from gradlab.lab._storage import checkpoints
from gradlab.lab._storage.checkpoints import CheckpointStore, ChunkResult, DamagedCheckpointError
from gradlab.lab._storage.files import DamagedJSONError

PLAN = {"steps": 3}


def chunk_result(value: float) -> ChunkResult:
    return ChunkResult({"loss": np.full((2, 1, 3), value, np.float32), "metric a": np.arange(2.0)}, 0.5, 0.25)


def carry(value: float) -> list[np.ndarray]:
    return [np.full((2, 1, 4), value, jnp.bfloat16), np.array([[True], [False]])]


SHAPES = [((2, 1, 4), jnp.dtype(jnp.bfloat16)), ((2, 1), jnp.dtype(bool))]


@pytest.fixture
def store(tmp_path: Path) -> CheckpointStore:
    """Two of three chunks of block 1 of task 2."""
    checkpoints.initialize_folder(tmp_path, PLAN)
    store = CheckpointStore(tmp_path, PLAN)
    for chunk in range(2):
        store.write(2, 1, chunk, chunk_result(chunk), carry(chunk))
    return store


def test_what_was_written_is_read_from_the_start(store: CheckpointStore) -> None:
    found = store.read_results(2, 1, 3)
    assert [value.arrays["loss"].max() for value in found] == [0, 1]
    np.testing.assert_array_equal(found[0].arrays["metric a"], [0, 1])
    assert (found[0].seconds, found[0].compile_seconds) == (0.5, 0.25)
    assert found[0].arrays["loss"].dtype == np.float32
    assert store.read_results(2, 0, 3) == []


def test_only_the_last_carry_is_stored_and_none_at_the_end(store: CheckpointStore) -> None:
    arrays = store.read_carry(2, 1, 1, SHAPES)
    assert [array.dtype for array in arrays] == [dtype for _, dtype in SHAPES]
    np.testing.assert_array_equal(arrays[0], carry(1)[0])
    np.testing.assert_array_equal(arrays[1], carry(1)[1])
    assert sum("carry" in path.name for path in store.folder.iterdir()) == 1
    store.write(2, 1, 2, chunk_result(2), [])
    assert sorted(path.name for path in store.folder.iterdir()) == [
        "0002-0001-0000",
        "0002-0001-0001",
        "0002-0001-0002",
    ]
    assert len(store.read_results(2, 1, 3)) == 3


@pytest.mark.parametrize("name", ["0002-0001-0000", "0002-0001-carry-0001"])
@pytest.mark.parametrize("size", [0, 10, -1, -100])
def test_a_part_that_is_cut_off_is_seen(store: CheckpointStore, name: str, size: int) -> None:
    path = store.folder / name
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(DamagedCheckpointError, match=f"{name} is damaged"):
        store.read_results(2, 1, 3)


def test_every_changed_byte_of_the_numbers_is_seen(store: CheckpointStore) -> None:
    path = store.folder / "0002-0001-0001"
    whole = path.read_bytes()
    at = whole.index(np.float32(1).tobytes() * 6)
    for offset in range(24):
        path.write_bytes(whole[: at + offset] + bytes([whole[at + offset] ^ 1]) + whole[at + offset + 1 :])
        with pytest.raises(DamagedCheckpointError):
            store.read_results(2, 1, 3)


def test_a_missing_carry_is_seen(store: CheckpointStore) -> None:
    (store.folder / "0002-0001-carry-0001").unlink()
    with pytest.raises(DamagedCheckpointError, match="carry-0001 is missing"):
        store.read_results(2, 1, 3)
    store.discard_block(2, 1)
    assert store.read_results(2, 1, 3) == []
    assert list(store.folder.iterdir()) == []


def test_parts_of_another_plan_are_refused(store: CheckpointStore) -> None:
    with pytest.raises(DamagedCheckpointError, match="belongs to another plan"):
        CheckpointStore(store.folder.parent, {"steps": 4}).read_results(2, 1, 3)


def test_a_new_plan_removes_the_old_checkpoints(store: CheckpointStore) -> None:
    folder = store.folder.parent
    assert checkpoints.read_plan(folder) == PLAN
    checkpoints.initialize_folder(folder, {"steps": 4})
    assert checkpoints.read_plan(folder) == {"steps": 4}
    assert not store.folder.exists()
    checkpoints.remove_checkpoints(folder)
    assert checkpoints.read_plan(folder / "elsewhere") is None


@pytest.mark.parametrize("name", ["0002-0001-0001", "0002-0001-carry-0001"])
def test_one_bit_that_is_changed_anywhere_is_seen_or_changes_nothing(store: CheckpointStore, name: str) -> None:
    path = store.folder / name
    whole, expected = path.read_bytes(), store._read(path)
    seen = 0
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ (1 << at % 8)]) + whole[at + 1 :])
        try:
            found = store._read(path)
        except DamagedCheckpointError:
            seen += 1
            continue
        assert found.keys() == expected.keys()
        for key, array in found.items():
            assert (array.dtype, array.shape, array.tobytes()) == (
                expected[key].dtype, expected[key].shape, expected[key].tobytes()
            )  # fmt: skip
    assert seen > len(whole) / 2


@pytest.mark.parametrize("text", ["", "[]", "null", "3", "[" * 99_999, '{"a": NaN}', "1" * 9_999, '{"a": '])
def test_a_damaged_plan_is_one_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "plan.json").write_text(text)
    with pytest.raises(DamagedJSONError):
        checkpoints.read_plan(tmp_path)


def test_chunks_are_counted_by_their_files(store: CheckpointStore) -> None:
    (store.folder / "0003-0000-carry-0000").write_bytes(b"")
    (store.folder / "0003-mine").write_bytes(b"")
    assert checkpoints.list_chunks(store.folder.parent) == [(2, 1, 0), (2, 1, 1)]


def test_a_carry_is_written_and_read_without_a_second_copy(store: CheckpointStore) -> None:
    size = 2**26  # NumPy writes 16 MiB at a time
    carry = [np.arange(size // 4, dtype=np.float32).reshape(2, -1)]
    tracemalloc.start()
    try:
        store.write(0, 0, 0, chunk_result(1.0), carry)
        written = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        (found,) = store.read_carry(0, 0, 0, [(carry[0].shape, np.float32)])
        read = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    np.testing.assert_array_equal(found, carry[0])
    assert written < size / 2
    assert read < 1.9 * size


def test_a_carry_with_its_axes_the_other_way_round_is_not_continued_from(
    store: CheckpointStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "_CARRY_AXES", "point, seed")
    store.write(0, 0, 0, chunk_result(1.0), carry(1.0))
    monkeypatch.undo()
    with pytest.raises(DamagedCheckpointError, match="carry-0000 is of an older version"):
        store.read_results(0, 0, 2)
