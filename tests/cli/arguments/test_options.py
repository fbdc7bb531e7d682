"""Processes meet only if the options fit together."""

from __future__ import annotations

from typing import Any

import jax
import pytest
import typer

from gradlab.cli.arguments.options import join_processes, refusing
from gradlab.lab._inputs.user_errors import UserCodeError
from gradlab.lab._studies.optuna_sampler import MissingOptunaError
from gradlab.lab._studies.search_space import SearchSpaceError


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("localhost:1", None, None), "--coordinator, --processes and --process go together"),
        ((None, 2, 0), "--coordinator, --processes and --process go together"),
        (("auto", 2, 0), "--coordinator must be HOST:PORT, such as localhost:1234, or auto; got 'auto'"),
        (("localhost:1", 2, 2), "--process must be between 0 and 1, got 2"),
    ],
)
def test_options_that_do_not_fit_are_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, given: Any, message: str
) -> None:
    def refuse(*arguments: Any, **options: Any) -> None:
        raise ValueError("no such place\nand more")

    monkeypatch.setattr(jax.distributed, "initialize", refuse)
    monkeypatch.setattr(jax.config, "update", lambda *_: None)
    with pytest.raises(typer.Exit):
        join_processes(*given)
    assert message in capsys.readouterr().err


def test_alone_there_is_nobody_to_meet() -> None:
    join_processes(None, None, None)


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (UserCodeError("mine fails"), 1, "gradlab: mine fails\n"),
        (MissingOptunaError("needs Optuna"), 1, "gradlab: needs Optuna\n"),
        (SearchSpaceError("steps is no range"), 2, "gradlab: steps is no range\n"),
        (ValueError("steps must be at least 1"), 2, "gradlab: --steps must be at least 1\n"),
        (ValueError("momentum must be in [0, 1)"), 2, "gradlab: momentum must be in [0, 1)\n"),
    ],
)
def test_wrong_input_is_one_line_and_a_code(
    capsys: pytest.CaptureFixture[str], error: Exception, code: int, message: str
) -> None:
    with pytest.raises(typer.Exit) as ended, refusing(("seeds", "steps")):
        raise error
    assert (ended.value.exit_code, capsys.readouterr().err) == (code, message)


def test_other_errors_are_bugs_unless_said() -> None:
    with pytest.raises(TypeError), refusing(()):
        raise TypeError
    with pytest.raises(typer.Exit), refusing((), (TypeError,)):
        raise TypeError("a word")


def test_settings_that_leave_nothing_to_run_are_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with jax.disable_jit(), pytest.raises(typer.Exit) as ended:
        join_processes(None, None, None)
    assert ended.value.exit_code == 2
    assert capsys.readouterr().err.startswith("gradlab: jax_disable_jit is set")

    def unknown() -> None:
        raise RuntimeError("Unable to initialize\nbackend 'abacus'")

    monkeypatch.setattr(jax, "devices", unknown)
    with pytest.raises(typer.Exit) as ended:
        join_processes(None, None, None)
    assert (ended.value.exit_code, capsys.readouterr().err) == (2, "gradlab: Unable to initialize backend 'abacus'\n")
