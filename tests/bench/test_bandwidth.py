"""The kernels that only move memory."""

from __future__ import annotations

import pytest

from gradlab.bench.bandwidth import REACHABLE, STREAMS, Bandwidths, StreamContestant, jit_stream
from gradlab.bench.inspection.kernels import measure_traffic


@pytest.mark.parametrize("name", STREAMS)
def test_a_kernel_moves_what_it_says(name: str) -> None:
    contestant = StreamContestant(STREAMS[name], 2**16)
    traffic = measure_traffic(jit_stream(STREAMS[name]).lower(*contestant.first, *contestant._rest).compile())
    assert traffic.kernels == 1
    assert traffic.read + traffic.written == contestant.bytes
    (first,) = contestant.first
    assert contestant.run(2) > 0
    assert first.is_deleted()  # overwritten


def test_the_best_one_is_measured_once() -> None:
    bandwidths = Bandwidths(0.001)
    best = bandwidths.find_best(2**14)
    assert best in REACHABLE
    found = bandwidths.measured[2**14]
    assert found.keys() == STREAMS.keys()
    assert found[best] == max(found[name] for name in REACHABLE)
    bandwidths.find_best(2**14)
    assert bandwidths.measured[2**14] is found
