"""Flavors: the founding optimizers as PyTorch, Keras and optax compute them, with their names and defaults.

Each is a recipe of the same links as `gradlab.adam` and its siblings, which follow the publications. A flavor has
every argument of its framework's optimizer that changes the arithmetic. An argument that stands behind one that is
left out is keyword-only, so that a call by position cannot come to mean something else.
"""

from . import keras as keras
from . import optax as optax
from . import torch as torch
