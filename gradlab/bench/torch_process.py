"""The process in which PyTorch takes its turns."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from types import TracebackType
from typing import Any

from .counterparts import TorchClass

REMEDY = "install it with: pip install torch"


class TorchError(RuntimeError):
    """PyTorch is not there, or does not do what it was asked for. The message says why."""


class TorchProcess:
    """A process that runs PyTorch. Raises TorchError if PyTorch cannot be imported there."""

    def __init__(self) -> None:
        if find_spec("torch") is None:
            raise TorchError(f"PyTorch is not installed; {REMEDY}")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "gradlab.bench.torch_worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            answer = self._read()
        except TorchError:
            self.close()
            raise
        self.version, self.threads = str(answer["version"]), int(answer["threads"])

    def make(self, wanted: TorchClass, shape: tuple[int, ...], leaves: int) -> TorchContestant:
        """Make an optimizer, in place of the one before."""
        answer = self.ask(
            do="make",
            name=wanted.name,
            arguments=dict(wanted.arguments),
            max_norm=wanted.max_norm,
            shape=list(shape),
            leaves=leaves,
        )
        return TorchContestant(self, str(answer["variant"]))

    def ask(self, **command: Any) -> dict[str, Any]:
        """Send a command, and return the answer. Raises TorchError if it fails there."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(command) + "\n")
            self._process.stdin.flush()
        except OSError:
            raise TorchError(self._describe_end()) from None
        return self._read()

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()

    def __enter__(self) -> TorchProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise TorchError(self._describe_end())
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise TorchError(f"PyTorch fails with {answer['error']}")
        return answer

    def _describe_end(self) -> str:
        return f"the process of PyTorch has ended with exit code {self._process.wait()}"


class TorchContestant:
    """The present optimizer of the process."""

    def __init__(self, process: TorchProcess, variant: str):
        self._process = process
        self.variant = variant  # "fused", "foreach" or "plain"

    def run(self, calls: int) -> float:
        """Make steps, and return the seconds that all of them take."""
        return float(self._process.ask(do="run", calls=calls)["seconds"])
