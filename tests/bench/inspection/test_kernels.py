"""The kernels, copies and bytes of compiled programs, which are known for programs that are written by hand."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import optax
import pytest

import gradlab as gl
from gradlab.bench.inspection.kernels import Kernel, Traffic, find_kernels, measure_traffic

COUNT = 4096
BYTES = 4 * COUNT
X = jax.ShapeDtypeStruct((COUNT,), jnp.float32)


def compile_it(function: Any, *arguments: Any, donate: tuple[int, ...] = ()) -> jax.stages.Compiled:
    return jax.jit(function, donate_argnums=donate).lower(*arguments).compile()


def test_an_elementwise_program_is_one_kernel() -> None:
    compiled = compile_it(lambda x, y: jnp.sqrt(x) * y + x, X, X)
    assert measure_traffic(compiled) == Traffic(1, 0, 0, 2 * BYTES, BYTES)
    assert measure_traffic(compiled).streams(BYTES) == 3


def test_an_operand_that_comes_twice_is_read_once() -> None:
    assert measure_traffic(compile_it(lambda x: x * x, X)).read == BYTES


def test_a_reduction_reads_and_writes_a_scalar() -> None:
    found = measure_traffic(compile_it(lambda x: jnp.sqrt(jnp.sum(x)), X))
    assert (found.read, found.written, found.copies) == (BYTES, 0, 0)
    assert found.kernels >= 1


def test_scalars_count_as_scalar_kernels() -> None:
    found = measure_traffic(compile_it(lambda a, b: a * b + 1, *[jax.ShapeDtypeStruct((), jnp.float32)] * 2))
    assert found == Traffic(0, 0, 1, 0, 0)


def test_a_copy_is_found() -> None:
    """Both results want the memory of the donated array, and only one can have it."""
    compiled = compile_it(lambda x: (x + 1, x), X, donate=(0,))
    found = measure_traffic(compiled)
    assert found.copies == 1, compiled.as_text()
    assert [kernel.is_copy for kernel in find_kernels(compiled)].count(True) == 1


def test_a_slice_reads_what_it_takes() -> None:
    found = measure_traffic(compile_it(lambda x: jax.lax.slice(x, (0,), (COUNT // 4,)) * 2, X))
    assert (found.read, found.written) == (BYTES // 4, BYTES // 4)


def test_a_slice_of_a_reshaped_array_reads_what_it_takes() -> None:
    def take(x: jax.Array) -> jax.Array:
        return jax.lax.slice(jnp.reshape(x, (4, COUNT // 4)), (1, 0), (2, COUNT // 4)) * 2

    found = measure_traffic(compile_it(take, X))
    assert (found.read, found.written) == (BYTES // 4, BYTES // 4)


def test_an_update_in_place_writes_what_it_replaces() -> None:
    def update(x: jax.Array, y: jax.Array, at: jax.Array) -> jax.Array:
        return jax.lax.dynamic_update_slice(x, y, (at,))

    part = jax.ShapeDtypeStruct((COUNT // 4,), jnp.float32)
    found = measure_traffic(compile_it(update, X, part, jax.ShapeDtypeStruct((), jnp.int32), donate=(0,)))
    assert (found.written, found.read) == (BYTES // 4, BYTES // 4)


def test_control_flow_is_walked() -> None:
    found = measure_traffic(compile_it(lambda x: jax.lax.fori_loop(0, 3, lambda _, y: y * 2 + 1, x), X))
    assert found.read >= BYTES

    def choose(flag: jax.Array, x: jax.Array) -> jax.Array:
        return jax.lax.cond(flag, lambda x: jnp.sort(x) * 2 + x, lambda x: x * 2, x)

    found = measure_traffic(compile_it(choose, jax.ShapeDtypeStruct((), bool), X))
    assert (found.read, found.written) == (BYTES, BYTES)  # the shorter branch


def test_sgd_has_three_streams_at_any_number_of_leaves() -> None:
    tx = optax.sgd(0.1)
    for leaves in (1, 5):
        params = [X] * leaves

        def step(params: Any, state: Any, gradients: Any) -> Any:
            updates, state = tx.update(gradients, state, params)
            return optax.apply_updates(params, updates), state

        compiled = compile_it(step, params, jax.eval_shape(tx.init, params), params, donate=(0, 1))
        found = measure_traffic(compiled)
        assert found.streams(leaves * BYTES) == 3
        assert (found.kernels, found.copies) == (leaves, 0)


def test_the_bytes_are_those_of_xlas_own_analysis() -> None:
    """XLA counts scalars, too."""
    tx = gl.chain(gl.clip_by_global_norm(1.0), gl.adam(0.1))
    compiled = compile_it(tx.update, [X, X], jax.eval_shape(tx.init, [X, X]))
    found = measure_traffic(compiled)
    analysis: Any = compiled.cost_analysis()
    assert found.read + found.written == pytest.approx(analysis["bytes accessed"], abs=1000)


class Text:
    def __init__(self, text: str):
        self.text = text

    def as_text(self) -> str:
        return self.text


TUPLES = """HloModule m, entry_computation_layout={(f32[8]{0})->(f32[8]{0}, bf16[8]{0})}

%fused (p.1: f32[8], p.2: f32[8], p.3: f32[]) -> (f32[8], bf16[8]) {
  %p.3 = f32[] parameter(2)
  %p.1 = f32[8]{0} parameter(0)
  %p.2 = f32[8]{0} parameter(1)
  %half = bf16[8]{0} convert(%p.1)
  %sum = f32[8]{0} add(%p.1, %p.2)
  ROOT %both = (f32[8]{0}, /*index=1*/bf16[8]{0}) tuple(%sum, %half)
}

ENTRY %main (a: f32[8], b: f32[]) -> (f32[8], bf16[8]) {
  %a = f32[8]{0} parameter(0), metadata={op_name="a"}
  %b = f32[] parameter(1)
  %copy.1 = f32[8]{0:S(1)} copy(f32[8]{0} %a)
  %loop = (f32[8]{0}, bf16[8]{0}) fusion(%a, %copy.1, /*index=2*/%b), kind=kLoop, calls=%fused, metadata={}
  %one = f32[8]{0} get-tuple-element(%loop), index=0
  %two = bf16[8]{0} get-tuple-element(%loop), index=1
  ROOT %tuple = (f32[8]{0}, bf16[8]{0}) tuple(%one, %two)
}
"""


def test_a_fusion_with_two_results() -> None:
    assert find_kernels(Text(TUPLES)) == [  # type: ignore[arg-type]
        Kernel("copy.1", True, False, 32, 32),
        Kernel("loop", False, False, 64, 48),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("HloModule nothing", "no ENTRY computation"),
        (
            "ENTRY %main (a: f32[8]) -> f32[8] {\n  %a = f32[8]{0} parameter(0)\n  %c = f32[8]{0} copy-start(%a)\n}",
            "copy-start",
        ),
    ],
)
def test_a_text_that_is_not_understood_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        find_kernels(Text(text))  # type: ignore[arg-type]
