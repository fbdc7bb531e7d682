import json
import time
from typing import Any

import jax
import jax.numpy as jnp
import optax
import pytest

import gradlab as gl
from gradlab.testing import CONTRACTS, assert_lawful, check, references

QUICK = ("pure", "stable state")


def broken_adam(learning_rate: float = 1e-3) -> optax.GradientTransformation:
    """Adam without the correction of the second moment."""
    return gl.chain(
        gl.scale_by_momentum(0.9), gl.bias_correction(0.9), gl.scale_by_rms(0.999, 1e-8), gl.scale(-learning_rate)
    )


def test_a_lawful_optimizer_passes_and_reports_every_law() -> None:
    report = check(gl.sgd(0.1), claims=("descends", "elementwise"), reference="sgd")
    assert report.ok
    assert [result.law for result in report.results] == [
        *CONTRACTS,
        "descends",
        "elementwise",
        "same trajectory",
        "same trajectory at other values",
        "same trajectory on a schedule",
        "same trajectory on complex leaves",
    ]
    assert str(report).startswith("sgd(learning_rate=0.1): ")
    assert_lawful(gl.sgd(0.1), laws=QUICK)


def test_the_fault_of_a_broken_adam_is_named() -> None:
    with pytest.raises(AssertionError, match="not the trajectory of adam: on ordinary gradients") as caught:
        assert_lawful(broken_adam, laws=QUICK, reference="adam", learning_rate=1e-3)
    assert "with this mistake" in str(caught.value)
    assert "second moment" in str(caught.value)


def test_a_factory_is_called_with_its_arguments_and_its_numbers_examined() -> None:
    with jax.numpy_dtype_promotion("standard"):
        report = check(optax.sgd, learning_rate=0.1, momentum=0.9, laws=("traceable", "new values compile nothing"))
    assert report.ok
    assert report.subject == "sgd(learning_rate=0.1, momentum=0.9)"


def test_a_plain_pair_is_examined() -> None:
    report = check((lambda params: (), lambda updates, state, params=None: (updates, state)), laws=QUICK)
    assert report.ok


def no_pair() -> Any:
    return 3


def raises() -> Any:
    raise RuntimeError("no optimizer today")


@pytest.mark.parametrize(
    ("tx", "arguments", "words"),
    [
        (raises, {}, "RuntimeError: no optimizer today"),
        (no_pair, {}, "must return an (init, update) pair"),
        (3, {}, "expected a transformation, or a factory"),
        (gl.sgd(), {"learning_rate": 1.0}, "need a factory"),
        (gl.adam, {"b1": 1.5}, "must be in [0, 1), got 1.5"),
        ((1, 2), {}, "must return an (init, update) pair"),
        ((), {}, "must return an (init, update) pair"),
    ],
    ids=["raises", "no pair", "a number", "made already", "bad argument", "a pair of numbers", "an empty tuple"],
)
def test_what_cannot_be_examined_gets_a_report(tx: Any, arguments: dict[str, Any], words: str) -> None:
    report = check(tx, **arguments)
    assert not report.ok
    assert report.results[0].law == "made"
    assert words in str(report.results[0].detail)


def test_an_update_that_always_raises_is_one_finding() -> None:
    def update(updates: Any, state: Any, params: Any = None) -> Any:
        raise KeyError("moment")

    report = check(optax.GradientTransformation(lambda params: (), update), laws=QUICK)
    assert [result.law for result in report.broken] == ["runs"]
    assert "it raises on every ordinary input: KeyError: 'moment' (at " in report["runs"].detail
    assert "test_check.py:" in report["runs"].detail
    assert {report[law].verdict for law in QUICK} == {"not examined"}


