"""Wrong commands, as a newcomer types them: one line says what came, what was expected and what to do.

The exit code is 2 for wrong input, and 1 for code of the user's that fails. Nothing is run, and nothing is written.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

RACE = ("race", "--problem", "ravine", "--rates", "0.1,0.2", "--seeds", "2", "--steps", "4")
SWEEP = ("sweep", "--problem", "ravine", "--optimizer", "adam")

COMMANDS: list[tuple[tuple[str, ...], str]] = [
    (("race", "--optimiser", "sgd"), "race has no option --optimiser; did you mean --optimizer?"),
    (("race", "--learning-rate", "0.1"), "race has no option --learning-rate; did you mean --rates?"),
    (("race", "--lr", "0.1"), "race has no option --lr; did you mean --rates?"),
    (("race", "--step-size", "0.1"), "race has no option --step-size; did you mean --rates?"),
    (("race", "--epochs", "3"), "race has no option --epochs; did you mean --steps?"),
    (("race", "--num-steps", "3"), "race has no option --num-steps; did you mean --steps?"),
    (("race", "--output-dir", "x"), "race has no option --output-dir; did you mean --out?"),
    ((*SWEEP, "--lr", "0.1"), "sweep has no option --lr; did you mean --set learning_rate=VALUES?"),
    (("check", "adam", "--lr", "0.1"), "check has no option --lr; did you mean --arg learning_rate=VALUE?"),
    (
        ("race", "--seeds", "ten"),
        "--seeds must be whole numbers, got 'ten'; expected a number of seeds (10), or the seeds themselves (5:10 for "
        "seeds 5 to 9, or 0,1,4)",
    ),
    (("race", "--steps", "1e3"), "--steps must be a whole number, got '1e3'"),
    (("race", "--chunk=1k"), "--chunk must be a whole number, got '1k'"),
    (("race", "--out"), "--out needs a value, but none was given; race --help describes it"),
    (("race", "--fresh=yes"), "--fresh takes no value, got 'yes'; pass --fresh alone"),
    (("race", "adam", "ravine:x=1"), "ravine is a problem, expected an optimizer; pass it as --problem ravine:x=1"),
    (("race", "adam:b3=0.8"), "adam has no argument 'b3'; it has learning_rate, b1, b2"),
    (("race", "adam:b1=much"), "adam: b1 must be a finite number, got 'much'"),
    (("race", "adam:b1=rates:falling"), "adam: b1 must be a finite number, got 'rates:falling'; to pass what a module"),
    (("race", "adam:learning_rate=0.1"), "adam:learning_rate=0.1 gives learning_rate, which is varied; leave it out"),
    (("race", "ravine:steepness=2"), "ravine is a problem, expected an optimizer; pass it as --problem ravine:steep"),
    ((*SWEEP[:-1], "adam:b1=0.8", "--set", "b1=0.8,0.9"), "adam:b1=0.8 gives b1 already; leave it out there, or do"),
    (("explain", "adam:b3=0.8"), "adam has no argument 'b3'; it has learning_rate, b1, b2"),
    (("explain", "adam:b1=2"), "adam:b1=2: adam: b1 must be in [0, 1), got 2.0"),
    (("check", "adam:b1=0.8", "--arg", "b1=0.9"), "b1 is given twice, in adam:b1=0.8 and by --arg; leave one out"),
    (("check", "adam:b3=0.8"), "adam has no argument 'b3'; it has learning_rate, b1, b2"),
    (("race", "ravine"), "no optimizer is named 'ravine'; it is a problem; pass it as --problem ravine"),
    (("raze",), "gradlab has no command 'raze'; did you mean race?"),
    (("--problem", "ravine", "race"), "put options after the command: gradlab race --problem ..."),
    (("list", "optimizers"), "list takes options only, but also got 'optimizers'; leave it out to list all"),
    (
        ("list", "momentum", "rms"),
        "'momentum rms'; leave it out to list all names, or run gradlab explain momentum ",
    ),
    (("list", "--problems"), "list has no option --problems; it has --json, --help"),
    (("explain", "adam", "sgd"), "explain takes NAME and options, but also got 'sgd'"),
    (("report",), "report needs FOLDER: the folder of a race, a sweep or a search, or the results.nc in it"),
    (("report", "x", "--format", "jpg"), "--format must be one of html, png, svg, pdf, got 'jpg'"),
    (("sweep", "--optimizer", "adam"), "sweep needs --set: a hyperparameter and its values: b1=0.8,0.9"),
    ((*SWEEP, "--set", "b1=0.8", "0.9"), "but also got '0.9'; put each value after its option (--optimizer ...), and"),
    ((*SWEEP, "--set", "b1=lin:0.1:0.9"), "b1 is a range without a count; append one, as in lin:0.1:0.9:5, or take"),
    ((*SWEEP, "--set", "learning_rate=0,1,0,01"), "learning_rate has a value twice: 0, 1; give each once"),
    ((*SWEEP, "--set", "lr=0.1"), "no hyperparameter of adam is named 'lr'; did you mean learning_rate?"),
    ((*SWEEP, "--set", "zz=0.1"), "no hyperparameter of adam is named 'zz'; there are b1, b2, eps, "),
    (
        (*SWEEP, "--optimizer", "sgd", "--set", "momentum=0.5"),
        "momentum is a hyperparameter of sgd and not of adam, but a sweep varies the same ones of all optimizers; "
        "sweep adam on its own",
    ),
    ((*SWEEP, "--set", "b1=lin:0:0.9:3", "--sampler", "halton"), "--sampler is given (halton) without a number of"),
    ((*RACE, "--log", "curves"), "--log must be tensorboard:DIR, with the name of a folder; got 'curves'"),
    ((*RACE, "--optimizer", "sgd,adam"), "repeat the option: --optimizer sgd --optimizer adam"),
    ((*RACE, "--problem", "ravine digits"), "repeat the option: --problem ravine --problem digits"),
    ((*RACE, "--optimizer", "mine.py"), "a name in a file is typed with the file's module and a colon, mine:NAME"),
    ((*RACE, "--optimizer", "gl.adam"), "no optimizer is named 'gl.adam'; did you mean adam?"),
    ((*RACE, "--optimizer", "sgd.momentum"), "no optimizer is named 'sgd.momentum'; did you mean sgd_momentum"),
    (
        (*RACE, "--optimizer", "cosine"),
        "no optimizer is named 'cosine'; it is a schedule; gradlab explain cosine describes it",
    ),
    ((*RACE, "--optimizer", "beale"), "it is a problem; pass it as --problem beale"),
    ((*RACE, "--problem", "sgd"), "it is an optimizer; pass it as --optimizer sgd"),
    ((*RACE, "--problem", "mnist"), " more; type your own as module:NAME"),
    ((*RACE, "--optimizer", "optax:"), "'optax:' has nothing behind the colon; expected package.module:name, such as"),
    ((*RACE, "--optimizer", "optax:apply_updates"), "optax:apply_updates needs updates beside params, which is all"),
    ((*RACE, "--problem", "optax:adam"), "expected a class with init(key) and loss(params, batch), or a function that"),
    (
        ("check", "ravine"),
        "no optimizer, link or schedule is named 'ravine'; it is a problem; gradlab explain ravine describes it",
    ),
    (("check", "sgd,adam"), "no optimizer, link or schedule is named 'sgd,adam'; pass one name"),
    (("check", "adam", "--dtype", "f32"), "no dtype is named 'f32'; did you mean float32?"),
    (("check", "adam", "--claim", "elementwize"), "no claim is named 'elementwize'; did you mean elementwise?"),
    (("check", "adam", "--arg", "b1="), "b1 must be a number in [0, 1)"),
    (("explain", "adam sgd"), "is named 'adam sgd'; pass one name"),
    (("race", "-o", "x"), "race has no option -o; did you mean --out or --optimizer or --on?"),
    (
        ("help",),
        "gradlab has no command 'help'; it has race, sweep, search, merge, baselines, speedrun, report, compare, "
        "figures, export, bench, check, list",
    ),
    (("race", "--processes", "0"), "--processes must be at least 1, got 0"),
    (("search", "--trials", "-4"), "--trials must be at least 1, got -4"),
    (("check", "operator:add"), "operator:add cannot be called without a and b; give --arg a=... --arg b=..."),
    (("check", "adam", "--arg", "b1=0.9", "--arg", "b1=0.8"), "--arg b1 is given twice (0.9 and 0.8); leave one out"),
    (("check", "adam", "--arg", "b1", "0.9"), "check takes OPTIMIZER and options, but also got '0.9'; put each value"),
]


@pytest.mark.parametrize(("arguments", "message"), COMMANDS, ids=lambda value: value if isinstance(value, str) else "")
def test_a_wrong_command_is_a_line(
    gradlab: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: Any, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = gradlab(*arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("gradlab: ")
    assert message in err
    assert not list(tmp_path.iterdir())


HEAD = """
import jax, jax.numpy as jnp, numpy as np, optax
import gradlab as gl
from gradlab.lab.problems import Landscape, Problem, Score

