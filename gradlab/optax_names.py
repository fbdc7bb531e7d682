"""Names of optax and PyTorch that gradlab does not have, and what takes their place."""

from __future__ import annotations

REPLACEMENTS = {
    "MultiSteps": "gl.accumulate",
    "apply_if_finite": "gl.skip_nonfinite",
    "clip": "gl.clip_by_value",
    "ema": "gl.chain(gl.scale_by_momentum(decay), gl.bias_correction(decay))",
    "trace": "gl.scale_by_momentum(decay, dampening=0.0)",
    "masked": "gl.only",
    "set_to_zero": "gl.freeze",
    "scale_by_schedule": "gl.scale(schedule)",
    "scale_by_adam": "gl.chain(*gl.adam(1.0).links[:-1])",
    "inject_hyperparams": "gl.hyperparameters(tx, state), and tx.replace(...)",
    "adaptive_grad_clip": "optax.adaptive_grad_clip itself as a link",
}

_NORM, _VALUE = "gl.chain(gl.clip_by_global_norm(max_norm), tx)", "gl.chain(gl.clip_by_value(limit), tx)"
OF_TORCH = {"clip_grad_norm": _NORM, "clip_grad_norm_": _NORM, "clip_grad_value_": _VALUE}
