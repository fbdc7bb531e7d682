"""The transformation value: a pure `(init, update)` pair that is also a pytree of its hyperparameters."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, overload

import jax
import jax.numpy as jnp
import optax

from ._compat import register_with_nnx
from .annotation_evaluation import name_of
from .boundary import Boundary
from .claims import Claims
from .closures import Closures
from .composites import Composite
from .factories import Factory
from .factory_arguments import check_argument
from .hyperparameters import read_parameters
from .nested_arguments import find_arguments, replace_arguments
from .not_a_transformation import refuse_to_run
from .schedules.base import bind_arguments
from .transformation_calls import Core, call_other
from .values import Value, show_arguments

P = ParamSpec("P")


class Transformation(Value, optax.GradientTransformationExtraArgs):
    """An optimizer, or a link of one: `init(params) -> state`, `update(updates, state, params=None, **extra)`.

    Made by calling a factory (`gl.adam(1e-3)`), never directly. It is an optax transformation, a pytree whose leaves
    are its numeric hyperparameters, and a value: it compares equal, hashes and pickles by what it is.
    """

    core: Core

    @classmethod
    def _make(cls, factory: Factory, children: dict[str, Any]) -> Transformation:
        register_with_nnx(cls)  # here, because Flax may be imported after gradlab
        core = Core(factory, children)
        boundary = Boundary(core)
        transformation = tuple.__new__(cls, (boundary.init, boundary.update))
        transformation.__dict__.update(factory=factory, children=children, core=core)
        boundary.owner = transformation
        return transformation

    @classmethod
    def _decorate(cls, build: Callable[..., Any], **options: Any) -> Any:
        return _transformation(build, **options)

    def _refuse_arithmetic(self, other: Any) -> Any:
        raise TypeError(
            "transformations cannot be added or multiplied; to apply one after another, write gl.chain(one, other)"
        )

    __add__ = __radd__ = __mul__ = __rmul__ = _refuse_arithmetic  # as a tuple, it would be joined or repeated

    @property
    def composition(self) -> Transformation:
        """The transformation that a recipe composes, one level down. A link is its own composition."""
        parts = self.core.parts()
        return parts if isinstance(parts, Transformation) else self

    @property
    def links(self) -> tuple[optax.GradientTransformation, ...]:
        """The links that this is made of, in order, with chains and recipes opened. A link has itself."""
        parts = self.core.parts()
        if isinstance(parts, Transformation):
            return parts.links
        return getattr(parts, "links", (self,))

    @property
    def splits_gradient(self) -> bool:
        """True if the result is a direction and no longer the gradient (see `chain`)."""
        return self._declares(splits_gradient, self.factory.splits_gradient)

    @property
    def squares_gradient(self) -> bool:
        """True if a link squares the gradient of the chain, which is then bounded (see `chain`)."""
        return self._declares(squares_gradient, self.factory.squares_gradient)

    def _declares(self, declared: Callable[[Any], bool], flag: bool | str) -> bool:
        links = self.links
        if links != (self,):
            return any(map(declared, links))
        if not isinstance(flag, str):
            return flag
        return any(map(declared, find_transformations([self.arguments[name] for name in flag.split()])))

    def replace(self, changes: Mapping[str, Any] | None = None, /, **named: Any) -> Any:
        """Return the same transformation with other arguments, of its own or of what it holds.

        `tx.replace(learning_rate=3e-4)` finds the argument in chains, groups and wrappers. Where several have the name,
        pass a dictionary with the path of one: `tx.replace({"muon/learning_rate": 3e-4})`. A path is the name of the
        argument after the names of the links, groups and wrappers that hold it, of which some may be left out.
        `gl.hyperparameters(tx)` lists the paths of all hyperparameters. `**/learning_rate` stands for all learning
        rates. An argument of the transformation itself comes before those of what it holds.

        A number that replaces an array becomes an array (see `as_arrays`).

        Raises ValueError, with the paths that may be meant, if several arguments match, and TypeError for none.
        """
        try:
            return replace_arguments(self, {**(changes or {}), **named})
        except LookupError as error:
            raise TypeError(f"{self.factory.name}: {error.args[0]}") from None

    def as_arrays(self) -> Any:
        """Return the same transformation with arrays in the place of its numbers.

        `jax.jit` compiles one program for all values of a Python number among its arguments. Some other compilers, such
        as `equinox.filter_jit`, take such a number for a constant and compile a program for each value; arrays are data
        to all of them. In `nnx.Optimizer`, a transformation is data if its numbers are arrays: assign
        `optimizer.tx = optimizer.tx.replace(learning_rate=3e-4)` to change the rate without a new program.
        """
        return jax.tree.map(jnp.asarray, self)

    def __getattr__(self, name: str) -> Any:
        """Return an argument, or the one hyperparameter of this name among those of all that it holds."""
        if name in self.__dict__.get("children", {}) or name.startswith("_") or "core" not in self.__dict__:
            return super().__getattr__(name)
        found = [argument for argument in find_arguments(self) if argument.names[-1] == name]
        found = [argument for argument in found if argument.is_hyperparameter]
        if not found:
            return super().__getattr__(name)
        if len(found) > 1:
            paths = ", ".join(repr(argument.path) for argument in found)
            raise AttributeError(
                f"{self.factory.name}: {name} may be any of {paths}; read gl.hyperparameters(tx)[path]"
            )
        return found[0].value

    def _replace(self, /, **changes: Any) -> Any:  # that of a named tuple (init, update) would return no value
        raise TypeError(
            f"_replace would change the functions of {self.factory.name}; use .replace(...) to change its arguments"
        )

    def __str__(self) -> str:
        composed = self
        try:
            while composed.composition is not composed:
                composed = composed.composition
        except (
            TypeError,
            ValueError,
        ):  # the leaves are not hyperparameters, as in a gradient with respect to an optimizer
            return repr(self)
        return _show_composition(composed)


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
    elements whose square would overflow. For either, a string names the argument whose transformation decides, or
    the arguments, separated by spaces, whose transformations decide: one of them is enough. If it decides on
    `splits_gradient`, it also decides on `squares_gradient`, unless that is declared.

    `claims` are the names of the laws in `gradlab.testing.CLAIMS` that hold for it beside the contracts, such as
    `("elementwise", "sign symmetric")`. They may be a dictionary as in `gradlab.testing.check`, or a function of the
    transformation, where they depend on its arguments. `gradlab check` examines them. `name` is the printed name, by
    default that of the function.

    Raises TypeError where the factory is decorated if an annotation cannot be evaluated, or if an argument has the name
    of an attribute that every transformation has, such as `init`. Raises TypeError or ValueError where the factory is
    called with arguments outside their declared ranges (see `gradlab.hyperparameters`).
    """
    options: dict[str, Any] = {
        "splits_gradient": splits_gradient,
        "squares_gradient": squares_gradient,
        "claims": claims,
        "name": name,
    }
    return functools.partial(_transformation, **options) if factory is None else _transformation(factory, **options)


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
    """
    options: dict[str, Any] = {"is_recipe": True, "claims": claims, "name": name}
    return functools.partial(_transformation, **options) if factory is None else _transformation(factory, **options)


def _transformation(
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
    `parameters_of`.
    """
    label = name or name_of(factory)
    parameters = read_parameters(factory, label, integers_are_structure)
    Transformation._require_free_names(label, parameters.keys() - shadowed)

    @functools.wraps(factory)
    def make(*args: Any, **kwargs: Any) -> Transformation:
        bound = bind_arguments(factory, args, kwargs, label)
        arguments = {key: _adopt(check_argument(label, parameters[key], value)) for key, value in bound.items()}
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
    name = getattr(argument.update, "__qualname__", "optax").split(".")[0]
    takes_extra = isinstance(argument, optax.GradientTransformationExtraArgs)
    return _make_other(name, takes_extra)(closures, *closures.values)


