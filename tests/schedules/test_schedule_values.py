"""What all schedules share: they are values, pytrees, functions of a step of any kind, and numbers to compute with."""

from __future__ import annotations

import operator
import pickle
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl
from gradlab import registry

s = gl.schedules
SCHEDULES = {name: entry.example for name, entry in registry.of_kind("schedule").items()}
each_schedule = pytest.mark.parametrize("schedule", [pytest.param(s, id=name) for name, s in SCHEDULES.items()])


def squared(step: Any) -> Any:
    return step.astype(float) ** 2


@s.schedule
def square_root_decay(init_value: gl.Positive, timescale: gl.Positive = 1.0):
    """A user's schedule, from the documentation."""
    return lambda step: init_value / jnp.sqrt(1 + step / timescale)


# Steps.


@each_schedule
def test_steps_of_any_kind_give_the_same(schedule: Any) -> None:
    steps: list[Any] = [7, np.int64(7), np.array(7), jnp.asarray(7), jnp.asarray(7, jnp.int32), 7.0, jnp.float32(7)]
    values = [schedule(step) for step in steps]
    values.append(jax.jit(schedule)(7))
    np.testing.assert_allclose(values, float(schedule(7)), rtol=1e-14)
    assert all(jnp.shape(value) == () for value in values)


@each_schedule
def test_a_schedule_is_the_same_compiled_and_mapped(schedule: Any) -> None:
    steps = jnp.arange(0, 120, 17)
    apart = [float(schedule(int(step))) for step in steps]
    mapped = jax.vmap(schedule)(steps) * jnp.ones(len(apart))
    np.testing.assert_allclose(mapped, apart, rtol=1e-13)
    looped = jax.jit(lambda sched, steps: jax.lax.map(lambda step: sched(step) * jnp.ones(()), steps))(schedule, steps)
    np.testing.assert_allclose(looped, apart, rtol=1e-13)


@each_schedule
def test_a_schedule_is_finite_at_all_steps(schedule: Any) -> None:
    steps = jnp.array([0, 1, 9, 10, 11, 29, 30, 31, 59, 60, 61, 99, 100, 101, 10**6, 2**31 - 1])
    assert np.isfinite(jax.vmap(schedule)(steps)).all()


@each_schedule
def test_a_schedule_leaves_the_dtype_of_what_it_scales_alone(schedule: Any) -> None:
    for dtype in ("bfloat16", "float32", "complex64"):
        assert (schedule(3) * jnp.ones(2, dtype)).dtype == dtype


# Values.


@each_schedule
def test_new_numbers_never_retrace(schedule: Any) -> None:
    traces = []

    @jax.jit
    def value(schedule: Any, step: Any) -> Any:
        traces.append(schedule)
        return schedule(step) * 1.0

    leaves, structure = jax.tree.flatten(schedule)
    for factor in (1.0, 0.9):
        for step in (0, 5):
            changed = jax.tree.unflatten(structure, [leaf * factor if type(leaf) is float else leaf for leaf in leaves])
            value(changed, step)
    assert len(traces) == 1


@each_schedule
def test_stacks_of_schedules_are_mapped(schedule: Any) -> None:
    leaves, structure = jax.tree.flatten(schedule)
    others = [jax.tree.unflatten(structure, [leaf * factor for leaf in leaves]) for factor in (1.0, 0.8, 0.5)]
    stack = jax.tree.map(lambda *leaves: jnp.stack(leaves), *others)
    step = 13
    np.testing.assert_allclose(
        jax.vmap(lambda one: one(step) * jnp.ones(()))(stack), [float(one(step)) for one in others], rtol=1e-13
    )


@each_schedule
def test_derivatives_are_central_differences(schedule: Any) -> None:
    leaves, structure = jax.tree.flatten(schedule)
    floats = [index for index, leaf in enumerate(leaves) if type(leaf) is float]

    @jax.jit
    def value(numbers: Any, step: Any) -> Any:
        changed = list(leaves)
        for index, number in zip(floats, numbers):
            changed[index] = number
        return jax.tree.unflatten(structure, changed)(step) * 1.0

    numbers = jnp.array([leaves[index] for index in floats])
    gradient = jax.jit(jax.grad(value))
    for step in (3, 47):  # where none has a corner
        got = gradient(numbers, step)
        for index in range(len(floats)):
            width = 1e-6 * max(abs(float(numbers[index])), 1.0)
            side = jnp.zeros(len(floats)).at[index].set(width)
            difference = (value(numbers + side, step) - value(numbers - side, step)) / (2 * width)
            np.testing.assert_allclose(got[index], difference, rtol=1e-5, atol=1e-8)


