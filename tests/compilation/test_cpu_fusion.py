"""`enable_cpu_fusion` adds an option to `XLA_FLAGS`, in time and after a test, or says why it does not."""

from __future__ import annotations

import os
import warnings

import pytest

import gradlab as gl
from gradlab.compilation import cpu_fusion, cpu_fusion_verdicts
from gradlab.compilation.cpu_fusion import OPTION, add_option
from gradlab.compilation.cpu_fusion_verdicts import Verdict

FLAG = "--xla_backend_extra_options"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The flags for which a verdict was asked for. It passes, and JAX has not begun."""
    flags: list[str] = []

    def find_verdict(text: str) -> Verdict:
        flags.append(text)
        return Verdict(True)

    monkeypatch.setenv("XLA_FLAGS", "--xla_cpu_enable_fast_math=false")
    monkeypatch.setattr(cpu_fusion, "backend_has_started", lambda: False)
    monkeypatch.setattr(cpu_fusion_verdicts, "find_verdict", find_verdict)
    return flags


def test_the_option_is_added_once(asked: list[str]) -> None:
    assert not gl.cpu_fusion_enabled()
    gl.enable_cpu_fusion()
    assert gl.cpu_fusion_enabled()
    expected = f"--xla_cpu_enable_fast_math=false {FLAG}={OPTION}"
    assert os.environ["XLA_FLAGS"] == expected
    gl.enable_cpu_fusion()
    assert (os.environ["XLA_FLAGS"], asked) == (expected, [expected])


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ("", f"{FLAG}={OPTION}"),
        (f"{FLAG}=other", f"{FLAG}=other,{OPTION}"),
        (f"{FLAG}=a=1,b --more", f"{FLAG}=a=1,b,{OPTION} --more"),
        (f"{FLAG}='a=1' --more", f"{FLAG}='a=1,{OPTION}' --more"),
        (f'--x=1 {FLAG}="a"', f'--x=1 {FLAG}="a,{OPTION}"'),
        (f"{FLAG}=", f"{FLAG}={OPTION}"),
        (f"{FLAG}=a {FLAG}=b", f"{FLAG}=a {FLAG}=b,{OPTION}"),
    ],
)
def test_other_options_stay(flags: str, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert add_option(flags) == expected
    monkeypatch.setenv("XLA_FLAGS", expected)
    assert gl.cpu_fusion_enabled()


def test_another_option_is_not_taken_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for flags in ("", f"{FLAG}=other", f"{FLAG}={OPTION}_of_another_kind", f"--{OPTION}"):
        monkeypatch.setenv("XLA_FLAGS", flags)
        assert not gl.cpu_fusion_enabled(), flags


def test_a_file_of_flags_is_refused(asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XLA_FLAGS", " flags.txt ")
    with pytest.raises(RuntimeError, match=f"XLA_FLAGS names the file flags.txt; add the line {FLAG}={OPTION} to it"):
        gl.enable_cpu_fusion()
    assert asked == []


def test_it_is_refused_after_the_first_computation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XLA_FLAGS", "")
    with pytest.raises(RuntimeError, match=f"must come before the first computation.*or set XLA_FLAGS={FLAG}"):
        gl.enable_cpu_fusion()
    assert os.environ["XLA_FLAGS"] == ""


def test_a_failed_test_is_refused(asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpu_fusion_verdicts, "find_verdict", lambda flags: Verdict(False, "it fails its test"))
    with pytest.raises(
        RuntimeError, match=r"enable_cpu_fusion: it fails its test\. Without fusion everything computes"
    ):
        gl.enable_cpu_fusion()
    assert not gl.cpu_fusion_enabled()


def test_a_known_fault_is_a_warning(asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpu_fusion_verdicts, "find_verdict", lambda flags: Verdict(True, warning="XLA ends it"))
    with pytest.warns(RuntimeWarning, match="XLA ends it"):
        gl.enable_cpu_fusion()
    assert gl.cpu_fusion_enabled()


def test_other_platforms_do_without(asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpu_fusion, "read_settings", lambda: {"jax_platforms": "cuda,cpu"})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        gl.enable_cpu_fusion()
    assert (asked, gl.cpu_fusion_enabled()) == ([], False)
