"""The decorators that make transformation values of functions of hyperparameters: `transformation` and `recipe`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, overload

import optax

from ..values.annotation_evaluation import name_of
from ..values.factories import Factory, name_of_maker
from ..values.factory_arguments import read_call
from ..values.numeric_arguments import read_parameters
from .base import Transformation
from .claims import Claims
from .closures import Closures
from .composites import Composite
from .not_a_transformation import refuse_to_run
from .transformation_calls import call_other, hand_on, signals_of

P = ParamSpec("P")


@overload
def transformation(factory: Callable[P, Any], /) -> Callable[P, Transformation]: ...
@overload
def transformation(
    *,
    splits_gradient: bool | str = False,
    squares_gradient: bool | str | None = None,
    claims: Claims = (),
    name: str | None = None,
) -> Callable[[Callable[P, Any]], Callable[P, Transformation]]: ...


def transformation(
    factory: Callable[..., Any] | None = None,
    /,
    *,
    splits_gradient: bool | str = False,
    squares_gradient: bool | str | None = None,
    claims: Claims = (),
    name: str | None = None,
) -> Any:
    """Make transformation values of a function that takes hyperparameters and returns an `(init, update)` pair.

    `update(updates, state)` may name `params`, `grads` (the gradient of the chain) and any extra argument, and receives
    those that it names. Factories of optax can be wrapped as they are:
    `scale_by_lion = gl.transformation(optax.scale_by_lion)` makes values, whose hyperparameters never recompile.
    A function that returns another transformation is a recipe: decorate it with `recipe`. (Without that declaration,
    it is traced once, if it receives schedules, to learn what it returns for numbers.)

    `splits_gradient` says that the result is a direction from here on and no longer the gradient, as for momentum.
    `squares_gradient` says that the link squares the chain's gradient, as for second moments, so that the chain bounds
    elements of which a sum of squares would overflow. For either, a string names the argument whose transformation
    decides, or the arguments, separated by spaces, whose transformations decide: one of them is enough. If it decides
    on `splits_gradient`, it also decides on `squares_gradient`, unless that is declared.

    `claims` are the names of the laws in `gradlab.testing.CLAIMS` that hold for it beside the contracts, such as
    `("elementwise", "sign symmetric")`. They may be a dictionary as in `gradlab.testing.check`, or a function of the
    transformation, where they depend on its arguments. `gradlab check` examines them. `name` is the printed name, by
    default that of the function. `gradlab.equations.equation_of` declares its equation, which `gl.explain` shows; a
    transformation that declares none appears there by its name.

    Raises TypeError where the factory is decorated if an annotation cannot be evaluated, or if an argument has the name
    of an attribute that every transformation has, such as `init`. Raises TypeError or ValueError where the factory is
    called with arguments outside their declared ranges (see `gradlab.values.numeric_arguments`).

    >>> @gl.transformation
    ... def scale_by_root(eps: gl.NonNegative = 0.0):
    ...     def update(updates, state):
    ...         return jax.tree.map(lambda d: jnp.sign(d) * jnp.sqrt(abs(d) + eps), updates), state
    ...     return lambda params: (), update
    >>> print(scale_by_root().update(jnp.array([9.0, -4.0]), ())[0])
    [ 3. -2.]
    """
    options: dict[str, Any] = {
        "splits_gradient": splits_gradient,
        "squares_gradient": squares_gradient,
        "claims": claims,
        "name": name,
    }
    return functools.partial(decorate_factory, **options) if factory is None else decorate_factory(factory, **options)


@overload
def recipe(factory: Callable[P, Any], /) -> Callable[P, Transformation]: ...
@overload
def recipe(
    *, claims: Claims = (), name: str | None = None
) -> Callable[[Callable[P, Any]], Callable[P, Transformation]]: ...


def recipe(factory: Callable[..., Any] | None = None, /, *, claims: Claims = (), name: str | None = None) -> Any:
    """Make transformation values of a function that takes hyperparameters and returns another transformation.

    A recipe receives schedules as they are, and hands them on to its links. It splits and squares the gradient if one
    of its links does, and claims what all of its links claim. `claims` are further claims, and `name` is the printed
    name, as in `transformation`, which raises the same errors.

    Raises TypeError where the recipe is called if it returns anything but a transformation of gradlab.

    >>> @gl.recipe
    ... def clipped_descent(learning_rate: gl.NonNegative = 0.1, limit: gl.Positive = 1.0):
    ...     return gl.chain(gl.clip_by_value(limit), gl.sgd(learning_rate))
    >>> print(clipped_descent(0.5))
    chain(clip_by_value(limit=1.0), sgd(learning_rate=0.5))
    >>> clipped_descent(0.5).learning_rate
    0.5
    """
    options: dict[str, Any] = {"is_recipe": True, "claims": claims, "name": name}
    return functools.partial(decorate_factory, **options) if factory is None else decorate_factory(factory, **options)


def decorate_factory(
    factory: Callable[..., Any],
    *,
    splits_gradient: bool | str = False,
    squares_gradient: bool | str | None = None,
    is_recipe: bool | None = None,
    claims: Claims = (),
    name: str | None = None,
    shadowed: frozenset[str] = frozenset(),
    integers_are_structure: bool = False,
) -> Any:
    """Do what `transformation` does.

    `shadowed` names the arguments that attributes of the value may hide, and `integers_are_structure` is that of
    `read_parameters`.
    """
    label = name or name_of(factory)
    parameters = read_parameters(factory, label, integers_are_structure)
    Transformation._require_free_names(label, parameters.keys() - shadowed)

    @functools.wraps(factory)
    def make(*args: Any, **kwargs: Any) -> Transformation:
        given = read_call(label, factory, parameters, args, kwargs)
        arguments = {name: _adopt(value) for name, value in given.items()}
        value = Transformation._from_arguments(make.factory, arguments)  # type: ignore[attr-defined]
        parts = value.core.parts()
        if is_recipe and not isinstance(parts, Transformation):
            raise TypeError(
                f"{label} is declared as a recipe, so it must return a transformation of gradlab; it returned an "
                f"(init, update) pair. Decorate it with @gl.transformation, or return gl.chain(pair)"
            )
        return value

    if squares_gradient is None:
        squares_gradient = splits_gradient if isinstance(splits_gradient, str) else False
    declared = Factory(
        make, factory, label, parameters, splits_gradient, squares_gradient, is_recipe=is_recipe, claims=claims
    )
    make.factory = declared  # type: ignore[attr-defined]
    return refuse_to_run(make, label)


def _adopt(argument: Any) -> Any:
    """Return a transformation of another library, or each in a tuple of them, as a value; and anything else as it is.

    It compares equal to another one that was made by the same call. The gradlab values that it holds are its leaves, so
    a wrapper of optax around them compiles once for all learning rates.
    """
    if isinstance(argument, tuple) and not isinstance(argument, optax.GradientTransformation):
        return tuple(map(_adopt, argument)) if type(argument) is tuple else argument
    if not isinstance(argument, optax.GradientTransformation) or isinstance(argument, Transformation):
        return argument
    closures = Closures((argument.init, argument.update))
    name = name_of_maker(argument.update)
    takes_extra = isinstance(argument, optax.GradientTransformationExtraArgs)
    return _make_other(name, takes_extra)(closures, *closures.values)


@functools.lru_cache(maxsize=256)
def _make_other(name: str, takes_extra: bool) -> Any:
    return decorate_factory(_run_other if takes_extra else _run_plain, splits_gradient="values", name=name)


def _run_other(closures: Any, *values: Any) -> Any:
    return _run(optax.GradientTransformationExtraArgs(*closures.rebuild(values)), values)


def _run_plain(closures: Any, *values: Any) -> Any:
    """Do what `_run_other` does, for a transformation that refuses extra arguments of the update."""
    return _run(optax.GradientTransformation(*closures.rebuild(values)), values)


def _run(link: optax.GradientTransformation, values: tuple[Any, ...]) -> Composite:
    init = link.init

    def run(updates, state, params=None, *, grads=None, **extra):
        signals = hand_on(extra, grads)
        return call_other(link, updates, state, params, signals, hands_on=bool(values))

    takes_extra = isinstance(link, optax.GradientTransformationExtraArgs)
    held = values if takes_extra else ()
    reads = frozenset().union(*map(signals_of, held))  # what it hands on to the values of gradlab that it holds
    return Composite(init, run, {}, lambda state: {}, reads=reads, reads_unknown=takes_extra)
