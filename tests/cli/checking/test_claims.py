"""Checks with claims, exceptions and domains, declared by a factory or on the command line."""

import json
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

    def uphill(rate=0.1):
        return optax.scale(rate)

    def three_parts(rate=0.1):
        return optax.MultiSteps(optax.sgd(rate), 3)

    @gl.transformation(claims=("elementwise",))
    def normalized(rate: gl.Positive = 0.1):
        def update(updates, state):
            return jax.tree.map(lambda g: -rate * g / (1 + abs(g).sum()), updates), state
        return lambda params: (), update

    @gl.transformation(claims=("elementwise", "decends"))
    def misspelt(rate: gl.Positive = 0.1):
        return optax.scale(-rate)
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own_claims.py").write_text(textwrap.dedent(MINE))
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["check", *arguments])


def test_the_claims_that_a_factory_declares_are_examined() -> None:
    result = run("own_claims:normalized", "--dtype", "float32")
    assert result.exit_code == 1
    assert "BROKEN  elementwise: " in result.output


def test_an_unknown_claim_in_a_declaration_is_named() -> None:
    result = run("own_claims:misspelt")
    assert result.exit_code == 2
    assert result.output.startswith(
        "gradlab: own_claims:misspelt declares an unknown claim: no claim is named 'decends'; did you mean descends?"
    )


@pytest.mark.parametrize(("parts", "code"), [("3", 0), ("2", 1)])
def test_a_claim_with_a_value_is_examined(parts: str, code: int) -> None:
    arguments = ["--claim", f"accumulates={parts}", "--dtype", "float32", "--json", "--quick"]
    with jax.enable_x64(False), jax.numpy_dtype_promotion("standard"):  # under which optax's accumulator works
        result = run("own_claims:three_parts", *arguments)
    verdicts = {result["law"]: result["verdict"] for result in json.loads(result.stdout)["results"]}
    assert verdicts["accumulates"] == ("broken" if code else "holds")


def test_a_law_may_be_excepted() -> None:
    arguments = ["own_claims:normalized", "--dtype", "float32", "--json"]
    assert run(*arguments).exit_code == 1
    result = run(*arguments, "--except", "elementwise")
    assert result.exit_code == 0, result.output
    verdicts = {result["law"]: result["verdict"] for result in json.loads(result.stdout)["results"]}
    assert verdicts["elementwise"] == "not applicable"


def test_a_domain_limits_what_is_promised() -> None:
    result = run("own_claims:good", "--json", "--domain", "stochastic")
    reasons = {result["law"]: result["detail"] for result in json.loads(result.stdout)["results"]}
    assert reasons["rounded once"] == "it is not promised in the declared domain, 'stochastic'"


def test_a_link_need_not_descend() -> None:
    arguments = ["own_claims:uphill", "--dtype", "float32", "--quick"]
    assert run(*arguments).exit_code == 1
    assert run(*arguments, "--claim", "link").exit_code == 0


@pytest.mark.parametrize("arguments", [["sgd", "--arg", "momentum=0.9"], ["adam", "--arg", "nesterov=True"]])
def test_options_that_bias_a_recipe_take_its_claim_back(arguments: list[str]) -> None:
    result = run(*arguments, "--dtype", "float64", "--json")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert "unbiased" not in {law["law"] for law in report["results"]}
    assert "unbiased" in {law for group in report["unexamined"] for law in group["laws"]}
    assert "same trajectory" in {law["law"] for law in report["results"]}
