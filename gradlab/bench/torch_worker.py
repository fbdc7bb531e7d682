"""PyTorch's steps, in a process of their own, which answers each command on standard input with a line of JSON.

The threads of PyTorch spin for a while after each step, which slows what JAX computes next in the same process by a
fifth.
"""

from __future__ import annotations

import inspect
import json
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

SPIN_SECONDS = 0.02  # longer than the threads of PyTorch wait for more work before they sleep


class Worker:
    """The present optimizer and its parameters."""

    def __init__(self) -> None:
        self._step: Callable[[], object] | None = None

    def make(self, name: str, arguments: dict[str, Any], max_norm: float | None, shape: list[int], leaves: int) -> Any:
        """Make an optimizer, fused where PyTorch has that, else over all leaves at once. Returns which it is."""
        import torch

        self._step = None  # frees the arrays of the one before
        torch.manual_seed(0)
        params = [torch.nn.Parameter(torch.randn(shape)) for _ in range(leaves)]
        for param in params:
            param.grad = torch.randn(shape)
        factory = getattr(torch.optim, name)
        known = inspect.signature(factory).parameters
        variant = next((variant for variant in ("fused", "foreach") if variant in known), "plain")
        options = {} if variant == "plain" else {variant: True}
        optimizer = factory(params, lr=1e-3, **arguments, **options)

        def step() -> None:
            if max_norm is not None:
                torch.nn.utils.clip_grad_norm_(params, max_norm, foreach=True)
            optimizer.step()

        self._step = step
        return {"variant": variant}

    def run(self, calls: int) -> Any:
        """Make a step that is not timed, then `calls` of them, and return the seconds that these take."""
        assert self._step is not None
        self._step()  # wakes the threads
        begin = time.perf_counter()
        for _ in range(calls):
            self._step()
        seconds = time.perf_counter() - begin
        time.sleep(SPIN_SECONDS)
        return {"seconds": seconds}


def main() -> None:
    """Answer commands until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to both processes, and the other one ends this one
    answers = sys.stdout
    sys.stdout = sys.stderr  # what else is printed must not be taken for an answer
    worker = Worker()
    try:
        import torch

        first: dict[str, Any] = {"version": torch.__version__, "threads": torch.get_num_threads()}
    except Exception as error:  # a broken installation raises anything
        first = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(first), file=answers, flush=True)
    for line in sys.stdin:
        command = json.loads(line)
        try:
            answer = getattr(worker, command.pop("do"))(**command)
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
