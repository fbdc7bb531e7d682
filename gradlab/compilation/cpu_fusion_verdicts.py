"""The verdict on fusion on CPUs in this version of XLA: found in a process of its own, and remembered."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from .user_cache import describe_machine, find_cache_folder

_CANARY = "gradlab.cpu_fusion_canary"
_SECONDS = 600  # a process that takes longer hangs
_FORMAT = 1  # raised when the programs of the canary change


class Verdict(NamedTuple):
    """The result of the test of XLA's fusion on CPUs."""

    passes: bool
    reason: str = ""  # why it did not pass
    warning: str = ""  # what must not be compiled with it


def find_verdict(flags: str) -> Verdict:
    """Return the verdict for a value of `XLA_FLAGS`, from the user's cache or else from a test of about ten seconds."""
    path = _find_file(flags)
    with contextlib.suppress(OSError, ValueError, TypeError):
        return _read(path)
    verdict, is_final = _examine(flags)
    if is_final:
        with contextlib.suppress(OSError):
            _write(path, verdict)
    return verdict


def _find_file(flags: str) -> Path:
    """Return the file of a verdict. Another version, machine or set of options has another file."""
    facts = (_FORMAT, version("jax"), version("jaxlib"), describe_machine(), flags)
    digest = hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]
    return find_cache_folder() / "cpu_fusion" / f"jaxlib-{version('jaxlib')}-{digest}.json"


def _read(path: Path) -> Verdict:
    """Return a verdict that was kept. Raises OSError, ValueError or TypeError if there is none that can be read."""
    verdict = Verdict(**json.loads(path.read_text(encoding="utf-8")))
    if not (isinstance(verdict.passes, bool) and isinstance(verdict.reason, str) and isinstance(verdict.warning, str)):
        raise TypeError(f"{path} holds no verdict")
    return verdict


def _write(path: Path, verdict: Verdict) -> None:
    """Keep a verdict. The file appears as a whole, because another process may read it at the same time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(verdict._asdict(), file)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def _examine(flags: str) -> tuple[Verdict, bool]:
    """Return a verdict from new processes, and whether it would be the same in the next ones."""
    steps = _run_canary("steps", flags)
    if isinstance(steps, str):
        return Verdict(False, f"the test of XLA's fusion on CPUs could not run ({steps})"), False
    if steps.returncode != 0:
        return Verdict(False, f"XLA's fusion on CPUs fails its test in jaxlib {version('jaxlib')}: {_say(steps)}"), True
    scatters = _run_canary("scatters", flags)
    if isinstance(scatters, str):
        return Verdict(False, f"the test of XLA's fusion on CPUs could not run ({scatters})"), False
    warning = ""
    if scatters.returncode != 0:
        warning = (
            f"in jaxlib {version('jaxlib')}, XLA ends the process when it compiles some programs that change arrays "
            f"at given places, such as (a.at[i].add(x), b.at[i].add(x)) (openxla/xla issue 47367)"
        )
    return Verdict(True, warning=warning), True


def _run_canary(part: str, flags: str) -> subprocess.CompletedProcess[str] | str:
    """Run a part of the canary's programs under `flags`, without other settings of JAX. Returns why it did not end."""
    environment: dict[str, Any] = {name: value for name, value in os.environ.items() if not name.startswith("JAX_")}
    packages = str(Path(__file__).parents[2])  # where this process has found gradlab
    paths = [packages, *filter(None, [environment.get("PYTHONPATH")])]
    environment |= {"XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu", "PYTHONPATH": os.pathsep.join(paths)}
    try:
        done = subprocess.run(
            [sys.executable, "-m", _CANARY, part],
            env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
            timeout=_SECONDS,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if -done.returncode in (signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGKILL", 9)):
        return f"signal {-done.returncode} ended it"
    return done


def _say(done: subprocess.CompletedProcess[str]) -> str:
    """Return why a process failed: the message of a failed check of XLA, or the last line of what it printed."""
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    checks = [line.partition("] ")[2] for line in lines if "Check failed" in line]
    said = (checks or lines or ["it printed nothing"])[-1].strip()
    return said if done.returncode >= 0 else f"{said} (signal {-done.returncode})"
