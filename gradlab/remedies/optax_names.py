"""Names of optax and PyTorch that gradlab does not have, and what takes their place."""

from __future__ import annotations

from typing import Any

REPLACEMENTS = {
    "MultiSteps": "gl.accumulate",
    "apply_if_finite": "gl.skip_nonfinite",
    "clip": "gl.clip_by_value",
    "clip_by_block_rms": "gl.clip_by_rms",
    "ema": "gl.chain(gl.scale_by_momentum(decay), gl.bias_correction(decay))",
    "trace": "gl.scale_by_momentum(decay, dampening=0.0)",
    "masked": "gl.only",
    "set_to_zero": "gl.freeze",
    "scale_by_schedule": "gl.scale(schedule)",
    "scale_by_adam": "gl.chain(*gl.adam(1.0).links[:-1])",
    "inject_hyperparams": "gl.hyperparameters(tx, state), and tx.replace(...)",
    "adaptive_grad_clip": "optax.adaptive_grad_clip itself as a link",
    "adamaxw": "gl.flavors.optax.adamaxw",
    "multi_transform": "gl.partition",
    "monitor": "gl.probe, and gl.metrics(state)",
    "snapshot": "gl.probe, and gl.metrics(state)",
    "scale_by_amsgrad": "gl.running_max() in the estimator of gl.scale_by_rms",
    "inject_stateful_hyperparams": "gl.hyperparameters(tx, state), and tx.replace(...)",
}

# Schedules of optax that have another name in `gl.schedules`, beyond "_schedule" and "_decay" at the end.
OF_SCHEDULES = {
    "join_schedules": "join",
    "piecewise_constant_schedule": "piecewise",
    "piecewise_interpolate_schedule": "join",
    "warmup_constant_schedule": "linear",
    "warmup_exponential_decay_schedule": "join",
    "cosine_onecycle_schedule": "one_cycle",
    "linear_onecycle_schedule": "join",
    "sgdr_schedule": "join",
}

_NORM, _VALUE = "gl.chain(gl.clip_by_global_norm(max_norm), tx)", "gl.chain(gl.clip_by_value(limit), tx)"
OF_TORCH = {"clip_grad_norm": _NORM, "clip_grad_norm_": _NORM, "clip_grad_value_": _VALUE}


def suggest_wrapped(thing: Any) -> str:
    """Return what to pass in place of an object such as optax's MultiSteps, which is no pair; "" for anything else."""
    if not callable(getattr(thing, "gradient_transformation", None)):
        return ""
    own = REPLACEMENTS.get(type(thing).__name__)
    return f"pass its gradient_transformation(){f', or use {own} in its place' if own else ''}"
