from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl
from gradlab.testing import assert_same_trajectory, references
from gradlab.testing.mutants.mutant import from_equations
from gradlab.testing.trajectories.trajectory import find_difference

# tests/test_laws.py compares every recipe on the network and for thousands of steps.
SMALL: Any = {"shapes": {"bias": (3,), "kernel": (2, 2)}, "long": 0}


def test_own_hyperparameters_are_handed_to_the_reference() -> None:
    assert_same_trajectory(gl.adam(0.01, b1=0.8, eps=1e-3), "adam", **SMALL)
    with pytest.raises(AssertionError, match="not the trajectory of adam"):
        assert_same_trajectory(gl.adam(0.01, b1=0.8), references.adam, **SMALL, b1=0.9)


def test_a_foreign_transformation_is_compared_with_given_hyperparameters() -> None:
    with jax.numpy_dtype_promotion("standard"):
        assert_same_trajectory(optax.adam(1e-3), "adam", **SMALL, learning_rate=1e-3)
        with pytest.raises(AssertionError):
            assert_same_trajectory(optax.rmsprop(1e-3), "rmsprop", **SMALL, learning_rate=1e-3)  # eps inside the root


def test_a_rate_that_only_goes_wrong_while_it_decays_is_found() -> None:
    """Nesterov with the rate outside the buffer is the published one at a constant rate only."""

    @gl.transformation
    def outside(learning_rate: gl.NonNegative = 0.1):
        return gl.chain(gl.scale_by_momentum(0.9, 0.0), gl.nesterov(0.9, 0.0), gl.scale_by_learning_rate(learning_rate))

    with pytest.raises(AssertionError, match="with a decaying learning rate") as caught:
        assert_same_trajectory(outside(), "sgd", **SMALL, momentum=0.9, nesterov=True)
    assert "at step 1 " in str(caught.value)


def test_epsilon_in_the_root_shows_most_on_faint_gradients() -> None:
    gaps = {}
    for sequence in ("ordinary", "faint"):
        with pytest.raises(AssertionError) as caught:
            assert_same_trajectory(
                gl.chain(gl.scale_by_rms(0.9, eps=0.0, eps_root=1e-16), gl.scale_by_learning_rate(1e-3)),
                "rmsprop",
                learning_rate=1e-3,
                sequences=(sequence,),
                **SMALL,
            )
        assert f"on {sequence} gradients" in str(caught.value)
        gaps[sequence] = float(str(caught.value).split("The gap is ")[1].split(" ")[0])
    assert gaps["faint"] > 1e-3 > gaps["ordinary"]


def test_the_sequences_can_be_chosen() -> None:
    with pytest.raises(KeyError, match="unknown gradient sequence 'wild'"):
        assert_same_trajectory(gl.sgd(), "sgd", sequences=("wild",))


CENTERED: dict[str, Any] = {"centered": True, "bias_correction": True}
FEW: dict[str, Any] = {"steps": 12, "long": 0, "shapes": {"a": (3,), "b": ()}}


@pytest.mark.parametrize(
    "options", [{}, {"momentum": 0.9, "nesterov": True}, {"initial_scale": 1.0}, {"eps_in_sqrt": True}], ids=str
)
def test_where_all_digits_cancel_rounding_decides_and_is_no_difference(options: dict[str, Any]) -> None:
    assert_same_trajectory(gl.rmsprop(**CENTERED, **options), "rmsprop", **FEW)  # v - m^2 is 0 after one step


@pytest.mark.parametrize("wrong", [{"decay": 0.91}, {"eps": 2e-8}, {"eps_in_sqrt": True}, {"momentum": 0.01}], ids=str)
def test_a_mistake_beside_rounding_is_found(wrong: dict[str, Any]) -> None:
    with pytest.raises(AssertionError, match="not the trajectory of rmsprop"):
        assert_same_trajectory(gl.rmsprop(**CENTERED), "rmsprop", **FEW, **CENTERED, **wrong)


