"""Each kind of breach of optax's transformations, reproduced in a few lines without the law kit.

`python -m tests.testing.optax_by_hand` reproduces every breach of the table. The tests reproduce each kind once.
"""

from __future__ import annotations

import inspect
import sys
import tempfile
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import orbax.checkpoint as ocp
from flax import serialization

from .optax_case import NUMBERS, Case, tree, zeros
from .optax_findings import FINDINGS

HALVES = (jnp.bfloat16, jnp.float16)


def _dtypes(item: Any) -> list[Any]:
    return [jnp.result_type(leaf) for leaf in jax.tree.leaves(item)]


def _shapes(item: Any) -> list[Any]:
    return [jnp.shape(leaf) for leaf in jax.tree.leaves(item)]


def _is_nan(item: Any) -> bool:
    return any(bool(jnp.any(jnp.isnan(leaf))) for leaf in jax.tree.leaves(item))


def _raised(call: Callable[[], Any]) -> str:
    """Return the type and the message of the exception that a call raises, or an empty text."""
    try:
        call()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def _has_narrow_state(case: Case) -> bool:
    return jnp.bfloat16 in _dtypes(case.init(tree(jnp.bfloat16)))


def _widens_state(case: Case) -> bool:
    params, gradient = jnp.ones(3, jnp.bfloat16), jnp.ones(3)
    return any(
        _dtypes(case.update(gradient.astype(dtype), case.init(params), params)[1]) != _dtypes(case.init(params))
        for dtype in (jnp.float32, jnp.bfloat16)
    )


def _rounds_inside(case: Case) -> bool:
    """Return whether over 5 % of the half-precision updates are not the float32 updates, rounded."""
    numbers = np.random.default_rng(1).normal(size=(4, 64, 1))
    for dtype in HALVES:
        for size in (1.0, 1e-6, 1e3, 3e4):
            params, *gradients = [jnp.asarray(x, dtype) for x in (numbers[0], *(size * numbers[1:]))]
            wide = case.run([g.astype(jnp.float32) for g in gradients], params.astype(jnp.float32))
            for half, full in zip(case.run(gradients, params), wide, strict=True):
                if np.mean(np.asarray(half, np.float32) != np.asarray(full.astype(dtype), np.float32)) > 0.05:
                    return True
    return False


def _changes_integers(case: Case) -> bool:
    params = {"weights": jnp.ones((3, 2)), "counter": jnp.arange(6).reshape(3, 2)}
    state = case.init(params)
    updates, after = case.update(params, state, params)
    return _dtypes(updates) != _dtypes(params) or _dtypes(after) != _dtypes(state)


def _truncates(case: Case) -> bool:
    whole, exact = (case.run([jnp.ones(3, dtype)], jnp.ones(3, dtype))[0] for dtype in (jnp.int32, jnp.float32))
    return bool(jnp.all(whole == 0)) and bool(jnp.all(exact != 0))


def _broadcasts(case: Case) -> bool:
    params, wrong = jnp.ones(2), jnp.ones((2, 2))
    return case.update(wrong, case.init(params), params)[0].shape == (2, 2)


def _is_nan_at_zero(case: Case, dtype: Any, steps: int = 2) -> bool:
    return _is_nan(case.run([zeros(dtype)] * steps, tree(dtype)))


def _takes_examples(case: Case) -> bool:
    params, batch = tree(), jax.tree.map(lambda leaf: leaf[None], tree(index=1))
    alone = "" if _update(case, tree(index=1), params) else _shapes(case.run([tree(index=1)], params))
    return alone != _shapes(params) and _shapes(case.run([batch], params)) == _shapes(params)


def _needs_value_fn(case: Case) -> bool:
    params = jnp.ones(3)
    function = {"value_fn": lambda p: jnp.sum(p * p), "value": 3.0, "grad": 2 * params}
    alone = _raised(lambda: case.update(2 * params, case.init(params), params))
    case.extra = function
    return "TypeError" in alone and case.update(2 * params, case.init(params), params)[0].shape == (3,)


