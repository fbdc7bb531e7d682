r"""Muon as eight implementations compute it: one name, eight algorithms.

Each is a chain of the same links: a momentum, perhaps Nesterov's look-ahead, `orthogonalize`, a factor of the shape,
and decoupled weight decay. They differ in every one of these, so that at equal learning rates their steps differ by up
to the root of the larger side of a matrix. The names and defaults of the arguments are those of the implementation.

These rules hold for all of them. `layout` says how a leaf is a matrix: the implementations in PyTorch have (out, in),
and pass 'flax' to use them on kernels of Flax. `matrices` selects the leaves that are orthogonalized, by default all
with two axes. `precision` is that of the products; where the default is 'bfloat16', the implementation rounds to it.
What it does there in one rounding or in several is not copied, so the results agree to some percent in bfloat16, and
to rounding with `precision=None`. The largest element of the first step at a rate of 1 differs by a factor of 6:

>>> muon, x, gradient = gl.flavors.muon, jnp.zeros((4, 16)), jnp.eye(4, 16)
>>> made = [muon.keras, muon.optax, muon.dion, muon.heavyball, muon.keller_jordan]
>>> for make in [*made, muon.moonlight, muon.nvidia, muon.torch]:
...     tx = make(1.0, precision=None, layout="flax")
...     step, _ = tx.update(gradient, tx.init(x), x)
...     print(f"{make.__name__:13} {abs(step).max():.1f}")
keras         0.6
optax         1.5
dion          2.2
heavyball     2.0
keller_jordan 1.5
moonlight     0.6
nvidia        3.9
torch         1.5
"""

import typing as _typing

from .of_optax_and_keras import keras as keras
from .of_optax_and_keras import optax as optax
from .of_torch_libraries import dion as dion
from .of_torch_libraries import heavyball as heavyball
from .of_torch_libraries import keller_jordan as keller_jordan
from .of_torch_libraries import moonlight as moonlight
from .of_torch_libraries import nvidia as nvidia
from .of_torch_libraries import torch as torch

if not _typing.TYPE_CHECKING:  # a `__getattr__` that type checkers could see would give them any name
    from ...remedies.missing_names import refuse_unknown_names as _refuse_unknown_names

    __getattr__ = _refuse_unknown_names(__name__)
