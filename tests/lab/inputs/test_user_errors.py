"""Errors in user code become one line that names the line of the user's; errors of gradlab pass."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jax
import pytest

from gradlab.lab._inputs.loading import find_contestant
from gradlab.lab._inputs.source_files import digest_own_file
from gradlab.lab._inputs.user_errors import (
    UserCodeError,
    convert_user_errors,
    describe_error,
    describe_failures,
    locate_in_user_code,
    read_failures,
)
from gradlab.lab._studies.race import race

MINE = """
import jax, jax.numpy as jnp, optax

def wrong_shapes(learning_rate=0.1):
    def update(updates, state, params=None):
        return jax.tree.map(lambda g: g @ jnp.ones((5, 5), g.dtype), updates), state
    return optax.GradientTransformation(lambda params: (), update)

def scheduled(learning_rate=0.1):
    return optax.adam(optax.warmup_cosine_decay_schedule(0.0, learning_rate, 6, 60))

def other_state(learning_rate=0.1):
    return optax.GradientTransformation(lambda params: jnp.zeros(3), lambda g, s, params=None: (g, jnp.zeros(4)))
"""


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """`mine("name")`: race one of the optimizers above."""
    (tmp_path / "mine_with_errors.py").write_text(MINE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)

    def run(name: str) -> None:
        contestant = find_contestant(f"mine_with_errors:{name}")
        assert digest_own_file(contestant)  # so that an edit is seen when it goes on
        race("ravine", f"mine_with_errors:{name}", rates=1, seeds=1, steps=1)

    return run


def test_the_line_of_the_user_is_named(mine: Callable[[str], None]) -> None:
    with pytest.raises(
        UserCodeError, match=r"wrong_shapes on ravine fails at .*mine_with_errors.py:6 \(return jax.*: TypeError"
    ):
        mine("wrong_shapes")


def test_a_schedule_of_optax_that_compares_a_swept_number_is_named(mine: Callable[[str], None]) -> None:
    with pytest.raises(UserCodeError, match=r"scheduled on ravine fails at .*: this schedule of optax "):
        mine("scheduled")


def test_a_wrong_return_value_has_no_line_but_is_the_users_error(mine: Callable[[str], None]) -> None:
    message = (
        r"other_state on ravine fails: ValueError: .*own state \(at the root from float\d+\[3\] to float\d+\[4\]\)"
    )
    with pytest.raises(UserCodeError, match=message):
        mine("other_state")


CALLBACK = """INTERNAL: CpuCallback error calling callback: Traceback (most recent call last):
  File "/opt/site-packages/jax/callback.py", line 96, in call
  File "{file}", line 3, in host
  File "/opt/site-packages/numpy/core.py", line 5, in inner
    a = line + of(code)
ValueError: the host
is tired

And advice"""


def test_what_fails_at_run_time_is_quoted_from_the_callback() -> None:
    error = jax.errors.JaxRuntimeError(CALLBACK.format(file=__file__))
    assert describe_error(error) == "ValueError: the host is tired"
    assert locate_in_user_code(error) == f" at {__file__}:3 (from __future__ import annotations)"
    for is_user_code in (True, False):
        message = r"^sgd on mine fails at .*test_user_errors.py:3 .*: ValueError: the host is tired$"
        with pytest.raises(UserCodeError, match=message), convert_user_errors("sgd on mine", is_user_code):
            raise error


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (SystemExit(7), "it ends the program, by sys.exit(7)"),
        (RecursionError("maximum recursion depth exceeded"), "RecursionError: it calls itself without end"),
        (MemoryError("so big"), "there is not enough memory; pass a smaller --lanes (so big)"),
        (ZeroDivisionError(), "ZeroDivisionError"),
        (ValueError("a\nb\n\nc"), "ValueError: a b"),
        (FloatingPointError("invalid value (nan) in add"), "FloatingPointError: a run gives nan, and JAX_DEBUG_NANS"),
        (FloatingPointError("invalid value (inf) in add"), "FloatingPointError: a run gives inf, and JAX_DEBUG_INFS"),
    ],
)
def test_reasons_are_one_line(error: BaseException, said: str) -> None:
    assert describe_error(error).startswith(said)
    with pytest.raises(UserCodeError, match=re.escape(f": {said}")), convert_user_errors("mine", True):
        raise error


def test_an_interrupt_is_the_users_unless_other_code_raises_it_on_a_thread() -> None:
    with pytest.raises(KeyboardInterrupt), convert_user_errors("mine", True):
        raise KeyboardInterrupt

    def elsewhere() -> None:
        with convert_user_errors("mine", True):
            raise KeyboardInterrupt

    with ThreadPoolExecutor(1) as pool, pytest.raises(UserCodeError, match=r"^mine fails.*: KeyboardInterrupt$"):
        pool.submit(elsewhere).result()


def test_failures_of_one_reason_are_one_line() -> None:
    failed = {"bowl": {"a": "fails: X", "b": "fails: Y", "c": "fails: X", "d": "fails: X"}, "cup": {"a": "fails: Z"}}
    assert describe_failures(failed) == ["a, c and d on bowl fail: X", "b on bowl fails: Y", "a on cup fails: Z"]
    assert read_failures({"failed": json.dumps(failed)}) == failed
    assert read_failures({}) == read_failures({"failed": "[]"}) == read_failures({"failed": "{"}) == {}


def test_errors_of_gradlab_pass() -> None:
    with pytest.raises(ZeroDivisionError), convert_user_errors("gradlab", is_user_code=False):
        _ = 1 / 0
    with (
        pytest.raises(UserCodeError, match=r"^inner fails"),
        convert_user_errors("outer", True),
        convert_user_errors("inner", True),
    ):
        raise KeyError("a")


def test_an_error_that_was_never_raised_has_no_line() -> None:
    assert locate_in_user_code(ValueError()) == ""
