"""The meeting of several processes, before JAX is told of them: where JAX misses one, it ends the process itself."""

from __future__ import annotations

import contextlib
import socket
import time

from .terminal import fail


def meet(coordinator: str, count: int, index: int, seconds: int) -> None:
    """Wait until all processes are there; ends the command, in a line, if one stays away or does not fit.

    The first process listens at the port of the coordinator, which JAX takes afterwards. The others tell it their
    index and how many they are, and are told to go on, or why not.
    """
    host, colon, port = coordinator.rpartition(":")
    if not colon or not host or not port.isdecimal() or not 0 < int(port) < 65536:
        fail(f"--coordinator must be HOST:PORT, such as localhost:1234, or auto; got {coordinator!r}")
    try:
        family, *_, address = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError) as error:
        fail(f"--coordinator {coordinator}: {host} is no known host ({getattr(error, 'strerror', error)})")
    end = time.monotonic() + seconds
    if index:
        _join(coordinator, (str(address[0]), int(port)), count, index, end, seconds)
    elif count > 1:
        _gather(coordinator, family, int(port), count, end, seconds)


def _gather(coordinator: str, family: int, port: int, count: int, end: float, seconds: int) -> None:
    """Wait for the others, and tell all of them to go on."""
    came: dict[int, socket.socket] = {}
    with socket.socket(family, socket.SOCK_STREAM) as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind(("", port))
            door.listen(count)
        except OSError as error:
            fail(f"this process, the first, cannot listen at {coordinator} ({error.strerror}); pass another port", 1)
        refusal = ""
        while len(came) < count - 1 and not refusal:
            door.settimeout(max(0.01, end - time.monotonic()))
            try:
                visitor, _ = door.accept()
                visitor.settimeout(5)
                words = visitor.recv(100).decode(errors="replace").split()
            except OSError:
                words = []
            if len(words) == 3 and words[0] == "gradlab" and words[1].isdecimal() and words[2].isdecimal():
                other, others = int(words[1]), int(words[2])
                if others != count:
                    refusal = f"--processes is {count} here, and {others} for --process {other}"
                elif other in came:
                    refusal = f"two processes have --process {other}; give each its own, from 0 to {count - 1}"
                came[other if other not in came else -1] = visitor
            elif time.monotonic() >= end:
                missing = ", ".join(str(other) for other in range(1, count) if other not in came)
                refusal = f"--process {missing} did not come to {coordinator} within {seconds} s"
    for visitor in came.values():
        visitor.settimeout(5)
        with contextlib.suppress(OSError):
            visitor.sendall(f"{refusal}\n".encode())
            visitor.recv(1)  # until it has closed
        visitor.close()
    if refusal:
        fail(refusal, 1 if "did not come" in refusal else 2)


def _join(coordinator: str, address: tuple[str, int], count: int, index: int, end: float, seconds: int) -> None:
    """Tell the first process who this is, and wait for its answer."""
    why = "no answer"
    while time.monotonic() < end:
        try:
            with socket.create_connection(address, timeout=max(0.1, min(5.0, end - time.monotonic()))) as line:
                line.sendall(f"gradlab {index} {count}\n".encode())
                line.settimeout(max(0.1, end + 5 - time.monotonic()))  # the first one knows better who is missing
                answer = line.recv(1000).decode(errors="replace")
        except OSError as error:
            answer, why = "", error.strerror or str(error)
        if answer:
            if refusal := answer.strip():
                fail(refusal, 1 if "did not come" in refusal else 2)
            return
        time.sleep(0.2)
    fail(f"the first process does not answer at {coordinator} within {seconds} s ({why}); start it with --process 0", 1)
