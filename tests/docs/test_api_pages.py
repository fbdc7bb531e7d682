"""The pages of the API: signatures as they are written, and the meaning of fields, options and modules."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sphinx.pycode import ModuleAnalyzer

import gradlab as gl
from gradlab.bench import race_grid
from gradlab.cli.figures import Kind
from gradlab.cli.sweep import sweep
from gradlab.cli.terminal.printing import SafeConsole
from gradlab.equations.writer import Writer
from gradlab.lab._inputs.default_contestants import Contestant
from gradlab.lab.plots.matplotlib_settings import use_own_settings
from gradlab.registry import entries
from gradlab.testing import CLAIMS, CONTRACTS
from gradlab.testing.mutants.mutant import Mutant
from gradlab.testing.references import adam_family
from gradlab.testing.verdicts.law import Broken

EXTENSIONS = Path(__file__).parents[2] / "docs" / "_extensions"


@pytest.fixture(autouse=True)
def extensions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(EXTENSIONS)


class Evaluated:
    """A class with an annotation that is no text."""

    __module__ = "gradlab.evaluated"

    def __init__(self, f: Any = None) -> None: ...

    __init__.__annotations__["f"] = object


def load(name: str) -> Any:
    return importlib.import_module(name)


def sign(function: Any) -> tuple[str, str | None]:
    written = inspect.signature(function)
    returns = None if written.return_annotation is written.empty else str(written.return_annotation)
    return load("signatures").sign(None, "function", "", function, None, "", returns)


def list_functions() -> Iterator[Any]:
    for name in load("pages").modules():
        if name != "gradlab.__main__":
            module = importlib.import_module(name)
            yield from (f for f in vars(module).values() if inspect.isfunction(f) and f.__module__ == name)


def test_signatures_have_no_addresses_paths_of_a_system_or_types_written_out() -> None:
    count = 0
    for function in list_functions():
        signed = sign(function) or inspect.signature(function)  # Sphinx shows annotations that are no text
        for part in (" at 0x", "PosixPath", "dtype[inexact", "typer.Option", "Range("):
            assert part not in str(signed), f"{function.__module__}.{function.__qualname__}: {signed}"
        count += 1
    assert count > 500


def test_defaults_and_results_that_cannot_be_read_are_shown_as_they_are_written() -> None:
    assert "on_start: Callable[[str], object] = lambda label: None" in sign(race_grid.measure)[0]
    assert "damping: NonNegative = 2.0 ** (-11.5)" in sign(gl.kron)[0]
    assert "clipvalue: Positive | None = None, " in sign(gl.flavors.keras.adam)[0]
    assert "out: Path = Path('sweep')" in sign(sweep)[0].replace("~pathlib.", "")
    shown = "(f=<function C.<lambda> at 0x7fde81653100>)"
    assert load("signatures").sign(None, "class", "", Evaluated, None, shown, None) == ("(f=...)", None)
    assert sign(use_own_settings)[1] == "AbstractContextManager[None]"


def sign_class(kind: Any) -> tuple[str, str | None]:
    return load("signatures").sign(None, "class", "", kind, None, "()", None)


def test_the_signature_of_a_class_is_as_it_is_written() -> None:
    assert sign_class(Mutant)[0].startswith("(name: str, of: str, mistake: str, make: Callable[..., optax.")
    assert "claims: Mapping[str, Any] = {}, dtypes" in sign_class(Mutant)[0]
    assert "_given" not in sign_class(Writer)[0]
    # What is called has a property that would stand for the class.
    assert sign_class(Contestant)[0].startswith("(name: str, family: str, make: Callable[[float], gl.Transformation]")
    assert "centers: Mapping[str, float] = {}" in sign_class(Contestant)[0]
    assert "viscosity: float = 0.1 / np.pi" in sign_class(gl.lab.problems.PROBLEMS["burgers"])[0].replace(
        "math.", "np."
    )
    assert sign_class(Broken) == ("(counterexample: str, meaning: str = '')", None)
    for kind in (Kind, SafeConsole, gl.lab.Problem):  # of another package, or of Python
        assert sign_class(kind) == ("", None), kind


def test_an_overload_keeps_the_variable_that_stands_for_parameters() -> None:
    load("signatures").keep_overloads(None, "module", "gradlab.core.decorators")
    first = ModuleAnalyzer.for_module("gradlab.core.decorators").overloads["recipe"][0]
    assert str(first.return_annotation) == "Callable[P, Transformation]"


def test_each_factory_says_what_it_returns() -> None:
    kinds = {"schedule": "Schedule", "selector": "Selector"}
    for name, entry in entries().items():
        returned = (sign(entry.factory)[1] or "").rpartition(".")[2]
        assert returned == kinds.get(entry.kind, "Transformation"), name
    assert sign(gl.codecs.cast)[1] == "~gradlab.codecs.base.Codec"
    assert isinstance(gl.codecs.cast("bfloat16"), gl.codecs.Codec)
    assert isinstance(gl.schedules.constant(1.0), gl.schedules.Schedule)


def test_an_annotation_leads_to_what_it_means_in_its_module_or_nowhere() -> None:
    """Each name in a signature is compared with the object that the module itself means by it."""
    signatures, definitions, count = load("signatures"), load("definitions"), 0
    for function in list_functions():
        module = importlib.import_module(function.__module__)
        for name in set(re.findall(r"[A-Za-z_][\w.]*", (sign(function) or ("",))[0])):
            target = signatures.find_target(function.__module__, name)
            if target is None or name.startswith("gradlab."):
                continue
            meant: Any = module
            for part in name.split("."):
                meant = getattr(meant, part, None)  # None is a name that is imported for type checkers alone
            found = load("docstrings").find_object(target)
            assert meant is None or found is meant or definitions.is_module(target), f"{module.__name__}: {name}"
            count += 1
    assert count > 300
    assert signatures.find_target("gradlab.testing.references.adam_family", "Array") is None  # of a private module
    assert signatures.find_target("gradlab.states.from_torch", "Parameter") == "gradlab.states.from_torch.Parameter"
    assert signatures.find_target("gradlab.lab", "Log") == "gradlab.lab.Log"


def test_a_page_shows_what_comments_say_of_fields() -> None:
    notes = load("member_notes").field_notes(race_grid.Measurement)
    assert notes["matrix_speed"].startswith("floating-point operations per second")
    assert notes["difference"].startswith("the median over runs")
    assert "rounding have grown" in notes["difference"]
    assert notes["products"].startswith("by problem: the optimizer that was run")
    assert notes["runs"] == "`int`."  # of a field without a comment, the type
    assert load("member_notes").field_notes(race_grid.measure) == {}


def test_a_page_of_a_command_shows_the_help_of_each_option() -> None:
    notes = load("member_notes").option_notes(sweep)
    assert notes["--set"].startswith("A hyperparameter and its values")
    assert notes["--sample-seed"] == "The seed of the samples. Default: 0."
    assert {"--fresh", "--cpu-fusion/--no-cpu-fusion", "--json", "--on"} <= notes.keys()
    assert len(notes) == len(inspect.signature(sweep).parameters)


def test_docstrings_link_pages_and_show_what_one_types_as_code() -> None:
    to_rst = load("docstrings").to_rst
    assert to_rst(["See docs/how-to/compare.md."])[0] == "See :doc:`/how-to/compare`."
    assert to_rst(["`docs/claims.md` and optax's own"])[0] == ":doc:`/claims` and optax's own"
    assert to_rst(["'sqrt(r / c)' bounds, as authors' 'flax' does."])[0] == (
        "``'sqrt(r / c)'`` bounds, as authors' ``'flax'`` does."
    )
    assert to_rst(['by path ("output/kernel"), as "one says"'])[0] == 'by path (``"output/kernel"``), as "one says"'
    assert to_rst(['such as mode="hard"+1'])[0] == 'such as mode=\\ ``"hard"``\\ +1'
    assert to_rst(["Raises ValueError, without --out."])[0] == "Raises ``ValueError``, without ``--out``."
    problem = ":py:obj:`Problem <gradlab.lab.problems.base.Problem>`"
    assert to_rst(["The parts of `Problem`."], gl.lab.problems)[0] == f"The parts of {problem}."


def test_a_page_of_references_names_the_table_of_symbols_where_it_has_formulas_of_steps() -> None:
    """The formulas of schedules have symbols of their own, which their module explains."""
    found = {}
    for name in ("adam_family", "schedules", "runner"):
        module, lines = importlib.import_module(f"gradlab.testing.references.{name}"), ["One sentence."]
        load("docstrings")._process(None, "module", module.__name__, module, None, lines)
        found[name] = "The symbols of the formulas are explained in :py:mod:`gradlab.testing.references`." in lines
    assert found == {"adam_family": True, "schedules": False, "runner": False}


def test_formulas_of_references_are_mathematics() -> None:
    """Typographic quotes would turn the `P' g` of running text into another formula."""
    for name in load("pages").modules():
        if name.startswith("gradlab.testing.references"):
            module = importlib.import_module(name)
            own = [f for f in vars(module).values() if inspect.isfunction(f) and f.__module__ == name]
            for text in (module.__doc__, *(f.__doc__ for f in own if not f.__name__.startswith("_"))):
                plain = re.sub(r"\$+[^$]+\$+|`[^`]+`|^    .*$|^ *>>>.*$", "", inspect.cleandoc(text or ""), flags=re.M)
                assert not re.search(r"\^|\|\||-=|(?<!\w)[A-Za-z]'(?!\w)", plain), f"{name}: {plain}"


def test_a_public_constant_with_a_comment_has_an_entry_that_docstrings_link() -> None:
    name = "gradlab.transforms.newton_schulz.newton_schulz_coefficients"
    shown = "\n".join(load("docstrings").to_rst(["See `gl.newton_schulz_coefficients`."], gl.orthogonalize))
    assert f":py:obj:`gl.newton_schulz_coefficients <{name}>`" in shown
    notes = ModuleAnalyzer.for_module(name.rpartition(".")[0]).find_attr_docs()[("", "newton_schulz_coefficients")]
    for coefficients, sets in gl.newton_schulz_coefficients.items():
        assert any(note.startswith(f"- '{coefficients}': {len(sets)} steps") for note in notes)


def test_code_leads_to_what_its_module_means_by_it() -> None:
    def find(code: str, owner: Any = None) -> str | None:
        return load("docstrings")._Names(owner).find(code)

    assert find("gl.hyperparameters(tx)") == "gradlab.states.hyperparameters.hyperparameters"
    assert find("hutchinson()") == find("gl.hutchinson") == "gradlab.transforms.curvature.hutchinson"
    assert find("gradlab.testing.check") == "gradlab.testing.check.check"
    assert find("gradlab.core.claims") == "gradlab.core.claims"
    assert find("gl.codecs") == "gradlab.codecs"
    assert find("gradlab.core.claims.DOMAINS") == "gradlab.core.claims.DOMAINS"
    assert find("nadam", adam_family) == "gradlab.testing.references.adam_family.nadam"
    assert find("adam", adam_family.adam) is None  # of itself
    assert find("ndim", gl.where) is find("loss_scale", gl.each) is find("x + 1") is None
    assert find("metrics()", gl.lab.Problem) != "gradlab.states.metrics.metrics"
    assert find("selector(params)", gl.selectors.Selector) is None  # a value, and not the decorator
    assert find("race", gl.lab) == "gradlab.lab.race"


def test_a_page_shows_each_law_and_each_constant_that_docstrings_name() -> None:
    lines: list[str] = []
    law = CONTRACTS["pure"]
    load("docstrings")._process(None, "function", "", law.examine, None, lines)
    assert lines[0] == f"**The law**: {law.statement}."
    assert lines[2].startswith("**If it does not hold**: It remembers something outside its state")
    undocumented = CLAIMS["unbiased"].examine
    assert load("docstrings")._skip(None, "function", "", undocumented, True, None) is False
    pages = load("pages")
    assert ".. py:data:: DOMAINS\n" in pages.module_page("gradlab.core.claims", [])
    layout = pages.module_page("gradlab.transforms.matrix_shapes", []).partition(":: Layout\n")[2]
    assert "A convention, or what :py:obj:`matrix_shape" in layout
    micro_batches = pages.module_page("gradlab.combinators.accumulate", []).partition(":: MicroBatches\n")[2]
    assert "Counted in steps: a number in [1, inf)" in micro_batches
    assert load("docstrings").list_notes(Kind)[0] == "- ``'learning_curves'``"


def test_the_first_sentence_of_a_list_says_no_name_twice_and_ends_once() -> None:
    first = load("pages").first_sentence
    assert first("Which law finds it?", "edits") == "Which law finds it?"
    assert first("`add`, which adds. More.", "add") == "Which adds."
    assert first("metrics: what a state has.", "metrics") == "What a state has."
    assert first("The command line: `gradlab race`, ...", "cli") == "The command line: `gradlab race`, ..."


def test_a_recipe_is_shown_at_the_defaults_of_its_signature() -> None:
    lines: list[str] = []
    load("docstrings")._process(None, "function", "", gl.galore, None, lines)
    text = "\n".join(lines)
    assert "``gl.galore()`` is" in text
    assert "singular_basis(rank=128, every=200)" in text


def test_a_page_of_a_package_says_what_each_module_holds() -> None:
    pages = load("pages")
    page = pages.module_page("gradlab.selectors", pages.modules())
    assert "- [`patterns`](gradlab.selectors.patterns.md): Selection by patterns of paths." in page


def test_sphinx_can_read_every_module_to_link_its_source() -> None:
    for name in load("pages").modules():
        ModuleAnalyzer.for_module(name).find_tags()


def test_the_index_has_each_public_factory_once_in_a_group_with_a_sentence_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = load("pages").lists()
    found = re.findall(r"^\{py:obj\}`gl\.(?:schedules\.)?(\w+) <[\w.]+>`\n: (.+)$", text, re.MULTILINE)
    assert sorted(name for name, _ in found) == sorted(entries())
    assert len({sentence for _, sentence in found}) == len(found)
    groups = load("api_groups")
    monkeypatch.setitem(groups.GROUPS, "selector", {"": ("path", "ndim", "size", "dtype", "labels")})
    with pytest.raises(ValueError, match=r"must have each selector in one group; wrong are \['where'\]"):
        groups.list_groups("selector")


def test_a_module_of_private_things_has_a_sentence_and_no_page() -> None:
    pages = load("pages")
    page = pages.module_page("gradlab.testing.mutants", pages.modules())
    assert "\n- `trees`: Mutants that fail on some trees of parameters" in page
    assert "\ngradlab.testing.mutants.trees\n" not in page
    assert "\ngradlab.testing.mutants.accumulation\n" in page
