"""The laws that optax's transformations break, and why. The kit must find exactly these.

`python -m tests.testing.optax_laws` examines all of them and prints the page `docs/optax_laws.md`. The tests examine
those in `REPRESENTATIVE`. `optax_by_hand` reproduces the breaches without the kit.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable
from dataclasses import dataclass

import jax
import optax

from gradlab.testing import Report, check

from .optax_catalog import CATALOG
from .optax_findings import FINDINGS

REPRESENTATIVE = (
    "sgd(0.1)", "adam(0.001)", "adadelta(1)", "rmsprop(0.001)", "trace(0.9)", "clip(0.5)", "clip_by_global_norm(1)",
    "add_decayed_weights(0.01)", "scale_by_schedule(0.5 / (1 + t))", "identity()", "contrib.prodigy(1)",
    "MultiSteps(sgd, 2)", "monitor(norm)", "keep_params_nonnegative()",
)  # fmt: skip


@dataclass(frozen=True)
class Kind:
    """A kind of breach: the laws that it breaks, and why."""

    laws: tuple[str, ...]
    reason: str
    is_convention: bool = False  # a choice that optax documents or makes everywhere, and no slip


KINDS: dict[str, Kind] = {
    "narrow state": Kind(
        ("wide accumulators", "stable state"),
        "its moments have the dtype of the parameters, even bfloat16, and become float32 at a float32 gradient",
        True,
    ),
    "narrow accumulators": Kind(
        ("wide accumulators",), "its moments have the dtype of the parameters, even bfloat16", True
    ),
    "half precision": Kind(
        ("rounded once",), "it computes in half precision, and rounds its hyperparameters to half precision", True
    ),
    "integers": Kind(("integer leaves",), "it gives an integer leaf floating-point updates", True),
    "broadcasting": Kind(
        ("mismatched trees",),
        "a gradient of shape (2, 2) is broadcast against a moment or a parameter of shape (2,)",
        True,
    ),
    "key in the state": Kind(
        ("donatable", "msgpack state resumes"),
        "its state holds the typed random key that it was given: Flax cannot serialize it, and where one state is "
        "donated, the next one from init is deleted, too",
        True,
    ),
    "a gradient for each example": Kind(
        ("runs",), "it takes a batch of gradients, with an axis that the parameters lack", True
    ),
    "value_fn": Kind(("runs",), "update needs `value`, `grad` and `value_fn`, which depend on the parameters", True),
    "vanishing eps": Kind(("finite at zero",), "eps is zero in float16, so a zero gradient gives 0/0"),
    "root of zero": Kind(
        ("finite at zero",), "the derivative of the root of zero is infinite, and NaN when multiplied by zero"
    ),
    "overflow": Kind(
        ("finite at zero",), "the derivative 1 / sqrt(eps) overflows in float16, and infinity times zero is NaN"
    ),
    "overflowing ratio": Kind(
        ("finite at zero",), "the ratio of the norms overflows in float16, and infinity times zero is NaN"
    ),
    "zero by zero": Kind(("finite at zero",), "its estimate of the distance is 0/0 at a zero gradient"),
    "root of a negative number": Kind(
        ("finite derivatives",),
        "before it rectifies, the branch that is not taken holds the root of a negative number, whose slope is NaN",
    ),
    "root of the first state": Kind(
        ("finite derivatives",), "the derivative by its first state, the root of zero, is infinite times zero"
    ),
    "aliases": Kind(("unaliased",), "init stores the parameters themselves as its first point, not a copy"),
    "value in an if": Kind(
        ("traceable",), "its factory looks at the value of an argument in a Python `if`, so that it cannot be traced"
    ),
    "root of the first sum": Kind(
        ("finite derivatives",), "it takes the root of a sum of squares that is zero at the first step"
    ),
    "norm of no distance": Kind(
        ("finite derivatives",), "it takes the norm of the distance from the first parameters, which is zero at first"
    ),
    "reciprocal of zero": Kind(
        ("finite derivatives",), "the branch that is not taken holds the reciprocal of zero, whose derivative is NaN"
    ),
    "JAX's arrays alone": Kind(
        ("inputs untouched",), "it uses `.at` of its state and its inputs, which NumPy's arrays do not have"
    ),
    "one buffer twice": Kind(
        ("donatable",), "init returns one array of zeros at two places of the state, which then cannot be donated"
    ),
    "zero norm": Kind(("finite at zero",), "it divides by the norm of the gradient, which is 0/0 at a zero gradient"),
    "default dtype": Kind(
        ("x64 changes nothing",), "it makes numbers of its state in JAX's default dtype, which is float64 with x64"
    ),
    "squares": Kind(("complex leaves",), "it squares the gradient as g * g, which is complex, not as abs(g)^2"),
    "real accumulator": Kind(
        ("complex leaves",), "it converts its accumulator to float32, which drops the imaginary part"
    ),
    "compares": Kind(
        ("complex leaves",), "it compares complex numbers with zero, which orders them by their real parts"
    ),
    "lowest dtype": Kind(("mixed dtypes",), "numbers that all leaves share have the lowest dtype among the leaves"),
    "promotes": Kind(
        ("mixed dtypes",), "a float32 number that all leaves share makes the updates of a bfloat16 leaf float32"
    ),
    "no scalars": Kind(("any tree",), "it assumes that every leaf has an axis, and raises an IndexError at a scalar"),
    "an axis more": Kind(
        ("stable updates", "scan equals loop", "any tree"),
        "its sum of squares has the shape (1,), which it gives to the update of a scalar",
    ),
    "no empty trees": Kind(("any tree",), "it raises an exception at a tree without leaves"),
    "nameless index": Kind(
        ("mismatched trees",), "it raises an IndexError, not a ValueError, at a gradient of another shape"
    ),
    "missing leaves": Kind(("mismatched trees",), "it does not notice that a leaf is missing"),
    "one leaf": Kind(
        ("runs",), "with its default arguments it takes a single matrix, but raises a ValueError at a tree of them"
    ),
    "nan times zero": Kind(
        ("still between steps",), "between steps it multiplies the update by zero, but NaN times zero is NaN"
    ),
    "truncated integers": Kind(("integer leaves",), "it truncates the rate to the dtype of the leaf: 0.5 becomes 0"),
    "branches": Kind(
        ("wide accumulators", "stable state"),
        "its moments have the dtype of the parameters, so that its branches differ at float32 gradients: a TypeError",
    ),
    "grows": Kind(
        ("stable state", "scan equals loop"), "its state has no measurement at first, so that its structure changes"
    ),
    "ordered dict": Kind(("msgpack state resumes",), "its state is an OrderedDict, which Flax cannot serialize"),
    "empty arrays": Kind(
        ("orbax state resumes",), "its state holds arrays without elements, which Orbax refuses to store"
    ),
}


def laws_of(kinds: Iterable[str]) -> set[str]:
    """Return the laws that breaches of these kinds break."""
    return {law for kind in kinds for law in KINDS[kind].laws}


def examine(name: str) -> Report:
    """Return the report on a transformation of optax, without strict dtype promotion, which optax does not support."""
    example = CATALOG[name]
    with jax.numpy_dtype_promotion("standard"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return check(
            example.factory, claims=example.claims, extra=example.extra, seconds_per_law=300.0, **example.arguments
        )


def list_lines() -> list[str]:
    """Return the page `docs/optax_laws.md` in lines."""
    lines = [
        "# Which laws optax keeps\n",
        f"`gradlab.testing.check` examined every public transformation of optax {optax.__version__} and of its package "
        f"contrib, in {len(FINDINGS)} forms.",
        "It found these breaches, and nothing else. `python -m tests.testing.optax_by_hand` reproduces each of them",
        "without the kit, in a few lines.",
        "`python -m tests.testing.optax_laws` prints this page, and tests compare some of it with the kit's findings.",
        "{py:mod}`gradlab.testing.laws` says what each law demands.",
    ]
    for title, is_convention in (("Conventions of optax", True), ("Faults", False)):
        lines += [f"\n## {title}\n", "| kind | laws | what happens |", "|---|---|---|"]
        for name, kind in KINDS.items():
            if kind.is_convention == is_convention and any(name in kinds for kinds in FINDINGS.values()):
                lines.append(f"| {name} | {', '.join(kind.laws)} | {kind.reason} |")
    lines += [
        "\n## The transformations\n",
        "In alphabetical order. Each is followed by the kinds of its breaches: [faults](#faults) first, in bold type,",
        "and then [conventions](#conventions-of-optax). These kinds occur three times or more:\n",
        "```{chart} optax_kinds\n```",
    ]
    groups: dict[str, list[str]] = {"With faults": [], "With conventions alone": [], "Without a breach": []}
    for name in sorted(FINDINGS, key=str.lower):
        faults = [f"**{kind}**" for kind in FINDINGS[name] if not KINDS[kind].is_convention]
        conventions = [kind for kind in FINDINGS[name] if KINDS[kind].is_convention]
        group = "With faults" if faults else "With conventions alone" if conventions else "Without a breach"
        kinds = ", ".join([*faults, *conventions])
        groups[group].append(f"- `{name}`: {kinds}" if kinds else f"- `{name}`")
    for title, rows in groups.items():
        lines += [f"\n### {title}\n", *rows]
    return lines


def main() -> int:
    """Print the page, examine everything, and print each verdict that contradicts it on stderr."""
    print("\n".join(list_lines()), flush=True)
    wrong = 0
    for name, kinds in FINDINGS.items():
        broken = {result.law: result.detail for result in examine(name).broken}
        for law in broken.keys() ^ laws_of(kinds):
            wrong += 1
            print(f"{name}: {law}: {broken.get(law, 'holds, against the table')}", file=sys.stderr, flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    jax.config.update("jax_enable_x64", True)
    sys.exit(main())
