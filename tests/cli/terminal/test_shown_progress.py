"""Long work says how far it is, also where nobody looks at a terminal."""

from __future__ import annotations

import io
import sys
import time

import pytest
from rich.progress import TextColumn

from gradlab.cli.terminal import shown_progress
from gradlab.cli.terminal.shown_progress import LinesNowAndThen, ShownProgress, format_seconds


def wait_for(capsys: pytest.CaptureFixture[str], text: str) -> str:
    """Return what is said on standard error, once it has this text."""
    said, end = "", time.monotonic() + 30
    while text not in said and time.monotonic() < end:
        time.sleep(0.01)
        said += capsys.readouterr().err
    return said


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shown_progress, "FIRST_SECONDS", 0.02)
    monkeypatch.setattr(shown_progress, "SECONDS", 0.02)


@pytest.mark.usefixtures("quick")
def test_without_a_terminal_lines_say_how_far_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    progress = ShownProgress("sweep", TextColumn("{task.description}"))
    bar = progress.add_task("starting", total=1600, unit="runs")
    with progress:
        assert "sweep: 0 of 1,600 runs, 0 s; starting\n" in wait_for(capsys, "starting\n")
        progress.update(bar, description="digits: adam")
        progress.advance(bar, 1200.5)
        said = wait_for(capsys, "1,200 of")
    assert "sweep: 1,200 of 1,600 runs, 0 s; digits: adam\n" in said
    assert "\r" not in said
    assert "\x1b" not in said
    time.sleep(0.1)
    capsys.readouterr()
    time.sleep(0.1)
    assert capsys.readouterr().err == ""
    with progress:  # it may begin again
        assert "1,200 of 1,600" in wait_for(capsys, "1,200 of")


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("options", [{"hidden": True}, {"lines": False}])
def test_nothing_is_said_where_nothing_is_wanted(options: dict[str, bool], capsys: pytest.CaptureFixture[str]) -> None:
    progress = ShownProgress("sweep", **options)
    progress.add_task("starting", total=2, unit="runs")
    with progress:
        time.sleep(0.1)
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("quick")
def test_a_terminal_shows_a_bar_and_no_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    progress = ShownProgress("sweep", TextColumn("{task.description}"))
    progress.add_task("at work", total=2, unit="runs")
    with progress:
        time.sleep(0.3)
    assert "at work" in terminal.getvalue()
    assert "0 of 2 runs" not in terminal.getvalue()


def test_an_unknown_total_is_left_out() -> None:
    progress = ShownProgress("check adam")
    progress.add_task("making adam", total=None, unit="laws")
    assert progress.describe() == "check adam: 0 s; making adam"


def test_one_is_no_plural() -> None:
    progress = ShownProgress("sweep")
    progress.add_task("drawing", total=1, unit="pictures")
    assert progress.describe() == "sweep: 0 of 1 picture, 0 s; drawing"


def test_durations() -> None:
    assert [format_seconds(seconds) for seconds in (0, 12.7, 119.9, 120, 3725)] == [
        "0 s", "12 s", "119 s", "2 min 0 s", "62 min 5 s",
    ]  # fmt: skip


def test_sentences_that_come_often_are_said_seldom(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = LinesNowAndThen()
    lines("at once")
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(shown_progress, "SECONDS", 0.0)
    lines("later")
    assert capsys.readouterr().err == "later\n"
