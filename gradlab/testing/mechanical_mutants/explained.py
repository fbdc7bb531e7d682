"""The mechanical mutants that survive for a known reason, by their names."""

from __future__ import annotations

_ORDER = "the updates are the same, and only the states of the chain have another order"
_COUNT = "the updates are the same: only a count in the state differs, of which nothing matters but whether it is zero"
_UNREAD = "the updates are the same, and only the state has a number more, which nothing reads"
_WIDER = "the updates are the same: the squares in the state are complex numbers without an imaginary part, not real"
_REFUSES = "it refuses complex leaves with an error, which the kit reports as a refusal and not as a breach"
_SCALARS = "it refuses scalars with an error, which the kit reports as a refusal and not as a breach"
_AXES = (
    "it refuses leaves of three axes with an error, unless two of them are equally long, and no "
    "leaf of the network is so"
)
_MIXED = "only trees of leaves of several dtypes differ, in digits that the narrower dtype does not have"
_INFINITE = (
    "only an infinite complex gradient differs: the state is NaN in place of infinity, and the updates are NaN in both"
)
_TIES = "only complex numbers of exactly the same magnitude differ: which of them is kept is promised nowhere"
_FLOOR = "only a zero gradient differs in the state, until the next gradient that is not zero"
_WARMS_UP = (
    "only a learning rate that grows differs, and references are compared under one that decays; the tests of "
    "schedule_free warm up"
)
_FLOAT = "only the dtype of a count differs: in float32 it is exact for 16 million steps"

# Edits of the state alone, which are counted as equivalent.
SAME_UPDATES = (_ORDER, _COUNT, _UNREAD, _WIDER)

