"""The registry of all public transformations, schedules and selectors, with an example of each.

It collects them from the public names. The shared tests and the command line run over it, so they include everything
that is added.
"""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import gradlab as gl

from . import public_names
from .values.value import is_factory

# Examples of the factories that need arguments, or do too little without them.
_EXAMPLES: dict[str, Callable[[], Any]] = {
    "chain": lambda: gl.chain(gl.clip_by_global_norm(1.0), gl.scale_by_momentum(), gl.scale_by_rms(), gl.scale(-0.1)),
    "accumulate": lambda: gl.accumulate(gl.sgd(0.1, momentum=0.9), every=3),
    "add": lambda: gl.add(gl.sgd(0.1, momentum=0.9), gl.scale(-0.01)),
    "dynamic_loss_scale": lambda: gl.dynamic_loss_scale(gl.sgd(0.1)),
    "average_params": lambda: gl.average_params(gl.sgd(0.1), 0.9),
    "lookahead": lambda: gl.lookahead(gl.sgd(0.1, momentum=0.9)),
    "schedule_free": lambda: gl.schedule_free(gl.sgd(0.1)),
    "sam": lambda: gl.sam(gl.sgd(0.1)),
    "asam": lambda: gl.asam(gl.sgd(0.1)),
    "each": lambda: gl.each(gl.clip_by_norm(1.0)),
    "measure": lambda: gl.measure(gl.clip_by_value(0.5), gl.scale_by_rms()),
    "partition": lambda: gl.partition((gl.ndim(2), gl.scale_by_momentum(0.9)), default=gl.clip_by_norm(1.0)),
    "only": lambda: gl.only(gl.ndim(2), gl.add_decayed_weights(0.1)),
    "path": lambda: gl.path("**/bias"),
    "ndim": lambda: gl.ndim(2),
    "size": lambda: gl.size(at_least=100),
    "dtype": lambda: gl.dtype("bfloat16"),
    "labels": lambda: gl.labels({"encoder": "frozen", "head": "trained"}, "frozen"),
    "where": lambda: gl.where(is_output_layer),
    # Steps of whole parameters, of which thousands would end beyond the largest float64.
    "scale_by_trust_ratio": lambda: gl.scale_by_trust_ratio(0.01),
    "scale_by_param_rms": lambda: gl.scale_by_param_rms(max_rms=0.01),
    "graft": lambda: gl.graft(gl.scale_by_rms(), gl.scale_by_momentum()),
    "gradient_at": lambda: gl.gradient_at(gl.clip_by_global_norm(0.05)),
    "in_basis": lambda: gl.in_basis(gl.scale_by_momentum(0.9), gl.eigenbasis(every=50)),
    "scale_by_kronecker": lambda: gl.scale_by_kronecker(0.9),
    "orthonormalize_low_rank": lambda: gl.orthonormalize_low_rank(rank=2),
    "dion": lambda: gl.dion(rank=2),
    "kron": lambda: gl.kron(every=5),
    "soap": lambda: gl.soap(every=50),
    "galore": lambda: gl.galore(rank=2, every=50),
    "isolate": lambda: gl.isolate(gl.scale_by_rms()),
    "distance_from_start": lambda: gl.distance_from_start(gl.chain(gl.scale_by_distance(), gl.scale(-0.1))),
    "minimize_loss_model": lambda: gl.minimize_loss_model(gl.scale_by_heavy_ball(0.9, 0.9), gl.scale_by_rms(), 0.1),
    "scale_by_curvature": lambda: gl.scale_by_curvature(gl.hutchinson(), every=2),
    "mechanic": lambda: gl.mechanic(gl.sgd(0.1, momentum=0.9)),
    "prodigy_distance": lambda: gl.prodigy_distance(gl.chain(gl.scale_by_distance(), gl.scale(-0.1)), initial=1e-2),
    "d_adaptation": lambda: gl.d_adaptation(gl.chain(gl.scale_by_distance(), gl.scale_by_rates(), gl.scale(-0.1))),
    "precondition": lambda: gl.precondition(gl.scale_by_rms()),
    "skip_nonfinite": lambda: gl.skip_nonfinite(gl.sgd(0.1, momentum=0.9)),
    "master_params": lambda: gl.master_params(gl.adam(0.1)),
    "round_params": lambda: gl.round_params(gl.adam(0.1)),
    "store": lambda: gl.store(gl.scale_by_momentum(), "float32"),
    "reduce_on_plateau": lambda: gl.reduce_on_plateau(0.5, patience=2),
    "proximal_decay": lambda: gl.proximal_decay(0.1),
    "rectify": lambda: gl.rectify(gl.scale_by_rms(0.99), 0.99),
    "probe": lambda: gl.probe("update", "norm", "cosine"),
    "per_worker": lambda: gl.per_worker(gl.scale_by_momentum()),
    "scale": lambda: gl.scale(-0.5),
    "scale_by_learning_rate": lambda: gl.scale_by_learning_rate(0.1),
    "bias_correction": lambda: gl.bias_correction(0.9, 0.999),
    "clip_between": lambda: gl.clip_between(-0.5, 1.0),
    "clip_by_value": lambda: gl.clip_by_value(0.5),
    "clip_by_norm": lambda: gl.clip_by_norm(1.0),
    "clip_by_global_norm": lambda: gl.clip_by_global_norm(1.0),
    "constant": lambda: gl.schedules.constant(0.1),
    "shift": lambda: gl.schedules.shift(gl.schedules.cosine(0.1, 100), 10),
    "relative": lambda: gl.schedules.relative(gl.schedules.cosine(0.1, 100)),
    "lower_bound": lambda: gl.schedules.lower_bound(0.1),
    "upper_bound": lambda: gl.schedules.upper_bound(0.1),
    "cosine": lambda: gl.schedules.cosine(0.1, 100),
    "exponential": lambda: gl.schedules.exponential(0.1, 10, 0.9),
    "inverse_square_root": lambda: gl.schedules.inverse_square_root(0.1, 10),
    "half_life": lambda: gl.schedules.half_life(0.9, 0.999, 100),
    "inverse_time": lambda: gl.schedules.inverse_time(0.1, 10),
    "linear": lambda: gl.schedules.linear(0.1, 0.0, 100),
    "polynomial": lambda: gl.schedules.polynomial(0.1, 0.0, 2, 100),
    "join": lambda: gl.schedules.join((gl.schedules.linear(0.0, 0.1, 10), gl.schedules.cosine(0.1, 90)), (10,)),
    "one_cycle": lambda: gl.schedules.one_cycle(0.1, 100),
    "piecewise": lambda: gl.schedules.piecewise(0.1, (30, 60), (0.1, 0.1)),
    "warmup_cosine": lambda: gl.schedules.warmup_cosine(0.0, 0.1, 10, 100),
    "warmup_stable_decay": lambda: gl.schedules.warmup_stable_decay(0.1, 10, 60, 30),
}


