"""A compiled training step that updates in place and takes the optimizer as an argument."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax

from .values import Static, Value


def make_step(loss: Callable[..., Any], *, has_aux: bool = False) -> Callable[..., tuple[Any, Any, Any]]:
    """Compile `step(tx, params, state, batch) -> (params, state, loss)`.

    `loss(params, batch)` returns a real scalar. With `has_aux` it returns a pair of a real scalar and anything else,
    and the step returns that pair in place of the loss. The optimizer is an argument, so a new learning rate never
    compiles again. (A new optimizer of optax does; `gl.transformation(optax.lion)(1e-4)` does not.)

    `params` and `state` are donated, in the order in which they are returned, so they are updated in place. After the
    call, use the returned arrays; those that were passed are deleted. An array that is passed twice, such as tied
    weights or a batch that is a parameter, is copied, because one buffer cannot be donated twice. The copies are
    updated separately. Links that name `value`, `grad` and `value_fn` receive them, as the line searches of optax do.

    Raises TypeError if `loss` is not a function. The step raises TypeError if `tx` is not a transformation.
    """

    if not callable(loss) or isinstance(loss, optax.GradientTransformation):
        raise TypeError(
            f"make_step takes the loss, a function of (params, batch); got {type(loss).__name__}. The optimizer is the "
            f"first argument of the step"
        )

    def checked(params: Any, batch: Any) -> Any:
        result = loss(params, batch)
        _require_scalar(result, has_aux)
        return result

    @functools.partial(jax.jit, donate_argnums=(1, 2))
    def compiled(tx: Any, params: Any, state: Any, batch: Any) -> tuple[Any, Any, Any]:
        def value_fn(params: Any) -> Any:
            result = loss(params, batch)
            return result[0] if has_aux else result

        result, grad = jax.value_and_grad(checked, has_aux=has_aux)(params, batch)
        grad = jax.tree.map(lambda g: g.conj(), grad)  # JAX's gradient of a complex leaf points the other way
        value = result[0] if has_aux else result
        extended = optax.with_extra_args_support(tx.value if isinstance(tx, Static) else tx)
        updates, state = extended.update(grad, state, params, value=value, grad=grad, value_fn=value_fn)
        return optax.apply_updates(params, updates), state, result

    def step(tx: optax.GradientTransformation, params: Any, state: Any, batch: Any) -> tuple[Any, Any, Any]:
        if not isinstance(tx, optax.GradientTransformation):
            text = " ".join(f"{type(tx).__name__}: {getattr(tx, '__qualname__', repr(tx))}".split())
            raise TypeError(f"step(tx, params, state, batch) takes a transformation first, such as adam(); got {text}")
        params, state = _copy_shared((params, state), (tx, batch))
        return compiled(tx if isinstance(tx, Value) else Static(tx), params, state, batch)

    return step


def _require_scalar(result: Any, has_aux: bool) -> None:
    """Raise TypeError unless a loss returned a real scalar, or with `has_aux` a pair that begins with one."""
    expected = "a pair of a real scalar and anything else, because has_aux is set" if has_aux else "a real scalar"
    is_pair = isinstance(result, tuple) and len(result) == 2
    if has_aux and not is_pair:
        raise TypeError(f"the loss must return {expected}; got {_describe(result)}")
    if not has_aux and is_pair:
        raise TypeError(f"the loss must return {expected}; got a pair: pass make_step(loss, has_aux=True)")
    value = result[0] if has_aux else result
    dtype = getattr(value, "dtype", None) or jnp.result_type(type(value)) if _is_number(value) else None
    if dtype is None or jnp.shape(value) or not jnp.issubdtype(dtype, jnp.floating):
        raise TypeError(f"the loss must return {expected}; got {_describe(value)}")


def _is_number(value: Any) -> bool:
    return hasattr(value, "dtype") or isinstance(value, (bool, int, float, complex))


def _describe(value: Any) -> str:
    if hasattr(value, "dtype"):
        return f"{value.dtype}[{','.join(map(str, value.shape))}]"
    return "nothing" if value is None else f"a {type(value).__name__}"


def _copy_shared(donated: Any, others: Any) -> Any:
    """Return the arrays to donate, with a copy of each that shares its memory with another array."""
    seen = {_find_memory(leaf) for leaf in jax.tree.leaves(others)}

    def own(leaf: Any) -> Any:
        memory = _find_memory(leaf)
        if memory is not None and memory in seen:
            return jnp.copy(leaf)
        seen.add(memory)
        return leaf

    return jax.tree.map(own, donated)


def _find_memory(leaf: Any) -> int | None:
    """Return the address of an array, which several arrays may share, or None if it cannot be donated."""
    try:
        return leaf.unsafe_buffer_pointer() if 0 not in leaf.shape else None
    except (AttributeError, RuntimeError, ValueError):  # not an array, a tracer, deleted, a key, or on several devices
        if not isinstance(leaf, jax.Array) or isinstance(leaf, jax.core.Tracer) or leaf.is_deleted():
            return None
    if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
        return _find_memory(jax.random.key_data(leaf))
    return leaf.addressable_data(0).unsafe_buffer_pointer()
