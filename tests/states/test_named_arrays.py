"""A state as named arrays goes on in the same optimizer, and in another one that keeps the same quantities."""

from __future__ import annotations

import io
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab import registry
from gradlab.core.claims import claims_of
from gradlab.core.tree_differences import have_same_structure
from tests.states.transfers import PARAMS, assert_go_on_alike, gradients, train

ADAM = gl.adam(0.1, b2=0.99, eps=0.0)
STATE = train(ADAM, ADAM.init(PARAMS), gradients(5))[0]
ARRAYS = gl.state_to_dict(ADAM, STATE, PARAMS)
EFFICIENT = gl.chain(
    gl.scale_by_momentum(0.9),
    gl.scale_by_rms(0.99, eps=0.0),
    gl.bias_correction(0.9, 0.99),
    gl.scale_by_learning_rate(0.1),
)


def test_names_say_what_an_array_is() -> None:
    moments = [f":moment:{path}" for path in ("dense/bias", "dense/kernel", "scale")]
    assert list(ARRAYS) == [
        "gradlab:schema",
        "gradlab:links",
        *(f"scale_by_momentum{moment}" for moment in moments),
        "bias_correction:first_weight",
        *(f"scale_by_rms/second_moment/scale_by_momentum{moment}" for moment in moments),
        "scale_by_rms/second_moment/bias_correction:first_weight",
    ]
    assert ARRAYS["scale_by_momentum:moment:scale"] is STATE[0].moment["scale"]


@pytest.mark.parametrize(
    "example",
    [e.example for e in registry.entries().values() if isinstance(e.example, gl.Transformation) and e.name != "each"],
    ids=str,
)
def test_every_state_comes_back_from_its_names(example: Any) -> None:
    other = (3, 1) if "matrices" in claims_of(example).get("domain", ()) else (3,)
    params = {"a": jnp.ones((2, 3)), "b": [jnp.ones(other), None, jnp.ones((2, 2))]}
    shapes = jax.eval_shape(example.init, params)
    leaves = [jnp.full(leaf.shape, number).astype(leaf.dtype) for number, leaf in enumerate(jax.tree.leaves(shapes))]
    state = jax.tree.unflatten(jax.tree.structure(shapes), leaves)
    back, report = gl.state_from_dict(example, params, gl.state_to_dict(example, state, params))
    assert report.is_complete
    assert len(report.matched) == len(leaves)
    assert have_same_structure(back, state)
    jax.tree.map(np.testing.assert_array_equal, back, state)


GO_ON = {
    "another decay": (gl.adamw(0.1, b2=0.99, eps=0.0, weight_decay=0.0), 8, 0),
    "with clipping": (gl.chain(gl.clip_by_global_norm(1e9), ADAM, gl.probe("u")), 8, 0),
    "in groups": (gl.partition((gl.ndim(1), ADAM), (gl.path("scale"), ADAM), default=ADAM), 0, 12),
    "in wrappers": (gl.isolate(gl.skip_nonfinite(ADAM)), 0, 8),
    "on a schedule": (ADAM.replace(learning_rate=gl.schedules.linear(0.1, 0.1, 10)), 8, 1),
    "in the efficient form": (EFFICIENT, 7, 1),
    "with powers": (gl.flavors.torch.adam(0.1, betas=(0.9, 0.99), eps=0.0), 6, 2),
}


@pytest.mark.parametrize("name", GO_ON)
def test_adam_goes_on_in_another_optimizer(name: str) -> None:
    tx, matched, converted = GO_ON[name]
    state, report = gl.state_from_dict(tx, PARAMS, ARRAYS)
    assert (len(report.matched), len(report.converted)) == (matched, converted)
    assert {leaf.split(":")[0] for leaf, _ in report.missing} <= {"isolate/tx/skip_nonfinite", "probe"}
    assert_go_on_alike(ADAM, STATE, tx, state)
    back, report = gl.state_from_dict(ADAM, PARAMS, gl.state_to_dict(tx, state, PARAMS))
    assert not report.missing
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-9), back, STATE)


