"""`gradlab explain` says what something is made of."""

# ruff: noqa: RUF001  (Greek letters are meant)

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jax
import optax
import pytest

import gradlab as gl
from gradlab import registry
from gradlab.explanations import describe_state_memory
from gradlab.lab._inputs.default_contestants import collect_contestants
from gradlab.lab.problems import PROBLEMS


def test_adam_is_explained(gradlab: Callable[..., Any]) -> None:
    with jax.enable_x64(False):
        code, out, err = gradlab("explain", "adam")
    assert (code, err) == (0, "")
    assert "xₜ = xₜ₋₁ - α m̂ₜ / (√v̂ₜ + ε)" in out
    assert "\n(5) xₜ = xₜ₋₁ - α m̂ₜ/(√v̂ₜ + ε)\nwith β₁ = 0.9, β₂ = 0.999, ε = 1e-08, α = 0.001\n" in out
    assert "Kingma & Ba (2015)" in out
    assert "\nexample\n>>> tx, gradient = gl.adam(0.1), jnp.array([2.0, -4.0])\n" in out
    assert str(gl.adam(1e-3)) in out
    rows = [line.split() for line in out.splitlines()]
    assert ["b1", "0.9", "[0,", "1),", "or", "a", "schedule"] in rows
    assert ["learning_rate", "0.001", "[0,", "inf),", "or", "a", "schedule"] in rows
    assert "8 bytes for each parameter (2 arrays of its shape), and 8 more bytes" in out


@pytest.mark.parametrize(
    "name", [*registry.entries(), *PROBLEMS, *sorted(set(collect_contestants()) - set(registry.entries()))]
)
def test_everything_can_be_explained(gradlab: Callable[..., Any], name: str) -> None:
    code, out, err = gradlab("explain", name)
    assert (code, err) == (0, "")
    assert out.startswith(name)
    assert len(out.splitlines()) > 1
    assert "$" not in out
    assert "\\" not in out
    assert all(line == line.rstrip() for line in out.splitlines())
    kinds = {entry.name: entry.kind for entry in registry.entries().values()}
    assert ("\nequations\n(1) " in out) == (name not in PROBLEMS and kinds.get(name) not in ("schedule", "selector"))


def test_an_unknown_name_is_met_with_near_ones(gradlab: Callable[..., Any]) -> None:
    code, out, err = gradlab("explain", "amsgrd")
    assert (code, out) == (2, "")
    assert err.startswith("gradlab: no optimizer, link, schedule or problem is named 'amsgrd'; did you mean amsgrad")


@pytest.mark.parametrize(
    ("word", "names"),
    [
        ("momentum", ["sgd_momentum", "nesterov_momentum", "scale_by_momentum"]),
        ("rms", ["scale_by_rms", "rmsprop"]),
        ("decay", ["proximal_decay", "add_decayed_weights"]),
    ],
)
def test_a_word_is_met_with_the_names_that_hold_it(gradlab: Callable[..., Any], word: str, names: list[str]) -> None:
    code, out, err = gradlab("explain", word)
    suggested = err.partition("did you mean ")[2].rstrip("?\n").split(" or ")
    assert (code, out) == (2, "")
    places = [suggested.index(name) for name in names]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("tx", "memory"),
    [
        (gl.sgd(0.1), "none"),
        (gl.sgd(0.1, momentum=0.9), "4 bytes for each parameter (1 array of its shape)"),
        (gl.sgd(gl.schedules.cosine(0.1, 10)), "4 bytes, in no array of the shape of the parameters"),
        (optax.adam(0.1), "8 bytes for each parameter (2 arrays of its shape), and 4 more bytes"),
        (gl.amsgrad(0.1), "12 bytes for each parameter (3 arrays of its shape), and 8 more bytes"),
    ],
)
def test_state_memory(tx: Any, memory: str) -> None:
    with jax.enable_x64(False):
        assert describe_state_memory(tx) == memory


def test_a_problem_shows_its_settings(gradlab: Callable[..., Any]) -> None:
    assert gradlab("explain", "digits").out.endswith("settings\nhidden=32, batch_size=128, steps=400\n")


