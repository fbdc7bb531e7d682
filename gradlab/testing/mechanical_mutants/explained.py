"""The mechanical mutants that survive for a known reason, by their names."""

from __future__ import annotations

_REFUSES = "it refuses complex leaves with an error, which the kit reports as a refusal and not as a breach"
_COUNT = "only a count in the state differs, of which nothing matters but whether it is zero"
_ORDER = "the updates are the same, and only the states of the chain have another order"
_WIDER = "only the state of complex leaves differs: its squares are complex numbers without an imaginary part, not real"
_MIXED = "only trees of float64 leaves beside float32 ones differ, and the laws mix float32 with half precision only"

EXPLAINED: dict[str, str] = {
    "clipping._apply_to_parts: condition negated: "
    "jax.lax.complex(clip(d.real), clip(d.imag)) if jnp.iscomplexobj(d) else clip(d) -> "
    "clip(d) if jnp.iscomplexobj(d) else jax.lax.complex(clip(d.real), clip(d.imag))": _REFUSES,
    "clipping._apply_to_parts: branch dropped: "
    "jax.lax.complex(clip(d.real), clip(d.imag)) if jnp.iscomplexobj(d) else clip(d) -> clip(d)": _REFUSES,
    "clipping._norm: part of a complex number lost: "
    "(leaf.real.dtype for leaf in leaves) -> (leaf.dtype for leaf in leaves)": _REFUSES,
    "clipping._norm: name confused: wide -> narrow": _MIXED,
    "clipping._norm: constant changed: "
    "(jnp.finfo(dtypes[0]), dtypes[-1]) -> (jnp.finfo(dtypes[0]), dtypes[-0])": _MIXED,
    "momentum.scale_by_heavy_ball: rounded to half precision: "
    "HeavyBallState(buffer, entries) -> HeavyBallState(buffer, through_half(entries))": _COUNT,
    "second_moment.scale_by_stddev: name confused: raw_init(estimator, square) -> raw_init(estimator, params)": _WIDER,
    "second_moment.scale_by_update_rms: part of a complex number lost: "
    "lambda p: jnp.zeros_like(p.real) -> lambda p: jnp.zeros_like(p)": _WIDER,
    "amsgrad.amsgrad: arguments swapped: "
    "chain(scale_by_momentum(b1), bias_correction(b1), scale_by_rms(second, eps, 0.0 if eps_root is None else "
    "eps_root), scale_by_learning_rate(learning_rate)) -> "
    "chain(scale_by_momentum(b1), scale_by_rms(second, eps, 0.0 if eps_root is None else eps_root), "
    "bias_correction(b1), scale_by_learning_rate(learning_rate))": _ORDER,
    "adamax.adamax: arguments swapped: "
    "chain(scale_by_momentum(b1), scale_by_infinity_norm(b2, eps), bias_correction(b1), "
    "scale_by_learning_rate(learning_rate)) -> "
    "chain(scale_by_momentum(b1), bias_correction(b1), scale_by_infinity_norm(b2, eps), "
    "scale_by_learning_rate(learning_rate))": _ORDER,
}
