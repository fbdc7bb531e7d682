"""Independent references: the published optimizers as float64 NumPy step functions.

Use them to test an optimizer, of gradlab or not. Each function is written from the equations of its
paper, in 5 to 12 lines of NumPy, and shares no code with any transformation or optimizer. Agreement
with it is therefore evidence. It is called as

    change, state = adam(g, state, t, x, learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-8)

where `g` is one gradient array (float64 or complex128), `state` is a dict ({} at the start, never
mutated), `t` = 1, 2, ... is the step, `x` are the parameters, and the hyperparameters are numbers,
those of this step. It returns the change to add to `x` and the new state. Second moments use |g|^2.
Where a published form divides by zero (no eps, only zero gradients so far), the change is zero.
A step function gets one leaf of a tree at a time. One that needs the whole tree, for a global norm,
is marked with the decorator `whole_tree`, and gets dicts of arrays.

`trajectory` runs a step function from start to end; hyperparameters may then be schedules:

    >>> from gradlab.testing import references
    >>> def gradient(x):
    ...     return 2 * x
    >>> references.trajectory(references.sgd, [1.0], gradient, steps=2, learning_rate=0.25)
    array([[1.  ],
           [0.5 ],
           [0.25]])
    >>> references.trajectory(references.sgd, 0.0, [1.0, 1.0], learning_rate=lambda k: 0.5**k)
    array([ 0. , -1. , -1.5])
"""

from gradlab.testing.references.adabound_family import adabound as adabound
from gradlab.testing.references.adabound_family import amsbound as amsbound
from gradlab.testing.references.adam_family import adam as adam
from gradlab.testing.references.adam_family import adam_efficient as adam_efficient
from gradlab.testing.references.adam_family import adamax as adamax
from gradlab.testing.references.adam_family import adamw as adamw
from gradlab.testing.references.adam_family import amsgrad as amsgrad
from gradlab.testing.references.adam_family import nadam as nadam
from gradlab.testing.references.gradient_descent import momentum_average as momentum_average
from gradlab.testing.references.gradient_descent import sgd as sgd
from gradlab.testing.references.gradient_descent import sign_sgd as sign_sgd
from gradlab.testing.references.root_mean_square import adadelta as adadelta
from gradlab.testing.references.root_mean_square import adagrad as adagrad
from gradlab.testing.references.root_mean_square import rmsprop as rmsprop
from gradlab.testing.references.runner import trajectory as trajectory
from gradlab.testing.references.runner import whole_tree as whole_tree
