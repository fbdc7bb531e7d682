"""Sharpness-aware minimization: an optimizer whose gradient is taken uphill from the parameters."""

from __future__ import annotations

import optax

from ..arithmetic.mesh_axes import AxisName
from ..combinators.chain import chain
from ..core.decorators import recipe
from ..values.numeric_arguments import NonNegative
from .gradient import gradient_at
from .normalization import scale_to_global_norm, scale_to_relative_norm


@recipe
def sam(tx: optax.GradientTransformation, rho: NonNegative = 0.05, axis_name: AxisName = None):
    r"""SAM: an optimizer with the gradient of a point a fixed distance uphill, $g'_t = \nabla f(x_{t-1} + \rho g_t /
    \|g_t\|)$.

    That point approximates the largest loss within the distance, so the steps lead to minima around which the loss is
    low as well: flat ones, which are hoped to generalize better. `tx` is the optimizer that takes the step, such as
    `sgd(0.1, momentum=0.9)`. `rho` is $\rho$ in [0, inf), the distance. The norm is that of the whole tree; `axis_name`
    is that of `scale_to_global_norm`. Each step computes two gradients. The second comes from the extra argument
    `gradient_fn`, which `make_step` and the laboratory pass. In a model with batch normalization, only the statistics
    of the first gradient should be kept.

    `update` raises ValueError without `params` or `gradient_fn`. Source: Foret et al. (2021), algorithm 1.

    >>> tx, x = gl.sam(gl.sgd(0.1), rho=0.5), jnp.array([3.0, 4.0])
    >>> gradient = lambda x: x  # of |x|^2 / 2
    >>> print(tx.update(gradient(x), tx.init(x), x, gradient_fn=gradient)[0])  # -0.1 (x + 0.5 x / 5)
    [-0.33 -0.44]
    """
    return chain(gradient_at(scale_to_global_norm(rho, axis_name)), tx)


@recipe
def asam(tx: optax.GradientTransformation, rho: NonNegative = 0.5, eta: NonNegative = 0.01, axis_name: AxisName = None):
    r"""ASAM: SAM with distances in units of the parameters, $g'_t = \nabla f(x_{t-1} + \rho T_t^2 g_t / \|T_t g_t\|)$,
    $T_t = |x_{t-1}| + \eta$.

    The gradient comes from a point uphill, as in `sam`. There, each parameter is moved in proportion to $T_t^2$ and
    its gradient, so a rescaling of the weights that does not change the model changes the sharpness little. `rho` is
    $\rho$ in [0, inf), and `eta` is $\eta$ in [0, inf), with which parameters at zero are moved, too. The other
    arguments and the errors are those of `sam`. Source: Kwon et al. (2021), algorithm 1.

    >>> tx, x = gl.asam(gl.sgd(0.1), rho=0.5, eta=0.0), jnp.array([3.0, 4.0])
    >>> gradient = lambda x: x  # of |x|^2 / 2
    >>> step, state = tx.update(gradient(x), tx.init(x), x, gradient_fn=gradient)
    >>> print(step)  # -0.1 (x + 0.5 [27, 64] / |[9, 16]|)
    [-0.3735 -0.5743]
    """
    return chain(gradient_at(scale_to_relative_norm(rho, eta, axis_name)), tx)