def test_what_is_missing_and_what_is_left_over_is_reported() -> None:
    tx = gl.amsgrad(0.1)
    state, report = gl.state_from_dict(tx, {**PARAMS, "new": jnp.ones(2)}, ARRAYS)
    assert [name for name, _ in report.missing] == [
        "scale_by_momentum:moment:new",
        "scale_by_rms/second_moment/scale_by_momentum:moment:new",
        *(
            f"scale_by_rms/second_moment/running_max:maximum:{p}"
            for p in ("dense/bias", "dense/kernel", "new", "scale")
        ),
    ]
    np.testing.assert_array_equal(state[0].moment["new"], 0)
    with pytest.raises(ValueError, match=r"do not agree in all parts\n8 matched, 0 converted, 6 missing, 0 extra"):
        report.require_complete()
    _, report = gl.state_from_dict(gl.sgd(0.1), {"scale": PARAMS["scale"]}, ARRAYS)
    assert (report.matched, len(report.extra)) == ((), 8)
    assert "  extra      scale_by_momentum:moment (3 arrays): the state has no such array\n" in str(report)
    gl.state_from_dict(ADAM, PARAMS, ARRAYS)[1].require_complete()


def test_a_schedule_may_become_a_number() -> None:
    falling, params = gl.schedules.linear(0.1, 0.0, 10), {"scale": jnp.ones(2)}
    scheduled = gl.adamw(falling)
    arrays = gl.state_to_dict(scheduled, scheduled.init(params), params)
    for tx in (gl.adamw(0.1), gl.chain(gl.clip_by_global_norm(1.0), gl.adamw(0.1))):
        state, report = gl.state_from_dict(tx, params, arrays)
        report.require_complete()
        assert "scale_by_learning_rate:schedule_step: left out, since this link has no schedule now" in str(report)
        tx.update(params, state, params)
    _, report = gl.state_from_dict(gl.scale_by_momentum(0.9), params, arrays)  # which has no such link
    assert "scale_by_learning_rate:schedule_step" in dict(report.extra)


def test_counters_of_a_schedule_need_the_number_of_steps() -> None:
    tx = gl.sgd(gl.schedules.linear(1.0, 0.0, 10), momentum=0.9)
    arrays = gl.state_to_dict(gl.sgd(0.1, momentum=0.9), gl.sgd(0.1, momentum=0.9).init(PARAMS), PARAMS)
    _, report = gl.state_from_dict(tx, PARAMS, arrays)
    assert report.missing == (("scale_by_learning_rate:schedule_step", "the number of steps is not known; pass step="),)
    state, report = gl.state_from_dict(tx, PARAMS, arrays, step=7)
    assert not report.missing
    np.testing.assert_allclose(gl.hyperparameters(tx, state)["learning_rate"], 0.3)


@pytest.mark.parametrize(("decay", "steps"), [(0.9, 5), (gl.schedules.linear(0.5, 0.9, 4), 12)])
def test_weights_after_a_given_number_of_steps(decay: Any, steps: int) -> None:
    tx = gl.chain(gl.bias_correction(decay), gl.nesterov(decay, corrected=True), gl.add_noise())
    expected = train(tx, tx.init(PARAMS), gradients(steps))[0]
    state, report = gl.state_from_dict(tx, PARAMS, {}, step=steps)
    assert not report.missing
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-12), state, expected)


class CountState(NamedTuple):
    """The state of a link of a user."""

    seen: Any


def counting(name: str) -> Any:
    @gl.transformation(name=name)
    def link():
        def update(updates, state):
            return updates, CountState(jax.tree.map(jnp.add, state.seen, updates))

        return lambda params: CountState(jax.tree.map(jnp.zeros_like, params)), update

    return link()


def test_a_renamed_link_is_found_if_it_is_the_only_one() -> None:
    old, new = gl.chain(counting("mine"), gl.sgd(0.1)), gl.chain(gl.sgd(0.1), counting("ours"))
    arrays = gl.state_to_dict(old, old.init(PARAMS), PARAMS)
    _, report = gl.state_from_dict(new, PARAMS, arrays)
    assert [how for _, _, how in report.converted] == ["renamed from mine"] * 3
    twice = gl.chain(counting("ours"), counting("theirs"))
    _, report = gl.state_from_dict(twice, PARAMS, arrays)
    assert (len(report.missing), len(report.extra)) == (6, 3)


def test_another_dtype_and_another_shape() -> None:
    tx = gl.store(gl.scale_by_momentum(0.9))
    arrays = {f"scale_by_momentum:moment:{path}": jnp.full((2, 2), 1.5) for path in ("a", "b")}
    params = {"a": jnp.ones((2, 2)), "b": jnp.ones((3, 1))}
    state, report = gl.state_from_dict(tx, params, arrays)
    assert [how for _, _, how in report.converted] == ["moved, float64 to bfloat16"]
    assert "it has the shape [2, 2] here and [3, 1] in the state" in str(report)
    state, report = gl.state_from_dict(tx, params, arrays, resize=True)
    assert report.is_complete
    np.testing.assert_array_equal(state.moment["b"].astype(float), [[1.5], [1.5], [0.0]])


