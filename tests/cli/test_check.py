import json
import signal
import textwrap
from pathlib import Path
from typing import Any

import jax
import pytest
from typer.testing import CliRunner

from gradlab.cli.app import app

MINE = """
    import jax
    import optax
    import gradlab as gl

    def good(learning_rate=0.1):
        return gl.sgd(learning_rate)

    def uncorrected(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-8):
        return gl.chain(gl.scale_by_momentum(b1), gl.scale_by_rms(b2, eps), gl.scale_by_learning_rate(learning_rate))

    def needs_a_rate(learning_rate):
        return optax.scale(-learning_rate)

    class Descent:
        def __init__(self, rate=0.1):
            self.rate = rate
        def init(self, params):
            return ()
        def update(self, updates, state, params=None):
            return jax.tree.map(lambda g: -self.rate * g, updates), state

    def three():
        return 3

    def picky(rate=0.1):
        if rate < 0:
            raise ValueError("a rate below zero")
        return gl.sgd(rate)

    made = gl.sgd(0.1)

    def by_place(rate, /):
        return gl.sgd(rate)

    async def later(rate=0.1):
        return gl.sgd(rate)

    def one_by_one(rate=0.1):
        yield gl.sgd(rate)

    number = 3

    def leaving(rate=0.1):
        raise SystemExit(7)

    def interrupting(rate=0.1):
        raise KeyboardInterrupt

    def endless(rate=0.1):
        while True:
            pass

    def needs_a_scale(rate=0.1):
        def update(updates, state, params=None, *, scale):
            return jax.tree.map(lambda g: -rate * scale * g, updates), state
        return optax.GradientTransformationExtraArgs(lambda params: (), update)

    def reference(g, state, t, x, *, learning_rate=0.1):
        return -learning_rate * g, state

    def other_reference(g, state, t, x, *, learning_rate):
        return -2 * learning_rate * g, state

    def failing_reference(g, state, t, x, *, learning_rate):
        raise RuntimeError("boom")

"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "unfinished_to_check.py").write_text("def thing(rate=0.1)\n")
    (tmp_path / "mine_to_check.py").write_text(textwrap.dedent(MINE))
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["check", *arguments])


def test_a_recipe_passes_with_its_claims_and_its_reference(here: Path) -> None:
    result = run("sgd", "--dtype", "float32")
    assert result.exit_code == 0, result.output
    for law in ("pure", "elementwise", "descends", "same trajectory"):
        assert f"{law} " in result.output
    assert "broken" not in result.output


def test_a_factory_of_ones_own_is_found_and_its_fault_shown(here: Path) -> None:
    result = run("mine_to_check:uncorrected", "--reference", "adam", "--dtype", "float32")
    assert result.exit_code == 1
    assert "BROKEN  same trajectory" in result.output
    assert "on ordinary gradients, at step 0" in result.output
    assert run("mine_to_check:needs_a_rate", "--dtype", "float32", "--json").exit_code in (0, 1)


def test_json_is_all_that_is_printed(here: Path) -> None:
    result = run("mine_to_check:good", "--json", "--arg", "learning_rate=0.5", "--claim", "descends")
    data = json.loads(result.stdout)
    assert data["subject"] == "good(learning_rate=0.5)"
    assert data["ok"] is True
    assert data["results"][-1]["law"] == "descends"


def test_what_is_no_optimizer_gets_a_report(here: Path) -> None:
    result = run("mine_to_check:three")
    assert result.exit_code == 1
    assert "it returned int: 3" in result.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["adm"], "did you mean adam"),
        (["mine_to_check:god"], "did you mean good"),
        (["optax.adam"], "typed with a colon, optax:adam"),
        (["unfinished_to_check:thing"], "the import of unfinished_to_check fails: SyntaxError"),
        (["no_such_module:thing"], "cannot import no_such_module"),
        (["adam", "--reference", "adm"], "no reference is named 'adm'"),
        (["adam", "--claim", "pretty"], "no claim is named 'pretty'"),
        (["adam", "--dtype", "int32"], "no dtype is named 'int32'"),
        (["adam", "--arg", "0.1"], "--arg takes NAME=VALUE"),
        (["adam", "--arg", "b1=2"], "adam: b1 must be in [0, 1), got 2"),
        (["adam", "--arg", "b1=much"], "adam: b1 must be a number"),
        (["adam", "--arg", "beta=0.9"], "beta"),
        (["scale", "--arg", "faktor=0.1"], "faktor"),
        (["optax:adam", "--arg", "beta=0.9"], "optax:adam has no argument 'beta'; "),
        (["mine_to_check:picky", "--arg", "rate=-1"], "a rate below zero"),
        (["adam", "--reference", "mine_to_check:refrence"], "mine_to_check has no 'refrence'; did you mean "),
        (["adam", "--reference", "no_such_module:step"], "cannot import no_such_module"),
        (["adam", "--reference", "mine_to_check"], "a name in mine_to_check.py is typed mine_to_check:NAME"),
        (["adam", "--reference", "optax:adam"], "the reference optax:adam takes (learning_rate, b1, "),
        (["sgd", "--reference", "mine_to_check:failing_reference"], "fails at step 1: RuntimeError: boom (at "),
        (["adam", "--extra", "value"], "--extra takes NAME=VALUE, such as value=1.0; got 'value'"),
        (["adam", "--extra", "value=one"], "--extra value takes a number, or a function as module:name; got 'one'"),
        (["adam", "--except", "loudness"], "no law is named 'loudness'"),
        (["adam", "--except", "finite_at_zer"], "did you mean finite at zero"),
        (["adam", "--domain", "matrix"], "no domain is named 'matrix'; did you mean matrices?"),
        (["adam", "--domain", "integers"], "there are matrices, real, stacked, stochastic"),
        (["adam", "--claim", "link=1"], "the claim link takes no value, got 1; pass --claim link"),
        (["adam", "--claim", "descends=3"], "the claim descends takes no value, got 3; pass --claim descends"),
        (["adam", "--claim", "accumulates"], "the claim accumulates needs the number of micro-batches"),
        (["adam", "--claim", "accumulates"], "pass --claim accumulates=4"),
        (["adam", "--claim", "accumulates=0"], "got 0; pass --claim accumulates=4"),
        (["adam", "--claim", "still-between-steps=two"], "got 'two'; pass --claim 'still between steps=4'"),
        (["adam", "--claim", "descends", "--claim", "descends"], "--claim descends is given twice; leave one out"),
        (["mine_to_check:by_place", "--arg", "rate=1"], "takes rate by its place, and --arg gives it by name"),
        (["mine_to_check:later"], "mine_to_check:later is an async function, which returns no optimizer"),
        (["mine_to_check:one_by_one"], "mine_to_check:one_by_one is a generator, which returns no optimizer"),
        (["mine_to_check:number"], "mine_to_check:number has the type int, expected an optimizer, or a function"),
        (["sgd", "--arg", "learning_rate=mine_to_check:number_"], "mine_to_check has no"),
        (["mine_to_check:made", "--arg", "rate=-1"], "--arg rate goes with a factory, but mine_to_check:made is a"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_input_is_said_in_a_line(here: Path, arguments: list[str], words: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert words in result.output
    assert "Traceback" not in result.output


def test_an_argument_may_be_a_schedule_of_a_module(here: Path) -> None:
    (here / "rates.py").write_text("import gradlab as gl\nfalling = gl.schedules.linear(0.1, 0.0, 10)\n")
    result = run("sgd", "--arg", "learning_rate=rates:falling", "--quick", "--dtype", "float32")
    assert result.exit_code == 0, result.output


def test_a_reference_of_ones_own_is_compared_with(here: Path) -> None:
    result = run("sgd", "--dtype", "float32", "--reference", "mine_to_check:reference")
    assert result.exit_code == 0, result.output
    result = run("sgd", "--dtype", "float32", "--reference", "mine_to_check:other_reference")
    assert result.exit_code == 1
    assert "BROKEN  same trajectory: it moves as the reference other_reference does" in result.output


def test_a_quick_look_says_what_it_leaves_out(here: Path) -> None:
    result = run("mine_to_check:good", "--quick", "--json")
    assert result.exit_code == 0, result.output
    reasons = {law: group["reason"] for group in json.loads(result.stdout)["unexamined"] for law in group["laws"]}
    assert reasons["finite at zero"].startswith("left out of a quick look; ")


def test_the_time_of_a_law_is_an_option(here: Path) -> None:
    (here / "endless.py").write_text(
        "import time\nimport optax\ncalls = []\ndef wait(learning_rate=0.1):\n    calls.append(0)\n"
        "    time.sleep(0 if len(calls) == 1 else 20)\n    return optax.sgd(learning_rate)\n"
    )
    result = run("endless:wait", "--quick", "--dtype", "float32", "--seconds-per-law", "0.4")
    assert "no answer after 0.4 s" in result.output


def test_a_claim_that_a_quick_look_has_no_time_for_is_refused(here: Path) -> None:
    result = run("mine_to_check:good", "--quick", "--claim", "elementwise")
    assert result.exit_code == 2
    assert "--claim elementwise takes longer than --quick allows; leave one of the two out" in result.output


def test_extra_arguments_reach_update(here: Path) -> None:
    result = run("mine_to_check:needs_a_scale", "--extra", "scale=2.0", "--dtype", "float32", "--json")
    verdicts = {result["law"]: result["verdict"] for result in json.loads(result.stdout)["results"]}
    assert verdicts["pure"] == verdicts["vmap equals loop"] == "holds"


def test_a_class_with_init_and_update_is_examined(here: Path) -> None:
    data = json.loads(run("mine_to_check:Descent", "--dtype", "float32", "--arg", "rate=0.2", "--json").stdout)
    assert data["subject"] == "Descent(rate=0.2)"
    verdicts = {result["law"]: result["verdict"] for result in data["results"]}
    assert verdicts["pure"] == verdicts["traceable"] == "holds"


@pytest.mark.parametrize("typed", [("scale", "--arg", "factor=0.1"), ("scale:factor=0.1",)])
def test_a_link_is_given_its_arguments(here: Path, typed: tuple[str, ...]) -> None:
    data = json.loads(run(*typed, "--dtype", "float32", "--json").stdout)
    assert (data["subject"], data["ok"]) == ("scale(factor=0.1)", True)


def test_what_would_end_the_program_is_a_finding(here: Path) -> None:
    result = run("mine_to_check:leaving")
    assert result.exit_code == 1
    assert "SystemExit: 7" in result.output
    before = signal.signal(signal.SIGINT, lambda *_: None)  # the command has a handler of its own, too
    try:
        result = run("mine_to_check:interrupting")
    finally:
        signal.signal(signal.SIGINT, before)
    assert result.exit_code == 1
    assert "KeyboardInterrupt" in result.output


def test_endless_imports_and_failures_of_modules_are_a_line(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "endless_to_check.py").write_text("while True: pass")
    (here / "leaving_to_check.py").write_text("import sys; sys.exit(4)")
    monkeypatch.setenv("GRADLAB_LOAD_SECONDS", "0.2")
    for module, words in (
        ("endless_to_check", "no answer after 0.2 s; set GRADLAB_LOAD_SECONDS to wait longer"),
        ("leaving_to_check", "it ends the program, by sys.exit(4)"),
    ):
        result = run(f"{module}:thing")
        assert result.exit_code == 2  # nothing was examined
        assert result.output.startswith(f"gradlab: the import of {module} fails at {here / module}.py:1 (")
        assert result.output.endswith(f": {words}\n")


def test_settings_under_which_no_law_holds_are_named(here: Path) -> None:
    with jax.disable_jit():
        result = run("sgd")
    assert (result.exit_code, result.output.count("\n")) == (2, 1)
    assert "jax_disable_jit is set" in result.output
    with jax.transfer_guard("disallow"):
        assert run("sgd", "--dtype", "float32").exit_code == 0
