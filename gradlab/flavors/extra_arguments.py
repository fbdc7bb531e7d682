"""Arguments that frameworks accept beside the update rule, such as clipping, and the decorators that add them."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable
from typing import Any

from ..combinators.chain import chain
from ..core.decorators import recipe as declare_recipe
from ..remedies.missing_names import refuse_unknown_names
from ..transforms.clipping import clip_by_global_norm, clip_by_norm, clip_by_value
from ..transforms.scaling import scale
from ..values.numeric_arguments import Positive

_Surround = Callable[..., Any]


def declare_flavor(
    label: str, surround: _Surround, /, **further: tuple[Any, Any]
) -> Callable[[Callable[..., Any]], Any]:
    """Return a decorator that makes a flavor of a recipe, with further keyword-only arguments.

    `further` holds an annotation and a default for each. `surround(made, label, **further)` returns the transformation,
    of what the recipe itself returned.
    """

    def decorate(recipe: Callable[..., Any]) -> Any:
        @functools.wraps(recipe)
        def surrounded(*args: Any, **kwargs: Any) -> Any:
            own = {argument: kwargs.pop(argument, default) for argument, (_, default) in further.items()}
            return surround(recipe(*args, **kwargs), label, **own)

        signature = inspect.signature(recipe)
        added = [
            inspect.Parameter(argument, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
            for argument, (annotation, default) in further.items()
        ]
        parameters = [*signature.parameters.values(), *added]
        surrounded.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
        return declare_recipe(name=label)(surrounded)

    return decorate


def refuse_classes(module: str) -> Callable[[str], Any]:
    """Return the `__getattr__` of a module of flavors, whose error names `adam` for `Adam`, or a similar name."""

    def missing(name: str) -> Any:
        own = vars(sys.modules[module])
        if name.lower() in own:
            near = f"; the optimizers are functions, in lower case: {name.lower()}"
            raise AttributeError(f"module {module!r} has no attribute {name!r}{near}")
        refuse_unknown_names(module)(name)

    return missing


def torch_flavor(name: str, switches: str) -> Callable[[Callable[..., Any]], Any]:
    """Return a decorator for an optimizer of PyTorch. `switches` choose among its programs for the same arithmetic."""

    def surround(tx, label, **ignored):
        return tx

    accepted = {
        switch: (bool | None, None) if switch in ("foreach", "fused") else (bool, False) for switch in switches.split()
    }
    return declare_flavor(f"flavors.torch.{name}", surround, **accepted)


def keras_flavor(name: str) -> Callable[[Callable[..., Any]], Any]:
    """Return a decorator for an optimizer of Keras, all of which unscale and clip the gradient first."""
    limit = (Positive | None, None)
    return declare_flavor(
        f"flavors.keras.{name}",
        _after_clipping,
        clipnorm=limit,
        clipvalue=limit,
        global_clipnorm=limit,
        use_ema=(bool, False),
        ema_momentum=(Positive | None, None),
        ema_overwrite_frequency=(int | None, None),
        loss_scale_factor=limit,
        gradient_accumulation_steps=(int | None, None),
        name=(str | None, None),
    )


def _after_clipping(tx, owner, /, **options):
    """Return the chain of the unscaling, the clipping and an optimizer. Raises ValueError for what it cannot do."""
    if options["use_ema"]:
        raise ValueError(
            f"{owner}: use_ema=True averages the parameters after each step; leave it out, and wrap the optimizer: "
            "gl.average_params(tx, decay=ema_momentum, start=1), whose average gl.eval_params reads"
        )
    steps = options["gradient_accumulation_steps"]
    if steps is not None:
        raise ValueError(
            f"{owner}: gradient_accumulation_steps={steps} decides when a step happens; leave it out, and wrap the "
            f"optimizer: optax.MultiSteps(tx, every_k_schedule={steps})"
        )
    clips = {
        argument: clip(options[argument])
        for argument, clip in (
            ("clipnorm", clip_by_norm),
            ("global_clipnorm", clip_by_global_norm),
            ("clipvalue", clip_by_value),
        )
        if options[argument] is not None
    }
    if len(clips) > 1:
        raise ValueError(f"{owner}: {' and '.join(clips)} exclude each other, as in Keras; pass one of them")
    factor = options["loss_scale_factor"]
    return chain(*(() if factor is None else (scale(1 / factor),)), *clips.values(), tx)
