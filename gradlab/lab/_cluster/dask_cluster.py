"""The workers of a Dask scheduler, and calls of functions there. Only this module imports Dask."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from importlib.util import find_spec
from typing import Any, TypeVar

from ...remedies.missing_packages import how_to_install

T = TypeVar("T")

CONNECT_SECONDS = 10
_LARGE = 2**20  # bytes of an argument that do not pass through the scheduler's list of tasks
_EXPECTED = "expected dask://HOST:PORT, dask+tls://HOST:PORT, or dask:FILE with the scheduler's file"


class ClusterError(RuntimeError):
    """There is no cluster at an address, or it is gone. Its text says what to do."""


class LostWorkerError(RuntimeError):
    """A worker has left the cluster."""


class DaskCluster:
    """The workers of a Dask scheduler."""

    def __init__(self, client: Any, name: str, is_own: bool):
        self.client, self.name, self.is_own = client, name, is_own
        self._lock = threading.Lock()
        self._running: dict[str, set[Any]] = {}  # address -> the futures of calls there

    def count_threads(self) -> dict[str, int]:
        """Return how many calls each worker runs at a time, by its address. Raises ClusterError."""
        try:
            if self.client.status in ("running", "newly-created"):
                return dict(self.client.nthreads())
        except Exception:  # of any class, if the connection breaks
            pass
        raise ClusterError(f"the scheduler of {self.name} is gone")

    def call(self, address: str, function: Callable[..., T], *arguments: Any) -> T:
        """Call a function in a worker, and return its result, or raise its error. Raises LostWorkerError."""
        from distributed import KilledWorker
        from distributed.comm.core import CommClosedError

        try:
            sent = [self._send(address, argument) for argument in arguments]
            future = self.client.submit(function, *sent, workers=[address], allow_other_workers=False, pure=False)
            with self._lock:
                self._running.setdefault(address, set()).add(future)
            try:
                return future.result()
            finally:
                with self._lock:
                    self._running[address].discard(future)
        except (CancelledError, KilledWorker, CommClosedError, TimeoutError):
            raise LostWorkerError(address) from None

    def _send(self, address: str, argument: Any) -> Any:
        if isinstance(argument, bytes) and len(argument) > _LARGE:
            return self.client.scatter(argument, workers=[address], hash=False)
        return argument

    def cancel(self, address: str) -> int:
        """Cancel the calls in a worker, which then raise LostWorkerError. Return how many there were."""
        with self._lock:
            futures = list(self._running.get(address, ()))
        for future in futures:
            future.cancel()
        return len(futures)

    def call_everywhere(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Call a short function in all workers at once, beside what they compute. Errors are of no interest."""
        with contextlib.suppress(Exception):
            self.client.run(function, *arguments, on_error="ignore")

    def close(self) -> None:
        """End the connection, if it is ours."""
        if self.is_own:
            with contextlib.suppress(Exception):
                self.client.close(timeout=2)


@contextlib.contextmanager
def connect(on: Any) -> Iterator[DaskCluster]:
    """Yield the cluster of an address, such as `dask://HOST:PORT`, or of a `distributed.Client`.

    Raises ValueError for an address of another form, TypeError for another object, and ClusterError without Dask, and
    if no scheduler answers.
    """
    is_own = isinstance(on, str)
    address = _parse(on) if is_own else None
    if find_spec("distributed") is None:
        raise ClusterError(
            f"distributed is missing, which --on (on=) needs; install it with: {how_to_install('cluster')}"
        )
    from distributed import Client

    if isinstance(address, dict):
        cluster = DaskCluster(_connect(on, address), on, is_own)
    elif isinstance(on, Client):
        if on.asynchronous:
            raise TypeError("on must be a client that is not asynchronous; make it by Client(...)")
        client: Any = on
        cluster = DaskCluster(client, client.scheduler.address, is_own)
    else:
        raise TypeError(f"on must be an address or a distributed.Client, got {type(on).__name__}; {_EXPECTED}")
    try:
        yield cluster
    finally:
        cluster.close()


def _parse(on: str) -> dict[str, str]:
    """Return the argument of a client that an address stands for."""
    kind, colon, rest = on.partition(":")
    if kind in ("dask", "dask+tls") and rest.startswith("//") and rest[2:].rpartition(":")[2].isdecimal():
        return {"address": f"{'tls' if kind == 'dask+tls' else 'tcp'}:{rest}"}
    if kind == "dask" and colon and rest and not rest.startswith("//"):
        return {"scheduler_file": rest}
    raise ValueError(f"on must be the address of a cluster, got {on!r}; {_EXPECTED}")


def _connect(on: str, address: dict[str, str]) -> Any:
    from distributed import Client

    for name in ("distributed", "distributed.client", "distributed.utils_comm"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what matters is said in our own words
    try:
        if "scheduler_file" in address:
            with open(address["scheduler_file"], "rb"):  # for which Dask would wait without end
                pass
        return Client(**address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, TypeError, ValueError, RuntimeError) as error:  # TypeError: no certificates for TLS
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ClusterError(
            f"no Dask scheduler answers at {on} ({reason}); start one with `dask scheduler`, and workers with "
            f"`dask worker`"
        ) from None
