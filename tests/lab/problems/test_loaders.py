"""Loaders are read once; what cannot be trained on is refused, with what came and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from gradlab.lab.problems import loaders
from gradlab.lab.problems.loaders import count_batches, digest_batches, read_batches

PAIR = (np.zeros((3, 2), np.float32), np.arange(3, dtype=np.int32))


def endless() -> Iterator[Any]:
    while True:
        yield PAIR


def test_batches_are_stacked_whatever_yields_them() -> None:
    for loader in ([PAIR, PAIR], iter([PAIR, PAIR]), lambda: (PAIR for _ in range(2))):
        images, labels = read_batches(loader, "batches")
        assert (images.shape, images.dtype, labels.shape) == ((2, 3, 2), np.float32, (2, 3))
        assert count_batches((images, labels)) == 2
    assert read_batches([{"x": [1, 2]}], "batches")["x"][1].shape == (1,)  # a list is a tree, too


def test_a_digest_differs_for_any_number_dtype_and_shape() -> None:
    data = np.arange(6, dtype=np.int32)
    others = [data.copy(), data + 1, data.astype(np.uint32), data.reshape(2, 3), {"x": data}]
    digests = [digest_batches(other) for other in others]
    assert digests[0] == digest_batches(data)
    assert len(set(digests)) == len(others)


@pytest.mark.parametrize(
    ("loader", "error", "message"),
    [
        (3, TypeError, "batches must be an iterable of batches, got int; pass a list of batches"),
        ("text", TypeError, "got str"),
        ({"x": PAIR}, TypeError, "got dict"),
        ([], ValueError, "batches yields no batch; a generator yields once, so pass its function"),
        ([()], ValueError, "batches yields no array"),
        (PAIR, ValueError, r"batch 0 is float32\[3,2\], and batch 1 is int32\[3\]; .* into a tuple"),
        ([PAIR[0], PAIR[0][:2]], ValueError, r"batch 1 is float32\[2,2\]; leave out a last batch .*drop_last"),
        ([PAIR, list(PAIR)], ValueError, r"batch 0 is .* in \(\(\*, \*\)\), and batch 1 is .* in \(\[\*, \*\]\)"),
        ([["a", "b"]], TypeError, "batches of numbers, got str .*; encode texts"),
        ([np.array([1j])], TypeError, "batches of numbers, got ndarray .complex128."),
        (endless, ValueError, "batches has more than 0 MiB after 28 batches, .* with itertools.islice"),
    ],
)
def test_what_is_no_loader_is_refused(
    loader: Any, error: type[Exception], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loaders, "LIMIT", 1000)
    with pytest.raises(error, match=message):
        read_batches(loader, "batches")
