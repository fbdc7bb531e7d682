# mypy: disable-error-code="arg-type, call-arg, dict-item, attr-defined, operator, call-overload, unused-ignore"
"""Wrong calls in Python, as a newcomer makes them: one line says what came, what was expected and what to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl
from gradlab import schedules
from gradlab.flavors import keras, torch
from gradlab.lab._studies.search import search
from gradlab.lab._studies.search_space import Log
from gradlab.lab._studies.sweep import sweep
from gradlab.lab.analysis.comparison import ranks
from gradlab.lab.analysis.configurations import rank_configurations
from gradlab.lab.analysis.leaderboard import leaderboard, mean_scores
from gradlab.lab.analysis.sweep_as_race import as_race, unstack
from gradlab.testing import assert_lawful, assert_same_trajectory, check, check_schedule

PARAMS = {"w": jnp.ones((2, 3)), "b": jnp.zeros(3)}
SGD = gl.sgd(0.1)


def updated(tx: Any) -> Any:
    return tx.update(PARAMS, tx.init(PARAMS), PARAMS)


def stepped(loss: Callable[..., Any], tx: Any = SGD, **options: Any) -> Any:
    return gl.make_step(loss, **options)(
        tx, jax.tree.map(jnp.array, PARAMS), SGD.init(PARAMS), None
    )  # a copy, which is donated


def total(params: Any, batch: Any) -> Any:
    return jnp.sum(params["w"])


CALLS: list[tuple[Callable[[], Any], str]] = [
    (
        lambda: gl.chain(0.9),
        "chain: link 0 must be a transformation, such as scale_by_rms() or optax.scale(0.1); got f",
    ),
    (lambda: gl.chain([SGD]), r"chain: link 0 is a list of 1 transformations; pass each: chain(*links)"),
    (lambda: gl.chain(SGD, gl.sgd), "chain: link 1 is the function sgd itself; call it: sgd(...)"),
    (lambda: SGD + SGD, "to apply one after another, write gl.chain(one, other)"),
    (lambda: 2 * SGD, "transformations cannot be added or multiplied"),
    (lambda: gl.MultiSteps(SGD, 2), "has no attribute 'MultiSteps'; in place of optax.MultiSteps, use gl.accumulate"),
    (lambda: gl.clip_grad_norm_(1.0), "in place of PyTorch's clip_grad_norm_, use gl.chain(gl.clip_by_global_norm(max"),
    (lambda: gl.clip_grad_norm(1.0), "in place of PyTorch's clip_grad_norm, use gl.chain(gl.clip_by_global_norm(max"),
    (lambda: gl.adam(0.1, weight_decay=0.1), "did you mean gl.adamw? the weight_decay of PyTorch's Adam and SGD is"),
    (lambda: gl.sgd(0.1, weight_decay=0.1), "gl.add_decayed_weights(weight_decay) first in a chain; the call is sgd("),
    (lambda: gl.adam(0.1, amsgrad=True), "'amsgrad'; did you mean gl.amsgrad? the call is adam("),
    (lambda: gl.adamax(0.1, weight_decay=0.1), "'weight_decay'; did you mean gl.flavors.optax.adamaxw? the weight_dec"),
    (lambda: gl.adam(0.1, bias_correction=False), "gl.chain(gl.scale_by_momentum(b1), gl.scale_by_rms(b2, eps), gl."),
    (lambda: gl.bias_correction(0.9, b2=0.999), "keyword argument 'b2'; did you mean second_decay? the call is bias_"),
    (lambda: gl.bias_correction(betas=(0.9, 0.999)), "'betas'; did you mean first_decay and second_decay? the call"),
    (lambda: gl.bias_correction(decay=0.9), "keyword argument 'decay'; did you mean first_decay? the call is bias_c"),
    (lambda: gl.scale_by_rms(b2=0.9), "keyword argument 'b2'; did you mean decay? the call is scale_by_rms("),
    (lambda: gl.scale_by_momentum(b1=0.9), "keyword argument 'b1'; did you mean decay? the call is scale_by_momentum("),
    (lambda: gl.sgd(0.1, beta1=0.9), "keyword argument 'beta1'; did you mean momentum? the call is sgd("),
    (lambda: gl.adam(0.1, momentum=0.9), "keyword argument 'momentum'; did you mean b1? the call is adam("),
    (lambda: gl.explain("adam"), "got the text 'adam'; pass the transformation itself: explain(gl.adam())"),
    (lambda: gl.explain("gl.lion"), "got the text 'gl.lion'; pass the transformation itself: explain(gl.lion())"),
    (lambda: gl.explain("of mine"), "pass the transformation itself, as in explain(gl.adam())"),
    (lambda: gl.describe("adam", PARAMS), "pass the transformation itself: describe(gl.adam(), params)"),
    (lambda: gl.describe(gl.adam, PARAMS), "got adam; call it, as in describe(adam(), params)"),
    (lambda: gl.clip(1.0), "in place of optax.clip, use gl.clip_by_value"),
    (lambda: gl.warmup_cosine_decay_schedule, "warmup_cosine_decay_schedule'; use gl.schedules.warmup_cosine"),
    (lambda: gl.warmup_cosine(0.0, 0.1, 10, 100), "has no attribute 'warmup_cosine'; use gl.schedules.warmup_cosine"),
    (lambda: gl.dynamic_blocks(), "has no attribute 'dynamic_blocks'; use gl.codecs.dynamic_blocks"),
    (lambda: gl.race("digits"), "has no attribute 'race'; use gl.lab.race"),
    (lambda: gl.global_norm(PARAMS), "has no attribute 'global_norm'; keep optax's own, optax.global_norm"),
    (lambda: gl.Adam(0.1), "has no attribute 'Adam'; did you mean adam?"),
    (lambda: gl.schedules.cosinus(0.1, 10), "has no attribute 'cosinus'; did you mean cosine?"),
    (lambda: gl.schedules.warmup_cosine_decay_schedule, "'warmup_cosine_decay_schedule'; did you mean warmup_cosine?"),
    (lambda: gl.schedules.join_schedules([0.1], []), "'join_schedules'; did you mean join?"),
    (lambda: gl.schedules.triangle, "has no attribute 'triangle'; it has Schedule, as_schedule, constant, "),
    (lambda: gl.codecs.dynamic_block(), "has no attribute 'dynamic_block'; did you mean dynamic_blocks?"),
    (lambda: gl.selectors.paths("a"), "has no attribute 'paths'; did you mean path?"),
    (lambda: gl.flavors.torch.muon(0.1), "has no attribute 'muon'; it is gradlab.flavors.muon.torch"),
    (lambda: gl.flavors.muon.keller(0.1), "has no attribute 'keller'; did you mean keller_jordan?"),
    (lambda: keras.adm(0.1), "has no attribute 'adm'; did you mean adam?"),
    (lambda: gl.accumulate(SGD, every_k_schedule=4), "did you mean every? the call is accumulate(tx, every=4)"),
    (lambda: gl.adam("0.1"), "learning_rate must be a number in [0, inf), an array of such, or a schedule (a function"),
    (
        lambda: gl.adam(lr=0.1),
        "adam: got an unexpected keyword argument 'lr'; did you mean learning_rate? the call is adam(learning_rate=",
    ),
    (lambda: gl.adam(0.1, betas=(0.9, 0.99)), "keyword argument 'betas'; did you mean b1 and b2? the call is adam("),
    (
        lambda: gl.adam(lr=0.1, betas=(0.9, 0.99)),
        "adam: got unexpected keyword arguments 'lr' and 'betas'; did you mean learning_rate for lr, and b1 and b2 for "
        "betas? the call is adam(",
    ),
    (lambda: gl.adam(lr=0.1, seed=0), "keyword arguments 'lr' and 'seed'; did you mean learning_rate for lr? the call"),
    (lambda: gl.adam(size=0.1, seed=0), "adam: got unexpected keyword arguments 'size' and 'seed'; the call is adam("),
    (lambda: gl.adamw(0.1, decay=0.1), "keyword argument 'decay'; did you mean weight_decay? the call is adamw("),
    (lambda: gl.adamw(0.1, l2=0.1), "keyword argument 'l2'; did you mean weight_decay? the call is adamw("),
    (lambda: gl.adam(0.1, beta_1=0.9), "keyword argument 'beta_1'; did you mean b1? the call is adam("),
    (lambda: gl.rmsprop(0.1, alpha=0.9), "keyword argument 'alpha'; did you mean decay? the call is rmsprop("),
    (lambda: gl.flavors.torch.adam(0.1, b1=0.9), "keyword argument 'b1'; did you mean betas? the call is flavors."),
    (lambda: gl.flavors.keras.adam(0.1, b1=0.9), "keyword argument 'b1'; did you mean beta_1? the call is flavors."),
    (lambda: gl.adam(0.1).replace(betas=(0.9, 0.99)), "no argument 'betas' (did you mean b1 and b2?)"),
    (lambda: gl.adamw(0.1, weight_decay_mask=gl.ndim(2)), "'weight_decay_mask'; did you mean mask? the call is adamw("),
    (lambda: gl.muon(0.1, momentun=0.9), "keyword argument 'momentun'; did you mean momentum? the call is muon(lea"),
    (lambda: gl.adam(0.1, zzz=1), "keyword argument 'zzz'; the call is adam("),
    (
        lambda: gl.adam(0.1).replace(lr=0.2),
        "adam: there is no argument 'lr' (did you mean learning_rate?). The arguments are learning_rate, b1, b2, eps",
    ),
    (lambda: gl.adam([0.1, 0.2]), "learning_rate must be a number in [0, inf), an array of such, or a schedule"),
    (lambda: gl.adam(0.1).lr, "adam has no argument or attribute 'lr'; its arguments: learning_rate, b1, b2, eps"),
    (
        lambda: gl.adam(0.1).step(PARAMS),
        "adam has no step(...), because it changes no parameters itself; write ",
    ),
    (lambda: gl.explain(optax.MultiSteps(SGD, 2)), "got MultiSteps; pass its gradient_transformation(), or use gl.acc"),
    (lambda: gl.average_params(optax.MultiSteps(SGD, 2)), "as scale_by_rms(); got MultiSteps; pass its gradient_t"),
    (lambda: gl.chain(optax.MultiSteps(SGD, 2)), "its gradient_transformation(), or use gl.accumulate in its place"),
    (
        lambda: gl.make_step(total)(optax.MultiSteps(SGD, 2), PARAMS, (), None),
        "takes a transformation first; got MultiSteps; pass its gradient_transformation(), or use gl.accumulate",
    ),
    (lambda: gl.adam(0.1).update(PARAMS, PARAMS), "Pass the state that its own init(params) or its last update return"),
    (lambda: updated(gl.sgd(lambda: 0.1)), "<lambda> is called with the step, but takes ()"),
    (lambda: updated(gl.sgd(lambda step: "0.1")), "<lambda> must return a number, got str: '0.1'"),
    (lambda: updated(gl.sgd(lambda step: None)), "<lambda> must return a number, got NoneType: None"),
    (lambda: schedules.cosine(0.1, 10) + "a", "a schedule is joined by + with a number or a schedule; got 'a'"),
    (lambda: schedules.cosine(0.1, 10)(1.5), "a schedule counts whole steps from 0, got 1.5; pass an integer"),
    (lambda: schedules.cosine(0.1), "missing a required argument: 'decay_steps'; the call is cosine(init_value, dec"),
    (lambda: schedules.join([0.1, 0.2], 10), "join: boundaries must be a list, got float: 10.0; write [10.0]"),
    (lambda: schedules.warmup_cosine(0.0, 0.1, 100, 10), "pass warmup_steps + the steps of the decay"),
    (lambda: gl.make_step(3), "make_step takes the loss, a function of (params, batch); got int. The optimizer is the"),
    (lambda: gl.make_step(SGD), "make_step takes the loss, a function of (params, batch); got Transformation."),
    (lambda: stepped(lambda params, batch: params["w"]), "the loss must return a real scalar; got float"),
    (lambda: stepped(lambda params, batch: None), "the loss must return a real scalar; got nothing"),
    (
        lambda: stepped(lambda params, batch: total(params, batch).astype(complex)),
        "the loss must return a real scalar; got compl",
    ),
    (lambda: stepped(lambda params, batch: (total(params, batch), {})), "got a pair: pass make_step(loss, has_aux=Tru"),
    (lambda: stepped(total, has_aux=True), "must return a pair of a real scalar and anything else, because has_aux"),
    (lambda: stepped(total, PARAMS), "step(tx, params, state, batch) takes a transformation first, such as adam(); go"),
    (lambda: gl.transformation(lambda rate: None)(0.1), "must return an (init, update) pair of functions, but it retu"),
    (lambda: gl.transformation(optax.adam)(), "missing a required argument: 'learning_rate'; the call is adam(learni"),
    (
        lambda: gl.store(SGD, "float31"),
        "store: codec must be a codec, such as gl.codecs.dynamic_blocks(), a floating-point",
    ),
    (lambda: sweep("ravin", gl.sgd, {"learning_rate": 0.1}), "no problem is named 'ravin'; did you mean ravine?"),
    (lambda: sweep("ravine", SGD, {"learning_rate": 0.1}), "an optimizer that is made already, and runs need one"),
    (
        lambda: sweep("ravine", {1: gl.sgd}, {"learning_rate": 0.1}),
        "optimizers are named by text in a dictionary, got 1; write str: factory",
    ),
    (lambda: sweep("ravine", gl.sgd, {"learning_rate": 0.1}, step=3), "sweep has no argument 'step'; did you mean ste"),
    (lambda: search("ravine", gl.sgd, Log(0.01, 1)), "hyperparameters must be a dictionary of names and their values"),
    (lambda: leaderboard({"ravine": 1}), "expected the Dataset of one problem, got dict; pass one of its values, s"),
    (lambda: ranks(3), "expected the Dataset of one problem, got int"),
    (lambda: rank_configurations(3), "expected the Dataset of one problem, got int"),
    (lambda: unstack("sweep"), "expected the Dataset of one problem, got str"),
    (lambda: mean_scores(None), "expected the Dataset of one problem, got NoneType"),
    (lambda: as_race(3), "expected the Dataset of a race or a sweep of one problem, got int; read one with"),
    (lambda: check(SGD, laws="pure"), "laws must be a tuple of names, got the string 'pure'; write laws=('pure',)"),
    (lambda: check(SGD, claims="descends"), "claims must be a tuple of names, got the string 'descends'; write claim"),
    (lambda: check(SGD, dtypes=("float33",)), "unknown dtype 'float33'; there are: "),
    (lambda: check(SGD, laws=(), reference="adm"), "unknown reference 'adm'; there are: adabelief, "),
    (lambda: assert_lawful(SGD, refrence="sgd"), "check has no argument 'refrence'; did you mean reference?"),
    (lambda: check(gl.sgd, refrence="sgd"), "check has no argument 'refrence'; did you mean reference?"),
    (lambda: check(optax.sgd, dtype="float32", learning_rate=0.1), "check has no argument 'dtype'; did you mean dtype"),
    (lambda: check(gl.sgd, gl.adam), "check takes tx by place, and all else by name; write reference=adam"),
    (lambda: assert_lawful(gl.sgd, ("pure",)), "assert_lawful takes tx by place, and all else by name; write laws="),
    (lambda: check_schedule(gl.schedules.linear, law=("finite",)), "check_schedule has no argument 'law'; did you mea"),
    (lambda: check(SGD, reference="paper:step"), "typed so on the command line; in Python import the function and pas"),
    (lambda: check(SGD, reference=SGD), "the reference is a transformation, expected a function of NumPy for one leaf"),
    (lambda: assert_same_trajectory(SGD, 3), "the reference is of type int, expected a function of NumPy for one lea"),
    (lambda: assert_same_trajectory(SGD, "sdg"), "unknown reference 'sdg'; there are: adabelief, "),
    (lambda: torch.Adam(0.1), "has no attribute 'Adam'; the optimizers are functions, in lower case: adam"),
    (lambda: torch.adam(PARAMS), "Parameters are given to init(params), and not to the optimizer"),
    (lambda: torch.adam(betas=0.9), "flavors.torch.adam: betas must be a tuple of 2 numbers, got float: 0.9"),
    (lambda: keras.adam(clipnorm=1.0, clipvalue=1.0), "clipnorm and clipvalue exclude each other, as in Keras; pass o"),
]


@pytest.mark.parametrize(("call", "message"), CALLS, ids=[message[:40] for _, message in CALLS])
def test_a_wrong_call_is_a_line(call: Callable[[], Any], message: str) -> None:
    with pytest.raises((TypeError, ValueError, AttributeError, KeyError)) as caught:
        call()
    text = str(caught.value)
    assert message in text
    assert "\n" not in text


def test_what_resembles_them_is_right() -> None:
    assert np.isclose(schedules.join([0.1, schedules.constant(0.2)], [10])(10), 0.2)
    _, _, (value, extra) = stepped(lambda params, batch: (total(params, batch), 3.0), has_aux=True)
    assert (float(value), float(extra)) == (6.0, 3.0)
    assert updated(gl.sgd(lambda step: np.float64(0.5)))[0]["w"][0, 0] == -0.5
