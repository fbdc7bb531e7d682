"""The arguments that an unknown name may mean: by the habits of other libraries, or by a similar name."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, TypeVar

from .option_habits import find_habitual

F = TypeVar("F", bound=Callable[..., Any])

_FIRST, _SECOND, _BOTH = ("first_decay",), ("second_decay",), ("first_decay", "second_decay")  # of `bias_correction`

# The names of one thing in other libraries, in papers and in flavors, each with those that it may have here. The first
# of which all exist are meant.
_HABITS: dict[str, tuple[tuple[str, ...], ...]] = {
    "lr": (("learning_rate",),),
    "step_size": (("learning_rate",), ("lr",)),
    "learning_rate": (("lr",),),
    "beta": (("momentum",), ("decay",)),
    "momentum": (("b1",), ("beta_1",), ("decay",)),
    "betas": (("b1", "b2"), ("beta_1", "beta_2"), _BOTH),
    "beta1": (("b1",), ("beta_1",), ("betas",), _FIRST, ("momentum",), ("decay",)),
    "beta2": (("b2",), ("beta_2",), ("betas",), _SECOND, ("decay",)),
    "beta_1": (("b1",), ("betas",), _FIRST, ("momentum",), ("decay",)),
    "beta_2": (("b2",), ("betas",), _SECOND, ("decay",)),
    "b1": (("beta_1",), ("betas",), _FIRST, ("momentum",), ("decay",)),
    "b2": (("beta_2",), ("betas",), _SECOND, ("decay",)),
    "rho": (("decay",),),
    "alpha": (("decay",),),
    "epsilon": (("eps",),),
    "eps": (("epsilon",),),
    "wd": (("weight_decay",),),
    "decay": (("weight_decay",), _FIRST),
    "l2": (("weight_decay",),),
    "val": (("validation",),),
    "valid": (("validation",),),
    "every_k_schedule": (("every",),),
    "weight_decay_mask": (("mask",),),
    "mask": (("weight_decay_mask",),),
}


def find_meant(name: str, known: Collection[str], cutoff: float = 0.7) -> list[str]:
    """Return the names among `known` that an unknown name may mean; none if there are none."""
    import difflib  # here, because only a wrong call needs it

    for usual in _HABITS.get(name, ()):
        if all(one in known for one in usual):
            return list(usual)
    return difflib.get_close_matches(name, list(known), n=1, cutoff=cutoff)


# The optimizers that have an argument which a relative lacks, and where that argument means something else.
_RELATIVES = {
    "weight_decay": ({"adam": "adamw", "nadam": "nadamw", "adamax": "flavors.optax.adamaxw"}, "coupled"),
    "amsgrad": ({"adam": "amsgrad"}, ""),
}
_COUPLED = "the weight_decay of PyTorch's Adam and SGD is gl.add_decayed_weights(weight_decay) first in a chain"


def suggest_relative(label: str, given: Iterable[str]) -> str:
    """Return the optimizer that is meant by an argument of its own, as in "did you mean gl.adamw? "; or else ""."""
    for name in given:
        relatives, kind = _RELATIVES.get(name, ({}, ""))
        if label in relatives:
            return f"did you mean gl.{relatives[label]}? {f'{_COUPLED}; ' if kind else ''}"
        if kind and label in ("sgd", "rmsprop", "adagrad", "adadelta"):
            return f"{_COUPLED}; "
    return ""


def ask_about_each(meant: Mapping[str, Collection[str]]) -> str:
    """Return "did you mean learning_rate for lr, and b1 and b2 for betas?" for unknown names; "" if none is known."""
    if len(meant) < 2:
        return ask_about(other for others in meant.values() for other in others)
    each = [f"{' and '.join(others)} for {name}" for name, others in meant.items() if others]
    return f"did you mean {', and '.join(each)}?" if each else ""


def ask_about(names: Iterable[str]) -> str:
    """Return "did you mean b1 and b2?" for the names that are meant; "" if there are none."""
    meant = sorted(set(names))
    return f"did you mean {' and '.join(meant)}?" if meant else ""


def require_known_arguments(function: str, arguments: Iterable[str], known: Iterable[str]) -> None:
    """Raise TypeError for the name of an argument that a function does not have. The message suggests a similar one."""
    names = list(known)
    for name in arguments:
        if name not in names:
            habitual = find_habitual(name, names)
            meant = [habitual] if habitual is not None else find_meant(name, names, cutoff=0.6)
            suggestion = ask_about(meant) or f"its options are {', '.join(names)}"
            raise TypeError(f"{function} has no argument {name!r}; {suggestion}")


def suggest_arguments(function: F) -> F:
    """Return the function with a check: a TypeError for an unknown keyword argument names the one that was meant."""
    names = list(inspect.signature(function).parameters)

    @functools.wraps(function)
    def checked(*args: Any, **kwargs: Any) -> Any:
        require_known_arguments(function.__name__, kwargs, names)
        return function(*args, **kwargs)

    return checked  # type: ignore[return-value]
