"""The transformation value: a pure `(init, update)` pair that is also a pytree of its hyperparameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import optax

from .._compat import register_with_nnx
from ..values.factories import Factory
from ..values.value import Value, show_arguments
from .boundary import Boundary
from .nested_arguments import find_arguments, replace_arguments
from .transformation_calls import Core

# What other libraries call the method of an optimizer that changes the parameters, too.
_STEPS_ELSEWHERE = ("step", "minimize", "apply_gradients")


class Transformation(Value, optax.GradientTransformationExtraArgs):
    """An optimizer, or a link of one: `init(params) -> state`, `update(updates, state, params=None, **extra)`.

    Made by calling a factory (`gl.adam(1e-3)`), never directly. It is an optax transformation, a pytree whose leaves
    are its numeric hyperparameters, and a value: it compares equal, hashes and pickles by what it is.

    `init` returns the state for `params`, a tree of floating-point or complex arrays of any shape. For
    `jax.ShapeDtypeStruct` in the place of arrays, the state consists of such, and nothing is computed. Numbers in the
    state are at least float32, but for those that `store` keeps in fewer bytes.

    `update` takes the gradients as `updates`, a tree like the parameters, and returns what to add to the parameters,
    and the next state. The result has the structure, shapes and dtypes of `updates`, and the state keeps its own.
    Inside, leaves are computed in at least float32. Optimizers that decay weights, and some others, need `params`. A
    leaf that is left out is None. `extra` holds what single links read, such as the loss `value`; others ignore it.

    `init` and `update` raise TypeError for a leaf that is no floating-point or complex array, and `update` raises
    ValueError for trees that do not match one another or the state, and where `params` are needed and missing.

    >>> tx = gl.adam(0.1)
    >>> tx == gl.adam(0.1), tx.learning_rate, tx.replace(b1=0.5).b1
    (True, 0.1, 0.5)
    >>> jax.tree.leaves(tx)  # its numbers: the learning rate, b1, b2 and epsilon
    [0.1, 0.9, 0.999, 1e-08]
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
        from .decorators import decorate_factory  # here, because the decorators import this class

        return decorate_factory(build, **options)

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
        is_link = self.core.recall("is a link", lambda parts: not hasattr(parts, "links"))
        return (self,) if is_link else self.core.parts().links

    @property
    def splits_gradient(self) -> bool:
        """True if the result is a direction and no longer the gradient (see `chain`)."""
        return self._declares("splits_gradient", self.factory.splits_gradient)

    @property
    def squares_gradient(self) -> bool:
        """True if a link squares the gradient of the chain, which is then bounded (see `chain`)."""
        return self._declares("squares_gradient", self.factory.squares_gradient)

    def _declares(self, name: str, flag: bool | str) -> bool:
        """Return whether it is declared by the property `name` of one of its links, or of a link itself by `flag`."""

        def find(parts: Any) -> bool:
            inner: Any = self.links
            if inner == (self,):
                if not isinstance(flag, str):
                    return flag
                inner = find_transformations([self.arguments[argument] for argument in flag.split()])
            return any(getattr(link, name) for link in inner if isinstance(link, Transformation))

        return self.core.recall(name, find)

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
            if name in _STEPS_ELSEWHERE:
                raise AttributeError(
                    f"{self.factory.name} has no {name}(...), because it changes no parameters itself; write updates, "
                    "state = tx.update(grads, state, params) and then params = gl.apply_updates(params, updates), or "
                    "make a compiled step of both: gl.make_step(loss)"
                )
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

    def _repr_html_(self) -> str | None:
        """Return the diagram and the equations, which a notebook shows where this is the last line of a cell."""
        return self._explain("_repr_html_")

    def _repr_latex_(self) -> str | None:
        """Return the equations, for what a notebook is converted to."""
        return self._explain("_repr_latex_")

    def _explain(self, form: str) -> str | None:
        from ..explanations import explain  # here, because an explanation walks through transformations

        try:
            return str(getattr(explain(self), form)())
        except (TypeError, ValueError):  # the leaves are not hyperparameters, as in `__str__`
            return None

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
