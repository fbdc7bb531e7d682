"""Processes meet, or each says in a line who is missing or does not fit."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
import typer

from gradlab.cli.sessions.process_rendezvous import meet


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def code(coordinator: str, count: int, index: int, seconds: int) -> int:
    try:
        meet(coordinator, count, index, seconds)
    except typer.Exit as ended:
        return ended.exit_code
    return 0


@pytest.mark.parametrize(
    ("processes", "seconds", "codes", "message"),
    [
        ([(3, 0), (3, 2), (3, 1)], 20, [0, 0, 0], ""),
        (
            [(3, 0), (3, 1), (3, 1)],
            20,
            [2, 2, 2],
            "two processes have --process 1; give each its own number, from 0 to 2",
        ),
        ([(3, 0), (2, 1)], 20, [2, 2], "--processes is 3 for --process 0, but 2 for --process 1; it must agree"),
        ([(3, 0), (3, 1)], 1, [1, 1], "--process 2 did not arrive at "),
        ([(2, 1)], 1, [1], "process 0 did not answer at "),
    ],
)
def test_all_are_there_or_all_say_why(
    capsys: pytest.CaptureFixture[str],
    processes: Sequence[tuple[int, int]],
    seconds: int,
    codes: list[int],
    message: str,
) -> None:
    coordinator = f"127.0.0.1:{free_port()}"
    with ThreadPoolExecutor(3) as pool:
        ends = [pool.submit(code, coordinator, count, index, seconds) for count, index in processes]
        assert [end.result(timeout=60) for end in ends] == codes
    said = capsys.readouterr().err.splitlines()
    assert len(said) == (len(codes) if message else 0)
    assert all(line.startswith(f"gradlab: {message}") for line in said)


@pytest.mark.parametrize("coordinator", ["localhost", "localhost:", ":80", "localhost:x", "localhost:0", "a:65536"])
def test_a_coordinator_has_a_host_and_a_port(capsys: pytest.CaptureFixture[str], coordinator: str) -> None:
    assert code(coordinator, 2, 0, 1) == 2
    said = f"gradlab: --coordinator must be HOST:PORT, such as localhost:1234, or auto; got {coordinator!r}\n"
    assert capsys.readouterr().err == said


def test_a_port_in_use_and_an_unknown_host_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert code(f"127.0.0.1:{port}", 2, 0, 1) == 1
    assert f"cannot listen at 127.0.0.1:{port} (Address already in use)" in capsys.readouterr().err
    assert code("no host:1", 2, 0, 1) == 2
    assert "the host no host cannot be found" in capsys.readouterr().err
