import json
import threading
import time
from pathlib import Path

import pytest

from gradlab.lab._profile import Profile, measure, record, write_profile


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that only the test lets pass, on both clocks."""
    now = [0.0]
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    return now


def test_a_span_does_not_count_the_spans_inside_it(clock: list[float]) -> None:
    profile = Profile(lambda: clock[0] / 2)
    with record(profile):
        with measure("trace", "adam on digits"):
            clock[0] += 1
            with measure("compile", "adam on digits"):
                clock[0] += 4
            clock[0] += 1
        with measure("trace", "sgd on digits"):
            clock[0] += 8
    parts = {(part.part, part.task): part[2:] for part in profile.take_parts()}
    assert parts == {
        ("trace", "adam on digits"): (2, 1, 1),
        ("compile", "adam on digits"): (4, 2, 1),
        ("trace", "sgd on digits"): (8, 4, 1),
    }
    assert profile.take_parts() == []


def test_threads_are_measured_side_by_side(clock: list[float]) -> None:
    profile = Profile(lambda: 0.0)

    def work() -> None:
        with measure("run"):
            clock[0] += 3

    with record(profile), measure("wait"):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert {part.part: part.seconds for part in profile.take_parts()} == {"run": 3, "wait": 3}


def test_nothing_is_recorded_unless_it_is_asked_for(clock: list[float]) -> None:
    profile = Profile(lambda: 0.0)
    with record(profile):
        pass
    with measure("run"):
        clock[0] += 1
    with record(None), measure("run"):
        clock[0] += 1
    assert profile.take_parts() == []


def test_the_document_has_the_sums_of_the_tasks(clock: list[float], tmp_path: Path) -> None:
    profile = Profile(lambda: 0.0)
    profile.add("run", "adam on digits", 1, 0.5)
    profile.add("run", "sgd on digits", 2, 0.25, count=3)
    clock[0] += 10
    write_profile(tmp_path, profile.document())
    document = json.loads((tmp_path / "profile.json").read_text())
    assert document["format"] == "gradlab-profile-1"
    assert document["parts"] == {"run": {"seconds": 3, "processor_seconds": 0.75, "count": 4}}
    assert document["tasks"] == {"adam on digits": {"run": [1, 0.5]}, "sgd on digits": {"run": [2, 0.25]}}
    assert document["seconds"] == 10
