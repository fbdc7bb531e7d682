"""The verdict on XLA's fusion comes from a process of its own, and is kept in the user's cache."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from gradlab.compilation import cpu_fusion_verdicts
from gradlab.compilation.cpu_fusion_verdicts import Verdict, find_verdict

from ..recipe_kernels import FUSION

Outcome = subprocess.CompletedProcess[str] | str
OK = subprocess.CompletedProcess([], 0, "", "")
CHECK = "F0000 00:00:17 symbolic_map.cc:196] Check failed: GetNumDims() == 3 \n*** trace ***\n"
ABORTED = subprocess.CompletedProcess([], -signal.SIGABRT, "", CHECK)
WRONG = subprocess.CompletedProcess([], 1, "", "Traceback\nAssertionError: Not equal\n")


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., list[str]]:
    """`runs(steps, scatters)` says how the programs end, and returns the list of those that have run."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    def set_outcomes(steps: Outcome = OK, scatters: Outcome = OK) -> list[str]:
        run: list[str] = []

        def run_canary(part: str, flags: str) -> Outcome:
            run.append(part)
            return {"steps": steps, "scatters": scatters}[part]

        monkeypatch.setattr(cpu_fusion_verdicts, "_run_canary", run_canary)
        return run

    return set_outcomes


def test_a_verdict_is_remembered_for_its_flags(runs: Callable[..., list[str]], tmp_path: Path) -> None:
    run = runs()
    assert [find_verdict("--a"), find_verdict("--a")] == [Verdict(True)] * 2
    assert run == ["steps", "scatters"]
    find_verdict("--b")
    assert len(run) == 4
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.suffix for path in kept} == {".json"}
    assert len(kept) == 2


def test_failures_say_what_failed(runs: Callable[..., list[str]]) -> None:
    run = runs(steps=WRONG)
    assert find_verdict("--a").reason.endswith("AssertionError: Not equal")
    assert (find_verdict("--a").passes, run) == (False, ["steps"])
    runs(steps=ABORTED)
    assert find_verdict("--b").reason.endswith(f"Check failed: GetNumDims() == 3 (signal {signal.SIGABRT.value})")


def test_a_crash_at_scatters_is_a_warning(runs: Callable[..., list[str]]) -> None:
    runs(scatters=ABORTED)
    verdict = find_verdict("--a")
    assert verdict.passes
    assert "issue 47367" in verdict.warning
    assert find_verdict("--a") == verdict  # from the file


@pytest.mark.parametrize("text", ["", "{", "[]", '{"passes": 1}', '{"passes": true, "more": 1}', '{"reason": "x"}'])
def test_a_file_that_cannot_be_read_is_made_again(runs: Callable[..., list[str]], tmp_path: Path, text: str) -> None:
    run = runs()
    find_verdict("--a")
    (path,) = tmp_path.rglob("*.json")
    path.write_text(text)
    assert find_verdict("--a").passes
    assert run == ["steps", "scatters"] * 2
    assert find_verdict("--a").passes
    assert len(run) == 4


def test_a_test_that_could_not_run_is_run_again(runs: Callable[..., list[str]], tmp_path: Path) -> None:
    run = runs(steps="signal 9 ended it")
    for _ in range(2):
        assert find_verdict("--a") == Verdict(
            False, "the test of XLA's fusion on CPUs could not run (signal 9 ended it)"
        )
    assert run == ["steps"] * 2
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_keeps_nothing(
    runs: Callable[..., list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = runs()
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert find_verdict("--a").passes
    assert find_verdict("--a").passes
    assert len(run) == 4


def test_a_relative_cache_folder_is_ignored(
    runs: Callable[..., list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs()
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    find_verdict("--a")
    assert len(list((tmp_path / ".cache" / "gradlab" / "cpu_fusion").glob("*.json"))) == 1


@pytest.mark.slow
def test_this_version_of_xla_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    verdict = find_verdict(FUSION)
    assert verdict.passes, verdict.reason
