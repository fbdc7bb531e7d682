"""The transformation value: what a link of ten lines gets for free, and what goes wrong loudly."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl
from gradlab.core import ScheduledState


class TrustState(NamedTuple):
    longest: Any


@gl.transformation
def shrink(factor: gl.Positive = 0.5, floor: gl.NonNegative = 0.0):
    """A user's link: multiply by a power of the factor, at least the floor, and remember the longest gradient."""

    def init(params):
        return TrustState(jax.tree.map(lambda x: jnp.zeros_like(x.real), params))

    def update(updates, state):
        longest = jax.tree.map(lambda old, d: jnp.maximum(old, jnp.abs(d)), state.longest, updates)
        return jax.tree.map(lambda d: jnp.maximum(factor, floor) * d, updates), TrustState(longest)

    return init, update


@gl.transformation
def rooted(rate: gl.Positive = 4.0):
    """A user's link that computes with its hyperparameter outside of update."""
    root = jnp.sqrt(rate)  # which no schedule can take

    def update(updates, state):
        return jax.tree.map(lambda d: root**2 * d, updates), state

    return lambda params: (), update


@gl.transformation
def half_adam(learning_rate: gl.NonNegative = 0.1):
    """A user's recipe."""
    return gl.chain(gl.adam(learning_rate), gl.scale(0.5))


def apply(tx: Any, gradient: Any, params: Any = None, **extra: Any) -> Any:
    return tx.update(gradient, tx.init(gradient if params is None else params), params, **extra)[0]


# A link in ten lines.


def test_a_users_link_computes() -> None:
    updates, state = shrink().update(jnp.array([2.0, -4.0]), shrink().init(jnp.ones(2)))
    np.testing.assert_array_equal(updates, [1.0, -2.0])
    np.testing.assert_array_equal(state.longest, [2.0, 4.0])


def test_a_users_link_is_a_value() -> None:
    tx = shrink(0.25)
    assert isinstance(tx, gl.Transformation)
    assert tx == shrink(0.25)
    assert tx != shrink(0.5)
    assert hash(tx) == hash(shrink(0.25))
    assert repr(tx) == "shrink(factor=0.25)"
    assert pickle.loads(pickle.dumps(tx)) == tx
    assert tx.replace(floor=1) == shrink(0.25, 1.0)
    assert [jax.tree_util.keystr(path) for path, _ in jax.tree_util.tree_leaves_with_path(tx)] == [".factor", ".floor"]
    assert shrink.__doc__ is not None
    assert shrink.__doc__.startswith("A user's link")
    assert shrink.__name__ == "shrink"


def test_a_users_link_checks_its_arguments() -> None:
    with pytest.raises(ValueError, match=r"shrink: factor must be in \(0, inf\), got 0; pass a finite number above"):
        shrink(0)


def test_a_users_link_is_traced_once_for_all_numbers() -> None:
    traces = []

    @jax.jit
    def step(tx: Any, gradient: Any) -> Any:
        traces.append(tx)
        return apply(tx, gradient)

    for factor in (0.5, 0.25, 2):
        np.testing.assert_array_equal(step(shrink(factor), jnp.ones(2)), [factor, factor])
    assert len(traces) == 1


def test_a_users_link_differentiates_and_maps() -> None:
    gradient = jax.grad(lambda tx: apply(tx, jnp.array([1.0, 2.0])).sum())(shrink(0.5))
    assert isinstance(gradient, gl.Transformation)
    assert gradient.factor == 3.0
    assert gradient.floor == 0.0
    stack = jax.tree.map(lambda *leaves: jnp.stack(leaves), shrink(0.5), shrink(0.25))
    np.testing.assert_array_equal(jax.vmap(lambda tx: apply(tx, jnp.ones(2)))(stack), [[0.5, 0.5], [0.25, 0.25]])


@pytest.mark.parametrize("make", [shrink, rooted])
def test_a_users_link_takes_schedules(make: Callable[..., Any], rollout: Callable[..., Any]) -> None:
    halving = gl.schedules.exponential(1.0, 1, 0.5)
    np.testing.assert_allclose(rollout(make(halving), np.ones((3, 2)))[:, 0], [1.0, 0.5, 0.25], rtol=1e-15)
    np.testing.assert_allclose(
        rollout(make(lambda step: 1.0 / (1.0 + step.astype(float))), np.ones((3, 2)))[:, 0],
        [1, 1 / 2, 1 / 3],
        rtol=1e-15,
    )


