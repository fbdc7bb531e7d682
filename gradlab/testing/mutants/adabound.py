"""Wrong AdaBounds and AMSBounds: mistakes in the bounded learning rate and in its bounds."""

from __future__ import annotations

import gradlab as gl
from gradlab.values.numeric_arguments import is_schedule

from .adam_relatives import never_falling_mean
from .mutant import mutates


def _final(learning_rate, final_rate):
    return gl.schedules.relative(learning_rate) * final_rate if is_schedule(learning_rate) else final_rate


def _bounds(learning_rate, final_rate, gamma):
    f = _final(learning_rate, final_rate)
    return gl.clip_between(gl.schedules.lower_bound(f, gamma), gl.schedules.upper_bound(f, gamma))


@mutates(
    "adabound",
    "the bounds do not follow the schedule: final_rate is not scaled by the ratio of the rate to the first rate",
)
def adabound_bounds_ignore_the_schedule(learning_rate=1e-3, b1=0.9, b2=0.999, final_rate=0.1, gamma=1e-3, eps=1e-8):
    bounds = gl.clip_between(gl.schedules.lower_bound(final_rate, gamma), gl.schedules.upper_bound(final_rate, gamma))
    links = gl.chain(gl.scale_by_rms(b2, eps), gl.bias_correction(b1, b2), gl.scale(learning_rate), bounds)
    return gl.chain(gl.scale_by_momentum(b1), gl.precondition(links), gl.scale(-1.0))


@mutates("adabound", "the update is bounded instead of the rate")
def adabound_bounds_the_update(learning_rate=1e-3, b1=0.9, b2=0.999, final_rate=0.1, gamma=1e-3, eps=1e-8):
    links = gl.chain(gl.scale_by_rms(b2, eps), gl.bias_correction(b1, b2), gl.scale(learning_rate))
    bounds = _bounds(learning_rate, final_rate, gamma)
    return gl.chain(gl.scale_by_momentum(b1), gl.precondition(links), bounds, gl.scale(-1.0))


@mutates("adabound", "the learning rate is applied after the bounds, not before them")
def adabound_rate_behind_the_bounds(learning_rate=1e-3, b1=0.9, b2=0.999, final_rate=0.1, gamma=1e-3, eps=1e-8):
    bounds = _bounds(learning_rate, final_rate, gamma)
    links = gl.chain(gl.scale_by_rms(b2, eps), gl.bias_correction(b1, b2), bounds)
    return gl.chain(gl.scale_by_momentum(b1), gl.precondition(links), gl.scale_by_learning_rate(learning_rate))


@mutates("adabound", "the first moment is corrected too, so its correction is applied twice")
def adabound_corrected_twice(learning_rate=1e-3, b1=0.9, b2=0.999, final_rate=0.1, gamma=1e-3, eps=1e-8):
    bounds = _bounds(learning_rate, final_rate, gamma)
    rates = gl.chain(gl.scale_by_rms(b2, eps), gl.bias_correction(b1, b2), gl.scale(learning_rate), bounds)
    first = gl.chain(gl.scale_by_momentum(b1), gl.bias_correction(b1))
    return gl.chain(first, gl.precondition(rates), gl.scale(-1.0))


@mutates("adabound", "the rate is not corrected for the moments' start at zero")
def adabound_uncorrected(learning_rate=1e-3, b1=0.9, b2=0.999, final_rate=0.1, gamma=1e-3, eps=1e-8):
    links = gl.chain(gl.scale_by_rms(b2, eps), gl.scale(learning_rate), _bounds(learning_rate, final_rate, gamma))
    return gl.chain(gl.scale_by_momentum(b1), gl.precondition(links), gl.scale(-1.0))


@mutates("adabound", "the bounds are those of the next step (their step count is one too high)")
def adabound_bounds_count_too_high(learning_rate=1e-3, b1=0.9, b2=0.999, final_rate=0.1, gamma=1e-3, eps=1e-8):
    f = _final(learning_rate, final_rate)
    bounds = gl.clip_between(_next_lower_bound(f, gamma), _next_upper_bound(f, gamma))
    rates = gl.chain(gl.scale_by_rms(b2, eps), gl.bias_correction(b1, b2), gl.scale(learning_rate), bounds)
    return gl.chain(gl.scale_by_momentum(b1), gl.precondition(rates), gl.scale(-1.0))


@gl.schedules.schedule
def _next_lower_bound(final_rate=0.1, gamma=1e-3):
    return lambda step: final_rate * (1 - 1 / (gamma * (step + 2) + 1))


@gl.schedules.schedule
def _next_upper_bound(final_rate=0.1, gamma=1e-3):
    return lambda step: final_rate * (1 + 1 / (gamma * (step + 2)))


@mutates("adabound", "the lower bound is left out")
def adabound_without_lower_bound(learning_rate=1e-3, b1=0.9, b2=0.999, final_rate=0.1, gamma=1e-3, eps=1e-8):
    upper = gl.schedules.upper_bound(_final(learning_rate, final_rate), gamma)
    rates = gl.chain(gl.scale_by_rms(b2, eps), gl.bias_correction(b1, b2), gl.scale(learning_rate))
    bounded = gl.chain(rates, gl.clip_between(0.0, upper))
    return gl.chain(gl.scale_by_momentum(b1), gl.precondition(bounded), gl.scale(-1.0))


@mutates("amsbound", "the maximum is taken of the corrected second moment, which is then corrected twice")
def amsbound_corrected_twice(learning_rate=1e-3, b1=0.9, b2=0.999, final_rate=0.1, gamma=1e-3, eps=1e-8):
    second = gl.chain(gl.scale_by_momentum(b2), gl.bias_correction(b2), gl.running_max())
    bounds = _bounds(learning_rate, final_rate, gamma)
    rates = gl.chain(gl.scale_by_rms(second, eps), gl.bias_correction(b1, b2), gl.scale(learning_rate), bounds)
    return gl.chain(gl.scale_by_momentum(b1), gl.precondition(rates), gl.scale(-1.0))


@mutates("amsbound", "the maximum is not taken: it is AdaBound")
def amsbound_without_maximum(learning_rate=1e-3, b1=0.9, b2=0.999, final_rate=0.1, gamma=1e-3, eps=1e-8):
    return gl.adabound(learning_rate, b1, b2, final_rate, gamma, eps)


@mutates("amsbound", "the maximum is written back into the second moment")
def amsbound_maximum_written_back(learning_rate=1e-3, b1=0.9, b2=0.999, final_rate=0.1, gamma=1e-3, eps=1e-8):
    bounds = _bounds(learning_rate, final_rate, gamma)
    second = gl.scale_by_rms(never_falling_mean(b2), eps)
    rates = gl.chain(second, gl.bias_correction(b1, b2), gl.scale(learning_rate), bounds)
    return gl.chain(gl.scale_by_momentum(b1), gl.precondition(rates), gl.scale(-1.0))


@mutates("amsbound", "the bounds stay at those of the first step")
def amsbound_bounds_stand_still(learning_rate=1e-3, b1=0.9, b2=0.999, final_rate=0.1, gamma=1e-3, eps=1e-8):
    second = gl.chain(gl.scale_by_momentum(b2), gl.running_max())
    f = _final(learning_rate, final_rate)
    bounds = gl.clip_between((1 - 1 / (gamma + 1)) * f, (1 + 1 / gamma) * f)
    rates = gl.chain(gl.scale_by_rms(second, eps), gl.bias_correction(b1, b2), gl.scale(learning_rate), bounds)
    return gl.chain(gl.scale_by_momentum(b1), gl.precondition(rates), gl.scale(-1.0))
