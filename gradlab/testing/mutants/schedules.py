"""Mutants of schedules, which are examined by themselves."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

import gradlab as gl

from .mutant import breaks

# The arguments of the examples in the registry, with which the right versions are examined.
_COSINE: dict[str, Any] = {"init_value": 0.1, "decay_steps": 100}
_WARMUP: dict[str, Any] = {"init_value": 0.0, "peak_value": 0.1, "warmup_steps": 10, "decay_steps": 100}


def _fall(share):
    """Return half a cosine from 1 to 0, at a share of the way in [0, 1]."""
    return (1 + jnp.cos(jnp.pi * jnp.clip(share, 0, 1))) / 2


@breaks("formula", of="cosine", mistake="the first step counts as step 1", reference="cosine", **_COSINE)
@gl.schedules.schedule
def cosine_counts_from_one(init_value, decay_steps):
    return lambda step: init_value * _fall((step + 1) / decay_steps)


@breaks("formula", of="cosine", mistake="the angle goes to pi / 2 only", reference="cosine", **_COSINE)
@gl.schedules.schedule
def cosine_of_half_the_angle(init_value, decay_steps):
    return lambda step: init_value * jnp.cos(jnp.pi / 2 * jnp.clip(step / decay_steps, 0, 1))


@breaks("end points", of="cosine", mistake="the last value comes one step late", reference="cosine", **_COSINE)
@gl.schedules.schedule
def cosine_ends_late(init_value, decay_steps):
    return lambda step: init_value * _fall(step / (decay_steps + 1))


@breaks("end points", of="cosine", mistake="the step is not bounded, so it rises again", reference="cosine", **_COSINE)
@gl.schedules.schedule
def cosine_rises_again(init_value, decay_steps):
    return lambda step: init_value * (1 + jnp.cos(jnp.pi * step / decay_steps)) / 2


@breaks(
    "monotone",
    of="cosine",
    mistake="nothing bounds the step where nobody says what the formula is",
    claims={"monotone": "falling"},
    **_COSINE,
)
@gl.schedules.schedule
def cosine_swings(init_value, decay_steps):
    return lambda step: init_value * (1 + jnp.cos(jnp.pi * step / decay_steps)) / 2


@breaks(
    "formula",
    of="warmup_cosine",
    mistake="the decay lasts decay_steps after the warm-up, although they count both phases",
    source="timm, pull request 2312, 2024",
    reference="warmup_cosine",
    **_WARMUP,
)
@gl.schedules.schedule
def warmup_cosine_counts_the_warmup_twice(init_value, peak_value, warmup_steps, decay_steps):
    def at(step):
        rising = init_value + (peak_value - init_value) * step / warmup_steps
        return jnp.where(step < warmup_steps, rising, peak_value * _fall((step - warmup_steps) / decay_steps))

    return at


@breaks(
    "continuous",
    of="warmup_cosine",
    mistake="the decay counts from step 0, so that it has passed in part when it begins",
    source="fairchem, pull request 1967, 2026",
    claims=("continuous",),
    **_WARMUP | {"warmup_steps": 50},
)
@gl.schedules.schedule
def warmup_cosine_jumps(init_value, peak_value, warmup_steps, decay_steps):
    def at(step):
        rising = init_value + (peak_value - init_value) * step / warmup_steps
        return jnp.where(step < warmup_steps, rising, peak_value * _fall(step / decay_steps))

    return at


@breaks(
    "start",
    of="linear",
    mistake="the first step already goes a part of the way",
    claims={"start": 0.1},
    init_value=0.1,
    end_value=0.0,
    transition_steps=100,
)
@gl.schedules.schedule
def linear_starts_on_its_way(init_value, end_value, transition_steps):
    return lambda step: init_value + (end_value - init_value) * jnp.minimum((step + 1) / transition_steps, 1)


@breaks("end", of="cosine", mistake="it ends at a hundredth of the start", claims={"end": (100, 0.0)}, **_COSINE)
@gl.schedules.schedule
def cosine_ends_above_zero(init_value, decay_steps):
    return lambda step: init_value * (0.01 + 0.99 * _fall(step / decay_steps))


@breaks(
    "every argument matters",
    of="linear",
    mistake="the end value is ignored",
    init_value=0.1,
    end_value=0.0,
    transition_steps=100,
)
@gl.schedules.schedule
def linear_ends_at_zero(init_value, end_value, transition_steps):
    return lambda step: init_value * (1 - jnp.minimum(step / transition_steps, 1))


@breaks(
    "formula",
    of="exponential",
    mistake="the rate is applied at each step, not once in transition_steps",
    reference="exponential",
    init_value=0.1,
    transition_steps=10,
    decay_rate=0.9,
)
@gl.schedules.schedule
def exponential_at_each_step(init_value, transition_steps, decay_rate):
    return lambda step: init_value * decay_rate ** (step + 0.0 * transition_steps)


@breaks("finite", of="inverse_square_root", mistake="one is added to an integer step, which overflows at the last")
def inverse_square_root_overflows():
    return lambda step: 0.1 / jnp.sqrt((jnp.asarray(step) + 1) / 10)


@breaks("finite", of="inverse_square_root", mistake="it divides by the root of the step, which is 0 at first")
def inverse_square_root_from_infinity():
    return lambda step: 0.1 / jnp.sqrt(step / 10)


@breaks("real scalar", of="inverse_time", mistake="the value is rounded to bfloat16")
def inverse_time_in_half_precision():
    return lambda step: (0.1 / (1 + jnp.asarray(step, jnp.float32) / 10)).astype(jnp.bfloat16)


@breaks("traced alike", of="inverse_time", mistake="an if of Python's asks for the step")
def inverse_time_with_a_branch():
    return lambda step: 0.1 if step < 100 else 0.1 / (1 + (step - 100) / 10)


@breaks("any integer", of="inverse_time", mistake="a step of Python's is taken for a share of 100 steps")
def inverse_time_by_type():
    return lambda step: 0.1 / (1 + step * (10 if isinstance(step, int) else 1) / 10)


@breaks("function of the step", of="inverse_time", mistake="it counts its calls, and not the steps")
def inverse_time_counts_calls():
    calls = []

    def at(step):
        calls.append(step)
        return 0.1 / (1 + len(calls) / 10)

    return at