@each_schedule
def test_derivatives_are_finite_at_corners_and_ends(schedule: Any) -> None:
    gradient = jax.jit(jax.grad(lambda schedule, step: schedule(step) * 1.0, allow_int=True))
    for step in (0, 10, 30, 60, 90, 100, 10**6):
        for path, leaf in jax.tree_util.tree_leaves_with_path(gradient(schedule, step)):
            if leaf.dtype != jax.dtypes.float0:
                assert np.isfinite(leaf), f"{jax.tree_util.keystr(path)} at {step}"


def test_a_power_has_finite_derivatives_where_its_base_is_zero() -> None:
    gradient = jax.grad(lambda schedule: schedule(100))(s.polynomial(1.0, 0.1, 0.5, 10))
    assert np.isfinite(jax.tree.leaves(gradient)).all()


# Arithmetic.


@pytest.mark.parametrize(
    ("operation", "other"),
    [
        (operation, other)
        for operation in (operator.add, operator.sub, operator.mul, operator.truediv, operator.pow)
        for other in (2.0, 3, np.float64(2.0), s.inverse_time(2.0), squared, jnp.asarray(2.0))
        if not (operation is operator.truediv and other is squared)
    ],
)
def test_arithmetic_is_that_of_the_values(operation: Callable[..., Any], other: Any) -> None:
    schedule = s.linear(1.0, 0.5, 10)
    combined = operation(schedule, other)
    assert isinstance(combined, s.Schedule)
    for step in (0, 3, 20):
        right = other(jnp.asarray(step)) if callable(other) else other
        assert float(combined(step)) == pytest.approx(float(operation(float(schedule(step)), float(right))), rel=1e-14)


@pytest.mark.parametrize("operation", [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow])
@pytest.mark.parametrize("other", [2.0, 3, np.float32(2.0), np.array([1.0, 2.0]), jnp.asarray(2.0)])
def test_arithmetic_from_the_left(operation: Callable[..., Any], other: Any) -> None:
    schedule = s.linear(1.0, 0.5, 10)
    combined = operation(other, schedule)
    assert isinstance(combined, s.Schedule)
    np.testing.assert_allclose(combined(3), operation(np.asarray(other, float), float(schedule(3))), rtol=1e-14)


def test_negation_and_nesting() -> None:
    schedule = -(2 * s.linear(1.0, 0.0, 10) + 1) / (s.constant(4.0) - 2.0)
    assert float(schedule(5)) == pytest.approx(-1.0)
    assert repr(-s.constant(1.0)) == "(-1.0 * constant(value=1.0))"


def test_combined_schedules_are_values() -> None:
    one, same, other = (factor * s.cosine(0.1, 100) for factor in (2.0, 2.0, 3.0))
    assert one == same
    assert hash(one) == hash(same)
    assert one != other
    assert one != s.cosine(0.1, 100) * 2.0
    assert pickle.loads(pickle.dumps(one)) == one
    assert [jax.tree_util.keystr(path) for path, _ in jax.tree_util.tree_leaves_with_path(one)] == [
        ".left",
        ".right.init_value",
        ".right.decay_steps",
        ".right.alpha",
    ]
    gradient = jax.grad(lambda schedule: schedule(0))(one)
    assert gradient.left == pytest.approx(0.1)
    assert gradient.right.init_value == pytest.approx(2.0)


@pytest.mark.parametrize("other", ["2", None, [1.0], {}])
def test_arithmetic_with_anything_else_fails(other: Any) -> None:
    with pytest.raises(TypeError):
        (s.constant(1.0) + other)(0)


# shift, bare functions, schedules in schedules.


@pytest.mark.parametrize(
    ("offset", "expected"), [(0, [0.0, 0.1, 0.2, 0.3]), (2, [0.2, 0.3, 0.4, 0.5]), (-2, [0.0, 0.0, 0.0, 0.1])]
)
def test_shift(offset: int, expected: list[float]) -> None:
    schedule = s.shift(s.linear(0.0, 1.0, 10), offset)
    np.testing.assert_allclose([float(schedule(step)) for step in range(4)], expected, atol=1e-15)
    bare = s.shift(lambda step: step.astype(float) / 10.0, offset)
    np.testing.assert_allclose([float(bare(step)) for step in range(4)], expected, atol=1e-15)


def test_as_schedule() -> None:
    schedule = s.cosine(0.1, 100)
    assert s.as_schedule(schedule) is schedule
    assert s.as_schedule(0.5) == s.constant(0.5)
    assert s.as_schedule(jnp.asarray(0.5))(3) == 0.5
    assert s.as_schedule(squared)(3) == 9.0
    assert s.as_schedule(squared) == s.as_schedule(squared)
    assert hash(s.as_schedule(squared)) == hash(s.as_schedule(squared))
    assert s.as_schedule(squared) != s.as_schedule(lambda step: step)
    assert jax.jit(lambda rate: s.as_schedule(rate)(3))(0.5) == 0.5
    for wrong in ("cosine", None, [1.0]):
        with pytest.raises(TypeError, match="a schedule is a number or a function of the step; got"):
            s.as_schedule(wrong)


