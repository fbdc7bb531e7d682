"""Flavors: the founding optimizers as PyTorch, Keras and optax compute them, with their names and defaults.

Each is a recipe of the same links as `gradlab.adam` and its siblings, which follow the publications. A flavor has
every argument of its framework's optimizer, in the same order; an argument that surrounds the update is keyword-only.
"""

from . import keras as keras
from . import optax as optax
from . import torch as torch
