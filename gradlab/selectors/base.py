"""The selector value, its algebra, and what may be written in its place."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, ParamSpec, overload

import jax
import numpy as np
import optax

from ..core.boundary import PyTree
from ..values.annotation_evaluation import name_of
from ..values.factories import Factory, accepts, call
from ..values.factory_arguments import read_call
from ..values.numeric_arguments import read_parameters
from ..values.value import Value
from .leaves import Leaf, read_leaves

P = ParamSpec("P")


class Selector(Value, is_tree=False):
    """A choice of leaves, by their paths, shapes and dtypes. `&`, `|` and `~` join selectors.

    `selector(params)` returns a tree of booleans like the parameters, so that a selector is also a mask for optax. Like
    a transformation, it is compared by its factory and arguments, pickles, and prints as the call that made it. It has
    no numbers, and so it is no pytree but a leaf.

    >>> kernels = gl.ndim(2) & ~gl.path("head/**")
    >>> kernels({"body": jnp.zeros((2, 2)), "bias": jnp.zeros(2), "head": {"kernel": jnp.zeros((2, 2))}})
    {'bias': False, 'body': True, 'head': {'kernel': False}}
    """

    __slots__ = ("__weakref__", "children", "factory")

    def __call__(self, tree: PyTree) -> PyTree:
        return jax.tree.unflatten(jax.tree.structure(tree), self.choose(read_leaves(tree)))

    def choose(self, leaves: Sequence[Leaf]) -> list[bool]:
        """Return for each of the leaves of a tree whether it is selected."""
        factory = self.factory
        return call(factory.build, factory.parameters, self.arguments)(leaves)

    @property
    def reads_names(self) -> bool:
        """True if the choice depends on the path of a leaf, and not only on its shape and dtype."""
        joined = (value for value in self.arguments.values() if isinstance(value, Selector))
        return bool(self.factory.claims) or any(inner.reads_names for inner in joined)

    def __and__(self, other: Any) -> Selector:
        return _both(self, _as_operand(other, "&"))

    def __rand__(self, other: Any) -> Selector:
        return _both(_as_operand(other, "&"), self)

    def __or__(self, other: Any) -> Selector:
        return _either(self, _as_operand(other, "|"))

    def __ror__(self, other: Any) -> Selector:
        return _either(_as_operand(other, "|"), self)

    def __invert__(self) -> Selector:
        return _negation(self)

    def __bool__(self) -> bool:
        raise TypeError(
            f"{self!r} is neither true nor false before it sees a leaf; join selectors by &, | and ~, and not by and, "
            f"or and not"
        )

    def __repr__(self) -> str:
        signs: dict[Any, str] = {_both: " & ", _either: " | ", _negation: "~"}
        sign = signs.get(self.factory.public, "")
        operands = [repr(operand) for operand in self.arguments.values()] if sign else []
        if len(operands) == 2:
            return f"({sign.join(operands)})"
        return f"{sign}{operands[0]}" if operands else super().__repr__()


@overload
def selector(factory: Callable[P, Any], /, *, reads_names: bool = False) -> Callable[P, Selector]: ...
@overload
def selector(*, reads_names: bool = False) -> Callable[[Callable[P, Any]], Callable[P, Selector]]: ...


def selector(factory: Callable[..., Any] | None = None, /, *, reads_names: bool = False) -> Any:
    """Make a selector factory of a function whose result chooses among all leaves of a tree.

    The result receives a list of `Leaf` and returns a list of booleans. Arguments are structure: numbers are annotated
    as `int`. `reads_names` says that a leaf of another name may be chosen differently.

    >>> @gl.selectors.selector
    ... def largest(count: int):
    ...     def choose(leaves):
    ...         kept = sorted(leaf.size for leaf in leaves)[-count:]
    ...         return [leaf.size >= kept[0] for leaf in leaves]
    ...     return choose
    >>> largest(1)({"a": jnp.ones(2), "b": jnp.ones(3)})
    {'a': False, 'b': True}
    """
    if factory is None:
        return functools.partial(selector, reads_names=reads_names)
    label = name_of(factory).strip("_")
    parameters = read_parameters(factory, label)
    Selector._require_free_names(label, parameters)

    @functools.wraps(factory)
    def make(*args: Any, **kwargs: Any) -> Selector:
        arguments = read_call(label, factory, parameters, args, kwargs)
        call(factory, parameters, arguments)  # raises for arguments that are out of range
        return Selector._from_arguments(make.factory, arguments)  # type: ignore[attr-defined]

    make.factory = Factory(make, factory, label, parameters, claims=("reads names",) * reads_names)  # type: ignore[attr-defined]
    return make


def choose_by(is_selected: Callable[[Leaf], bool]) -> Callable[[Sequence[Leaf]], list[bool]]:
    """Return what chooses each leaf by itself."""
    return lambda leaves: [is_selected(leaf) for leaf in leaves]


@selector
def everything():
    """Select every leaf.

    >>> gl.selectors.everything()({"kernel": jnp.ones(2)})
    {'kernel': True}
    """
    return choose_by(lambda leaf: True)


@selector(reads_names=True)
def where(function, /):
    """Select the leaves for which a function of the path and the leaf returns true.

    `function(path, leaf)` receives the path as a tuple of its parts, such as `("layers", 0, "bias")`, and the leaf with
    its `shape`, `ndim`, `size` and `dtype`. It cannot see numbers. A selector of another function is another value,
    and it pickles if the function has a name in a module.

    Raises TypeError if `function` does not take the two, or returns anything but a boolean.

    >>> is_large = gl.where(lambda path, leaf: leaf.size > 3)
    >>> is_large({"a": jnp.zeros(2), "b": jnp.zeros(4)})
    {'a': False, 'b': True}
    """
    if not callable(function) or isinstance(function, type) or not accepts(function, (), None):
        text = getattr(function, "__qualname__", repr(function))
        raise TypeError(f"where: the argument is called as function(path, leaf); got {type(function).__name__}: {text}")

    def is_selected(leaf: Leaf) -> bool:
        result = function(leaf.path, leaf)
        if not isinstance(result, bool | np.bool_):
            raise TypeError(
                f"where: {name_of(function)} must return True or False, got {type(result).__name__} at {leaf}: "
                f"{result!r}"
            )
        return bool(result)

    return choose_by(is_selected)


@selector
def _both(left, right):
    return lambda leaves: [one and other for one, other in zip(left.choose(leaves), right.choose(leaves), strict=True)]


@selector
def _either(left, right):
    return lambda leaves: [one or other for one, other in zip(left.choose(leaves), right.choose(leaves), strict=True)]


@selector
def _negation(selector):
    return lambda leaves: [not is_selected for is_selected in selector.choose(leaves)]


def as_selector(thing: Any, where_it_stands: str = "a selector") -> Selector:
    """Return a selector of what may be written in its place: a pattern, a boolean, a tree of booleans or a function.

    Raises TypeError for anything else, naming where it stands.

    >>> gl.selectors.as_selector("**/bias")
    path('**/bias')
    """
    from .labels import labels  # these two import this module
    from .patterns import path

    if isinstance(thing, Selector):
        return thing
    if isinstance(thing, str):
        return path(thing)
    if isinstance(thing, bool | np.bool_):
        return everything() if thing else ~everything()
    is_transformation = isinstance(thing, optax.GradientTransformation) or hasattr(thing, "factory")
    if callable(thing) and not isinstance(thing, type) and not is_transformation:
        return where(thing)
    leaves = jax.tree.leaves(thing)
    if leaves and all(isinstance(leaf, bool | np.bool_) for leaf in leaves):
        return labels(thing)
    text = getattr(thing, "__qualname__", repr(thing))
    raise TypeError(
        f'{where_it_stands} must be a selector, such as path("**/bias") or ndim(2), a tree of booleans, or a function '
        f"of path and leaf; got {type(thing).__name__}: {text}"
    )


def _as_operand(thing: Any, sign: str) -> Selector:
    return as_selector(thing, f"what is joined by {sign}")
