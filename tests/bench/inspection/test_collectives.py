"""The bytes that cross between devices are those that the algorithms need."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import pytest

from gradlab.bench.inspection.collectives import Collective, count_bytes, find_collectives

MESH = jax.make_mesh((2,), ("data",), axis_types=(jax.sharding.AxisType.Auto,))
AXIS = jax.P("data")


def compile_on_shards(function: Any, dtype: Any = jnp.float32, out: Any = AXIS) -> jax.stages.Compiled:
    mapped = jax.shard_map(function, mesh=MESH, in_specs=AXIS, out_specs=out)
    return jax.jit(mapped).lower(jax.ShapeDtypeStruct((16,), dtype)).compile()


@pytest.mark.parametrize(
    ("function", "dtype", "expected"),
    [
        (lambda x: jax.lax.psum(x, "data"), jnp.float32, ("all-reduce", 32)),  # 2 (N - 1) / N of 8 numbers
        (lambda x: jax.lax.all_gather(x, "data", tiled=True), jnp.float32, ("all-gather", 32)),
        (lambda x: jax.lax.all_to_all(x, "data", 0, 0, tiled=True), jnp.uint8, ("all-to-all", 4)),
        (lambda x: jax.lax.psum_scatter(x, "data", tiled=True), jnp.float64, ("reduce-scatter", 32)),
        (lambda x: jax.lax.ppermute(x, "data", [(0, 1), (1, 0)]), jnp.int16, ("collective-permute", 16)),
    ],
)
def test_each_kind(function: Any, dtype: Any, expected: tuple[str, int]) -> None:
    out = jax.P() if expected[0] == "all-reduce" else AXIS
    kind, sent = expected
    assert find_collectives(compile_on_shards(function, dtype, out)) == [Collective(kind, 2, sent)]


def test_a_program_without_any_sends_nothing() -> None:
    assert count_bytes(compile_on_shards(lambda x: x * 2)) == 0


def test_bytes_are_summed() -> None:
    both = compile_on_shards(lambda x: jax.lax.psum(x, "data") + jax.lax.ppermute(x, "data", [(0, 1), (1, 0)]))
    assert count_bytes(both) == 64


class Text:
    def __init__(self, text: str):
        self.text = text

    def as_text(self) -> str:
        return self.text


def test_other_notations_of_xla() -> None:
    lines = [
        "HloModule jit_f, replica_count=2, num_partitions=4",
        "  %a = (f32[4]{0}, f32[32]{0}) all-gather-start(%p), replica_groups=[1,8]<=[8], dimensions={0}",
        "  %b = f32[32]{0} all-gather-done(%a)",
        "  %c = (f32[8]{0}, bf16[2,2]{1,0}) all-reduce(%p, %q), replica_groups={}, to_apply=%add",
        "  %d = pred[16]{0} all-gather(%r), replica_groups=[2,4]<=[8], dimensions={0}",
    ]
    expected = [Collective("all-gather", 8, 112), Collective("all-reduce", 8, 70), Collective("all-gather", 4, 12)]
    assert find_collectives(Text("\n".join(lines))) == expected  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="holds no array"):
        find_collectives(Text("HloModule x\n  %d = token all-reduce(%r)"))  # type: ignore[arg-type]
