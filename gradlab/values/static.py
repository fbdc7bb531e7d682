"""Arguments of optimizers that are no numbers, such as names and functions, as a part of a pytree's structure."""

from __future__ import annotations

from typing import Any

import jax


@jax.tree_util.register_pytree_node_class
class Static:
    """An argument, or a part of one, that is no number. In a pytree it is structure and has no leaves.

    `jax.jit` thus compiles a program for each value of it, and `jax.tree.map` leaves it as it is.

    >>> from gradlab.values.static import Static
    >>> jax.tree.leaves({"rate": 0.1, "layout": Static("flax")})
    [0.1]
    """

    __slots__ = ("value",)

    def __init__(self, value: Any):
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Static) and type(self.value) is type(other.value) and self.value == other.value

    def __hash__(self) -> int:
        try:
            return hash(self.value)
        except TypeError:
            raise TypeError(
                f"an argument that is not a number must be hashable, because it is part of the compiled program; "
                f"got {type(self.value).__name__}: {self.value!r}. Pass a tuple, a string, a function, "
                f"or a pytree of such values."
            ) from None

    def __repr__(self) -> str:
        return f"Static({self.value!r})"

    def __reduce__(
        self,
    ) -> tuple[Any, ...]:  # the first two protocols of pickle need this, because there is no __dict__
        return Static, (self.value,)

    def tree_flatten(self) -> tuple[tuple[()], Static]:
        return (), self

    @classmethod
    def tree_unflatten(cls, static: Static, _: tuple[()]) -> Static:
        return static
