"""Ctrl-C ends the command at any moment, and is told from an interrupt that some code raises."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from gradlab.interrupts import Interrupted, is_command, is_interrupt

BUSY = """
import sys, time
sys.argv = ["gradlab", "list"]
import gradlab.cli
from gradlab import interrupts

class Swallower:
    def __del__(self):
        print("ready", flush=True)
        try:
            time.sleep(100)
        except ValueError:
            pass

def busy():
    if {swallow}:
        Swallower()  # what is raised in there cannot be caught outside
    print("ready", flush=True)
    while True:
        try:
            time.sleep(100)
        finally:
            time.sleep({cleaning})

gradlab.cli._run = busy
sys.exit(gradlab.cli.main())
"""


@pytest.mark.parametrize(
    ("number", "times", "cleaning", "swallow"),
    [(signal.SIGINT, 1, 0, False), (signal.SIGINT, 2, 100, False), (signal.SIGTERM, 1, 0, False),
     (signal.SIGINT, 1, 0, True)],
)  # fmt: skip
def test_any_number_of_signals_ends_it_quietly(number: int, times: int, cleaning: int, swallow: bool) -> None:
    program = BUSY.format(cleaning=cleaning, swallow=swallow)
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    for _ in range(times):
        process.send_signal(number)
        if times > 1:
            time.sleep(0.3)
    _, errors = process.communicate(timeout=100)
    assert (process.returncode, errors) == (128 + number, "")


def test_an_interrupt_of_other_code_is_none() -> None:
    assert is_interrupt(KeyboardInterrupt())  # as pytest has not changed the handler
    assert is_interrupt(Interrupted(signal.SIGTERM))
    assert Interrupted(signal.SIGTERM).code == 143
    assert not is_interrupt(SystemExit())
    with ThreadPoolExecutor(1) as pool:
        assert not pool.submit(is_interrupt, KeyboardInterrupt()).result()
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        assert not is_interrupt(KeyboardInterrupt())  # the command raises Interrupted
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (["/usr/bin/gradlab", "race"], True),
        (["gradlab.exe"], True),
        (["-c"], False),
        (["train.py"], False),
        ([], False),
    ],
)
def test_the_command_is_known_by_its_name(monkeypatch: pytest.MonkeyPatch, arguments: Any, command: bool) -> None:
    monkeypatch.setattr(sys, "argv", arguments)
    assert is_command() is command
    monkeypatch.setattr(sys, "argv", ["-m"])
    monkeypatch.setattr(sys, "orig_argv", ["python", "-m", "gradlab" if command else "pytest"])
    assert is_command() is command
