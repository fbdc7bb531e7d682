"""Mutants whose states cannot be stored, or from whose stored states training does not resume."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import optax

from .mutant import breaks
from .right_heavy_ball import heavy_ball, step_down, wide, zeros

_OF = "sgd"


@jax.tree_util.register_pytree_node_class
class _WithRule:
    """A momentum and the function that updates it."""

    def __init__(self, m, rule):
        self.m, self.rule = m, rule

    def tree_flatten(self):
        return (self.m,), self.rule

    @classmethod
    def tree_unflatten(cls, rule, children):
        return cls(children[0], rule)


@breaks("pickled state resumes", of=_OF, mistake="the state holds a lambda, which cannot be pickled")
def lambda_in_the_state():
    rule = lambda m, g: 0.9 * m + g  # noqa: E731

    def update(updates, state, params=None):
        m = jax.tree.map(state.rule, state.m, wide(updates, state.m))
        return step_down(0.1, m, updates), _WithRule(m, state.rule)

    return optax.GradientTransformation(lambda params: _WithRule(zeros(params), rule), update)


@jax.tree_util.register_pytree_node_class
class _Opaque:
    """A momentum in a class that no storage library knows."""

    def __init__(self, m):
        self.m = m

    def tree_flatten(self):
        return (self.m,), None

    @classmethod
    def tree_unflatten(cls, _, children):
        return cls(children[0])


@breaks(
    "msgpack state resumes",
    of=_OF,
    mistake="the state is an instance of its own class, which Flax cannot convert to a dict",
)
def opaque_state():
    def update(updates, state, params=None):
        m = jax.tree.map(lambda m, g: 0.9 * m + g, state.m, wide(updates, state.m))
        return step_down(0.1, m, updates), _Opaque(m)

    return optax.GradientTransformation(lambda params: _Opaque(zeros(params)), update)


@breaks(
    "msgpack state resumes",
    of="add_noise",
    mistake="the state holds a typed random key, which is not an array of numbers",
)
def key_in_the_state():
    right = heavy_ball()

    def init(params):
        return right.init(params) | {"key": jax.random.key(0)}

    def update(updates, state, params=None):
        key, now = jax.random.split(state["key"])
        noise = 0.01 * jax.random.normal(now, ())
        g = jax.tree.map(lambda g: g + noise.astype(g.dtype), wide(updates, state["m"]))
        m = jax.tree.map(lambda m, g: 0.9 * m + g, state["m"], g)
        return step_down(0.1, m, updates), {"m": m, "key": key}

    return optax.GradientTransformation(init, update)


@jax.tree_util.register_pytree_node_class
class _Forgetful:
    """A momentum that is lost when the object is pickled."""

    def __init__(self, m, warm=False):
        self.m, self.warm = m, warm

    def tree_flatten(self):
        return (self.m,), self.warm

    @classmethod
    def tree_unflatten(cls, warm, children):
        return cls(children[0], warm)

    def __reduce__(self):
        return _Forgetful, (jax.tree.map(jnp.zeros_like, self.m), True)


@breaks("pickled state resumes", of=_OF, mistake="the state is pickled without its momentum")
def pickles_without_momentum():
    def update(updates, state, params=None):
        m = jax.tree.map(lambda m, g: 0.9 * m + g, state.m, wide(updates, state.m))
        return step_down(0.1, m, updates), _Forgetful(m)

    return optax.GradientTransformation(lambda params: _Forgetful(zeros(params)), update)


@breaks(
    "orbax state resumes",
    of=_OF,
    mistake="an empty array stands for a moment that is not needed, and Orbax cannot store it",
)
def empty_buffer_in_the_state():
    right = heavy_ball()

    def init(params):
        return right.init(params) | {"unused": jnp.zeros((0,), jnp.float32)}

    def update(updates, state, params=None):
        changed, after = right.update(updates, {"m": state["m"]}, params)
        return changed, after | {"unused": state["unused"]}

    return optax.GradientTransformation(init, update)