def _shares_buffers(case: Case) -> bool:
    params = tree()
    own = {leaf.unsafe_buffer_pointer() for leaf in jax.tree.leaves(params)}
    return any(leaf.unsafe_buffer_pointer() in own for leaf in jax.tree.leaves(case.init(params)) if leaf.size)


def _turns(case: Case) -> bool:
    """Return whether i times the gradient and the parameters gives i times the updates."""
    params, *gradients = [jnp.asarray(x[0] + 1j * x[1], jnp.complex64) for x in NUMBERS[:3]]
    plain = case.run(gradients, params)
    turned = case.run([1j * gradient for gradient in gradients], 1j * params)
    return all(np.allclose(1j * a, b, rtol=1e-3, atol=1e-6) for a, b in zip(plain, turned, strict=True))


def _mix(case: Case) -> Any:
    """Return the first updates for a tree of two dtypes."""
    params = {
        "narrow": jnp.asarray([0.5, 2.0, 8.0], jnp.bfloat16),
        "wide": jnp.asarray(NUMBERS[0, 0])[:3].astype("f4"),
    }
    return case.run([params], params)[0]


def _is_lowest(case: Case) -> bool:
    """Return whether a float32 leaf gets other updates beside a bfloat16 leaf."""
    wide = {"narrow": jnp.asarray([0.5, 2.0, 8.0]), "wide": jnp.asarray(NUMBERS[0, 0])}
    mixed = wide | {"narrow": wide["narrow"].astype(jnp.bfloat16)}
    left, right = (case.run([tree] * 3, tree)[-1]["wide"] for tree in (mixed, wide))
    return not np.allclose(left, right, rtol=1e-4, atol=0)


def _orbax(case: Case) -> str:
    with tempfile.TemporaryDirectory() as folder, ocp.PyTreeCheckpointer() as store:
        return _raised(lambda: store.save(Path(folder) / "state", case.init(jnp.ones(3))))


def _msgpack(case: Case) -> str:
    return _raised(lambda: serialization.to_bytes(case.init(jnp.ones(3))))


def _find_key(case: Case) -> Any:
    """Return the random key in the state for one number."""
    return next(leaf for leaf in jax.tree.leaves(case.init(1.0)) if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key))


def _has_default_dtype(case: Case) -> bool:
    with jax.enable_x64(True):
        return jnp.float64 in _dtypes((case.init(tree()), case.update(tree(index=1), case.init(tree()), tree())))


def _update(case: Case, gradient: Any, params: Any) -> str:
    return _raised(lambda: case.update(gradient, case.init(params), params))


def _refuses_tracers(case: Case) -> bool:
    """Return whether the factory or a step raises where a floating-point argument is traced."""
    defaults = {name: p.default for name, p in inspect.signature(case.make).parameters.items()}
    numbers = {name: value for name, value in (defaults | case.arguments).items() if type(value) is float}

    def step(name: str, value: Any) -> Any:
        tx = optax.with_extra_args_support(case.make(**{**case.arguments, name: value}))
        return tx.update(jnp.ones(3), tx.init(jnp.ones(3)), jnp.ones(3), **case.extra)

    return any("Tracer" in _raised(partial(jax.eval_shape, partial(step, name), x)) for name, x in numbers.items())


def _grows_state(case: Case) -> bool:
    state = case.init(jnp.ones(3))
    after = case.update(jnp.ones(3), state, jnp.ones(3))[1]
    return len(jax.tree.leaves(after)) != len(jax.tree.leaves(state))


