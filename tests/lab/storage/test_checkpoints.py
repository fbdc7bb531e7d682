"""Parts are kept whole, and damage to them is seen."""

from __future__ import annotations

from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

from gradlab.lab.storage import checkpoints
from gradlab.lab.storage.checkpoints import CheckpointStore, DamagedPartError, Part
from gradlab.lab.storage.files import DamagedJSONError

PLAN = {"steps": 3}


def part(value: float) -> Part:
    return Part({"loss": np.full((2, 1, 3), value, np.float32), "metric a": np.arange(2.0)}, 0.5, 0.25)


def carry(value: float) -> list[np.ndarray]:
    return [np.full((2, 1, 4), value, jnp.bfloat16), np.array([[True], [False]])]


SHAPES = [((2, 1, 4), jnp.dtype(jnp.bfloat16)), ((2, 1), jnp.dtype(bool))]


@pytest.fixture
def kept(tmp_path: Path) -> CheckpointStore:
    """Two of three chunks of block 1 of task 2."""
    checkpoints.begin(tmp_path, PLAN)
    found = CheckpointStore(tmp_path, PLAN)
    for chunk in range(2):
        found.write(2, 1, chunk, part(chunk), carry(chunk))
    return found


def test_what_was_written_is_read_from_the_start(kept: CheckpointStore) -> None:
    found = kept.parts(2, 1, 3)
    assert [value.arrays["loss"].max() for value in found] == [0, 1]
    np.testing.assert_array_equal(found[0].arrays["metric a"], [0, 1])
    assert (found[0].seconds, found[0].compile_seconds) == (0.5, 0.25)
    assert found[0].arrays["loss"].dtype == np.float32
    assert kept.parts(2, 0, 3) == []


def test_only_the_last_carry_is_kept_and_none_at_the_end(kept: CheckpointStore) -> None:
    stored = kept.carry(2, 1, 1, SHAPES)
    assert [array.dtype for array in stored] == [dtype for _, dtype in SHAPES]
    np.testing.assert_array_equal(stored[0], carry(1)[0])
    np.testing.assert_array_equal(stored[1], carry(1)[1])
    assert sum("carry" in path.name for path in kept.folder.iterdir()) == 1
    kept.write(2, 1, 2, part(2), [])
    assert sorted(path.name for path in kept.folder.iterdir()) == ["0002-0001-0000", "0002-0001-0001", "0002-0001-0002"]
    assert len(kept.parts(2, 1, 3)) == 3


@pytest.mark.parametrize("name", ["0002-0001-0000", "0002-0001-carry-0001"])
@pytest.mark.parametrize("size", [0, 10, -1, -100])
def test_a_part_that_is_cut_off_is_seen(kept: CheckpointStore, name: str, size: int) -> None:
    path = kept.folder / name
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(DamagedPartError, match=f"{name} is damaged"):
        kept.parts(2, 1, 3)


def test_every_changed_byte_of_the_numbers_is_seen(kept: CheckpointStore) -> None:
    path = kept.folder / "0002-0001-0001"
    whole = path.read_bytes()
    at = whole.index(np.float32(1).tobytes() * 6)
    for offset in range(24):
        path.write_bytes(whole[: at + offset] + bytes([whole[at + offset] ^ 1]) + whole[at + offset + 1 :])
        with pytest.raises(DamagedPartError):
            kept.parts(2, 1, 3)


def test_a_missing_carry_is_seen(kept: CheckpointStore) -> None:
    (kept.folder / "0002-0001-carry-0001").unlink()
    with pytest.raises(DamagedPartError, match="carry-0001 is missing"):
        kept.parts(2, 1, 3)
    kept.discard(2, 1)
    assert kept.parts(2, 1, 3) == []
    assert list(kept.folder.iterdir()) == []


def test_parts_of_another_plan_are_refused(kept: CheckpointStore) -> None:
    with pytest.raises(DamagedPartError, match="belongs to another plan"):
        CheckpointStore(kept.folder.parent, {"steps": 4}).parts(2, 1, 3)


def test_a_new_plan_takes_the_old_parts_away(kept: CheckpointStore) -> None:
    folder = kept.folder.parent
    assert checkpoints.read_plan(folder) == PLAN
    checkpoints.begin(folder, {"steps": 4})
    assert checkpoints.read_plan(folder) == {"steps": 4}
    assert not kept.folder.exists()
    checkpoints.end(folder)
    assert checkpoints.read_plan(folder / "elsewhere") is None


@pytest.mark.parametrize("name", ["0002-0001-0001", "0002-0001-carry-0001"])
def test_one_bit_that_is_changed_anywhere_is_seen_or_changes_nothing(kept: CheckpointStore, name: str) -> None:
    path = kept.folder / name
    whole, expected = path.read_bytes(), kept._read(path)
    seen = 0
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ (1 << at % 8)]) + whole[at + 1 :])
        try:
            found = kept._read(path)
        except DamagedPartError:
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


def test_chunks_are_counted_by_their_files(kept: CheckpointStore) -> None:
    (kept.folder / "0003-0000-carry-0000").write_bytes(b"")
    (kept.folder / "0003-mine").write_bytes(b"")
    assert checkpoints.stored_chunks(kept.folder.parent) == [(2, 1, 0), (2, 1, 1)]