def test_a_users_link_works_in_a_chain_and_in_optax() -> None:
    gradient = jnp.array([2.0, -4.0])
    np.testing.assert_array_equal(apply(gl.chain(shrink(), gl.scale(3.0)), gradient), [3.0, -6.0])
    np.testing.assert_array_equal(apply(optax.chain(shrink(), shrink()), gradient), [0.5, -1.0])


def test_low_precision_is_raised_inside_and_rounded_once_outside() -> None:
    seen = []

    @gl.transformation
    def spy():
        def update(updates, state):
            seen.append(updates.dtype)
            return updates / 3.0, state

        return lambda params: jnp.zeros_like(params), update

    gradient = jnp.ones(2, "bfloat16")
    tx = gl.chain(spy(), spy())
    updates, state = tx.update(gradient, tx.init(gradient))
    assert seen == [jnp.float32, jnp.float32]
    assert updates.dtype == jnp.bfloat16
    assert jax.tree.leaves(state)[0].dtype == jnp.float32
    np.testing.assert_array_equal(updates, jnp.full(2, 1 / 9, "bfloat16"))


def test_a_users_recipe_expands_to_its_links() -> None:
    tx = half_adam(0.2)
    assert tx.composition == gl.chain(gl.adam(0.2), gl.scale(0.5))
    assert tx.links == (*gl.adam(0.2).links, gl.scale(0.5))
    assert gl.chain(tx).links == tx.links
    assert half_adam(0.2).splits_gradient
    np.testing.assert_allclose(apply(tx, jnp.ones(2)), [-0.1, -0.1], rtol=1e-7)


def test_a_users_recipe_hands_schedules_on(rollout: Callable[..., Any]) -> None:
    rate = gl.schedules.linear(0.2, 0.0, 4)
    tx = half_adam(rate)
    assert str(tx).endswith("scale(factor=0.5),\n)")
    np.testing.assert_allclose(rollout(tx, np.ones((3, 1)))[:, 0], [-0.1, -0.075, -0.05], rtol=1e-7)


def test_recipes_of_recipes_run_each_factory_a_few_times_only() -> None:
    calls: list[int] = []

    def wrapped(inner: Any, depth: int) -> Any:
        @gl.transformation(name=f"wrapped{depth}")
        def recipe(factor=1.0):
            calls.append(depth)
            return gl.chain(inner, gl.scale(factor))

        return recipe(2.0)

    tx = gl.scale(1.0)
    for depth in range(8):
        tx = wrapped(tx, depth)
    np.testing.assert_array_equal(apply(tx, jnp.ones(2)), [256.0, 256.0])
    assert len(calls) <= 8 * 8, f"{len(calls)} calls"


def test_the_composition_of_a_link_is_the_link() -> None:
    link = gl.scale(2.0)
    assert link.composition is link
    assert link.links == (link,)
    assert gl.scale_by_rss(1.0).composition == gl.scale_by_rms(gl.running_sum(1.0), 1e-10)
    assert gl.chain(link).links == (link,)


# Factories that return something else.


@pytest.mark.parametrize(
    ("made", "shown"),
    [
        (None, "nothing$"),
        (3.0, "a float: 3.0$"),
        ((), r"a tuple: \(\)$"),
        ((1, 2), r"a tuple: \(1, 2\)$"),
        ((lambda params: (),), "a tuple$"),
        ([lambda: 0, lambda: 0], "a list$"),
        (len, "the function len alone$"),
        (int, "the class int alone$"),
        ([gl.scale_by_sign()], r"a list of links, of which gl.chain makes one: gl.chain\(\*links\)$"),
    ],
)
def test_a_factory_must_return_a_pair(made: Any, shown: str) -> None:
    @gl.transformation
    def broken():
        return made

    with pytest.raises(
        TypeError, match=rf"broken must return an \(init, update\) pair of functions, but it returned {shown}"
    ):
        broken()


