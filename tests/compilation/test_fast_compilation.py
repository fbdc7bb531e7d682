import jax
import jax.numpy as jnp
import pytest

from gradlab.compilation import fast_compilation
from gradlab.compilation.fast_compilation import jit_fast


def test_a_program_is_compiled_once_and_computes_the_same() -> None:
    traces = []

    @jit_fast
    def double(x: jax.Array) -> jax.Array:
        traces.append(x)
        return x + x

    assert [float(double(jnp.float32(x))) for x in (1.0, 2.0)] == [2.0, 4.0]
    assert len(traces) == 1


def test_without_the_options_it_compiles_as_usual(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fast_compilation, "FAST_COMPILATION", {"xla_no_such_option": 1})
    monkeypatch.setattr(fast_compilation, "_find_options", fast_compilation._find_options.__wrapped__)
    assert fast_compilation._find_options("cpu") is None
    assert fast_compilation._find_options("gpu") is None
    assert float(jit_fast(lambda x: x + 1)(jnp.float32(1))) == 2.0


def test_what_the_older_code_of_xla_lacks_is_compiled_without_it() -> None:
    clamp = jit_fast(lambda x: jax.lax.clamp(-x, 2 * x, x))
    assert complex(clamp(jnp.complex64(1 + 2j))) == 1 + 2j


def test_batched_decompositions_do_not_wait_for_threads_of_their_own_pool() -> None:
    """On a machine with two cores, SOAP under `jax.vmap` never ends where XLA may use several threads."""
    options = fast_compilation._find_options("cpu")
    assert options is not None
    assert options["xla_cpu_multi_thread_eigen"] is False