def test_what_hangs_is_stopped_and_not_tried_again() -> None:
    def update(updates: Any, state: Any, params: Any = None) -> Any:
        while True:
            time.sleep(0.01)

    start = time.perf_counter()
    report = check(optax.GradientTransformation(lambda params: (), update), seconds_per_law=0.3)
    assert time.perf_counter() - start < 100  # it never ends by itself
    assert report["runs"].detail.startswith("no answer after 0.3 s, when it was at ")
    assert [result.law for result in report.broken] == ["runs"]

    def never() -> Any:
        while True:
            time.sleep(0.01)

    assert "no answer" in check(never, seconds_per_law=0.3).results[0].detail


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"laws": ("pur",)}, "unknown law 'pur'"),
        ({"claims": ("nice",)}, "unknown claim 'nice'"),
        ({"dtypes": ("int32",)}, "floating-point or complex"),
    ],
)
def test_options_are_checked(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        check(gl.sgd(), **options)


def test_a_wrong_reference_name_is_refused_with_the_right_ones() -> None:
    with pytest.raises(ValueError, match="unknown reference 'adm'; there are: adabelief, adabound, "):
        check(gl.sgd(), laws=("pure",), reference="adm")


def test_a_reference_of_ones_own() -> None:
    def half(g: Any, state: Any, t: int, x: Any, *, learning_rate: float) -> Any:
        return -learning_rate * g, state

    assert check(gl.sgd(0.5), laws=("pure",), reference=half).ok
    assert not check(gl.sgd(0.5), laws=("pure",), reference=references.sign_sgd).ok


def test_the_report_is_json_for_machines() -> None:
    data = json.loads(check(broken_adam(), laws=QUICK, claims=("unbiased",)).to_json())
    assert data["ok"] is False
    verdicts = {result["law"]: result["verdict"] for result in data["results"]}
    assert verdicts == {"pure": "holds", "stable state": "holds", "unbiased": "broken"}


def test_extra_arguments_reach_update() -> None:
    def update(updates: Any, state: Any, params: Any = None, *, value: Any) -> Any:
        return jax.tree.map(lambda g: g * value.astype(g.dtype), updates), state

    tx = optax.GradientTransformationExtraArgs(lambda params: (), update)
    assert check(tx, laws=QUICK, extra={"value": jnp.float32(2.0)}, dtypes=("float32",)).ok
    assert not check(tx, laws=QUICK, dtypes=("float32",)).ok


def test_an_instance_with_init_and_update_is_a_pair() -> None:
    class Descent:
        def init(self, params: Any) -> Any:
            return ()

        def update(self, updates: Any, state: Any, params: Any = None) -> Any:
            return jax.tree.map(lambda g: -0.1 * g, updates), state

    for made in (Descent(), Descent):
        report = check(made, laws=("pure",), dtypes=("float32",))
        assert report.ok, str(report)


def test_a_dtype_goes_into_a_tuple() -> None:
    with pytest.raises(TypeError, match=r"got the string 'float32'; write dtypes=\('float32',\)"):
        check(gl.adam(), dtypes="float32")  # type: ignore[arg-type]


def test_the_claims_of_matrix_methods_are_a_group_of_their_own() -> None:
    groups = {group.laws: group.reason for group in check(gl.adam(), laws=("pure",), dtypes=("float32",)).left_out}
    (of_matrices,) = (laws for laws, reason in groups.items() if "a method for matrices" in reason)
    (others,) = (laws for laws, reason in groups.items() if reason.startswith("nobody claims it; if it should hold"))
    assert {"orthogonally equivariant", "singular values", "polynomial", "batch axis"} <= set(of_matrices)
    assert {"unbiased", "accumulates", "any size", "scale invariant"} <= set(others)


def test_a_finished_transformation_and_a_reference_need_the_factory() -> None:
    with pytest.raises(ValueError, match="pass the factory in its place, with its arguments"):
        check(optax.sgd(0.1), reference=lambda g, state, t, x, learning_rate: (-learning_rate * g, state), quick=True)


def test_a_name_is_for_the_command_line() -> None:
    with pytest.raises(TypeError, match=r"got the string 'adam'; pass the object itself, such as gl\.adam"):
        check("adam")
