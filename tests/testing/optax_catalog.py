"""Every public transformation of optax and of its contrib, with arguments, as the law kit examines it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import optax
from optax import contrib

STOCHASTIC = {"domain": ("stochastic",), "except": ("turns with i",)}
_ELEMENTWISE = dict.fromkeys(("elementwise", "contained", "permutation equivariant", "sign symmetric"), True)


@dataclass(frozen=True)
class Example:
    """A factory of optax with the arguments, the claims and the extra arguments of update that it is examined with."""

    factory: Callable[..., Any]
    arguments: Mapping[str, Any] = field(default_factory=dict)
    claims: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)


def _list_plain() -> Iterator[tuple[str, Example]]:
    """List what is called with numbers only, each with its claims."""
    for rate, names in {
        0.1: "sgd sign_sgd signum optimistic_gradient_descent rprop sm3",
        1e-3: "adam adamw adamax adamaxw nadam nadamw radam amsgrad adabelief adan lamb lion novograd adafactor "
        "rmsprop optimistic_adam optimistic_adam_v2",
        1e-2: "adagrad yogi fromage lars",
        1.0: "adadelta",
    }.items():
        for name in names.split():
            claims = _ELEMENTWISE if name in ("sgd", "adam", "adamw", "lion", "rmsprop", "sign_sgd") else {}
            yield f"{name}({rate:g})", Example(getattr(optax, name), {"learning_rate": rate}, claims)
    for rate, names in {
        1e-3: "acprop ademamix adopt galore madgrad muon simplified_ademamix schedule_free_adamw",
        1.0: "cocob dadapt_adamw prodigy schedule_free_sgd dog dowg",
    }.items():
        for name in names.split():
            yield f"contrib.{name}({rate:g})", Example(getattr(contrib, name), {"learning_rate": rate})
    for name in _SCALING.split():
        yield f"scale_by_{name}()", Example(getattr(optax, f"scale_by_{name}"))
    for name in _CONTRIBUTED_SCALING.split():
        yield f"contrib.scale_by_{name}()", Example(getattr(contrib, f"scale_by_{name}"))
    for name in _WITHOUT_ARGUMENTS.split():
        yield f"{name}()", Example(getattr(optax, name))


_SCALING = (
    "adadelta adam adamax adan amsgrad belief distance_over_gradients lbfgs lion novograd optimistic_gradient "
    "param_block_norm param_block_rms radam rms rss sign sm3 stddev trust_ratio yogi"
)
_CONTRIBUTED_SCALING = "acprop ademamix adopt cocob galore muon simplified_ademamix"
_WITHOUT_ARGUMENTS = (
    "apply_every centralize identity keep_params_nonnegative normalize_by_update_norm set_to_zero zero_nans"
)


def _same_label(params: Any) -> Any:
    return jax.tree.map(lambda _: "all", params)


def _is_early(step: Any, **_: Any) -> Any:
    return step < 2


def _norm(updates: Any) -> Any:
    return optax.global_norm(updates)


def _sum_squares(params: Any) -> Any:
    return sum(jnp.sum(jnp.square(leaf)) for leaf in jax.tree.leaves(params))


def _inject(learning_rate: float) -> Any:
    return optax.inject_hyperparams(optax.adam)(learning_rate=learning_rate)


def _inject_stateful(learning_rate: float) -> Any:
    return optax.inject_stateful_hyperparams(optax.adam)(learning_rate=learning_rate)


def _accumulate() -> Any:
    return optax.MultiSteps(optax.sgd(0.1), 2).gradient_transformation()


_SGD: dict[str, Callable[[], Any]] = {  # wrappers, around an optimizer
    "apply_if_finite(sgd, 2)": lambda: optax.apply_if_finite(optax.sgd(0.1), 2),
    "chain(clip, sgd)": lambda: optax.chain(optax.clip(1.0), optax.sgd(0.1)),
    "named_chain(sgd)": lambda: optax.named_chain(("sgd", optax.sgd(0.1))),
    "conditionally_mask(sgd, step < 2)": lambda: optax.conditionally_mask(optax.sgd(0.1), _is_early),
    "flatten(adam)": lambda: optax.flatten(optax.adam(1e-3)),
    "masked(sgd, True)": lambda: optax.masked(optax.sgd(0.1), lambda p: jax.tree.map(lambda _: True, p)),
    "multi_transform(sgd)": lambda: optax.multi_transform({"all": optax.sgd(0.1)}, _same_label),
    "partition(sgd)": lambda: optax.partition({"all": optax.sgd(0.1)}, _same_label),
    "selective_transform(sgd)": lambda: optax.selective_transform(optax.sgd(0.1), freeze_mask=False),
    "with_extra_args_support(sgd)": lambda: optax.with_extra_args_support(optax.sgd(0.1)),
    "lookahead(sgd, 5, 0.5)": lambda: optax.lookahead(optax.sgd(0.1), 5, 0.5),
    "contrib.mechanize(sgd)": lambda: contrib.mechanize(optax.sgd(0.1)),
    "contrib.schedule_free(sgd)": lambda: contrib.schedule_free(optax.sgd(0.1), 0.1),
    "contrib.split_real_and_imaginary(adam)": lambda: contrib.split_real_and_imaginary(optax.adam(1e-3)),
    "contrib.sam(sgd, sgd)": lambda: contrib.sam(optax.sgd(0.1), optax.chain(contrib.normalize(), optax.sgd(0.01))),
}
_LINKS: dict[str, Callable[[], Any]] = {  # whose updates point uphill, and which no name or module calls links
    "monitor(norm)": lambda: optax.monitor({"norm": _norm}),
    "snapshot(norm)": lambda: optax.snapshot("norm", _norm),
    # A measurement in place of the updates, which only a monitor takes.
    "measure_with_ema(norm), in a monitor": lambda: optax.monitor({"norm": optax.measure_with_ema(_norm, 0.9)}),
    "stateless(halve)": lambda: optax.stateless(lambda updates, params: jax.tree.map(lambda g: g / 2, updates)),
    "stateless_with_tree_map(halve)": lambda: optax.stateless_with_tree_map(lambda g, p: g / 2),
    "conditionally_transform(sgd, step < 2)": lambda: optax.conditionally_transform(optax.sgd(0.1), _is_early),
    "freeze(False)": lambda: optax.freeze(False),
    "contrib.normalize()": contrib.normalize,
}


def _list_others() -> Iterator[tuple[str, Example]]:
    """List what takes something other than a learning rate."""
    one, key = {"value": 1.0}, jax.random.key(0)
    for name, make in _SGD.items():
        yield name, Example(make)
    for name, make in _LINKS.items():
        yield name, Example(make, claims={"link": True})
    for name, arguments in {
        "adaptive_grad_clip": {"clipping": 0.1},
        "add_decayed_weights": {"weight_decay": 1e-2},
        "clip": {"max_delta": 0.5},
        "clip_by_block_rms": {"threshold": 1.0},
        "clip_by_global_norm": {"max_norm": 1.0},
        "ema": {"decay": 0.9},
        "trace": {"decay": 0.9},
        "scale": {"step_size": -0.1},
        "scale_by_learning_rate": {"learning_rate": 0.1},
        "scale_by_rprop": {"learning_rate": 1e-2},
    }.items():
        values = ", ".join(f"{value:g}" for value in arguments.values())
        yield f"{name}({values})", Example(getattr(optax, name), arguments)
    yield "sgd(0.1, momentum=0.9)", Example(optax.sgd, {"learning_rate": 0.1, "momentum": 0.9}, _ELEMENTWISE)
    yield "rmsprop(0.001, centered=True)", Example(optax.rmsprop, {"learning_rate": 1e-3, "centered": True})
    yield (
        "scale_by_schedule(0.5 / (1 + t))",
        Example(lambda: optax.scale_by_schedule(lambda t: 0.5 / (1 + t)), claims={"link": True}),
    )
    yield "inject_hyperparams(adam)(0.001)", Example(_inject, {"learning_rate": 1e-3})
    yield "inject_stateful_hyperparams(adam)(0.001)", Example(_inject_stateful, {"learning_rate": 1e-3})
    yield (
        "MultiSteps(sgd, 2)",
        Example(_accumulate, claims={"accumulates": (2, optax.sgd(0.1)), "still between steps": 2}),
    )
    yield "contrib.scale_by_madgrad(0.001)", Example(contrib.scale_by_madgrad, {"learning_rate": 1e-3})
    for name in ("lbfgs(linesearch=None)",):
        yield name, Example(optax.lbfgs, {"learning_rate": 0.1, "linesearch": None})
    yield "lbfgs()", Example(optax.lbfgs)
    yield (
        "scale_by_backtracking_linesearch(5)",
        Example(optax.scale_by_backtracking_linesearch, {"max_backtracking_steps": 5}),
    )
    yield "scale_by_zoom_linesearch(5)", Example(optax.scale_by_zoom_linesearch, {"max_linesearch_steps": 5})
    yield "noisy_sgd(0.1)", Example(optax.noisy_sgd, {"learning_rate": 0.1, "key": key}, STOCHASTIC)
    yield "add_noise(0.01, 0.55)", Example(optax.add_noise, {"eta": 0.01, "gamma": 0.55, "key": key}, STOCHASTIC)
    yield "polyak_sgd()", Example(optax.polyak_sgd, extra=one)
    yield "scale_by_polyak()", Example(optax.scale_by_polyak, extra=one)
    yield "contrib.momo(1)", Example(contrib.momo, {"learning_rate": 1.0}, extra=one)
    yield "contrib.momo_adam(0.01)", Example(contrib.momo_adam, {"learning_rate": 0.01}, extra=one)
    yield "contrib.reduce_on_plateau()", Example(contrib.reduce_on_plateau, claims={"link": True}, extra=one)
    yield (
        "contrib.sophia(0.001)",
        Example(contrib.sophia, {"learning_rate": 1e-3}, STOCHASTIC, {"obj_fn": _sum_squares}),
    )
    private = {"l2_norm_clip": 1.0, "noise_multiplier": 0.1}
    yield (
        "contrib.differentially_private_aggregate(1, 0.1)",
        Example(contrib.differentially_private_aggregate, private | {"key": key}, STOCHASTIC | {"link": True}),
    )
    yield "contrib.dpsgd(0.1, 1, 0.1)", Example(contrib.dpsgd, private | {"learning_rate": 0.1, "seed": 0}, STOCHASTIC)


CATALOG: dict[str, Example] = {**dict(_list_plain()), **dict(_list_others())}
