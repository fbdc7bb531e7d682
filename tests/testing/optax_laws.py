"""The laws that optax's transformations break, and why. The kit must find exactly these.

`python -m tests.testing.optax_laws` examines all of them and prints the table as Markdown. The tests examine those
marked `representative`. Each kind of breach was also confirmed by hand, without the kit.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import jax
import optax
from optax import contrib

from gradlab.testing import Report, check

NARROW = {
    "wide accumulators": "its moments have the dtype of the parameters, even bfloat16",
    "stable state": "its moments start in half precision with the parameters, and become float32 at a float32 gradient",
}
ROUNDS = {"rounded once": "it computes in half precision, and rounds its hyperparameters to half precision"}
FLOATS = {"integer leaves": "it gives an integer leaf floating-point updates"}
BROADCASTS = {"mismatched trees": "a gradient of shape (2, 2) is broadcast against a moment of shape (2,)"}
PARAMETERS = {"mismatched trees": "a gradient of shape (2, 2) is broadcast against a parameter of shape (2,)"}
USUAL = NARROW | ROUNDS | FLOATS | BROADCASTS

VANISHES = {"finite at zero": "eps is zero in float16, so a zero gradient gives 0 / 0"}
ROOT = {"finite at zero": "the derivative of the root of zero is infinite, and NaN when multiplied by zero"}
OVERFLOWS = {"finite at zero": "the derivative 1 / sqrt(eps) overflows in float16, and infinity times zero is NaN"}
SHORT = {"finite at zero": "the derivative of the norm at zero is NaN"}
NORM_ROUNDS = {"mixed dtypes": "it rounds the norm of a bfloat16 leaf to bfloat16 before it adds the others"}
WIDENS = {"mixed dtypes": "it gives a bfloat16 leaf float32 updates beside a float32 leaf"}

KEY = {"msgpack state resumes": "its state holds a typed random key, which Flax cannot serialize"}
DRAWS = {
    "rounded once": "it draws different random numbers in half precision",
    "integer leaves": "it raises a ValueError about the dtype of the noise, not a TypeError that names the leaf",
}
NO_TURN = {"except": ("turns with i",)}  # multiplying the gradient by i does not multiply the noise by i
UNORDERED = {"complex leaves": "it clips, and raises a ValueError because complex numbers have no order"}
SQUARES = {"complex leaves": "the second moment is a mean of g * g, which is complex, not of |g|^2"}
ALIASES = {"unaliased": "init stores the parameters themselves as its first point, not a copy"}
SCALARS = "it assumes that every leaf has an axis, and raises an IndexError at a scalar"


@dataclass(frozen=True)
class Entry:
    """A transformation of optax, and the laws that it breaks, with the reasons."""

    make: Callable[[], optax.GradientTransformation]
    breaks: Mapping[str, str]
    claims: Mapping[str, Any] = field(default_factory=dict)
    representative: bool = False


def _accumulator() -> optax.GradientTransformation:
    return optax.MultiSteps(optax.sgd(0.1), 2).gradient_transformation()


_ELEMENTWISE = dict.fromkeys(("elementwise", "contained", "permutation equivariant", "sign symmetric"), True)

TABLE: dict[str, Entry] = {
    "sgd(0.1)": Entry(lambda: optax.sgd(0.1), ROUNDS | FLOATS, _ELEMENTWISE | {"descends": True}, True),
    "sgd(0.1, momentum=0.9)": Entry(lambda: optax.sgd(0.1, 0.9), USUAL, _ELEMENTWISE),
    "adam(1e-3)": Entry(lambda: optax.adam(1e-3), USUAL | ROOT, _ELEMENTWISE | {"unbiased": True}, True),
    "adamw(1e-3)": Entry(lambda: optax.adamw(1e-3), USUAL | ROOT, _ELEMENTWISE),
    "amsgrad(1e-3)": Entry(lambda: optax.amsgrad(1e-3), USUAL | ROOT, _ELEMENTWISE),
    "nadam(1e-3)": Entry(lambda: optax.nadam(1e-3), USUAL | ROOT, _ELEMENTWISE),
    "radam(1e-3)": Entry(lambda: optax.radam(1e-3), USUAL | ROOT),
    "adamax(2e-3)": Entry(lambda: optax.adamax(2e-3), USUAL | VANISHES),
    "adabelief(1e-3)": Entry(lambda: optax.adabelief(1e-3), USUAL | VANISHES),
    "adan(1e-3)": Entry(lambda: optax.adan(1e-3), USUAL | VANISHES),
    "yogi(1e-2)": Entry(lambda: optax.yogi(1e-2), USUAL),
    "lion(1e-4)": Entry(lambda: optax.lion(1e-4), USUAL, _ELEMENTWISE),
    "adagrad(1e-2)": Entry(lambda: optax.adagrad(1e-2), USUAL),
    "adadelta(1.0)": Entry(lambda: optax.adadelta(1.0), USUAL | OVERFLOWS | SQUARES, {}, True),
    "rmsprop(1e-3)": Entry(lambda: optax.rmsprop(1e-3), USUAL | VANISHES, _ELEMENTWISE, True),
    "rmsprop(1e-3, centered=True)": Entry(lambda: optax.rmsprop(1e-3, centered=True), USUAL | VANISHES),
    "rprop(1e-2)": Entry(lambda: optax.rprop(1e-2), NARROW | FLOATS | BROADCASTS | UNORDERED),
    "sign_sgd(1e-3)": Entry(lambda: optax.sign_sgd(1e-3), FLOATS, _ELEMENTWISE),
    "optimistic_gradient_descent(1e-2)": Entry(lambda: optax.optimistic_gradient_descent(1e-2), USUAL),
    "lamb(1e-3)": Entry(lambda: optax.lamb(1e-3), USUAL | ROOT),
    "lars(1e-2)": Entry(lambda: optax.lars(1e-2), USUAL),
    "fromage(1e-2)": Entry(
        lambda: optax.fromage(1e-2),
        ROUNDS
        | FLOATS
        | PARAMETERS
        | {"finite at zero": "the ratio of the norms overflows in float16, and infinity times zero is NaN"},
    ),
    "novograd(1e-3)": Entry(
        lambda: optax.novograd(1e-3),
        NARROW
        | ROUNDS
        | BROADCASTS
        | ROOT
        | {"stable state": "it raises a TypeError: for bfloat16 parameters, its branches differ at float32 gradients"},
    ),
    "adafactor(1e-3)": Entry(
        lambda: optax.adafactor(1e-3),
        ROUNDS | FLOATS | BROADCASTS | ROOT | {"wide accumulators": NARROW["wide accumulators"]},
    ),
    "sm3(1e-2)": Entry(
        lambda: optax.sm3(1e-2),
        dict.fromkeys(("pure", "inputs untouched", "stable state", "stable updates", "compiled once"), SCALARS)
        | dict.fromkeys(("jit equals eager", "scan equals loop", "vmap equals loop", "any tree"), SCALARS)
        | ROUNDS
        | FLOATS
        | OVERFLOWS
        | {
            "wide accumulators": NARROW["wide accumulators"],
            "mismatched trees": "it raises an IndexError, not a ValueError, at a gradient of another shape",
            "complex leaves": "it refuses complex leaves with a ValueError",
        },
    ),
    "noisy_sgd(1e-2)": Entry(lambda: optax.noisy_sgd(1e-2, key=jax.random.key(0)), DRAWS | KEY, NO_TURN),
    "contrib.prodigy(1.0)": Entry(
        lambda: contrib.prodigy(1.0),
        NARROW
        | ROUNDS
        | FLOATS
        | ALIASES
        | SQUARES
        | WIDENS
        | {"finite at zero": "its estimate of the distance is 0 / 0 at a zero gradient"},
        {},
        True,
    ),
    "contrib.dowg()": Entry(
        lambda: contrib.dowg(),
        NARROW
        | ROUNDS
        | FLOATS
        | ALIASES
        | ROOT
        | WIDENS
        | {"mismatched trees": "it does not notice that a leaf is missing"},
    ),
    "contrib.cocob()": Entry(lambda: contrib.cocob(), USUAL | ALIASES | VANISHES),
    "contrib.mechanize(sgd(0.1))": Entry(
        lambda: contrib.mechanize(optax.sgd(0.1)),
        NARROW
        | ROUNDS
        | ALIASES
        | ROOT
        | {
            "stable state": "it raises a TypeError, because it clamps float32 between bfloat16 bounds",
            "mixed dtypes": "it raises a TypeError, because it clamps float32 between bfloat16 bounds",
            "integer leaves": "it raises a TypeError that does not name the leaf",
        },
    ),
    "flatten(adam(1e-3))": Entry(
        lambda: optax.flatten(optax.adam(1e-3)),
        NARROW
        | ROUNDS
        | FLOATS
        | ROOT
        | WIDENS
        | {"any tree": "it raises a ValueError, because a tree without leaves has nothing to concatenate"},
    ),
    "trace(0.9)": Entry(lambda: optax.trace(0.9), USUAL, _ELEMENTWISE, True),
    "ema(0.9)": Entry(lambda: optax.ema(0.9), USUAL, _ELEMENTWISE),
    "clip(0.5)": Entry(lambda: optax.clip(0.5), FLOATS | UNORDERED, _ELEMENTWISE, True),
    "clip_by_global_norm(1.0)": Entry(
        lambda: optax.clip_by_global_norm(1.0),
        ROUNDS | SHORT | NORM_ROUNDS | {"integer leaves": "it raises a TypeError that does not name the leaf"},
        {"elementwise": True, "sign symmetric": True},
        True,
    ),
    "clip_by_block_rms(1.0)": Entry(lambda: optax.clip_by_block_rms(1.0), ROUNDS | FLOATS | SHORT),
    "adaptive_grad_clip(0.1)": Entry(lambda: optax.adaptive_grad_clip(0.1), ROUNDS | FLOATS | SHORT),
    "normalize_by_update_norm()": Entry(lambda: optax.normalize_by_update_norm(), ROUNDS | FLOATS | SHORT | WIDENS),
    "centralize()": Entry(lambda: optax.centralize(), {}),
    "add_noise(0.01, 0.55)": Entry(lambda: optax.add_noise(0.01, 0.55, jax.random.key(0)), DRAWS | KEY, NO_TURN),
    "add_decayed_weights(1e-2)": Entry(lambda: optax.add_decayed_weights(1e-2), FLOATS | PARAMETERS, {}, True),
    "scale(-0.1)": Entry(lambda: optax.scale(-0.1), ROUNDS | FLOATS, _ELEMENTWISE),
    "scale_by_schedule(0.5 / (1 + t))": Entry(
        lambda: optax.scale_by_schedule(lambda t: 0.5 / (1 + t)),
        ROUNDS | {"integer leaves": "it truncates the rate to the dtype of the leaf: 0.5 becomes 0"},
        {},
        True,
    ),
    "scale_by_sign()": Entry(lambda: optax.scale_by_sign(), {}, _ELEMENTWISE),
    "scale_by_trust_ratio()": Entry(lambda: optax.scale_by_trust_ratio(), ROUNDS | FLOATS | PARAMETERS),
    "zero_nans()": Entry(lambda: optax.zero_nans(), {}),
    "identity()": Entry(lambda: optax.identity(), {}, _ELEMENTWISE, True),
    "set_to_zero()": Entry(lambda: optax.set_to_zero(), {}, _ELEMENTWISE),
    "keep_params_nonnegative()": Entry(
        lambda: optax.keep_params_nonnegative(),
        PARAMETERS | {"complex leaves": "it compares complex numbers with zero"},
    ),
    "apply_if_finite(sgd(0.1))": Entry(
        lambda: optax.apply_if_finite(optax.sgd(0.1), 2),
        ROUNDS | {"contained": "it is designed to skip the whole step at a NaN anywhere"},
        {"contained": True},
    ),
    "apply_every(2)": Entry(
        lambda: optax.apply_every(2),
        NARROW
        | BROADCASTS
        | {"still between steps": "between steps it multiplies the update by zero, but NaN * 0 is NaN"},
        {"accumulates": 2, "still between steps": 2},
    ),
    "MultiSteps(sgd(0.1), 2)": Entry(
        _accumulator,
        ROUNDS | FLOATS | {"still between steps": "between steps it multiplies the update by zero, but NaN * 0 is NaN"},
        {"accumulates": (2, optax.sgd(0.1)), "still between steps": 2},
        True,
    ),
}


def examine(entry: Entry) -> Report:
    """Return the report on a transformation of optax, without strict dtype promotion, which optax does not support."""
    with jax.numpy_dtype_promotion("standard"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return check(entry.make(), claims=entry.claims)


def main() -> int:
    """Examine everything, print the table, and print each verdict that contradicts it on stderr."""
    print("# Which laws optax keeps\n")
    version = optax.__version__
    print(f"`gradlab.testing.check` finds that transformations of optax {version} break these laws, and why.")
    print(
        "`python -m tests.testing.optax_laws` prints this page, and tests compare some of it with the kit's findings.\n"
    )
    print("| optax | breaks | because |\n|---|---|---|")
    wrong = 0
    for name, entry in TABLE.items():
        broken = {result.law: result.detail for result in examine(entry).broken}
        for law in broken.keys() ^ entry.breaks.keys():
            wrong += 1
            print(f"{name}: {law}: {broken.get(law, 'holds, against the table')}", file=sys.stderr, flush=True)
        for law, reason in entry.breaks.items():
            print(f"| `{name}` | {law} | {reason} |", flush=True)
        if not entry.breaks:
            print(f"| `{name}` | nothing | |", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    jax.config.update("jax_enable_x64", True)
    sys.exit(main())