def is_output_layer(path: tuple[Any, ...], leaf: Any) -> bool:
    """Return whether a leaf is the kernel of the layer `head`, as an example of a function that selects leaves."""
    return path[-2:] == ("head", "kernel")


class Entry(NamedTuple):
    """One public factory."""

    name: str
    factory: Callable[..., Any]
    kind: str  # "recipe", "link", "combinator", "schedule" or "selector"
    example: Any  # a value that it makes

    @property
    def summary(self) -> str:
        """The first sentence of the docstring, without its equation."""
        text = " ".join((self.factory.__doc__ or "").split("\n\n")[0].split())
        return text.split(", $")[0].split(". ")[0].rstrip(".")


@functools.cache
def entries() -> Mapping[str, Entry]:
    """Return all public factories by name, in the order of the public names. The examples are made once a process."""
    by_name = {"chain": Entry("chain", gl.chain, "combinator", _EXAMPLES["chain"]())}
    for namespace in (public_names, gl.schedules):
        for name, value in vars(namespace).items():
            if is_factory(value):
                example = _EXAMPLES[name]() if name in _EXAMPLES else value()
                by_name[name] = Entry(name, value, _kind(value), example)
    return types.MappingProxyType(by_name)


def of_kind(*kinds: str) -> dict[str, Entry]:
    """Return the entries of some kinds. `of_kind("recipe")` are the named optimizers."""
    return {name: entry for name, entry in entries().items() if entry.kind in kinds}


def _kind(factory: Callable[..., Any]) -> str:
    """Return the kind of a factory: a package holds those of one kind, and what needs a transformation combines."""
    parameters = factory.factory.parameters.values()  # type: ignore[attr-defined]
    if any(parameter.transformation and parameter.default is inspect.Parameter.empty for parameter in parameters):
        return "combinator"
    package = factory.__module__.split(".")[1]
    return {"optimizers": "recipe", "transforms": "link", "schedules": "schedule", "selectors": "selector"}.get(
        package, "combinator"
    )
