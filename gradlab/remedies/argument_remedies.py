"""Remedies for an argument that an optimizer does not have: the links of a chain that do its work."""

from __future__ import annotations

from collections.abc import Collection, Iterable

_CLIPPING = "clipping is a link of a chain: gl.chain(gl.clip_by_{}({}), tx)"
_OF_NORM, _OF_VALUE = _CLIPPING.format("global_norm", "max_norm"), _CLIPPING.format("value", "limit")
_CORRECTION = (
    "links correct the bias, gl.bias_correction or gl.nesterov(corrected=True): write the chain that str(tx) shows, "
    "with or without the correction"
)
_DTYPE = "gl.store keeps the arrays of a link in another dtype, and optimizers of gl.flavors.optax take this argument"

_REMEDIES = {
    **dict.fromkeys(("clip", "clip_norm", "clip_grad", "clip_grad_norm", "clip_gradient", "clip_gradients"), _OF_NORM),
    **dict.fromkeys(("clip_by_global_norm", "gradient_clip", "gradient_clipping", "grad_clip", "clipnorm"), _OF_NORM),
    **dict.fromkeys(("max_norm", "max_grad_norm", "grad_clip_norm", "global_clipnorm", "clip_global_norm"), _OF_NORM),
    **dict.fromkeys(("clip_value", "clipvalue", "clip_by_value", "clip_grad_value", "gradient_clip_val"), _OF_VALUE),
    **dict.fromkeys(("bias_correction", "use_bias_correction", "correct_bias", "bias_correct", "debias"), _CORRECTION),
    **dict.fromkeys(("mu_dtype", "accumulator_dtype"), _DTYPE),
    "maximize": "to climb, turn the steps back by a link: gl.chain(tx, gl.scale(-1.0))",
}

# Adam and AdamW correct always. These are their links without the correction.
_UNCORRECTED = {
    label: f"without its correction, {label} is gl.chain(gl.scale_by_momentum(b1), gl.scale_by_rms(b2, eps), "
    f"{decay}gl.scale_by_learning_rate(learning_rate))"
    for label, decay in {"adam": "", "adamw": "gl.add_decayed_weights(weight_decay), "}.items()
}


def suggest_links(label: str, unknown: Iterable[str], known: Collection[str]) -> str:
    """Return which links do what unknown arguments of an optimizer mean, as in "clipping is a link of ...; ", or ""."""
    if "learning_rate" not in known and "lr" not in known:
        return ""  # it is a link itself, or no transformation
    remedies = (
        _UNCORRECTED[label] if _REMEDIES.get(name) is _CORRECTION and label in _UNCORRECTED else _REMEDIES.get(name)
        for name in unknown
    )
    return "".join(f"{remedy}; " for remedy in dict.fromkeys(remedies) if remedy)