@pytest.mark.parametrize(
    ("init", "update", "message"),
    [
        (
            lambda: (),
            lambda updates, state: (updates, state),
            r"init of odd takes \(\), but is called as init\(params\)",
        ),
        (
            lambda params: (),
            lambda updates, state, parameters: (updates, state),
            r"update of odd takes \(updates, state, parameters\), but is called as update\(updates, state\), with "
            "params and grads if it has arguments of these names: ",
        ),
        (lambda params: (), lambda updates: updates, r"update of odd takes \(updates\), but"),
        (lambda params: (), lambda updates, state: (updates > 0, state), r"update of odd\(\) returned booleans"),
    ],
)
def test_functions_of_a_pair_that_do_not_fit_are_refused_by_name(init: Any, update: Any, message: str) -> None:
    @gl.transformation
    def odd():
        return init, update

    with pytest.raises(TypeError, match=message):
        odd().update(jnp.ones(2), odd().init(jnp.ones(2)))


def test_one_number_in_place_of_updates_is_no_batch_of_gradients() -> None:
    @gl.transformation
    def summed():
        return (lambda params: ()), (lambda updates, state: (jnp.sum(updates), state))

    with pytest.raises(
        ValueError, match=r"same structure and shapes, but differ at the root: float64\[\] in the trans"
    ):
        summed().update(jnp.ones(2), ())


def test_errors_of_a_factory_are_its_own() -> None:
    @gl.transformation
    def failing(rate=1.0):
        raise RuntimeError("no such thing")

    with pytest.raises(RuntimeError, match="no such thing"):
        failing()
    with pytest.raises(RuntimeError, match="no such thing"):
        failing(lambda step: 1.0)


def test_another_librarys_factory_is_wrapped_as_it_is(rollout: Callable[..., Any]) -> None:
    lion = gl.transformation(optax.scale_by_lion)
    gradients = np.array([[1.0, -2.0], [-3.0, 0.5], [0.1, 0.1]])
    state, expected = optax.scale_by_lion(0.8, 0.7).init(jnp.zeros(2)), []
    with jax.numpy_dtype_promotion("standard"):
        for gradient in gradients:
            updates, state = optax.scale_by_lion(0.8, 0.7).update(jnp.asarray(gradient), state)
            expected.append(updates)
        got = rollout(lion(0.8, b2=0.7), gradients)
    np.testing.assert_array_equal(got, expected)
    assert lion(0.8).b2 == 0.99
    assert lion(0.8).mode == "hard"


def test_a_wrapped_factory_takes_schedules(rollout: Callable[..., Any]) -> None:
    sgd = gl.transformation(name="descent")(optax.sgd)
    with jax.numpy_dtype_promotion("standard"):
        got = rollout(sgd(gl.schedules.linear(1.0, 0.0, 4)), np.ones((3, 1)))
    np.testing.assert_allclose(got[:, 0], [-1.0, -0.75, -0.5])
    assert repr(sgd(0.1)).startswith("descent(learning_rate=0.1")


# Signatures of any kind.


def test_arguments_by_place_only() -> None:
    @gl.transformation
    def by_place(rate: gl.Positive, factor=2.0, /, shift=0.0):
        return lambda params: (), lambda updates, state: (
            jax.tree.map(lambda d: rate * factor * d + shift, updates),
            state,
        )

    tx = by_place(3.0, shift=1)
    np.testing.assert_array_equal(apply(tx, jnp.ones(2)), 7.0)
    assert repr(tx) == "by_place(3.0, 2.0, shift=1.0)"
    assert tx.replace(rate=1.0) == by_place(1.0, 2.0, shift=1.0)
    assert tx.replace(shift=2.0).shift == 2.0
    assert pickle.loads(pickle.dumps(jax.tree.leaves(tx))) == [3.0, 2.0, 1.0]
    with pytest.raises(TypeError, match=r"by_place: .*; the call is by_place\(rate, factor=2.0, /, shift=0.0\)"):
        by_place(rate=3.0)  # type: ignore[call-arg]

    @gl.schedules.schedule
    def by_place_too(rate, /, power=2.0):
        return lambda step: rate * step**power

    assert by_place_too(3.0)(2) == 12.0


def test_arguments_before_the_variadic_ones() -> None:
    @gl.transformation
    def repeated(count_of: int, *parts: optax.GradientTransformation, factor=1.0):
        return gl.chain(*parts * count_of, gl.scale(factor))

    tx = repeated(2, gl.scale(2.0), gl.scale(3.0), factor=0.5)
    np.testing.assert_array_equal(apply(tx, jnp.ones(2)), 18.0)
    assert repr(tx) == "repeated(2, scale(factor=2.0), scale(factor=3.0), factor=0.5)"
    np.testing.assert_array_equal(apply(tx.replace(count_of=1), jnp.ones(2)), 3.0)


# A factory that was not called.


