import jax
import optax

import gradlab as gl
from gradlab.testing import CLAIMS, CONTRACTS, check
from gradlab.testing.quick_look import LAWS, SLOW_CLAIMS


def test_the_names_are_those_of_laws() -> None:
    assert set(LAWS) <= CONTRACTS.keys()
    assert set(SLOW_CLAIMS) <= CLAIMS.keys()


def test_a_quick_look_says_what_it_leaves_out() -> None:
    report = check(gl.sgd(0.1), reference="sgd", claims=("elementwise",), quick=True)
    assert report.ok, str(report)
    assert report["same trajectory"].verdict == report["pure"].verdict == "holds"
    left_out = {law: group.reason for group in report.left_out for law in group.laws}
    for law in ("finite at zero", "elementwise", "same trajectory at other values"):
        assert left_out[law] == "left out of a quick look; leave out quick=True, or --quick on the command line"
    assert "30 steps, of three leaves" in left_out["same trajectory (in part)"]
    assert not set(left_out) & {result.law for result in report.results}
    count = sum(reason.startswith("left out of a quick look") for reason in left_out.values())
    assert report.to_text(200).splitlines()[0].endswith(f" s); a quick look left out {count} more")


def test_laws_that_are_asked_for_are_examined() -> None:
    report = check(gl.sgd(0.1), laws=("compiled once",), quick=True)
    assert [result.law for result in report.results] == ["compiled once"]


def test_a_quick_look_finds_mixed_leaves() -> None:
    def update(updates: object, state: object, params: object = None) -> object:
        norm = optax.tree.norm(updates)
        return jax.tree.map(lambda g: -0.1 * g / norm, updates), state

    def normalized(g: object, state: object, t: int, x: object) -> object:
        return -0.1 * g / (abs(g) ** 2).sum() ** 0.5 if (abs(g) > 0).any() else 0 * g, state  # type: ignore

    report = check(optax.GradientTransformation(lambda params: (), update), reference=normalized, quick=True)
    assert report["same trajectory"].verdict == "broken"


def test_a_quick_look_at_a_method_for_matrices() -> None:
    report = check(gl.sgd(0.1), reference="sgd", claims={"domain": ("matrices",)}, quick=True)
    assert report.ok, str(report)
    assert report["same trajectory"].verdict == "holds"
