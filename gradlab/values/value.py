"""Values: objects that are fully described by the call that made them.

A transformation or a schedule consists of a factory and the arguments that it was called with. Equality, hash,
pickling, the printed form, and the pytree whose leaves are the numeric arguments all follow from these two.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import optax

from .factories import Factory, call, find_new_parameters, is_found_by_name, name_of_maker
from .static import Static

Number = (int, float, complex, np.ndarray, np.generic, jax.Array)


class Value:
    """A factory and its arguments, as an immutable pytree whose leaves are the numbers among the arguments."""

    __slots__ = ()
    is_tree: ClassVar[bool]  # false for a value without numbers that is a leaf to JAX, and structure as an argument
    factory: Factory
    children: dict[str, Any]  # the arguments, with `Static` around each part that is not a number

    def __init_subclass__(cls, is_tree: bool = True) -> None:
        if is_tree:
            jax.tree_util.register_pytree_with_keys(cls, cls._flatten_with_keys, cls._unflatten, cls._flatten)
        cls.is_tree = is_tree

    @classmethod
    def _make(cls, factory: Factory, children: dict[str, Any]) -> Any:
        """Return the value of a factory and its arguments. The attributes are set here only, since values are fixed."""
        made = object.__new__(cls)
        object.__setattr__(made, "factory", factory)
        object.__setattr__(made, "children", children)
        return made

    @classmethod
    def _decorate(cls, build: Callable[..., Any], **options: Any) -> Any:
        """Do what the decorator does, for a factory of another library."""
        raise NotImplementedError

    @classmethod
    def _require_free_names(cls, label: str, names: Iterable[str]) -> None:
        """Raise TypeError for an argument with the name of an attribute of the value, which would hide the argument."""
        taken = {*dir(cls), *(name for base in cls.__mro__ for name in inspect.get_annotations(base))}
        hidden = sorted(taken.intersection(names))
        if hidden:
            kind, other = cls.__name__.lower(), f"{hidden[0].strip('_')}_value"
            raise TypeError(
                f"{label}: an argument cannot be called {' or '.join(hidden)}, because that is an attribute of every "
                f"{kind}, which would hide it; choose another name, such as {other}"
            )

    @classmethod
    def _from_arguments(cls, factory: Factory, arguments: Mapping[str, Any]) -> Any:
        children = {name: _as_child(factory.parameters[name], value) for name, value in arguments.items()}
        return cls._make(factory, children)

    def _constant(self) -> Any:
        """Return the number that this value stands for at every step, or None if there is none or it is not known."""
        return None

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments by name, as they were given, with numbers as floats and with defaults filled in."""
        return {name: rejoin(child) for name, child in self.children.items()}

    def replace(self, /, **changes: Any) -> Any:
        """Return the same value with some arguments changed, as in `tx.replace(learning_rate=3e-4)`."""
        return call(self.factory.public, self.factory.parameters, self.arguments | changes)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name in ("factory", "children"):
            raise AttributeError(name)
        try:
            return rejoin(self.children[name])
        except KeyError:
            names = ", ".join(self.children) or "none"
            raise AttributeError(
                f"{self.factory.name} has no argument or attribute {name!r}; its arguments: {names}"
            ) from None

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"{self.factory.name}(...) is a value and cannot change; use .replace({name}=...)")

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return self._identity() == other._identity()

    def __ne__(self, other: object) -> bool:  # needed because tuple, a base of Transformation, defines one
        return not self == other

    def __hash__(self) -> int:
        return hash(self._identity())

    def __reduce__(self) -> tuple[Any, ...]:
        factory = self.factory
        if is_found_by_name(
            factory.build
        ):  # a wrapped factory of another library, of which pickle finds only the bare function
            return _unpickle_wrapped, (
                type(self),
                factory.build,
                factory.name,
                factory.splits_gradient,
                self.children,
                factory.squares_gradient,
                factory.is_recipe,
            )
        return _unpickle, (type(self), factory.public, self.children)

    def __copy__(self) -> Any:
        return self

    def __repr__(self) -> str:
        return show(self.factory, self.arguments)

    def _identity(self) -> Hashable:
        leaves, structure = jax.tree.flatten(self._flatten()[0])
        return self.factory, tuple(self.children), structure, tuple(_identify_leaf(leaf) for leaf in leaves)

    def _flatten(self) -> tuple[tuple[Any, ...], Any]:
        return tuple(self.children.values()), (self.factory, tuple(self.children))

    def _flatten_with_keys(self) -> tuple[tuple[Any, ...], Any]:
        keyed = tuple((jax.tree_util.GetAttrKey(name), child) for name, child in self.children.items())
        return keyed, (self.factory, tuple(self.children))

    @classmethod
    def _unflatten(cls, structure: Any, children: Any) -> Any:
        factory, names = structure
        return cls._make(factory, dict(zip(names, children, strict=True)))


def replace_unchecked(value: Any, children: Mapping[str, Any]) -> Any:
    """Return a value with other numbers for some arguments, which are not checked and may be stacked."""
    return value._make(value.factory, {**value.children, **children})


def is_factory(thing: Any) -> bool:
    """Return whether something is a factory, a decorated function that makes values, and not a value."""
    return isinstance(getattr(thing, "factory", None), Factory) and not isinstance(thing, Value)


