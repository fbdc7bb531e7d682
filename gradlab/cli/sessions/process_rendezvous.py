"""The rendezvous of the processes of a study, before `jax.distributed` connects them.

When a process is missing, JAX ends the others without an error that could be caught. The processes therefore meet here
first, where a missing one is reported in a line.
"""

from __future__ import annotations

import contextlib
import socket
import time

from ..terminal.printing import fail

_MISSING = "did not arrive at"  # by which a process that only gets the message tells the exit code


def meet(coordinator: str, count: int, index: int, seconds: int) -> None:
    """Wait until all processes are there. Ends the command if one is missing or has contradictory options.

    Process 0 listens at the port of the coordinator, which JAX uses afterwards. The others send it their index and the
    number of processes, and it answers whether they can go on, or why not.
    """
    host, colon, port = coordinator.rpartition(":")
    if not colon or not host or not port.isdecimal() or not 0 < int(port) < 65536:
        fail(f"--coordinator must be HOST:PORT, such as localhost:1234, or auto; got {coordinator!r}")
    try:
        family, *_, address = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError) as error:
        fail(f"--coordinator {coordinator}: the host {host} cannot be found ({getattr(error, 'strerror', error)})")
    end = time.monotonic() + seconds
    if index:
        _join(coordinator, (str(address[0]), int(port)), count, index, end, seconds)
    elif count > 1:
        _gather(coordinator, family, int(port), count, end, seconds)


def _gather(coordinator: str, family: int, port: int, count: int, end: float, seconds: int) -> None:
    """Wait for the other processes, and tell all of them to go on, or why not."""
    visitors: dict[int, socket.socket] = {}
    with socket.socket(family, socket.SOCK_STREAM) as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind(("", port))
            door.listen(count)
        except OSError as error:
            fail(f"process 0 cannot listen at {coordinator} ({error.strerror}); pass another port", 1)
        refusal = ""
        while len(visitors) < count - 1 and not refusal:
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
                    refusal = (
                        f"--processes is {count} for --process 0, but {others} for --process {other}; it must agree"
                    )
                elif other in visitors:
                    refusal = f"two processes have --process {other}; give each its own number, from 0 to {count - 1}"
                visitors[other if other not in visitors else -1] = visitor
            elif time.monotonic() >= end:
                missing = ", ".join(str(other) for other in range(1, count) if other not in visitors)
                refusal = (
                    f"--process {missing} {_MISSING} {coordinator} within {seconds} s; start all processes together"
                )
    for visitor in visitors.values():
        visitor.settimeout(5)
        with contextlib.suppress(OSError):
            visitor.sendall(f"{refusal}\n".encode())
            visitor.recv(1)  # waits until the other process has closed the connection
        visitor.close()
    if refusal:
        fail(refusal, 1 if _MISSING in refusal else 2)


def _join(coordinator: str, address: tuple[str, int], count: int, index: int, end: float, seconds: int) -> None:
    """Tell process 0 the index of this process, and wait for its answer."""
    why = "no answer"
    while time.monotonic() < end:
        try:
            with socket.create_connection(address, timeout=max(0.1, min(5.0, end - time.monotonic()))) as line:
                line.sendall(f"gradlab {index} {count}\n".encode())
                line.settimeout(max(0.1, end + 5 - time.monotonic()))  # process 0 knows better which one is missing
                answer = line.recv(1000).decode(errors="replace")
        except OSError as error:
            answer, why = "", error.strerror or str(error)
        if answer:
            if refusal := answer.strip():
                fail(refusal, 1 if _MISSING in refusal else 2)
            return
        time.sleep(0.2)
    fail(f"process 0 did not answer at {coordinator} within {seconds} s ({why}); start it with --process 0", 1)