def test_optaxs_schedules_are_schedules() -> None:
    theirs = optax.linear_schedule(1.0, 0.0, 10)
    with jax.numpy_dtype_promotion("standard"):
        assert float((2 * s.as_schedule(theirs))(5)) == 1.0


@pytest.mark.parametrize("x64", [True, False])
def test_a_bare_function_gets_the_exact_step(x64: bool) -> None:
    """Also beyond 2^24, where float32 skips every other integer."""
    seen = []

    def spy(step: Any) -> Any:
        seen.append(step)
        return (step % 2).astype(float)

    with jax.enable_x64(x64):
        for tx in (gl.scale_by_learning_rate(spy), gl.sgd(spy)):
            one = jnp.ones(1, "float32")
            state = jax.tree.map(lambda leaf: jnp.asarray(2**24 + 1, jnp.int32), tx.init(one))
            updates, _ = tx.update(one, state)
            assert updates[0] == -1.0
            assert seen[-1] == 2**24 + 1
            assert jnp.issubdtype(seen[-1].dtype, jnp.integer)


def test_hyperparameters_of_schedules_may_be_schedules() -> None:
    nested = s.linear(s.constant(1.0), s.linear(1.0, 0.0, 10), 10)
    np.testing.assert_allclose([float(nested(step)) for step in (0, 5, 10)], [1.0, 0.75, 0.0])


# Schedules of one's own.


def test_a_users_schedule_is_a_value() -> None:
    schedule = square_root_decay(0.1, 4)
    assert isinstance(schedule, s.Schedule)
    assert schedule == square_root_decay(0.1, 4.0)
    assert repr(schedule) == "square_root_decay(init_value=0.1, timescale=4.0)"
    assert pickle.loads(pickle.dumps(schedule)) == schedule
    assert float(schedule(12)) == pytest.approx(0.05)
    assert schedule.replace(timescale=12)(12) == pytest.approx(0.1 / np.sqrt(2))
    assert "documentation" in (square_root_decay.__doc__ or "")
    with pytest.raises(ValueError, match=r"square_root_decay: init_value must be in \(0, inf\), got 0"):
        square_root_decay(0)
    with pytest.raises(TypeError, match=r"square_root_decay: .*init_value, timescale=1.0"):
        square_root_decay()  # type: ignore[call-arg]


def test_a_users_schedule_drives_a_recipe(rollout: Callable[..., Any]) -> None:
    got = rollout(gl.sgd(square_root_decay(1.0)), np.ones((4, 1)))
    np.testing.assert_allclose(got[:, 0], -1 / np.sqrt([1, 2, 3, 4]), rtol=1e-14)


def test_a_schedule_must_return_a_function() -> None:
    @s.schedule
    def broken(value=1.0):
        return value

    with pytest.raises(TypeError, match=r"broken must return a function of the step, got float: 1\.0"):
        broken()


# Schedules that decide by the value of the step.


@s.schedule
def halved_by_if(value: gl.Positive):
    """A user's schedule that only works step by step."""
    return lambda step: value if step < 10 else value / 2


def by_if(step: Any) -> float:
    """A user's schedule that only works step by step."""
    return 0.1 if step < 10 else 0.01


@pytest.mark.parametrize(
    ("rate", "name"),
    [
        (by_if, "by_if"),
        (0.5 * s.as_schedule(by_if), "by_if"),
        (halved_by_if(0.1), "halved_by_if"),
        (lambda step: [0.1, 0.01][step], "<lambda>"),
        (lambda step: 0.1 / float(step + 1), "<lambda>"),
        (lambda step: 0.1 / np.sqrt(step + 1), "<lambda>"),
    ],
)
def test_a_compiled_program_names_the_schedule_that_decides_by_the_step(rate: Any, name: str) -> None:
    tx, params = gl.adamw(rate), jnp.ones(2)
    state = tx.init(params)
    tx.update(params, state, params)  # the step is known here
    with pytest.raises(TypeError) as caught:
        gl.make_step(lambda params, batch: (params**2).sum())(tx, params, state, None)
    notes = [note for note in caught.value.__notes__ if "schedule" in note]
    assert len(notes) == 1
    assert notes[0].startswith(f"The schedule {name} is called with a step that is not known while jax.jit compiles")
    assert "write jnp.where(step < 10, 0.1, 0.01), or gl.schedules.piecewise(0.1, (10,), (0.1,))" in notes[0]
    remedy = s.piecewise(0.1, (10,), (0.1,))
    np.testing.assert_allclose([remedy(9), remedy(10)], [0.1, 0.01])