def is_number(value: Any) -> bool:
    """Return whether a value is numeric, and so a leaf: a number or an array, but not a boolean."""
    return isinstance(value, Number) and not isinstance(value, (bool, np.bool_))


def _as_child(parameter: Any, value: Any) -> Any:
    """Return an argument as it is stored, with `Static` around each part that is not a number."""
    return _as_structure(value) if _is_structure(parameter, value) else separate(value)


def _is_structure(parameter: Any, value: Any) -> bool:
    leaves = jax.tree.leaves(value)
    return bool(parameter.static) or (parameter.whole and bool(leaves) and all(type(leaf) is int for leaf in leaves))


def _as_structure(value: Any) -> Any:
    """Wrap an argument in `Static`, but a list or a dictionary leaf by leaf, because it cannot be hashed."""
    return jax.tree.map(Static, value) if isinstance(value, (list, dict)) else Static(value)


def separate(argument: Any) -> Any:
    """Wrap each part of an argument that is neither a number nor a value in `Static`."""

    def wrap(leaf: Any) -> Any:
        return leaf if is_number(leaf) or (isinstance(leaf, Value) and leaf.is_tree) else Static(leaf)

    return jax.tree.map(wrap, argument, is_leaf=_is_whole)


def rejoin(child: Any) -> Any:
    """Undo `separate`."""
    if isinstance(child, Static):  # most arguments are one part, and each call of a transformation rejoins them all
        return child.value
    if is_number(child) or _is_whole(child):
        return child

    def unwrap(leaf: Any) -> Any:
        return leaf.value if isinstance(leaf, Static) else leaf

    return jax.tree.map(unwrap, child, is_leaf=lambda node: isinstance(node, Static) or _is_whole(node))


def _is_whole(node: Any) -> bool:
    return isinstance(node, (Value, optax.GradientTransformation))


def _unpickle(cls: type[Value], public: Any, children: dict[str, Any]) -> Any:
    return cls._make(public.factory, complete_arguments(public.factory, children))


def _unpickle_wrapped(
    cls: Any, build: Any, name: str, splits: Any, children: Any, squares: Any = None, is_recipe: Any = None
) -> Any:
    options = {"splits_gradient": splits, "squares_gradient": squares, "is_recipe": is_recipe}
    factory = cls._decorate(build, name=name, **options).factory
    return cls._make(factory, complete_arguments(factory, children))


def complete_arguments(factory: Factory, children: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments in a pickle, with defaults for those that the factory did not have when it was written."""
    from .factory_arguments import check_argument  # imported here because it imports this module

    defaults = {
        name: _as_child(parameter, check_argument(factory.name, parameter, parameter.default))
        for name, parameter in find_new_parameters(factory, children).items()
    }
    return {name: (children | defaults)[name] for name in factory.parameters}


def _identify_leaf(leaf: Any) -> Hashable:
    if isinstance(leaf, jax.core.Tracer):
        return ("traced", id(leaf))
    if isinstance(leaf, jax.Array) and jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
        leaf = jax.random.key_data(leaf)
    if isinstance(leaf, (np.ndarray, np.generic, jax.Array)):
        array = np.asarray(leaf)
        return (array.dtype.name, array.shape, array.tobytes())
    return leaf if isinstance(leaf, Hashable) else ("object", id(leaf))


def show(factory: Factory, arguments: Mapping[str, Any]) -> str:
    """Return the call that makes a value, as Python. Options with their default of None, False or 0 are left out."""
    return f"{factory.name}({', '.join(show_arguments(factory, arguments))})"


def show_arguments(factory: Factory, arguments: Mapping[str, Any]) -> list[str]:
    """Return the arguments in the call that makes a value, each as Python."""
    parts: list[str] = []
    for name, value in arguments.items():
        parameter = factory.parameters[name]
        if parameter.variadic:
            parts.extend(show_argument(item) for item in value)
        elif parameter.positional:
            parts.append(show_argument(value))
        elif not (_is_off(value) and type(value) is type(parameter.default) and value == parameter.default):
            parts.append(f"{name}={show_argument(value)}")
    return parts


def _is_off(value: Any) -> bool:
    return value is None or value is False or (isinstance(value, float) and value == 0)


def show_argument(value: Any) -> str:
    """Return an argument as text: numbers in short form, arrays by dtype and shape, functions by name."""
    if isinstance(value, (jax.Array, np.ndarray)):
        shape = ",".join(map(str, value.shape))
        concrete = not isinstance(value, jax.core.Tracer) and value.ndim == 0
        if concrete and not jnp.issubdtype(value.dtype, jax.dtypes.prng_key):
            return f"{value.dtype.name}({value.item()!r})"
        return f"{value.dtype.name}[{shape}]"
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    if isinstance(value, float) and value == int(value) and abs(value) < 1e6:
        return f"{value:.1f}"
    if isinstance(value, optax.GradientTransformation) and not isinstance(value, Value):
        return name_of_maker(value.update)
    if isinstance(value, Value):
        return repr(value)
    if isinstance(value, tuple | list):
        return "(" + ", ".join(map(show_argument, value)) + ("," * (len(value) == 1)) + ")"
    return getattr(value, "__qualname__", repr(value)).replace(".<locals>", "") if callable(value) else repr(value)