def test_a_schedule_of_ones_own_is_followed() -> None:
    rate = gl.schedules.cosine(0.1, 50)
    assert_same_trajectory(gl.adam(rate), "adam", **SMALL)


RATES = {
    "number": 0.1,
    "schedule": gl.schedules.cosine(0.1, 50),
    "function": lambda step: jax.numpy.linspace(0.1, 0.01, 50)[step],
}


@pytest.mark.parametrize("kind", RATES)
def test_trajectories_are_compared_in_double_precision_whatever_the_setting(kind: str) -> None:
    with jax.enable_x64(False):
        assert find_difference(gl.sgd(RATES[kind]), references.sgd, 20, 1e-9, ("ordinary",), {}) is None
        other: Any = {"learning_rate": lambda step: 0.1 * (1 + 1e-8)}
        assert find_difference(gl.sgd(lambda step: 0.1), references.sgd, 20, 1e-9, ("ordinary",), other) is not None


def test_nan_is_a_difference() -> None:
    def update(updates: Any, state: Any, params: Any = None) -> Any:
        return jax.tree.map(lambda g: g * float("nan"), updates), state

    with pytest.raises(AssertionError):
        assert_same_trajectory(optax.GradientTransformation(lambda params: (), update), "sgd", learning_rate=1.0)


def _stateless(update: Any) -> optax.GradientTransformation:
    return optax.GradientTransformation(lambda params: (), lambda updates, state, params=None: (update(updates), state))


def _descend(updates: Any) -> Any:
    return jax.tree.map(lambda g: -0.1 * g, updates)


def _swap_equal_shapes(updates: Any) -> Any:
    first, second = updates["attention"]
    return _descend(updates | {"attention": [second, first]})


def _clip_each(updates: Any) -> Any:
    return jax.tree.map(lambda g: g / jnp.maximum(1, jnp.linalg.norm(g.ravel())), updates)


@references.whole_tree
def clip_by_global_norm(g: Any, state: Any, t: int, x: Any) -> Any:
    norm = np.sqrt(sum(np.sum(leaf**2) for leaf in g.values()))
    return {path: leaf / max(1, norm) for path, leaf in g.items()}, {}


@pytest.mark.parametrize(
    ("update", "reference", "finding"),
    [
        (_swap_equal_shapes, references.sgd, "Of 9 leaves, attention/0, attention/1 differ; the others agree."),
        (_clip_each, clip_by_global_norm, "All 9 leaves differ."),
    ],
)
def test_mistakes_between_leaves_are_found(update: Any, reference: Any, finding: str) -> None:
    arguments: Any = {"learning_rate": 0.1} if reference is references.sgd else {}
    with pytest.raises(AssertionError) as caught:
        assert_same_trajectory(_stateless(update), reference, **arguments)
    assert finding in str(caught.value)


def test_a_reference_of_the_whole_tree_is_followed() -> None:
    @gl.transformation
    def clip():
        return gl.clip_by_global_norm(1.0)

    assert_same_trajectory(clip(), clip_by_global_norm)


def test_a_count_that_saturates_after_a_thousand_steps_is_found() -> None:
    @gl.transformation
    def late(learning_rate: gl.NonNegative = 1e-3):
        def step(g: Any, t: Any, x: Any, m: Any, v: Any) -> Any:
            m, v, t = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g, jnp.minimum(t, 1000.0)
            return -learning_rate * (m / (1 - 0.9**t)) / (jnp.sqrt(v / (1 - 0.999**t)) + 1e-8), m, v

        return from_equations(step)

    assert_same_trajectory(late(), "adam", **SMALL)
    with pytest.raises(AssertionError, match="on long gradients, at step 1000 "):
        assert_same_trajectory(late(), "adam", shapes=SMALL["shapes"])


def test_rounding_of_large_parameters_is_no_difference() -> None:
    """With a rate of 1e-9, tiny gradients move parameters by far less than the last digit of the parameters."""
    assert_same_trajectory(gl.sgd(1e-9, momentum=0.9), "sgd", sequences=("tiny",))
