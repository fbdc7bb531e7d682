"""Problems, contestants and factories by the names that users type: `adam`, `digits`, or `package.module:name`."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import replace
from functools import partial
from typing import Any

import gradlab as gl
from gradlab.values.value import is_factory

from ..problems import PROBLEMS, Problem
from .default_contestants import VARIANTS, Contestant, collect_contestants
from .factory_adapter import GivenArguments, as_factory, find_missing_arguments
from .importing import BrokenUserCodeError, LoadError, import_object
from .name_lookup import UnknownNameError, look_up
from .problem_adapter import as_problem
from .problem_arguments import describe_arguments, make_problem, parse_arguments, read_arguments, split_arguments

_RATE_NAMES = ("learning_rate", "lr", "step_size", "rate")
_LIKE_RATE = re.compile(r"(.*_)?(learning_rate|lr|step_size)(_.*)?")  # as in max_learning_rate, peak_lr
_OTHER_NAMES = re.compile(
    r"b\d|beta.*|mu|rho|eps.*|.*(decay|momentum|norm|clip|delta|nesterov|inner|optimizer|schedule).*"
)
_DEFAULT_RATE = 1e-2  # the middle of the learning rates of a factory that has no default


def find_problem(name: str) -> Problem:
    """Find the problem of a name of gradlab's, or the problem that `package.module:name` is or makes.

    Arguments may follow behind a colon, as in `transformer:width=64,depth=2`. A user's problem needs `init` and `loss`;
    for the other parts there are defaults. Raises UnknownNameError and LoadError.
    """
    base, text = split_arguments(name)
    if ":" in base:
        found, origin = _import_problem(base), base.partition(":")[0]
        if not text:
            return as_problem(found, base, origin)
        values = parse_arguments(base, found, text)
        return as_problem(partial(found, **values), base, origin, f"{base}({describe_arguments(values)})")
    make = look_up(base, PROBLEMS, "problem", may_be_own=True)
    return make_problem(base, make, parse_arguments(base, make, text)) if text else make()


def find_own_problem(name: str, setup: str) -> Problem | None:
    """Return gradlab's problem of a name, with the arguments that the text of its setup shows; None if there is none.

    Both are those of a finished study, such as "ravine" and "Ravine(steepness=4.0)".
    """
    if name not in PROBLEMS:
        return None
    plain = find_problem(name)
    if repr(plain) == setup:
        return plain
    arguments = ",".join(f"{key}={value!r}" for key, value in read_arguments(setup).items())
    if not arguments:
        return None
    try:
        made = find_problem(f"{name}:{arguments}")
    except LoadError:
        return None
    return made if repr(made) == setup else None


def _import_problem(name: str) -> Any:
    try:
        return import_object(name)
    except BrokenUserCodeError:
        raise
    except LoadError as error:
        module = name.partition(":")[0]
        hint = f"; arguments of the problem {module} are typed {module}:NAME=VALUE" if module in PROBLEMS else ""
        raise LoadError(f"{error}{hint}") from None


def find_contestant(name: str) -> Contestant:
    """Find the contestant of a name of gradlab's, or make one of the factory that `package.module:name` refers to.

    Arguments may follow behind a colon, as in `adam:b1=0.8,b2=0.99`, but not the learning rate, which is varied. Its
    learning rates are those of gradlab's contestant of the same name (`optax:adam` has those of `adam`), or lie around
    the default of its own. Its learning rate is the argument `learning_rate`, `lr`, `step_size` or `rate`, an argument
    whose name contains one of the first three, or its first argument, unless that is named for something else, such as
    `b1`. Raises UnknownNameError and LoadError.
    """
    base, text = split_arguments(name)
    if text:
        return _give_arguments(name, base, text)
    if ":" not in name:
        return look_up(name, collect_contestants(), "optimizer", may_be_own=True)
    return as_contestant(make_label(name), find_factory(name), name)


def _give_arguments(name: str, base: str, text: str) -> Contestant:
    """Return a contestant with the arguments that stand behind its name. Raises UnknownNameError and LoadError."""
    _refuse_problem(base, name)
    recipe, settings = VARIANTS.get(base, (base, {}))
    factory: Any = find_factory(recipe)
    values = parse_arguments(base, factory, text)
    rate = _find_rate_name(base, factory.factory.parameters)
    if rate in values:
        raise LoadError(f"{name} gives {rate}, which is varied; leave it out, and give the rates: --rates (rates=)")
    given = GivenArguments(factory, {**settings, **values})
    known = collect_contestants().get(base)
    if known is None:
        return as_contestant(make_label(name), given, base)
    center = known.default_rate or float(factory.factory.parameters[rate].default)
    return replace(known, name=name, make=_RateFactory(given, rate), default_rate=center)


def _refuse_problem(base: str, name: str) -> None:
    """Raise UnknownNameError for a problem with arguments, where an optimizer is expected."""
    if base in PROBLEMS:
        raise UnknownNameError(f"{base} is a problem, expected an optimizer; pass it as --problem {name} (problems=)")


def as_contestant(label: str, factory: Callable[..., gl.Transformation], name: str) -> Contestant:
    """Make a contestant called `label` of a factory, as `find_contestant` does. Messages call the factory `name`."""
    for contestant in collect_contestants().values():
        if contestant.make is factory:
            return replace(contestant, name=label)
    parameters: Any = factory.factory.parameters  # type: ignore[attr-defined]
    rate = _find_rate_name(name, parameters)
    if missing := find_missing_arguments(factory, [rate]):
        names = " and ".join(missing)
        raise LoadError(
            f"{name} needs {names} beside {rate}, which is all that a race gives; give {names} a default, or sweep: "
            f"gradlab sweep --set {missing[0]}=..."
        )
    default = parameters[rate].default
    is_positive = isinstance(default, (int, float)) and default > 0
    center = float(default) if is_positive else _DEFAULT_RATE
    known = collect_contestants().get(name.rpartition(":")[2])
    centers = known.centers if known is not None else {}
    return Contestant(label, "other", _RateFactory(factory, rate), centers, default_rate=center)


def make_label(name: str) -> str:
    """Return the name of an optimizer in results: the part behind the colon, or all of it if gradlab has that name.

    The arguments that stand behind it are part of it.
    """
    base, text = split_arguments(name)
    short = base.rpartition(":")[2]
    return (base if short in collect_contestants() else short) + f":{text}" * bool(text)


def find_factory(name: str) -> Callable[..., gl.Transformation]:
    """Find the factory of a name of gradlab's, or make one of the function or class that `package.module:name` is.

    Arguments may follow behind a colon, as in `adam:b1=0.8`; the factory takes only the others then. The optimizers
    that a user's factory makes may be of gradlab, of optax, or any object with `init` and `update`. The numbers among
    its arguments become leaves, so that one program serves all of their values. Raises UnknownNameError and LoadError.
    """
    base, text = split_arguments(name)
    if text:
        _refuse_problem(base, name)
        found = find_factory(base)
        return GivenArguments(found, parse_arguments(base, found, text))
    if name in VARIANTS:
        raise UnknownNameError(_explain_variant(name))
    if ":" not in name:
        recipes = {key: contestant.make for key, contestant in collect_contestants().items()}
        known = {key: make for key, make in recipes.items() if is_factory(make)}
        return look_up(name, known, "optimizer", may_be_own=True)
    return as_factory(name, import_object(name), name.partition(":")[0])


def _explain_variant(variant: str) -> str:
    """Say what to type in place of the name of a variant, which only a race knows."""
    recipe, settings = VARIANTS[variant]
    words = {name: ("no", "yes")[value] if isinstance(value, bool) else value for name, value in settings.items()}
    options = " ".join(f"--set {name}={value}" for name, value in words.items())
    return f"{variant} is a variant that only races; here it is --optimizer {recipe} {options}"


def _find_rate_name(name: str, parameters: Collection[str]) -> str:
    """Return the name of the learning rate among the parameters of a factory. Raises LoadError if there is none."""
    names = list(parameters)
    if not names:
        raise LoadError(f"{name} takes no arguments, expected a learning rate to vary")
    known = [known for known in _RATE_NAMES if known in names]
    similar = [similar for similar in names if _LIKE_RATE.fullmatch(similar)]
    rate = (known or similar or names)[0]
    if _OTHER_NAMES.fullmatch(rate) and not (known or similar):
        raise LoadError(
            f"{name} has no learning rate to vary among {', '.join(names)}; name it one of {', '.join(_RATE_NAMES)}, "
            f"or sweep another hyperparameter: gradlab sweep --optimizer {name} --set {rate}=..."
        )
    return rate


class _RateFactory:
    """A factory that takes only a learning rate, and passes it on under the name that the user's factory has for it."""

    def __init__(self, factory: Callable[..., gl.Transformation], rate: str):
        self.factory, self.rate = factory, rate
        self.__wrapped__ = factory

    def __call__(self, learning_rate: float) -> gl.Transformation:
        return self.factory(**{self.rate: learning_rate})