@functools.lru_cache(maxsize=256)
def _make_other(name: str, takes_extra: bool) -> Any:
    return _transformation(_run_other if takes_extra else _run_plain, splits_gradient="values", name=name)


def _run_other(closures: Any, *values: Any) -> Any:
    return _run(optax.GradientTransformationExtraArgs(*closures.rebuild(values)), values)


def _run_plain(closures: Any, *values: Any) -> Any:
    """Do what `_run_other` does, for a transformation that refuses extra arguments of the update."""
    return _run(optax.GradientTransformation(*closures.rebuild(values)), values)


def _run(link: optax.GradientTransformation, values: tuple[Any, ...]) -> Composite:
    init = link.init

    def run(updates, state, params=None, *, grads=None, **extra):
        signals = extra if grads is None else {"grads": grads, **extra}
        return call_other(link, updates, state, params, signals, hands_on=bool(values))

    return Composite(init, run, {}, lambda state: {})


def splits_gradient(link: Any) -> bool:
    """Return whether a link of a chain turns the gradient into a direction. A link of another library never does."""
    return isinstance(link, Transformation) and link.splits_gradient


def squares_gradient(link: Any) -> bool:
    """Return whether a link of a chain squares the gradient of the chain. A link of another library never sees it."""
    return isinstance(link, Transformation) and link.squares_gradient


def find_transformations(arguments: Any) -> list[Any]:
    """Return the transformations among some arguments, and within tuples of them."""
    found = jax.tree.leaves(arguments, is_leaf=lambda node: isinstance(node, optax.GradientTransformation))
    return [thing for thing in found if isinstance(thing, optax.GradientTransformation)]


def _show_composition(composed: Transformation) -> str:
    """Return a composition as text: in one line if it has at most 88 characters, else with one link or rule a line.

    The lines end in a comma and can be evaluated as Python. `wadler_lindig`, which also breaks links over lines, writes
    no comma after the last element, so it would change every composition that is printed today.
    """
    line = repr(composed)
    factory = composed.factory
    if len(line) <= 88 or not any(parameter.variadic for parameter in factory.parameters.values()):
        return line
    return (
        f"{factory.name}(\n" + "".join(f"    {part},\n" for part in show_arguments(factory, composed.arguments)) + ")"
    )