def test_a_running_mean_in_another_unit_is_remarked() -> None:
    _, report = gl.state_from_dict(gl.rmsprop(0.1, momentum=0.9), PARAMS, ARRAYS)
    one, two = report.remarks
    assert one.startswith(
        "scale_by_momentum goes on from scale_by_momentum, which stood before scale_by_rms, and stands"
    )
    assert two.endswith("make its arrays 1 times the mean of what came in; here it is 10 times")
    nesterov, plain = gl.sgd(0.1, momentum=0.9, nesterov=True), gl.sgd(0.1, momentum=0.9)
    arrays = gl.state_to_dict(plain, plain.init(PARAMS), PARAMS)
    assert "before scale_by_learning_rate" in gl.state_from_dict(nesterov, PARAMS, arrays)[1].remarks[0]


def test_links_on_both_sides_of_a_momentum_have_not_changed_sides() -> None:
    links = gl.probe("gradient"), gl.clip_by_norm(1.0), gl.scale_by_momentum(), gl.clip_by_norm(1.0), gl.probe("update")
    for tx in (gl.chain(*links), gl.chain(*links[:-1])):  # a probe changes no unit
        arrays = gl.state_to_dict(gl.chain(*links), gl.chain(*links).init(PARAMS), PARAMS)
        assert not gl.state_from_dict(tx, PARAMS, arrays)[1].remarks


def test_any_format_holds_the_arrays_and_a_trace_does_too() -> None:
    file = io.BytesIO()
    np.savez(file, **ARRAYS)
    file.seek(0)
    state, report = gl.state_from_dict(ADAM, PARAMS, dict(np.load(file)))
    report.require_complete()
    jax.tree.map(np.testing.assert_array_equal, state, STATE)
    traced = jax.jit(lambda state: gl.state_from_dict(EFFICIENT, PARAMS, gl.state_to_dict(ADAM, state, PARAMS))[0])
    assert_go_on_alike(ADAM, STATE, EFFICIENT, traced(STATE))


def test_wrong_arguments_say_what_to_do() -> None:
    with pytest.raises(ValueError, match=r"have version 2 of the names, and this gradlab knows up to 1; update it"):
        gl.state_from_dict(ADAM, PARAMS, {**ARRAYS, "gradlab:schema": 2})
    with pytest.raises(TypeError, match=r"takes a transformation of gradlab first, such as adam\(\); got a function"):
        gl.state_to_dict(gl.adam, STATE, PARAMS)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"this state is not one of sgd\(.*pass the state that its init"):
        gl.state_to_dict(gl.sgd(0.1, momentum=0.9), STATE, PARAMS)


def test_a_state_that_a_codec_keeps() -> None:
    params = {"a": jnp.ones((64, 64)), "b": jnp.ones(3)}
    like = jax.tree.map(lambda p: jnp.sin(jnp.arange(1.0, p.size + 1)).reshape(p.shape), params)
    blocks, other = gl.codecs.dynamic_blocks(), gl.codecs.companded_blocks()
    plain = gl.chain(gl.scale_by_momentum(0.9), gl.sgd(0.1))
    stored = gl.partition((gl.path("b"), plain), default=gl.chain(gl.clip_by_global_norm(1.0), gl.store(plain, blocks)))
    state = plain.update(like, plain.init(params), params)[1]
    coded, report = gl.state_from_dict(stored, params, gl.state_to_dict(plain, state, params))
    report.require_complete()
    assert {how for _, _, how in report.converted} == {f"kept by {blocks!r}", "moved"}
    back, report = gl.state_from_dict(plain, params, gl.state_to_dict(stored, coded, params, decoded=True))
    report.require_complete()
    np.testing.assert_allclose(back[0].moment["a"], state[0].moment["a"], atol=0.02 * 0.1)
    assert float(jnp.abs(back[0].moment["a"]).max()) > 0.09
    again, report = gl.state_from_dict(stored, params, gl.state_to_dict(stored, coded, params))
    report.require_complete()
    jax.tree.map(np.testing.assert_array_equal, again, coded)
    changed = gl.partition((gl.path("b"), plain), default=gl.chain(gl.clip_by_global_norm(1.0), gl.store(plain, other)))
    _, report = gl.state_from_dict(changed, params, gl.state_to_dict(stored, coded, params))
    assert "it was kept by" in str(report)
    assert not report.is_complete
    _, report = gl.state_from_dict(changed, params, gl.state_to_dict(stored, coded, params, decoded=True))
    report.require_complete()