class Bowl(Problem):
    def init(self, key): return jax.random.normal(key, (3,))
    def loss(self, params, batch): return jnp.sum(params**2)

class P(Bowl):
    pass
"""

PROBLEMS = [  # what P is, the exit code, the words
    (
        "class P(Bowl):\n def init(self): return jnp.ones(3)",
        2,
        "P.init is called as init(key), but takes (); write def",
    ),
    ("class P(Bowl):\n def loss(self, params): return 0.0", 2, "P.loss is called as loss(params, batch), but takes (p"),
    ("class P(Bowl):\n def init(self, key): return {'w': 'w'}", 2, "P.init must return arrays, got a str at ['w']"),
    ("class P(Bowl):\n def batches(self, key, steps): return jnp.ones((7, 3))", 2, "for steps=11 got float"),
    ("class P(Bowl):\n score = Score('final_loss', 'loss', tolerance=0.5)", 2, "tolerance=0.5, expected a factor of"),
    ("class P(Bowl):\n landscape = Landscape(((-1, 1), (-1, 1)))", 2, "is for parameters of shape (2,), but init ret"),
    ("class P(Bowl):\n minimum, optimum = 1.0, jnp.zeros(3)", 2, "minimum is 1.0, but the loss at P.optimum is 0"),
    ("class P(Bowl):\n name = 3", 2, "P.name is 3, expected a string; leave it out to use the default"),
    ("class P(Bowl):\n def loss(self, params, batch): return float(params[0])", 1, "the code is compiled, and the val"),
    ("def P(params, batch): return 0.0", 2, "expected a class with init(key) and loss(params, batch), or a function"),
    ("def P(): return jnp.ones(3)", 2, ":P gives an array, expected a problem: a class with init(key) and loss("),
    ("import nowhere", 2, "because it imports nowhere (No module named 'nowhere')"),
]

OPTIMIZERS = [
    ("def F(learning_rate, decay): return optax.adam(learning_rate, decay)", 2, "needs decay beside learning_rate"),
    ("def F(learning_rate): return None", 1, "F must return an optimizer, which has init(params) and update(updates"),
    ("def F(learning_rate): return [gl.scale_by_sign(), gl.scale(1.0)]", 1, "gl.chain makes one: gl.chain(*links)"),
    ("def F(learning_rate): return optax.adam", 1, "but it returned the function adam alone"),
    ("def F(learning_rate):\n return (lambda: ()), (lambda g, s: (g, s))", 1, "init of F takes (), but is called as i"),
    ("def F(learning_rate):\n return (lambda p: ()), (lambda g, s, p: (g, s))", 1, "with params and grads if it has"),
    ("def F(learning_rate):\n return (lambda p: ()), (lambda g, s: (g > 0, s))", 1, "returned booleans, expected floa"),
]


@pytest.mark.parametrize(("text", "code", "message"), PROBLEMS + OPTIMIZERS)
def test_a_wrong_module_is_a_line(
    gradlab: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    text: str,
    code: int,
    message: str,
) -> None:
    name = f"wrong_module_{(PROBLEMS + OPTIMIZERS).index((text, code, message))}"
    (tmp_path / f"{name}.py").write_text(f"{HEAD}\n{text}\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    is_problem = (text, code, message) in PROBLEMS
    chosen = ("--problem", f"{name}:P", "--optimizer", "sgd") if is_problem else ("--optimizer", f"{name}:F")
    given = RACE[3:] if is_problem else RACE[1:]
    ended, out, err = gradlab("race", *chosen, *given)
    assert (ended, out, err.count("\n")) == (code, "", 1)
    assert message in err


def test_options_of_a_report_that_exclude_each_other_are_a_line(
    gradlab: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert gradlab(*RACE, "--optimizer", "sgd", "--json").code == 0
    before = sorted(tmp_path.rglob("*"))
    for options, message in (
        (("--format", "png", "--open"), "--open shows a page, and --format png makes pictures; leave out one of them"),
        (("--out", "p.pdf"), "p.pdf is the name of a picture, but --format html makes a page; pass p.html"),
        (("--format", "svg", "--out", "p.svg"), "p.svg is the name of a file, but --format svg makes several; pass a"),
        (("--format", "svg", "--out", "race/results.nc"), "race/results.nc is the name of a file, but --format svg"),
    ):
        code, out, err = gradlab("report", "race", *options)
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert message in err
    assert sorted(tmp_path.rglob("*")) == before
