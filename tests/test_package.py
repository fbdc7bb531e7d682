"""The package as a whole: what importing it costs and brings in, its public names, and their docstrings."""

from __future__ import annotations

import ast
import collections
import importlib.metadata
import inspect
import json
import pathlib
import subprocess
import sys
import types
from typing import Any

import pytest

import gradlab as gl
from gradlab import public_names, registry

ENTRIES = registry.entries()
ROOT = pathlib.Path(gl.__file__).parent


def run_python(code: str) -> Any:
    """What a fresh interpreter prints as its last line, read as JSON."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT.parent)
    return json.loads(done.stdout.splitlines()[-1])


def test_jax_is_imported_at_the_first_use_of_a_name() -> None:
    code = (
        "import sys, json, gradlab\n"
        "before = 'jax' in sys.modules\n"
        "known = 'adam' in dir(gradlab)\n"
        "gradlab.adam, gradlab.schedules.cosine, gradlab.flavors.torch\n"
        "print(json.dumps([before, known, 'jax' in sys.modules]))"
    )
    assert run_python(code) == [False, True, True]
    assert {name for name in vars(public_names) if not name.startswith("__")} <= set(dir(gl))
    with pytest.raises(AttributeError, match="module 'gradlab' has no attribute 'adamm'"):
        gl.adamm  # type: ignore[attr-defined]  # noqa: B018


def test_each_public_name_is_imported_from_its_own_module() -> None:
    code = (
        "import sys, json, gradlab\n"
        "gradlab.adam\n"
        "few = [name for name in sys.modules if name.startswith(('gradlab.states', 'gradlab.training'))]\n"
        "from gradlab import public_names\n"
        "public = [name for name in vars(public_names) if not name.startswith('__')]\n"
        "print(json.dumps([few, [name for name in public if getattr(gradlab, name) is not vars(public_names)[name]]]))"
    )
    assert run_python(code) == [[], []]


def test_no_module_of_the_package_hides_a_public_name() -> None:
    modules = {path.stem for path in ROOT.iterdir()}  # a module that is imported becomes an attribute of the package
    assert {name for name in modules & set(vars(public_names)) if not (ROOT / name).is_dir()} == set()


def test_importing_costs_little_beside_jax_and_optax() -> None:
    code = (
        "import time\n"
        "start = time.process_time()\n"  # of this process only: other work on the machine does not count
        "import jax, optax\n"
        "middle = time.process_time()\n"
        "import gradlab\n"
        "gradlab.adam\n"  # with the modules that it needs, and no others
        "print((time.process_time() - middle) / (middle - start))"
    )
    # A share of what a user waits for anyway, which a slow or busy machine hardly changes: it was 0.09 to 0.10.
    share = min(run_python(code) for _ in range(5))
    assert share <= 0.2, f"import gradlab costs {share:.2f} of what importing jax and optax costs"


HEAVY = ("matplotlib", "xarray", "scipy", "pandas", "sklearn", "h5py", "h5netcdf", "rich", "typer", "optuna")


def test_importing_and_using_an_optimizer_brings_in_nothing_heavy() -> None:
    code = (
        "import json, sys, jax, optax, chex\n"
        "before = set(sys.modules)\n"
        "import gradlab\n"
        "from gradlab import *\n"  # all of its modules
        "tx = gradlab.adam(1e-3)\n"
        "after = set(sys.modules)\n"
        "jax.jit(tx.update)({'w': 1.0}, tx.init({'w': 1.0}), {'w': 1.0})\n"
        "print(json.dumps([sorted(after - before), sorted(sys.modules)]))"
    )
    new, used = run_python(code)
    third_party = {name.split(".")[0] for name in new} - set(sys.stdlib_module_names) - {"gradlab", "jax", "jaxlib"}
    assert third_party == set()
    assert [name for name in used if name.startswith("gradlab.lab.")] == []  # `gl.lab` imports its modules when used
    for prefix in ("gradlab.testing", "gradlab.cli", *HEAVY):
        assert [name for name in used if f"{name}.".startswith(f"{prefix}.")] == []


def test_importing_changes_no_setting_and_starts_no_device() -> None:
    code = (
        "import json, jax\n"
        "before = dict(jax.config.values)\n"
        "import gradlab\n"
        "from gradlab import *\n"  # all of its modules
        "changed = before != dict(jax.config.values)\n"
        "jax.config.update('jax_num_cpu_devices', 3)\n"  # raises RuntimeError once a device has started
        "print(json.dumps([changed, jax.local_device_count('cpu')]))"
    )
    assert run_python(code) == [False, 3]


@pytest.mark.parametrize("module", [public_names, gl.schedules], ids=lambda module: module.__name__)
def test_each_public_name_is_written_once(module: types.ModuleType) -> None:
    tree = ast.parse(pathlib.Path(module.__file__ or "").read_text())
    imported = [
        (alias.name, alias.asname) for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names
    ]
    assert imported
    assert [name for name, as_name in imported if name != as_name] == []  # `x as x`: public to type checkers too
    assert [name for name, count in collections.Counter(name for name, _ in imported).items() if count > 1] == []
    assert not hasattr(module, "__all__")
    submodules = {path.stem for path in ROOT.rglob("*.py")} | {path.name for path in ROOT.rglob("*") if path.is_dir()}
    public = {name for name, value in vars(module).items() if not name.startswith("_")}
    assert public - submodules - {name for name, _ in imported} == set()


def test_the_version_is_that_of_the_distribution() -> None:
    assert gl.__version__ == importlib.metadata.version("gradlab")
    assert (ROOT / "py.typed").exists()


@pytest.mark.parametrize("entry", [pytest.param(entry, id=name) for name, entry in ENTRIES.items()])
def test_every_factory_is_documented(entry: registry.Entry) -> None:
    doc = inspect.getdoc(entry.factory)
    assert doc
    first = doc.split("\n\n")[0].replace("\n", " ")
    assert first.endswith(".")
    if entry.kind in ("link", "recipe"):
        assert "$" in doc or "Source:" in doc
    if entry.kind == "recipe":
        assert "Source:" in doc
    if entry.kind == "link":
        named = [other.factory.__doc__ or "" for name, other in ENTRIES.items() if f"`{name}`" in doc]  # as in another
        missing = [
            name for name in inspect.signature(entry.factory).parameters if f"`{name}`" not in "".join([doc, *named])
        ]
        assert missing == []


@pytest.mark.parametrize("entry", [pytest.param(entry, id=name) for name, entry in ENTRIES.items()])
def test_every_factory_knows_its_name_and_module(entry: registry.Entry) -> None:
    assert entry.factory.__name__ == entry.name
    assert entry.factory.__module__.startswith("gradlab.")
    module = sys.modules[entry.factory.__module__]
    assert getattr(module, entry.name) is entry.factory
    assert len(inspect.signature(entry.factory).parameters) == len(entry.example.factory.parameters)


@pytest.mark.parametrize("name", ["Transformation", "make_step", "transformation", "apply_updates"])
def test_other_public_names_are_documented(name: str) -> None:
    assert len(inspect.getdoc(getattr(gl, name)) or "") > 40


def test_a_star_brings_the_public_names_and_no_others() -> None:
    code = (
        "import json\n"
        "before = set(globals())\n"
        "from gradlab import *\n"
        "print(json.dumps(sorted(set(globals()) - before - {'before'})))"
    )
    assert run_python(code) == sorted(name for name in vars(public_names) if not name.startswith("__"))


@pytest.mark.slow
def test_type_checkers_know_the_public_names_and_refuse_others(tmp_path: pathlib.Path) -> None:
    (tmp_path / "user.py").write_text("import gradlab as gl\n\nreveal_type(gl.adam(1e-3))\ngl.adma(1e-3)\n")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "user.py"], capture_output=True, text=True, cwd=tmp_path
    )
    assert 'Revealed type is "gradlab.core.base.Transformation"' in done.stdout
    assert 'user.py:4: error: Module has no attribute "adma"' in done.stdout
    assert "Found 1 error" in done.stdout
