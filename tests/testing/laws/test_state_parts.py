import jax.numpy as jnp
import optax

from gradlab.testing.laws.state_parts import find_parts

PARAMS = {"a": jnp.zeros((2, 3)), "b": jnp.zeros(())}


def test_parts_like_the_parameters_are_found_with_their_paths() -> None:
    state = optax.chain(optax.clip(1.0), optax.adam(1e-3)).init(PARAMS)
    assert [path for path, _ in find_parts(state, PARAMS)] == ["[1][0].mu", "[1][0].nu"]
    assert [path for path, _ in find_parts(PARAMS, PARAMS)] == [""]


def test_other_shapes_and_structures_are_no_parts() -> None:
    assert not list(find_parts({"a": jnp.zeros((3, 2)), "b": jnp.zeros(())}, PARAMS))
    assert not list(find_parts([jnp.zeros((2, 3)), jnp.zeros(())], PARAMS))
    assert not list(find_parts(None, PARAMS))