@pytest.mark.parametrize("factory", [gl.adam, gl.scale, gl.chain, gl.isolate, shrink, gl.transformation(optax.lion)])
def test_a_factory_is_no_transformation_and_says_so(factory: Any) -> None:
    name = factory.__name__
    for method in ("init", "update"):
        with pytest.raises(TypeError, match=rf"{name} makes transf.*; call it first: {name}\(\.\.\.\)\.{method}\("):
            getattr(factory, method)(jnp.ones(2))
    assert not isinstance(factory, optax.GradientTransformation)


def test_errors_name_what_users_call() -> None:
    untyped: Any = gl.chain(gl.adam())
    for call, words in (
        (lambda: untyped.replace(other=1), r"chain: got an unexpected.*; the call is chain\(\*links\)"),
        (lambda: untyped.init(), r"^init\(\) missing"),
        (lambda: untyped.update(jnp.ones(2)), r"^update\(\) missing"),
        (lambda: untyped._replace(init=None), r"use \.replace\(\.\.\.\) for _replace"),
    ):
        with pytest.raises(TypeError, match=words):
            call()


# Gradients of another dtype than the parameters.


@pytest.mark.parametrize(
    "tx", [gl.adam(0.1), gl.scale_by_momentum(), gl.adagrad(0.1), gl.chain(gl.rmsprop(), gl.adamw())]
)
@pytest.mark.parametrize("gradient", ["bfloat16", "float16", "float32", "float64"])
@pytest.mark.parametrize("params", ["bfloat16", "float32", "float64"])
def test_the_state_keeps_its_dtypes_whatever_those_of_the_gradient(tx: Any, gradient: str, params: str) -> None:
    def dtypes(tree: Any) -> list[str]:
        return [leaf.dtype.name for leaf in jax.tree.leaves(tree)]

    with jax.numpy_dtype_promotion("standard"):
        x, g = jnp.ones(2, params), jnp.ones(2, gradient)
        state = jax.eval_shape(tx.init, x)
        updates, new_state = jax.eval_shape(tx.update, g, state, x)
    assert updates.dtype == gradient
    assert dtypes(new_state) == dtypes(state)


# Wrong states, trees and leaves.


def refusal(call: Callable[[], Any], kind: type[Exception] = ValueError) -> str:
    with pytest.raises(kind) as error:
        call()
    return str(error.value)


TREE = {"w": jnp.ones((2, 3)), "b": jnp.ones(3)}


@pytest.mark.parametrize(
    ("tx", "other"),
    [
        (gl.adam(0.1), gl.sgd(0.1, momentum=0.9)),
        (gl.adam(0.1), gl.adam(gl.schedules.cosine(0.1, 9))),
        (gl.adam(gl.schedules.cosine(0.1, 9)), gl.adam(0.1)),
        (gl.sgd(0.1), gl.adam(0.1)),
        (gl.sgd(0.1), gl.chain(gl.scale_by_momentum())),
        (gl.scale(1.0), gl.scale_by_momentum()),
        (gl.sgd(0.1, momentum=0.9), gl.sgd(0.1)),
        (gl.chain(gl.scale(1.0), gl.scale_by_momentum()), gl.scale_by_momentum()),
        (gl.scale_by_momentum(), gl.chain(gl.scale_by_momentum())),
        (gl.scale_by_momentum(), gl.scale(1.0)),
        (gl.rmsprop(), gl.rmsprop(centered=True)),
    ],
)
def test_the_state_of_another_optimizer_is_refused(tx: Any, other: Any) -> None:
    message = refusal(lambda: tx.update(TREE, other.init(TREE)))
    assert f"this state is not one of {tx!r}" in message
    assert "expected" in message
    assert "init(params)" in message


def test_the_state_of_other_parameters_is_refused() -> None:
    for tx in (gl.adam(0.1), gl.scale_by_momentum(), gl.adagrad(0.1)):
        state = tx.init({"w": jnp.ones((2, 3)), "b": jnp.ones(4)})
        message = refusal(lambda tx=tx, state=state: tx.update(TREE, state))  # type: ignore[misc]
        assert "this state is not one of" in message
        assert "['b']" in message
        assert "[3]" in message
        assert "[4]" in message


@pytest.mark.parametrize("state", [None, (), 3.0, "state", {"a": jnp.ones(2)}])
def test_what_is_no_state_is_refused(state: Any) -> None:
    assert "this state is not one of adam(" in refusal(lambda: gl.adam().update(TREE, state))


