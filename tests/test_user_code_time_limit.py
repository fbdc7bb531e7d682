"""Code that takes too long is ended, and nothing of the limit stays behind."""

from __future__ import annotations

import signal
import threading
import time

import pytest

from gradlab.user_code_time_limit import (
    VARIABLE,
    OutOfTimeError,
    extend_limit,
    limit_time,
    seconds_in_force,
    time_limit_seconds,
)


def wait(seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("3", 3.0), ("0.5", 0.5), ("0", 0.0), ("-4", 0.0), ("soon", 120.0), ("", 120.0), (None, 120.0)],
)
def test_the_environment_sets_the_limit(text: str | None, seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    if text is None:
        monkeypatch.delenv(VARIABLE, raising=False)
    else:
        monkeypatch.setenv(VARIABLE, text)
    assert time_limit_seconds() == seconds


def test_what_takes_longer_is_ended_and_what_does_not_is_not() -> None:
    begin = time.monotonic()
    with pytest.raises(OutOfTimeError), limit_time(0.1):
        wait(20)
    assert time.monotonic() - begin < 10
    with limit_time(20):
        wait(0.01)


def test_code_that_catches_exceptions_is_ended_too() -> None:
    def stubborn() -> None:
        try:
            wait(20)
        except Exception:
            pytest.fail("the limit was caught")

    with pytest.raises(OutOfTimeError), limit_time(0.1):
        stubborn()


def test_the_alarm_and_its_handler_are_put_back() -> None:
    def own(*_: object) -> None:
        raise AssertionError

    previous = signal.signal(signal.SIGALRM, own)
    try:
        with pytest.raises(OutOfTimeError), limit_time(0.05):
            wait(20)
        with pytest.raises(KeyError), limit_time(20):
            raise KeyError
        assert signal.getsignal(signal.SIGALRM) is own
        assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    finally:
        signal.signal(signal.SIGALRM, previous)


def test_zero_is_no_limit() -> None:
    with limit_time(0):
        assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_an_outer_limit_stays() -> None:
    with pytest.raises(OutOfTimeError), limit_time(0.2), limit_time(20):
        wait(20)


def test_other_threads_have_no_limit() -> None:
    ended = []

    def work() -> None:
        with limit_time(0.05):
            wait(0.3)
        ended.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert ended == [True]


def test_a_limit_is_extended_within_it_and_the_rest_goes_on() -> None:
    with limit_time(0.3):
        assert seconds_in_force() == 0.3
        with extend_limit(60.0):
            wait(0.6)
        assert 0 < signal.getitimer(signal.ITIMER_REAL)[0] <= 1.0  # time to tell what was found
    assert seconds_in_force() == 0.0
    with extend_limit(0.05):
        wait(0.2)  # no limit is set where there was none
    with pytest.raises(OutOfTimeError), limit_time(60.0), extend_limit(0.05):
        wait(20)
