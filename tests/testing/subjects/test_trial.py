"""A transformation that never runs gives one finding; one that refuses some leaves is examined on the others."""

from __future__ import annotations

import time
from typing import Any

import jax
import jax.numpy as jnp
import optax
import pytest

import gradlab as gl
from gradlab.testing import check
from gradlab.testing.subjects.subject import Subject
from gradlab.testing.subjects.trial import KINDS, FailsAlwaysError, find_kind, try_out


def stateless(update: Any) -> optax.GradientTransformation:
    """A transformation of a function of the gradient alone."""
    return optax.GradientTransformation(
        lambda params: (), lambda updates, state, params=None: (jax.tree.map(update, updates), state)
    )


def refuse(condition: Any, error: Exception) -> optax.GradientTransformation:
    """A descent that refuses those leaves that meet a condition."""

    def update(g: Any) -> Any:
        if condition(g):
            raise error
        return -0.1 * g

    return stateless(update)


@pytest.mark.parametrize("kind", KINDS)
def test_the_kind_of_a_leaf(kind: str) -> None:
    assert find_kind(KINDS[kind]) == kind


def test_what_never_runs_is_one_finding_with_the_line() -> None:
    report = check(refuse(lambda g: True, RuntimeError("no")))
    assert [result.law for result in report.broken] == ["runs"]
    assert "RuntimeError: no (at " in report["runs"].detail
    assert "test_trial.py:" in report["runs"].detail
    assert {result.verdict for result in report.results} == {"broken", "not examined"}
    assert report.unexamined[0].reason == "it does not run"


def test_a_missing_extra_argument_is_named_with_the_remedy() -> None:
    report = check(optax.polyak_sgd)
    assert [result.law for result in report.broken] == ["runs"]
    assert "update needs `value`, " in report["runs"].detail
    assert "extra={'value': 1.0} (--extra value=1.0 on the command line)" in report["runs"].detail
    with jax.numpy_dtype_promotion("standard"):
        report = check(optax.polyak_sgd, extra={"value": 1.0}, laws=("pure", "traceable"), dtypes=("float32",))
    assert "runs" not in {result.law for result in report.results}
    assert report["pure"].verdict == "holds"


def test_a_clear_refusal_of_vectors_is_no_breach() -> None:
    picky = refuse(lambda g: g.ndim < 2, ValueError("only matrices are orthogonalized, got a vector"))
    report = check(picky, dtypes=("float32",), laws=("pure", "any tree", "compiled once", "stable state"))
    assert report.ok, str(report)
    words = "it refuses leaves without elements, scalars, vectors: ValueError: only matrices are orthogonalized"
    assert report["any tree"].detail.startswith(words)


def test_a_crash_on_scalars_is_one_finding_and_the_rest_is_examined() -> None:
    laws = ("pure", "any tree", "compiled once", "jit equals eager", "stable state")
    report = check(stateless(lambda g: -0.1 * g / g.shape[0]), dtypes=("float32",), laws=laws)
    broken = {result.law for result in report.broken}
    assert "any tree" in broken
    assert "with scalars as parameters, it raised IndexError: tuple index out of range" in report["any tree"].detail
    assert not broken & {"pure", "compiled once", "jit equals eager", "stable state"}, str(report)


def test_what_fails_on_unlike_leaves_only_is_one_finding() -> None:
    def update(updates: Any, state: Any, params: Any = None) -> Any:
        (size,) = {leaf.size for leaf in jax.tree.leaves(updates)}
        return jax.tree.map(lambda g: -g / size, updates), state

    report = check(optax.GradientTransformation(lambda params: (), update), laws=("pure", "any tree"))
    assert [result.law for result in report.broken] == ["runs"]
    assert "it raises on an ordinary tree of unlike leaves: ValueError: too many values" in report["runs"].detail


def test_an_exception_that_stops_several_laws_is_one_finding() -> None:
    def update(g: Any) -> Any:
        return -0.1 * g if float(jnp.sum(g)) else g

    laws = ("stable state", "stable updates", "compiled once", "jit equals eager", "scan equals loop", "pure")
    report = check(stateless(update), dtypes=("float32",), laws=laws)
    stopped = [result for result in report.results if result.same_as]
    (first,) = {result.same_as for result in stopped}
    assert len(stopped) >= 4
    assert {result.verdict for result in stopped} == {"not examined"}
    assert report[first].verdict == "broken"
    assert "\nThe same exception stops: " in report[first].detail


def test_what_refuses_a_dtype_is_examined_in_the_others() -> None:
    subject = Subject(
        refuse(lambda g: g.dtype == jnp.bfloat16, TypeError("half precision is not supported")),
        label="picky",
        dtypes=("float32", "bfloat16", "float16"),
    )
    try_out(subject)
    assert subject.dtypes == ("float32", "float16")
    assert list(subject.failures) == ["bfloat16 leaves"]


def test_a_crash_in_a_dtype_is_no_refusal() -> None:
    subject = Subject(
        refuse(lambda g: g.dtype == jnp.bfloat16, KeyError("moment")), label="x", dtypes=("float32", "bfloat16")
    )
    try_out(subject)
    assert subject.dtypes == ("float32", "bfloat16")


def test_the_domain_decides_what_is_tried() -> None:
    picky = refuse(lambda g: g.ndim != 2, ZeroDivisionError("not a matrix"))
    subject = Subject(picky, label="picky", claims={"domain": ("matrices", "real")}, dtypes=("float32", "complex64"))
    try_out(subject)
    assert not subject.failures
    assert subject.dtypes == ("float32",)
    assert {len(shape) for shape in (subject.small, subject.long)} == {2}
    with pytest.raises(FailsAlwaysError, match="ZeroDivisionError"):
        try_out(Subject(refuse(lambda g: g.ndim == 2, ZeroDivisionError()), label="x", claims=subject.claims))


def test_a_slow_law_is_not_examined_and_the_third_is_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    from gradlab.testing.verdicts.law import CONTRACTS, Law

    for name in ("pure", "unaliased"):
        slow = Law(name, "slow", "", lambda subject: time.sleep(5))
        monkeypatch.setitem(CONTRACTS, name, slow)
    report = check(gl.sgd(0.1), laws=("pure", "unaliased", "any tree"), dtypes=("float32",), seconds_per_law=0.5)
    assert not report.broken
    assert not report.ok, "an examination that is cut short does not pass"
    assert report["pure"].detail.startswith("no answer after 0.5 s")
    assert report["any tree"].detail == "not tried, because pure and unaliased took more than 0.5 s each"


@pytest.mark.parametrize(
    ("returned", "found"),
    [
        (lambda updates, state: updates, "one value, of type dict"),
        (lambda updates, state: (updates, state, 0.0), "3 values"),
    ],
    ids=["one", "three"],
)
def test_an_update_without_two_values_is_one_finding(returned: Any, found: str) -> None:
    tx = optax.GradientTransformation(lambda params: (), lambda updates, state, params=None: returned(updates, state))
    (finding,) = check(tx).broken
    assert finding.detail == f"update returns {found}, expected two: end it with `return updates, state`"


def test_an_argument_close_to_a_signal_is_asked_about() -> None:
    @gl.transformation
    def by_gradient() -> Any:
        return (lambda params: ()), (lambda updates, state, gradient: (gradient, state))

    report = check(by_gradient(), laws=("pure",), dtypes=("float32",))
    assert "Is `gradient` meant as `grads`? Then name it so" in report["runs"].detail