def test_the_refusal_is_the_same_under_jit() -> None:
    state = gl.sgd(0.1, momentum=0.9).init(TREE)
    assert "this state is not one of adam(" in refusal(lambda: jax.jit(gl.adam().update)(TREE, state))


@pytest.mark.parametrize("tx", [gl.sgd(0.1), gl.adamw(0.1), gl.scale(1.0)])
def test_updates_and_params_must_match(tx: Any) -> None:
    message = refusal(lambda: tx.update(TREE, tx.init(TREE), {"w": jnp.ones((2, 3))}))
    assert "updates and params must be trees of the same structure" in message
    assert "['b']: float64[3] in updates, nothing in params" in message
    message = refusal(lambda: tx.update(TREE, tx.init(TREE), TREE | {"b": jnp.ones(4)}))
    assert "['b']: float64[3] in updates, float64[4] in params" in message


def test_updates_and_grads_must_match() -> None:
    tx = gl.scale_by_rms()
    message = refusal(lambda: tx.update(TREE, tx.init(TREE), grads={"w": jnp.ones((2, 3))}))
    assert "updates and grads must be trees of the same structure" in message


@pytest.mark.parametrize("leaf", [np.arange(3), jnp.arange(3), 3, True, jnp.ones(3, bool)])
def test_integer_leaves_are_refused_by_path(leaf: Any) -> None:
    tx = gl.adam()
    tree = {"layers": [{"w": jnp.ones(3), "count": leaf}]}
    message = refusal(lambda: tx.init(tree), TypeError)
    for piece in ("the parameter at ['layers'][0]['count']", "dtype", "None", "optax.masked", "astype"):
        assert piece in message
    assert "the update at ['layers'][0]['count']" in refusal(lambda: tx.update(tree, ()), TypeError)


def test_none_in_the_place_of_integers_is_the_remedy() -> None:
    tree = {"w": jnp.ones(2), "count": None}
    updates, _ = gl.adam().update(tree, gl.adam().init(tree), tree)
    assert updates["count"] is None
    np.testing.assert_allclose(updates["w"], -1e-3, rtol=1e-7)


@pytest.mark.parametrize(
    "tx", [gl.adamw(), gl.add_decayed_weights(), gl.chain(gl.scale(1.0), gl.add_decayed_weights())]
)
def test_missing_params_are_asked_for(tx: Any) -> None:
    message = refusal(lambda: tx.update(TREE, tx.init(TREE)))
    assert message == "add_decayed_weights needs the parameters: call update(updates, state, params)"


def test_an_unmapped_stack_is_refused_with_the_remedy() -> None:
    stack = jax.tree.map(lambda *leaves: jnp.stack(leaves), *[gl.adam(rate) for rate in (0.1, 0.2)])
    message = refusal(lambda: apply(stack, TREE))
    for piece in ("adam(", "arrays for b1, b2, eps, learning_rate", "jax.vmap(train)(stack)"):
        assert piece in message
    message = refusal(lambda: apply(jax.tree.map(lambda leaf: jnp.stack([leaf] * 2), gl.sgd(0.1)), jnp.ones(())))
    assert "jax.vmap(train)(stack)" in message


def test_an_unmapped_stack_that_happens_to_fit_the_parameters_is_refused_too() -> None:
    stack = jax.tree.map(lambda *leaves: jnp.stack(leaves), *[gl.adam(rate) for rate in (0.1, 0.2, 0.3)])
    assert "jax.vmap(train)(stack)" in refusal(lambda: apply(stack, jnp.ones(3)))


def test_a_link_that_changes_shapes_is_refused() -> None:
    @gl.transformation
    def flatten():
        return lambda params: (), lambda updates, state: (updates.ravel(), state)

    message = refusal(lambda: apply(flatten(), jnp.ones((2, 3))))
    assert "the transformed updates and the updates must be trees of the same structure and shapes" in message
    assert "float64[6]" in message
    assert "float64[2,3]" in message


def test_a_link_that_changes_its_state_is_refused() -> None:
    @gl.transformation
    def growing():
        def update(updates, state):
            return updates, (*state, jnp.zeros(()))

        return lambda params: (), update

    message = refusal(lambda: apply(growing(), jnp.ones(2)))
    assert message.startswith(
        "growing(): a link changes the structure or the shapes of its own state (at [0] from nothing"
    )


