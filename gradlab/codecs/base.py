"""The codec value: how `gl.store` keeps an array of a state in fewer bytes."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Annotated, Any, NamedTuple, ParamSpec, TypeAlias

import jax
import jax.numpy as jnp

from ..values.annotation_evaluation import name_of
from ..values.factories import Factory, call
from ..values.factory_arguments import read_call
from ..values.numeric_arguments import Reader, find_inexact_dtype, read_parameters
from ..values.value import Value

P = ParamSpec("P")


class Coding(NamedTuple):
    """The two functions of a codec.

    >>> coding = gl.codecs.cast("bfloat16").coding
    >>> coding.encode(jnp.ones(2), None, False).dtype, coding.min_size, coding.elementwise
    (dtype(bfloat16), 0, True)
    """

    # encode(x, key, non_negative) -> arrays: x is real, at least float32.
    encode: Callable[[jax.Array, Any, bool], Any]
    # decode(arrays, dtype, non_negative) -> x
    decode: Callable[[Any, Any, bool], jax.Array]
    stochastic: bool = False  # it rounds with random numbers
    min_size: int = 0  # smaller arrays stay as they are
    elementwise: bool = False  # no element depends on another
    takes_complex: bool = False  # x may be complex


class ComplexParts(NamedTuple):
    """The parts of a complex array, each as a codec keeps it."""

    real: Any
    imag: Any


class Codec(Value):
    """A way to keep an array in fewer bytes, made by calling one of `gl.codecs`. It is a value, like an optimizer.

    >>> codec, x = gl.codecs.cast("bfloat16"), jnp.array([1.0, -2.0])
    >>> kept = codec.encode(x)
    >>> print(kept.dtype, codec.decode(kept, like=x))
    bfloat16 [ 1. -2.]
    """

    __slots__ = ("__weakref__", "children", "factory")

    @classmethod
    def _decorate(cls, build: Callable[..., Any], **options: Any) -> Any:
        return codec(build)

    @property
    def coding(self) -> Coding:
        """The functions that this codec consists of."""
        coding: Coding = call(self.factory.build, self.factory.parameters, self.arguments)
        return coding

    def encode(self, x: jax.Array, key: Any = None, non_negative: bool = False) -> Any:
        """Return an array, real or complex and at least float32, as it is kept: an array, or a tuple of named arrays.

        `key` is a `jax.random.key`, which a codec that rounds stochastically needs. `non_negative` says that no element
        is below 0, as in a second moment; then no element above 0 is kept as 0.

        Raises ValueError if the key is missing.
        """
        coding = self.coding
        if coding.stochastic and key is None:
            raise ValueError(f"{self!r} rounds stochastically, so it needs a key: encode(x, jax.random.key(0))")
        if x.size < coding.min_size:
            return x
        key = key if coding.stochastic else None
        if coding.takes_complex or not jnp.iscomplexobj(x):
            return coding.encode(x, key, non_negative)
        keys = (None, None) if key is None else tuple(jax.random.split(key))
        return ComplexParts(coding.encode(x.real, keys[0], False), coding.encode(x.imag, keys[1], False))

    def decode(self, kept: Any, like: Any, non_negative: bool = False) -> jax.Array:
        """Return the array of which `encode` returned `kept`. `like` is anything with its shape and dtype."""
        coding, dtype = self.coding, jnp.dtype(like.dtype)
        if like.size < coding.min_size:
            return kept
        if coding.takes_complex or not jnp.issubdtype(dtype, jnp.complexfloating):
            return coding.decode(kept, dtype, non_negative)
        part = jnp.finfo(dtype).dtype
        return jax.lax.complex(coding.decode(kept.real, part, False), coding.decode(kept.imag, part, False))


def codec(factory: Callable[P, Coding]) -> Callable[P, Codec]:
    """Make a codec factory of a function that returns a `Coding`.

    Its arguments are no hyperparameters: they have no gradient, and a new value of one compiles a new program. Raises
    TypeError for an annotation that cannot be evaluated.

    >>> @gl.codecs.codec
    ... def halves():
    ...     encode = lambda x, key, non_negative: (2 * x).round().astype("int8")
    ...     return gl.codecs.Coding(encode, lambda kept, dtype, non_negative: kept.astype(dtype) / 2)
    >>> x = jnp.array([0.7, 1.6])
    >>> print(halves().encode(x), halves().decode(halves().encode(x), like=x))
    [1 3] [0.5 1.5]
    """
    label = name_of(factory)
    parameters = read_parameters(factory, label)
    Codec._require_free_names(label, parameters)

    @functools.wraps(factory)
    def make(*args: Any, **kwargs: Any) -> Codec:
        arguments = read_call(label, factory, parameters, args, kwargs)
        call(factory, parameters, arguments)  # which raises for wrong arguments
        made: Codec = Codec._from_arguments(make.factory, arguments)  # type: ignore[attr-defined]
        return made

    make.factory = Factory(make, factory, label, parameters)  # type: ignore[attr-defined]
    return make


def _read_codec(where: str, value: Any) -> Any:
    """Return a codec, the name of a dtype, or a dictionary of either by slot. Raises TypeError for anything else."""
    if isinstance(value, dict):
        return {_require_name(where, slot): None if v is None else _read_codec(where, v) for slot, v in value.items()}
    if isinstance(value, Codec):
        return value
    dtype = find_inexact_dtype(value)
    if dtype is None:
        raise TypeError(
            f"{where} must be a codec, such as gl.codecs.dynamic_blocks(), a floating-point or complex dtype, such as "
            f"'bfloat16', or a dictionary of these by slot; got {value!r}"
        )
    return dtype.name


def _require_name(where: str, slot: Any) -> str:
    if not isinstance(slot, str):
        raise TypeError(f"{where} must name each slot by a string, such as 'second_moment'; got {slot!r}")
    return slot


CodecOrDtype: TypeAlias = Annotated[Any, Reader(_read_codec)]  # also a dictionary of these
