"""The mechanical mutants that survive for a known reason, by their names."""

from __future__ import annotations

_REFUSES = "it refuses complex leaves with an error, which the kit reports as a refusal and not as a breach"

EXPLAINED: dict[str, str] = {
    "clipping._apply_to_parts: condition negated: "
    "jax.lax.complex(clip(d.real), clip(d.imag)) if jnp.iscomplexobj(d) else clip(d) -> "
    "clip(d) if jnp.iscomplexobj(d) else jax.lax.complex(clip(d.real), clip(d.imag))": _REFUSES,
    "clipping._apply_to_parts: branch dropped: "
    "jax.lax.complex(clip(d.real), clip(d.imag)) if jnp.iscomplexobj(d) else clip(d) -> clip(d)": _REFUSES,
}