def test_errors_inside_a_link_are_its_own() -> None:
    @gl.transformation
    def failing():
        def update(updates, state):
            raise RuntimeError("inside")

        return lambda params: (), update

    assert refusal(lambda: apply(failing(), jnp.ones(2)), RuntimeError) == "inside"


# Extra arguments.


@gl.transformation
def by_loss():
    """Scale by the loss, which the caller hands over."""
    return lambda params: (), lambda updates, state, *, value: (jax.tree.map(lambda d: value * d, updates), state)


def test_extra_arguments_reach_the_links_that_name_them_and_only_those() -> None:
    seen: list[tuple[str, set[str]]] = []

    @gl.transformation
    def named(label: str):
        def update(updates, state, params=None, *, value=None, other=None):
            seen.append((label, {name for name, given in (("value", value), ("other", other)) if given is not None}))
            return updates, state

        return lambda params: (), update

    @gl.transformation
    def any_name():
        def update(updates, state, **extra):
            seen.append(("any", set(extra)))
            return updates, state

        return lambda params: (), update

    @gl.transformation
    def none():
        def update(updates, state):
            seen.append(("none", set()))
            return updates, state

        return lambda params: (), update

    tx = gl.chain(none(), named("first"), gl.chain(any_name()), gl.scale(1.0), gl.isolate(named("second")))
    apply(tx, jnp.ones(2), value=1.0, other=2.0, third=3.0)
    assert seen == [
        ("none", set()),
        ("first", {"value", "other"}),
        ("any", {"value", "other", "third"}),
        ("second", {"value", "other"}),
    ]


def test_extra_arguments_pass_through_recipes_and_wrappers() -> None:
    @gl.transformation
    def recipe():
        return gl.chain(gl.isolate(by_loss()), gl.precondition(by_loss()))

    np.testing.assert_array_equal(apply(recipe(), jnp.ones(2), value=3.0), [9.0, 9.0])
    np.testing.assert_array_equal(apply(optax.chain(by_loss(), by_loss()), jnp.ones(2), value=3.0), [9.0, 9.0])


def test_a_link_without_its_extra_argument_says_which() -> None:
    with pytest.raises(TypeError, match="value"):
        apply(by_loss(), jnp.ones(2))


def test_a_callable_object_may_be_the_update() -> None:
    class Doubler:
        def __call__(self, updates, state, params=None, *, grads=None):
            return 2 * grads, state

    @gl.transformation
    def doubler():
        return lambda params: (), Doubler()

    np.testing.assert_array_equal(apply(gl.chain(gl.scale(3.0), doubler()), jnp.ones(2)), [6.0, 6.0])


# Scheduled state.


def test_a_scheduled_link_counts_its_updates() -> None:
    tx = gl.scale(gl.schedules.linear(0.0, 4.0, 4))
    state = tx.init(jnp.ones(2))
    assert isinstance(state, ScheduledState)
    assert (state.step.dtype, state.step.shape) == (jnp.int32, ())
    for step in range(3):
        assert state.step == step
        updates, state = tx.update(jnp.ones(2), state)
        assert updates[0] == step
    last = ScheduledState(jnp.asarray(2**31 - 1, jnp.int32), state.inner)
    assert tx.update(jnp.ones(2), last)[1].step == 2**31 - 1  # stays, and does not wrap around


def test_only_the_links_with_a_schedule_count() -> None:
    tx = gl.chain(gl.scale_by_momentum(), gl.scale(lambda step: 1.0), gl.scale(2.0))
    kinds = [isinstance(state, ScheduledState) for state in tx.init(jnp.ones(2))]
    assert kinds == [False, True, False]
    assert sum(isinstance(state, ScheduledState) for state in gl.adam(lambda step: 0.1).init(jnp.ones(2))) == 1


# Donation.


@gl.transformation
def forgetful():
    """A user's link whose init returns the parameters themselves, twice, and one array of its own twice."""

    def init(params):
        own = jax.tree.map(jnp.zeros_like, params)
        return (params, params, own, own)

    return init, lambda updates, state: (updates, state)


@pytest.mark.parametrize("tx", [forgetful(), gl.chain(forgetful(), forgetful()), gl.adam(), gl.adagrad(0.1)])
def test_init_never_aliases_the_parameters_nor_itself(tx: Any) -> None:
    params = {"a": jnp.ones(3), "b": np.ones(2), "c": jnp.ones((), "bfloat16")}
    state = tx.init(params)
    arrays = [leaf for leaf in jax.tree.leaves((params, state)) if isinstance(leaf, jax.Array)]
    assert len({leaf.unsafe_buffer_pointer() for leaf in arrays}) == len(arrays)