CONFIRMATIONS: dict[str, Callable[[Case], bool]] = {
    "narrow state": lambda case: _has_narrow_state(case) and _widens_state(case),
    "narrow accumulators": _has_narrow_state,
    "half precision": _rounds_inside,
    "integers": _changes_integers,
    "truncated integers": _truncates,
    "broadcasting": _broadcasts,
    "key in the state": lambda case: _find_key(case) is _find_key(case) and "PRNGKey" in _msgpack(case),
    "a gradient for each example": _takes_examples,
    "value_fn": _needs_value_fn,
    "one leaf": lambda case: (
        bool(_update(case, tree(), tree())) and not _update(case, jnp.ones((3, 2)), jnp.ones((3, 2)))
    ),
    "vanishing eps": lambda case: _is_nan_at_zero(case, jnp.float16) and not _is_nan_at_zero(case, jnp.float32),
    "root of zero": lambda case: _is_nan(case.slope(zeros(), tree())),
    "overflow": lambda case: _is_nan(case.slope(zeros(jnp.float16), tree(jnp.float16))),
    "overflowing ratio": lambda case: _is_nan_at_zero(case, jnp.float16) and not _is_nan_at_zero(case, jnp.float32),
    "zero by zero": lambda case: _is_nan_at_zero(case, jnp.float32),
    "zero norm": lambda case: _is_nan_at_zero(case, jnp.float32),
    "root of a negative number": lambda case: any(_is_nan(case.slope(tree(index=1), tree(), n)) for n in range(3)),
    "root of the first state": lambda case: _is_nan(case.slope(tree(index=1), tree(), by="state")),
    "root of the first sum": lambda case: _is_nan(case.slope(tree(index=1), tree())),
    "norm of no distance": lambda case: _is_nan(case.slope(tree(index=1), tree(), by="parameters")),
    "reciprocal of zero": lambda case: any(_is_nan(case.slope(tree(index=1), tree(), n)) for n in range(3)),
    "aliases": _shares_buffers,
    "value in an if": _refuses_tracers,
    "JAX's arrays alone": lambda case: (
        "'at'"
        in _raised(
            lambda: case.update(
                np.ones(3, np.float32),
                jax.tree.map(np.asarray, case.init(np.ones(3, np.float32))),
                np.ones(3, np.float32),
            )
        )
    ),
    "one buffer twice": lambda case: (
        len(pointers := [leaf.unsafe_buffer_pointer() for leaf in jax.tree.leaves(case.init(tree())) if leaf.size])
        > len(set(pointers))
    ),
    "default dtype": _has_default_dtype,
    "squares": lambda case: not _turns(case),
    "real accumulator": lambda case: not _turns(case),
    "compares": lambda case: not _turns(case),
    "lowest dtype": _is_lowest,
    "promotes": lambda case: _dtypes(_mix(case)) != _dtypes({"narrow": jnp.bfloat16(0), "wide": jnp.float32(0)}),
    "no scalars": lambda case: "IndexError" in _update(case, jnp.float32(1), jnp.float32(1)),
    "an axis more": lambda case: case.run([jnp.float32(1)], jnp.float32(1))[0].shape == (1,),
    "no empty trees": lambda case: bool(_update(case, {}, {})),
    "nameless index": lambda case: (
        "IndexError" in _raised(lambda: case.update(jnp.ones((2, 2)), case.init(jnp.ones(2)), jnp.ones(2)))
    ),
    "missing leaves": lambda case: not _raised(lambda: case.update({"vector": jnp.ones(3)}, case.init(tree()), tree())),
    "nan times zero": lambda case: _is_nan(case.run([jnp.asarray([jnp.nan, 1.0])], jnp.ones(2))),
    "branches": lambda case: (
        "TypeError" in _raised(lambda: case.update(tree(index=1), case.init(tree(jnp.bfloat16)), tree(jnp.bfloat16)))
    ),
    "empty arrays": lambda case: "zero size" in _orbax(case),
    "ordered dict": lambda case: "OrderedDict" in _msgpack(case),
    "grows": _grows_state,
}


def is_reproduced(name: str, kind: str) -> bool:
    """Return whether a few lines show a kind of breach of a transformation of the catalog."""
    with jax.numpy_dtype_promotion("standard"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return CONFIRMATIONS[kind](Case(name))


def main() -> int:
    """Print each breach of the table that is not reproduced."""
    missed = 0
    for name, kinds in FINDINGS.items():
        for kind in kinds:
            try:
                shown = is_reproduced(name, kind)
            except Exception as error:
                shown = False
                print(name, kind, type(error).__name__, str(error)[:200])
            if not shown:
                missed += 1
                print(f"{name}: {kind} was not reproduced", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