_BY_REASON: dict[str, tuple[str, ...]] = {
    _ORDER: (
        (
            "amsgrad.amsgrad: arguments swapped: chain(scale_by_momentum(b1), bias_correction(b1), "
            "scale_by_rms(second, eps, 0.0 if eps_root is None else eps_root), "
            "scale_by_learning_rate(learning_rate)) -> chain(scale_by_momentum(b1), scale_by_rms(second, "
            "eps, 0.0 if eps_root is None else eps_root), bias_correction(b1), "
            "scale_by_learning_rate(learning_rate))"
        ),
        (
            "adamax.adamax: arguments swapped: chain(scale_by_momentum(b1), scale_by_infinity_norm(b2, "
            "eps), bias_correction(b1), scale_by_learning_rate(learning_rate)) -> "
            "chain(scale_by_momentum(b1), bias_correction(b1), scale_by_infinity_norm(b2, eps), "
            "scale_by_learning_rate(learning_rate))"
        ),
        (
            "adabound._compose_bounded: arguments swapped: chain(rms, bias_correction(b1, b2), "
            "scale(learning_rate), bounds) -> chain(bias_correction(b1, b2), rms, scale(learning_rate), "
            "bounds)"
        ),
        (
            "adabound._compose_bounded: arguments swapped: chain(rms, bias_correction(b1, b2), "
            "scale(learning_rate), bounds) -> chain(rms, scale(learning_rate), bias_correction(b1, b2), "
            "bounds)"
        ),
    ),
    _COUNT: (
        (
            "momentum.scale_by_heavy_ball: rounded to half precision: HeavyBallState(buffer, entries) -> "
            "HeavyBallState(buffer, through_half(entries))"
        ),
    ),
    _UNREAD: (
        (
            "sgd.sgd: name confused: look_ahead(momentum, dampening, shift_ahead(momentum)) -> "
            "look_ahead(learning_rate, dampening, shift_ahead(momentum))"
        ),
        (
            "momentum.nesterov: branch dropped: jnp.zeros((), jnp.int32 if as_power else None) if corrected "
            "else () -> jnp.zeros((), jnp.int32 if as_power else None)"
        ),
    ),
    _WIDER: (
        ("second_moment.scale_by_stddev: name confused: raw_init(estimator, square) -> raw_init(estimator, params)"),
        (
            "second_moment.scale_by_update_rms: part of a complex number lost: lambda p: "
            "jnp.zeros_like(p.real) -> lambda p: jnp.zeros_like(p)"
        ),
        (
            "second_moment.scale_by_infinity_norm: part of a complex number lost: lambda p: "
            "jnp.zeros_like(p.real) -> lambda p: jnp.zeros_like(p)"
        ),
        ("second_moment.scale_by_rms: function left out: map_by_shape(squared_magnitude, params) -> params"),
        ("second_moment.scale_by_stddev: function left out: map_by_shape(squared_magnitude, params) -> params"),
    ),
    _REFUSES: (
        (
            "clipping._apply_to_parts: branch dropped: jax.lax.complex(clip(d.real), clip(d.imag)) if "
            "jnp.iscomplexobj(d) else clip(d) -> clip(d)"
        ),
        (
            "clipping._apply_to_parts: condition negated: jax.lax.complex(clip(d.real), clip(d.imag)) if "
            "jnp.iscomplexobj(d) else clip(d) -> clip(d) if jnp.iscomplexobj(d) else "
            "jax.lax.complex(clip(d.real), clip(d.imag))"
        ),
        (
            "clipping._apply_to_parts: part of a complex number lost: jax.lax.complex(clip(d.real), "
            "clip(d.imag)) -> jax.lax.complex(clip(d), clip(d.imag))"
        ),
        (
            "clipping._apply_to_parts: part of a complex number lost: jax.lax.complex(clip(d.real), "
            "clip(d.imag)) -> jax.lax.complex(clip(d.real), clip(d))"
        ),
        (
            "safe_arithmetic.bound_for_squaring: condition negated: if not jnp.iscomplexobj(x): return _clamp_finite("
            "x, bound) -> if not not jnp.iscomplexobj(x): return _clamp_finite(x, bound)"
        ),
        (
            "safe_arithmetic.bound_for_squaring: condition negated: if not jnp.iscomplexobj(x): return _clamp_finite("
            "x, bound) -> if jnp.iscomplexobj(x): return _clamp_finite(x, bound)"
        ),
        (
            "safe_arithmetic.bound_for_squaring: part of a complex number lost: jax.lax.complex(x.real * "
            "shrink, x.imag * shrink) -> jax.lax.complex(x * shrink, x.imag * shrink)"
        ),
        (
            "safe_arithmetic.bound_for_squaring: part of a complex number lost: jax.lax.complex(x.real * "
            "shrink, x.imag * shrink) -> jax.lax.complex(x.real * shrink, x * shrink)"
        ),
    ),
    _SCALARS: (
        (
            "bias_correction.bias_correction: name confused: () if decay is None else power_weight(decay, "
            "step) -> () if decay is None else power_weight(decay, new_state)"
        ),
    ),
    _AXES: (
        ("centralization.centralize: argument left out: d.mean(axis=inputs, keepdims=True) -> d.mean(axis=inputs)"),
        (
            "centralization.centralize: constant changed: d.mean(axis=inputs, keepdims=True) -> "
            "d.mean(axis=inputs, keepdims=False)"
        ),
    ),
    _MIXED: (("estimators._take_larger: name confused: jnp.iscomplexobj(new) -> jnp.iscomplexobj(old)"),),
    _INFINITE: (
        (
            "safe_arithmetic.bound_for_squaring: function left out: jnp.where(jnp.isfinite(larger), "
            "jax.lax.complex(x.real * shrink, x.imag * shrink), x) -> jax.lax.complex(x.real * shrink, "
            "x.imag * shrink)"
        ),
        ("safe_arithmetic.bound_for_squaring: function left out: jnp.isfinite(larger) -> larger"),
        ("safe_arithmetic.bound_for_squaring: name confused: jnp.isfinite(larger) -> jnp.isfinite(bound)"),
        ("safe_arithmetic.bound_for_squaring: name confused: jnp.isfinite(larger) -> jnp.isfinite(shrink)"),
    ),
    _TIES: (
        (
            "estimators.running_max: arguments swapped: map_by_shape(_take_larger, state.maximum, updates) "
            "-> map_by_shape(_take_larger, updates, state.maximum)"
        ),
        (
            "estimators._take_larger: comparison changed: magnitude(old) > magnitude(new) -> magnitude(old) "
            ">= magnitude(new)"
        ),
    ),
    _FLOOR: (
        (
            "safe_arithmetic.magnitude: constant changed: jnp.where(zero, 0, jnp.abs(jnp.where(zero, 1, "
            "x))) -> jnp.where(zero, -1, jnp.abs(jnp.where(zero, 1, x)))"
        ),
    ),
    _WARMS_UP: (
        ("schedule_free.schedule_free_sgd: name confused: learning_rate -> b1"),
        ("schedule_free.schedule_free_adamw: name confused: learning_rate -> b1"),
    ),
    _FLOAT: (("momentum.nesterov: branch dropped: jnp.int32 if as_power else None -> None"),),
}

EXPLAINED: dict[str, str] = {name: reason for reason, names in _BY_REASON.items() for name in names}