OWN = """
import jax, gradlab as gl

@gl.transformation
def linked(rate: gl.Positive = 0.1, power=0.6):
    "Power descent."
    return lambda params: (), lambda updates, state: (updates, state)

def composed(learning_rate=0.1):
    return gl.chain(gl.scale_by_momentum(), linked(), gl.scale_by_learning_rate(learning_rate))

class Bowl:
    "A bowl of one's own."
    steps = 7
    def init(self, key): return jax.numpy.ones(3)
    def loss(self, params, batch): return (params**2).sum()

def needs_text(name): return gl.sgd({"a": 0.1}[name])
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "own_to_explain.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    sys.modules.pop("own_to_explain", None)


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("optax:adam", ["(1) uₜ = adam(gₜ, xₜ₋₁)\n(2) xₜ = xₜ₋₁ + uₜ\n"]),
        ("own_to_explain:linked", ["(1) uₜ = linked(gₜ)\n"]),
        ("own_to_explain:composed", ["(1) mₜ = β mₜ₋₁ + (1 - β) gₜ\n(2) uₜ = linked(mₜ)\n(3) xₜ = xₜ₋₁ - α uₜ\n"]),
        ("optax:adam", ["The Adam optimizer.", "composition", "learning_rate", "state", "2 arrays of its shape"]),
        ("own_to_explain:linked", ["Power descent.", "linked(rate=0.1, power=0.6)", "power", "state\nnone"]),
        ("own_to_explain:Bowl", ["Bowl\nA bowl of one's own.\n\nsettings\nsteps=7"]),
    ],
)
def test_what_lies_elsewhere_is_explained(gradlab: Callable[..., Any], own: None, name: str, lines: list[str]) -> None:
    code, out, err = gradlab("explain", name)
    assert (code, err) == (0, "")
    for line in lines:
        assert line in out
    assert not any(markup in out for markup in (":math:", "::", "Args:", "\\"))


@pytest.mark.parametrize(
    ("name", "ranges"),
    [
        ("own_to_explain:composed", {"learning_rate": "(-inf, inf)"}),
        ("own_to_explain:linked", {"rate": "(0, inf), or a schedule", "power": "(-inf, inf), or a schedule"}),
        ("optax:sgd", {"learning_rate": "(-inf, inf), or a schedule"}),
        ("optax:adam", {"learning_rate": "(-inf, inf), or a schedule", "b1": "(-inf, inf)"}),
    ],
)
@pytest.mark.usefixtures("own")
def test_an_argument_of_which_it_is_not_known_that_it_takes_a_schedule_promises_none(
    gradlab: Callable[..., Any], name: str, ranges: dict[str, str]
) -> None:
    rows = json.loads(gradlab("explain", name, "--json").out)["hyperparameters"]
    found = {row["argument"]: row["range"] for row in rows}
    assert {argument: found[argument] for argument in ranges} == ranges


@pytest.mark.usefixtures("own")
def test_an_optimizer_that_is_made_already_is_explained(gradlab: Callable[..., Any]) -> None:
    Path("made_tools.py").write_text(
        "import gradlab as gl\nmine = gl.chain(gl.scale_by_momentum(0.8), gl.scale(-0.1))\n"
    )
    code, out, err = gradlab("explain", "made_tools:mine")
    assert (code, err) == (0, "")
    assert "\n(2) xₜ = xₜ₋₁ - α mₜ\nwith β = 0.8" in out
    assert "chain(scale_by_momentum(decay=0.8), scale(factor=-0.1))" in out
    assert "4 bytes for each parameter" in out


def test_a_variant_has_its_equations(gradlab: Callable[..., Any]) -> None:
    out = gradlab("explain", "sgd_nesterov").out
    assert "(1) mₜ = μ mₜ₋₁ - α gₜ\n(2) xₜ = xₜ₋₁ + μ mₜ - α gₜ\nwith α = 0.1, μ = 0.9\n" in out


def test_json_has_it_all(gradlab: Callable[..., Any]) -> None:
    adam = json.loads(gradlab("explain", "adam", "--json").out)
    assert (adam["name"], adam["kind"], adam["call"]) == ("adam", "recipe", repr(gl.adam()))
    assert adam["equations"][1] == {"latex": r"\hat m_t = \frac{m_t}{1 - \beta_1^t}", "text": "m̂ₜ = mₜ/(1 - β₁ᵗ)"}
    assert adam["example"].endswith("\n[ 0.0053 -0.0053]")
    assert adam["symbols"][-1] == {"latex": r"\alpha", "text": "α", "value": "0.001"}
    assert adam["hyperparameters"][1] == {"argument": "b1", "default": "0.9", "range": "[0, 1), or a schedule"}
    assert adam["hyperparameters"][-1] == {"argument": "nesterov", "default": "False", "range": "True or False"}
    assert json.loads(gradlab("explain", "digits", "--json").out)["settings"]["batch_size"] == 128
    assert json.loads(gradlab("explain", "cosine", "--json").out)["kind"] == "schedule"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("optax:adamx", "optax has no 'adamx'; did you mean adam"),
        ("optax:muon", "optax has no 'muon'; did you mean optax.contrib:muon?"),
        ("optax:moun", "optax has no 'moun'; did you mean optax.contrib:muon"),
        ("optax:qqqqqq", " and 2"),  # hundreds more
        ("own_to_explain:needs_text", "cannot be made as an example: KeyError"),
        ("optax.adam", "typed with a colon, optax:adam"),
        ("torch.optim.Adam", "gradlab has adam, and gradlab.flavors.torch:adam, which computes as torch does"),
        ("adam:beta1=0.8", "adam has no argument 'beta1'; did you mean b1?"),
    ],
)
def test_what_cannot_be_explained_is_a_line(gradlab: Callable[..., Any], own: None, name: str, message: str) -> None:
    code, out, err = gradlab("explain", name)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert message in err


def test_a_diagram_is_written(gradlab: Callable[..., Any], tmp_path: Path) -> None:
    code, out, err = gradlab("explain", "adam", "--save", str(tmp_path / "adam.svg"))
    assert (code, err) == (0, "")
    assert out.endswith(f"\nWritten:\n  {tmp_path / 'adam.svg'}\n")
    assert (tmp_path / "adam.svg").read_text("utf-8").startswith("<svg")


@pytest.mark.parametrize(
    ("name", "file", "code", "message"),
    [
        ("adam", "adam.png", 2, "--save: the name of the file must end in .svg, .mmd, .tex, .bib; got "),
        ("adam", "missing/adam.svg", 2, "missing; make it first, or pass another path"),
        ("adam", ".", 2, "--save must be a file, but "),
        ("ravine", "ravine.svg", 2, "ravine has no diagram and no equations of an update; leave out --save"),
        ("constant", "constant.tex", 2, "constant has no diagram and no equations of an update; leave out --save"),
    ],
)
def test_a_diagram_that_cannot_be_written_is_refused(
    gradlab: Callable[..., Any], tmp_path: Path, name: str, file: str, code: int, message: str
) -> None:
    outcome = gradlab("explain", name, "--save", str(tmp_path / file))
    assert (outcome.code, outcome.out) == (code, "")
    assert message in outcome.err
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("own")
def test_a_diagram_of_ones_own_that_cannot_be_written_is_refused_once(gradlab: Callable[..., Any]) -> None:
    outcome = gradlab("explain", "own_to_explain:composed", "--save", "calm.png")
    assert (outcome.code, outcome.err.count("\n")) == (2, 1)
    assert "--save: the name of the file must end in" in outcome.err


def test_an_integer_that_is_no_seed_takes_no_key(gradlab: Callable[..., Any]) -> None:
    arguments = json.loads(gradlab("explain", "shift", "--json").out)["hyperparameters"]
    assert {row["argument"]: row["range"] for row in arguments}["offset"] == "an integer"


def test_sources_are_printed(gradlab: Callable[..., Any]) -> None:
    out = gradlab("explain", "nadam").out
    assert "\nsources\nnadam: Dozat (2016), algorithm 2\n" in out
