"""JAX still does what `gradlab._compat` uses and what JAX's documentation does not promise."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gradlab import _compat
from gradlab.compilation.fast_compilation import FAST_COMPILATION
from gradlab.lab._results import plan

CHANGED = f"JAX {jax.__version__} changed something that gradlab/_compat.py relies on: "
WEAKLY = f"{CHANGED}the primitive convert_element_type_p; see convert_weakly"


def lowered() -> jax.stages.Lowered:
    return jax.jit(lambda x: x @ x + 1).lower(jnp.zeros((4, 4), jnp.float32))


def test_settings_can_be_read_and_are_those_of_the_thread() -> None:
    settings = _compat.read_settings()
    for name in ("jax_disable_jit", "jax_default_device", "jax_enable_x64", "jax_exec_time_optimization_effort"):
        assert name in settings, f"{CHANGED}jax.config.values has no {name}; see read_settings"
    with jax.enable_x64(False):
        found = _compat.read_settings()["jax_enable_x64"]
    assert found is False, f"{CHANGED}jax.config.values ignores context managers; see read_settings"
    assert _compat.read_settings()["jax_enable_x64"] is True  # as all tests have it


def test_the_context_managers_of_settings_are_found() -> None:
    managers = _compat.find_setting_managers()
    expected = {"enable_x64", "debug_nans", "default_device", "default_matmul_precision", "default_prng_impl"}
    expected |= {"numpy_dtype_promotion", "softmax_custom_jvp", "threefry_partitionable"}
    expected |= {f"transfer_guard_{way}" for way in ("host_to_device", "device_to_host", "device_to_device")}
    missing = {f"jax_{name}" for name in expected} - set(managers)
    assert not missing, f"{CHANGED}no context managers found for {sorted(missing)}; see find_setting_managers"
    with managers["jax_default_matmul_precision"]("float32"):
        assert _compat.read_settings()["jax_default_matmul_precision"] == "float32", (
            f"{CHANGED}see find_setting_managers"
        )


def test_every_public_context_manager_belongs_to_a_setting() -> None:
    public = {name for name in dir(jax) if type(getattr(jax, name)) is type(jax.enable_x64)} - {"thread_guard"}
    found = {name.removeprefix("jax_") for name in _compat.find_setting_managers()}
    unknown = {name for name in public if name.removeprefix("jax_") not in found}
    assert not unknown, (
        f"{CHANGED}jax.config has no settings of these names: {sorted(unknown)}; see find_setting_managers"
    )


def test_options_that_xla_does_not_have_are_left_out() -> None:
    try:
        compiled = _compat.compile_with_options(lowered(), {"xla_no_such_option": 1})
    except jax.errors.JaxRuntimeError as error:
        pytest.fail(f"{CHANGED}XLA now reports an unknown option as {error}; see compile_with_options")
    np.testing.assert_array_equal(compiled(np.zeros((4, 4), np.float32)), np.ones((4, 4)))


def test_other_failures_of_a_compilation_are_raised() -> None:
    with pytest.raises(jax.errors.JaxRuntimeError):
        _compat.compile_with_options(lowered(), {"xla_backend_optimization_level": "not a number"})


@pytest.mark.skipif(jax.default_backend() != "cpu", reason="these are options of XLA's compiler for CPUs")
@pytest.mark.parametrize("name", FAST_COMPILATION)
def test_xla_has_the_options_that_make_compilation_fast(name: str) -> None:
    try:
        lowered().compile(compiler_options={name: FAST_COMPILATION[name]})
    except jax.errors.JaxRuntimeError as error:
        pytest.fail(f"{CHANGED}XLA has no option {name}, so programs compile slowly ({error}); see engine/devices.py")


def test_operations_are_counted() -> None:
    counted = _compat.count_operations(lowered())
    assert counted == 2 * 4**3 + 4**2, f"{CHANGED}a product of 4 x 4 matrices plus 1 counts as {counted} operations"


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32"])
@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
def test_convert_weakly_gives_a_weakly_typed_array_of_the_dtype(dtype: str, compiled: bool) -> None:
    def convert(value):
        return _compat.convert_weakly(value, jnp.dtype(dtype))

    converted = (jax.jit(convert) if compiled else convert)(jnp.float32(3))
    assert converted.weak_type, WEAKLY
    assert converted.dtype == dtype, WEAKLY
    assert converted == 3, WEAKLY


def test_convert_weakly_takes_on_the_dtype_that_it_meets() -> None:
    rate = _compat.convert_weakly(jnp.float32(0.5), jnp.dtype("float64"))
    for dtype in (jnp.bfloat16, jnp.float32, jnp.complex64):
        assert (rate * jnp.ones(2, dtype)).dtype == dtype, WEAKLY


def test_convert_weakly_has_a_derivative_and_can_be_mapped() -> None:
    def square(x):
        return _compat.convert_weakly(x, jnp.dtype("float64")) ** 2

    assert jax.grad(square)(jnp.float32(3)) == 6, WEAKLY
    assert jax.vmap(square)(jnp.arange(3.0)).tolist() == [0, 1, 4], WEAKLY


@pytest.mark.parametrize("name", [*plan.SETTINGS, *plan.RARE_SETTINGS])
def test_every_setting_of_a_plan_exists(name: str) -> None:
    settings = _compat.read_settings()
    assert name in settings, (
        f"{CHANGED}jax.config has no setting {name}, so a plan does not have it; see results/plan.py"
    )
    if name in plan.RARE_SETTINGS:
        found, default = str(settings[name]), str(plan.RARE_SETTINGS[name])
        assert found == default, f"{CHANGED}the default of {name} is {found}, and not {default}; see results/plan.py"


def test_the_axes_over_which_an_array_varies_are_known_inside_shard_map() -> None:
    mesh = jax.make_mesh((2,), ("data",), axis_types=(jax.sharding.AxisType.Auto,))
    found = []

    def note(shard: jax.Array, whole: jax.Array) -> jax.Array:
        found.append(tuple(map(_compat.find_varying_axes, (shard, whole))))
        return shard

    axis = jax.P("data")
    for check in (True, False):
        jax.shard_map(note, mesh=mesh, in_specs=(axis, jax.P()), out_specs=axis, check_vma=check)(
            jnp.ones(2), jnp.ones(2)
        )
    expected: list[Any] = [(frozenset({"data"}), frozenset()), (frozenset(), frozenset())]
    assert found == expected, f"{CHANGED}the types of arrays inside jax.shard_map; see find_varying_axes"
    assert _compat.find_varying_axes(jnp.ones(2)) == frozenset()


def test_flax_takes_a_registered_type_as_data() -> None:
    nnx = pytest.importorskip("flax.nnx")

    class Box: ...

    assert not nnx.is_data(Box())
    _compat.register_with_nnx(Box)
    assert nnx.is_data(Box()), "Flax has another way now to declare data; see register_with_nnx in gradlab/_compat.py"


def test_it_is_known_whether_a_backend_has_started() -> None:
    code = "import jax; from gradlab._compat import backend_has_started as f; print(f()); jax.devices(); print(f())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["False", "True"], f"{CHANGED}xla_bridge; see backend_has_started: {done.stderr}"


def test_a_program_is_recognized_while_it_is_traced() -> None:
    found: list[bool] = []

    def note(x: Any) -> Any:
        found.append(_compat.is_compiling())
        return x

    note(0.0)
    jax.vmap(note)(jnp.ones(2))
    jax.grad(note)(1.0)
    jax.jit(note)(1.0)
    jax.jit(jax.vmap(jax.grad(note)))(jnp.ones(2))
    jax.vmap(jax.jit(note))(jnp.ones(2))
    jax.make_jaxpr(lambda x: note(x))(1.0)  # a function of its own, because traces are kept
    jax.eval_shape(lambda x: note(x), 1.0)
    jax.lax.scan(lambda carry, _: (note(carry), None), 0.0, length=1)
    expected = [False, False, False, True, True, True, True, True, True]
    assert found == expected, f"{CHANGED}what is under jit; see is_compiling"


def test_calls_are_inlined_unless_it_is_forbidden() -> None:
    double = jax.jit(lambda x: jnp.sin(2 * x))
    for wanted, calls in ((True, 0), (False, 1)):
        jax.clear_caches()
        with _compat.inlining(wanted):
            text = jax.jit(lambda x: double(x) + 1).lower(jnp.zeros(4)).compile().as_text() or ""
        assert text.count(" call(") == calls, f"{CHANGED}the attribute inlineable of a call; see inlining"


def test_a_program_can_be_kept_as_bytes() -> None:
    program = _compat.load_program(_compat.serialize_program(lowered().compile()), jax.devices()[:1])
    matrix = jnp.ones((4, 4), jnp.float32)
    assert (program(matrix) == 5).all(), f"{CHANGED}jax.experimental.serialize_executable; see serialize_program"


def test_the_compilation_cache_is_left_alone_in_the_context() -> None:
    before = jax.config.values["jax_enable_compilation_cache"]
    with _compat.without_compilation_cache(), _compat.without_compilation_cache():
        assert jax.config.values["jax_enable_compilation_cache"] is False
    assert jax.config.values["jax_enable_compilation_cache"] is before


def test_a_kept_program_finds_the_routines_of_lapack_in_a_process_that_has_lowered_none(tmp_path: Path) -> None:
    program = jax.jit(jnp.linalg.eigvalsh).lower(jax.ShapeDtypeStruct((2, 2), jnp.float32)).compile()
    (tmp_path / "program").write_bytes(_compat.serialize_program(program))
    code = (
        "import sys, jax, numpy; from gradlab._compat import load_program; from pathlib import Path; "
        "program = load_program(Path(sys.argv[1]).read_bytes(), jax.devices()[:1]); "
        "print(program(numpy.diag([2, 3]).astype('float32')))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "program")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["[2.", "3.]"], f"{CHANGED}jaxlib's LAPACK; see _find_lapack: {done.stderr[-300:]}"
