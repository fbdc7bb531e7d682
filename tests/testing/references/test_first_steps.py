"""The first steps of the references, against numbers worked out by hand."""

import numpy as np
import pytest

from gradlab.testing import references
from tests.testing.references.examples import QUICK, list_changes, run


# All trajectories start at 0. The last entry of each lists the change of each step.
@pytest.mark.parametrize(
    ("step", "gradients", "hyperparameters", "expected"),
    [
        (references.sgd, [2.0, -3.0], {}, [-0.02, 0.03]),
        (references.sgd, [2.0, -3.0], {"learning_rate": 0.5}, [-1.0, 1.5]),
        # v = 2, then .5 * 2 - 3 = -2
        (references.sgd, [2.0, -3.0], {"learning_rate": 0.1, "momentum": 0.5}, [-0.2, 0.2]),
        # v = .75 * 2 = 1.5, then .5 * 1.5 - .75 * 3 = -1.5
        (
            references.sgd,
            [2.0, -3.0],
            {"learning_rate": 0.1, "momentum": 0.5, "dampening": 0.25},
            [-0.15, 0.15],
        ),
        # v = -.2, change -.1 - .2; v = -.1 + .3 = .2, change .1 + .3
        (
            references.sgd,
            [2.0, -3.0],
            {"learning_rate": 0.1, "momentum": 0.5, "nesterov": True},
            [-0.3, 0.4],
        ),
        # 3/4 of the gradients: all of it is linear
        (
            references.sgd,
            [2.0, -3.0],
            {"learning_rate": 0.1, "momentum": 0.5, "nesterov": True, "dampening": 0.25},
            [-0.225, 0.3],
        ),
        # without momentum nothing else matters
        (references.sgd, [2.0], {"nesterov": True, "dampening": 0.25}, [-0.02]),
        # m = .1 * 2, then .9 * .2 - .1 * 3 = -.12
        (references.momentum_average, [2.0, -3.0], {"learning_rate": 0.5}, [-0.1, 0.06]),
        (references.sign_sgd, [2.0, -3e-9, 0.0], {"learning_rate": 0.5}, [-0.5, 0.5, 0.0]),
        # s = 9, then 25
        (
            references.adagrad,
            [3.0, -4.0],
            {"learning_rate": 1.0, "eps": 0.5},
            [-3 / 3.5, 4 / 5.5],
        ),
        # s = 7 + 9
        (
            references.adagrad,
            [3.0],
            {"learning_rate": 1.0, "eps": 0.5, "initial_accumulator": 7.0},
            [-3 / 4.5],
        ),
        (references.adagrad, [1e-10], {"learning_rate": 1.0}, [-0.5]),
        # v = 2, d = sqrt(1/3) 2, w = 2/3; v = 3, d = -sqrt((2/3 + 1) / 4) 2
        (
            references.adadelta,
            [2.0, -2.0],
            {"learning_rate": 0.5, "rho": 0.5, "eps": 1.0},
            [-np.sqrt(1 / 3), 0.5 * np.sqrt(5 / 3)],
        ),
        # v = .1 * 4
        (references.adadelta, [2.0], {}, [-2 * np.sqrt(1e-6 / (0.4 + 1e-6))]),
        # v = .1 * 4
        (references.rmsprop, [2.0], {}, [-0.01 * 2 / (np.sqrt(0.4) + 1e-8)]),
        # v = 1, then 1.75
        (
            references.rmsprop,
            [2.0, -2.0],
            {"learning_rate": 0.1, "decay": 0.75, "eps": 0.5},
            [-0.2 / 1.5, 0.2 / (np.sqrt(1.75) + 0.5)],
        ),
        # v = 2, mean = 1, difference 1; v = 3, mean = -.5, difference 2.75
        (
            references.rmsprop,
            [2.0, -2.0],
            {"learning_rate": 0.1, "decay": 0.5, "eps": 0.5, "centered": True},
            [-0.2 / 1.5, 0.2 / (np.sqrt(2.75) + 0.5)],
        ),
        # v = 4, then 1, so d = 1, then -1; b = 1, then .75 - 1 = -.25
        (
            references.rmsprop,
            [2.0, -1.0],
            {"learning_rate": 0.1, "decay": 0.0, "eps": 0.0, "momentum": 0.75},
            [-0.1, 0.025],
        ),
        # d + .75 b = 1.75, then -1 - .1875
        (
            references.rmsprop,
            [2.0, -1.0],
            {"learning_rate": 0.1, "decay": 0.0, "eps": 0.0, "momentum": 0.75, "nesterov": True},
            [-0.175, 0.11875],
        ),
        # the first step is -a g / (|g| + eps)
        (references.adam, [-3e-8], {}, [1e-3 * 3 / 4]),
        # m = 1, v = 1: m^ = 2, v^ = 4; m = -.5, v = 1.75: m^ = -2/3, v^ = 4
        (references.adam, [2.0, -2.0], {**QUICK, "eps": 0.5}, [-0.08, 0.08 / 3]),
        # sqrt(4 + 5) = 3
        (references.adam, [2.0, -2.0], {**QUICK, "eps": 0.5, "eps_root": 5.0}, [-0.2 / 3.5, 0.2 / 10.5]),
        (references.amsgrad, [2.0, -2.0], {**QUICK, "eps": 0.5, "eps_root": 5.0}, [-0.2 / 3.5, 0.2 / 10.5]),
        # m^ = .5 * 1 / .75 + .5 * 2 / .5 = 8/3, then -.5 * .5 / .875 - .5 * 2 / .75 = -34/21, both over 3.5
        (
            references.adam,
            [2.0, -2.0],
            {**QUICK, "eps": 0.5, "eps_root": 5.0, "nesterov": True},
            [-0.8 / 10.5, 3.4 / 73.5],
        ),
        (references.nadam, [2.0, -2.0], {**QUICK, "eps": 0.5, "eps_root": 5.0}, [-0.8 / 10.5, 3.4 / 73.5]),
        # v = 6: sqrt(6 + 3) = 3; 12 with the correction; 6 - 1 centered
        (references.rmsprop, [2.0], {"decay": 0.5, "eps": 3.0, "initial_scale": 8.0, "eps_in_sqrt": True}, [-0.02 / 3]),
        (
            references.rmsprop,
            [2.0],
            {"decay": 0.5, "eps": 0.0, "initial_scale": 8.0, "bias_correction": True},
            [-0.02 / np.sqrt(12)],
        ),
        (
            references.rmsprop,
            [2.0],
            {"decay": 0.5, "eps": 0.0, "initial_scale": 8.0, "centered": True},
            [-0.02 / np.sqrt(5)],
        ),
        (references.adam_efficient, [-3e-8], {}, [1e-3 * 3 / (3 + 1 / np.sqrt(1e-3))]),
        (
            references.adam_efficient,
            [2.0, -2.0],
            {**QUICK, "eps": 0.5},
            [-0.1 / 1.5, 0.1 * np.sqrt(0.4375) / 0.75 * 0.5 / (np.sqrt(1.75) + 0.5)],
        ),
        (references.adamax, [-3e-8], {}, [2e-3]),
        # m = 1, .75, -1.625 and u = 2, 1, 4
        (
            references.adamax,
            [2.0, 0.5, -4.0],
            {"learning_rate": 0.1, "b1": 0.5, "b2": 0.5},
            [-0.1, -0.1, 0.1 * (1.625 / 0.875) / 4],
        ),
        (references.adamax, [2.0], {"learning_rate": 0.1, "eps": 0.5}, [-0.2 / 2.5]),
        # m^ = .9 * .1 g / (1 - .81) + g
        (references.nadam, [-3.0], {"eps": 1.0}, [2e-3 * 3 * (9 / 19 + 1) / 4]),
        # u = .5, then .25, then .5: products .5, .125, .0625; v^ = 4 at both steps
        # m = 1: m^ = .25 / .875 + .5 * 2 / .5 = 16/7
        # m = .25 - 1.5: m^ = -.625 / .9375 - .75 * 2 / .875 = -2/3 - 12/7
        (
            references.nadam,
            [2.0, -2.0],
            {
                "learning_rate": 0.1,
                "b1": lambda k: [0.5, 0.25][k],
                "next_b1": lambda k: [0.25, 0.5][k],
                "b2": 0.75,
                "eps": 0.5,
            },
            [-0.04 * 16 / 7, 0.04 * (2 / 3 + 12 / 7)],
        ),
        (references.amsgrad, [-3e-8], {}, [1e-3 * 3 / 4]),
        # v^ = 4; then m^ = .5 / .75, v^ = .75 / .4375 < 4, so that 4 stays
        (references.amsgrad, [2.0, 0.0], {**QUICK, "eps": 0.5}, [-0.08, -0.08 / 3]),
        # f = .1, c = .5: lower = 1/30, then .05; upper = .3, then .2; inside: s = .1, v = 1,
        # m = 1; s = .1 sqrt(.4375) / .75, v = 1.75, m = -.5
        (
            references.adabound,
            [2.0, -2.0],
            {**QUICK, "gamma": 0.5, "eps": 0.0},
            [-0.1, 0.5 * 0.1 * np.sqrt(0.4375 / 1.75) / 0.75],
        ),
        # eps is added to the root, before the clip: .1 / (1 + 1)
        (references.adabound, [2.0], {**QUICK, "gamma": 0.5, "eps": 1.0}, [-0.05]),
        # below: .1 / 100 < 1/30, m = 100; above: .1 / .01 > .3, m = .01
        (references.adabound, [200.0], {**QUICK, "gamma": 0.5}, [-100 / 30]),
        (references.adabound, [0.02], {**QUICK, "gamma": 0.5}, [-0.003]),
        # half of both bounds, at half of the initial rate
        (
            references.adabound,
            [200.0],
            {**QUICK, "gamma": 0.5, "initial_rate": 0.2},
            [-50 / 30],
        ),
        (references.adabound, [0.02], {**QUICK, "gamma": 0.5, "initial_rate": 0.2}, [-0.0015]),
        # as published: f = .1, c = 1e-3, so that the lower bound is .1 (1 - 1 / 1.001)
        (references.adabound, [2e3], {}, [-0.1 * (1 - 1 / 1.001) * 200]),
        # v = 1, then max(1, .75), where adabound has .75; m = .5
        (
            references.amsbound,
            [2.0, 0.0],
            {**QUICK, "gamma": 0.5, "eps": 0.0},
            [-0.1, -0.5 * 0.1 * np.sqrt(0.4375) / 0.75],
        ),
        (
            references.adabound,
            [2.0, 0.0],
            {**QUICK, "gamma": 0.5, "eps": 0.0},
            [-0.1, -0.5 * 0.1 * np.sqrt(0.4375 / 0.75) / 0.75],
        ),
        (references.amsbound, [2.0], {**QUICK, "gamma": 0.5, "eps": 1.0}, [-0.05]),
        (references.amsbound, [2e3], {}, [-0.1 * (1 - 1 / 1.001) * 200]),
        (references.amsbound, [0.02], {**QUICK, "gamma": 0.5, "initial_rate": 0.2}, [-0.0015]),
    ],
)
def test_first_steps_by_hand(step, gradients, hyperparameters, expected):
    got = list_changes(step, gradients, **hyperparameters)
    np.testing.assert_allclose(got, expected, rtol=1e-13)


def test_adamw_decays_the_parameters_before_the_step():
    points = run(references.adamw, 3.0, [2.0, -2.0], **QUICK, eps=0.5, weight_decay=0.2)
    first = 3.0 - 0.08 - 0.1 * 0.2 * 3.0
    second = first + 0.08 / 3 - 0.1 * 0.2 * first
    np.testing.assert_allclose(points, [3.0, first, second], rtol=1e-14)
    default, _ = references.adamw(np.array(0.0), {}, 1, np.array(3.0))
    np.testing.assert_allclose(default, -1e-3 * 1e-2 * 3.0, rtol=1e-14)


def test_sign_of_a_complex_gradient_is_its_direction():
    change = list_changes(references.sign_sgd, [3.0 + 4.0j, -2.0j, 0.0], learning_rate=1.0)
    np.testing.assert_allclose(change, [-0.6 - 0.8j, 1.0j, 0.0], rtol=1e-15)
