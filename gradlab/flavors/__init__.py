"""Flavors: optimizers exactly as PyTorch, Keras and optax compute them, with the names and defaults of each.

Flavors are recipes of the same links as `gradlab.adam` and the others, which follow the publications. A flavor has
every argument of the optimizer in its framework, in the same order. Arguments that are not part of the update are
keyword-only.
"""

from . import keras as keras
from . import optax as optax
from . import torch as torch