@pytest.mark.parametrize("tx", [forgetful(), gl.adam(0.1), gl.adam(gl.schedules.constant(0.1))])
def test_params_and_state_can_both_be_donated(tx: Any) -> None:
    params = {"a": jnp.ones(3), "b": jnp.ones(2)}

    def step(params: Any, state: Any) -> Any:
        updates, state = tx.update(params, state, params)
        return optax.apply_updates(params, updates), state

    expected = step(params, tx.init(params))
    state = tx.init(params)
    got = jax.jit(step, donate_argnums=(0, 1))(params, state)
    assert all(leaf.is_deleted() for leaf in jax.tree.leaves((params, state)))
    jax.tree.map(lambda got, expected: np.testing.assert_allclose(got, expected, rtol=1e-12), got, expected)


@pytest.mark.parametrize(("gradient_dtype", "param_dtype"), [("float32", "float64"), ("float64", "float32")])
def test_gradients_of_another_precision_are_taken_in_that_of_the_parameters(gradient_dtype, param_dtype) -> None:
    params, gradient = jnp.ones(3, param_dtype), jnp.ones(3, gradient_dtype)
    tx = gl.adam(0.1)
    updates, state = tx.update(gradient, tx.init(params), params)
    assert updates.dtype == gradient_dtype
    assert {leaf.dtype for leaf in jax.tree.leaves(state) if leaf.shape} == {jnp.dtype(param_dtype)}
    np.testing.assert_allclose(updates, -0.1, rtol=1e-6)


@pytest.mark.parametrize(
    ("result", "found"), [(None, "nothing"), (jnp.ones(2), "an array alone"), ((1, 2, 3), "a tuple")]
)
def test_an_update_without_a_state_is_told_what_to_return(result: Any, found: str) -> None:
    @gl.transformation
    def forgetful():
        return lambda params: (), lambda updates, state: result

    with pytest.raises(
        TypeError, match=rf"update of forgetful must return \(updates, state\), but it returned {found}"
    ):
        forgetful().update(jnp.ones(2), ())


def test_a_link_with_a_schedule_is_made_without_computing() -> None:
    calls = []

    def rate(step):
        calls.append(step)
        return 0.1 if step < 1 else 0.01  # decides by the step, which only an uncompiled loop allows

    @gl.transformation
    def scale_by_root(factor: gl.Positive):
        root = jnp.sqrt(factor)  # a link computes with its hyperparameters, and a schedule has no root
        return optax.scale(root)

    with jax.transfer_guard("disallow"), jax.checking_leaks():
        tx, link = gl.sgd(rate), scale_by_root(rate)
    assert calls == []
    assert tx.links[0].learning_rate.function is rate
    updates, state = link.update(jnp.ones(2), link.init(jnp.ones(2)))
    assert updates == pytest.approx(np.sqrt([0.1, 0.1]))
    assert link.update(jnp.ones(2), state)[0] == pytest.approx(np.sqrt([0.01, 0.01]))


def test_a_recipe_hands_schedules_on_whether_it_is_declared_or_not() -> None:
    def compose(rate: gl.Positive):
        return gl.chain(gl.scale_by_momentum(0.9), gl.scale_by_learning_rate(rate))

    schedule = gl.schedules.linear(0.1, 0.0, 10)
    declared, undeclared = gl.recipe(compose)(schedule), gl.transformation(compose)(schedule)
    assert declared.composition == undeclared.composition == compose(schedule)
    assert declared.links[1].learning_rate == schedule


def test_a_recipe_that_returns_a_pair_is_refused() -> None:
    @gl.recipe
    def pair(rate: gl.Positive = 0.1):
        return optax.scale(-rate)

    with pytest.raises(TypeError, match=r"pair is declared as a recipe.*Decorate it with @gl\.transformation"):
        pair()


def test_an_error_in_a_factory_is_not_hidden_by_a_schedule() -> None:
    @gl.transformation
    def broken(rate: gl.Positive = 0.1):
        raise KeyError("mine")

    for rate in (0.1, gl.schedules.linear(0.1, 0.0, 10)):
        with pytest.raises(KeyError, match="mine"):
            broken(rate)
