"""The boundary of a transformation: what enters is checked and raised in precision, what leaves is rounded once.

Inside, every leaf is an array of at least float32 (complex64). Outside, updates have the dtype that they came with, and
the state has the dtypes that `init` gave it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import jax
import jax.numpy as jnp
import optax

from ..compilation.cpu_fusion import cpu_fusion_enabled
from ..update_forms.as_written import is_as_written
from ..update_forms.few_passes import in_few_passes, is_worth_few_passes
from ..update_forms.leaf_stacks import wants_stacks, with_stacked_leaves
from ..update_forms.one_pass import in_one_pass
from ..values.value import rejoin, show
from .donated_arrays import copy_shared_arrays, require_kept
from .not_a_transformation import ChangedStateError, ExchangedError, describe_changed_state
from .running_calls import entering, find_between, is_outermost, seeking_exchange, standing_between
from .scheduled_states import explain_other_state, has_narrow_leaves, warn_of_narrow_state
from .tree_differences import (
    describe_tree,
    find_difference,
    require_one_gradient,
    require_same_trees,
    show_place,
)

if TYPE_CHECKING:
    from .transformation_calls import Core

PyTree: TypeAlias = Any


class Boundary:
    """The `init` and `update` that users call.

    Trees that enter are checked and raised in precision, and trees that leave are rounded once.
    """

    def __init__(self, core: Core):
        self.core = core
        self.owner: Any = None  # the transformation whose `init` and `update` these are

    def init(self, params: PyTree) -> PyTree:
        """Return the state for parameters, a tree of float or complex arrays of any shape. It is at least float32.

        For `jax.ShapeDtypeStruct` in the place of arrays, it consists of such, and nothing is computed.
        """
        if any(isinstance(leaf, jax.ShapeDtypeStruct) for leaf in jax.tree.leaves(params)):
            return jax.eval_shape(self.init, params)
        require_kept("init", params=params)
        raised = raise_precision(params, "the parameter")
        with entering(params):
            state = self.core.init(raised)
        return copy_shared_arrays(restore_dtypes(state, state), (params, raised))

    def update(self, updates: PyTree, state: PyTree, params: PyTree = None, **extra: Any) -> tuple[PyTree, PyTree]:
        """Transform the updates, a tree like the parameters. Returns the transformed updates and the next state."""
        between = find_between()
        if between and not self._receives_gradient(between, updates, extra.get("grads")):
            extra = {name: value for name, value in extra.items() if name != "grads"}
        raised, entered, own = raise_precision(updates, "the update"), params, None
        if params is not None:
            whole, params = params, mask_by_updates(updates, params)
            extra = {**extra, **_lower_points(extra, whole, params)}
            require_one_gradient(updates, params)
            require_same_trees(updates, params, "updates", "params")
            own, params = params, raise_precision(params, "the parameter")
            raised = match_precision(raised, params)
        if extra.get("grads") is not None:
            grads = mask_by_updates(updates, extra["grads"])
            require_same_trees(updates, grads, "updates", "grads")
            grads = raise_precision(grads, "the gradient")
            extra = extra | {"grads": grads if params is None else match_precision(grads, params)}
        if is_outermost() and has_narrow_leaves(state):
            with entering(entered, updates):
                warn_of_narrow_state(self._name, self.core, raised if params is None else params, state)
        core_update = _choose_form(self.core.update, updates, own, extra)
        with entering(entered, updates), standing_between(""):
            try:
                result, new_state = core_update(raised, state, params, extra)
                same_state = find_difference(new_state, state) is None
            except Exception as error:
                require_kept("update", updates=updates, state=state, params=own)
                self.require_own_state(state, raised, error)
                self._require_order(raised, state, params, extra, error)
                self._require_scalars(error)
                raise
        if not same_state:
            self.require_own_state(state, raised, None)
            self._require_scalars(None)
            self._require_order(raised, state, params, extra, None)
            path, after, before = find_difference(new_state, state) or ("", "", "")
            raise ValueError(describe_changed_state(f"{self._name}: a link", path, before, after))
        if any(getattr(leaf, "dtype", None) == jnp.bool_ for leaf in jax.tree.leaves(result)):
            raise TypeError(f"update of {self._name} returned booleans, expected floating-point updates")
        if find_difference(result, updates):
            self._require_scalars(None)
            require_one_gradient(updates, result)
            require_same_trees(result, updates, "the transformed updates", "the updates")
        return restore_dtypes(result, updates), restore_dtypes(new_state, state)

    init.__qualname__, update.__qualname__ = "init", "update"  # the names in Python's own errors

    @property
    def _name(self) -> str:
        return show(self.core.factory, {name: rejoin(child) for name, child in self.core.children.items()})

    def _receives_gradient(self, between: str, updates: PyTree, grads: PyTree) -> bool:
        """Return whether the gradient of a chain comes through what stands between.

        Raises ValueError if it does not, and is read here.
        """
        if grads is None:
            lost = f"{between} hands on the direction only"
        elif find_difference(mask_by_updates(updates, grads), updates):
            lost = f"{between} hands on a direction of another structure, {describe_tree(updates)}"
        else:
            return True
        if "grads" not in self.core.reads():
            return False
        raise ValueError(
            f"{self._name} reads the gradient of the chain, which a momentum has split from the direction, but {lost}. "
            f"Put the whole chain inside {between}, or use gradlab's own combinator in its place; if it shall measure "
            f"the direction, write isolate({self.core.factory.name}(...)). A combinator of your own hands on "
            f"`grads` as it hands on `params`"
        )

    def require_own_state(self, state: PyTree, updates: PyTree, cause: Exception | None) -> None:
        """Raise ValueError if `init` gives another state for such updates, which is the usual cause of a failure."""
        try:
            own = jax.eval_shape(self.core.init, updates)
        except Exception:
            return
        explained = explain_other_state(self._name, own, state, updates)
        if explained:
            raise ValueError(explained) from cause

    def _require_order(
        self, updates: PyTree, state: PyTree, params: PyTree, extra: dict[str, Any], cause: Exception | None
    ) -> None:
        """Raise ExchangedError for a link that exchanges updates and state. It is sought in an abstract update.

        Raise ValueError for a link that changes its state, if no other error was raised.
        """
        with seeking_exchange(), entering(params, updates):
            try:
                jax.eval_shape(lambda: self.core.update(updates, state, params, extra))
            except ExchangedError as error:
                raise error from cause
            except ChangedStateError as error:
                if cause is None:
                    raise ValueError(str(error)) from None
            except Exception:
                return

    def _require_scalars(self, cause: Exception | None) -> None:
        """Raise ValueError if hyperparameters are stacked, which causes a failure unless they are mapped over."""
        stacked = {
            name for name, value in self.core.children.items() for leaf in jax.tree.leaves(value) if jnp.ndim(leaf)
        }
        if stacked:
            raise ValueError(
                f"{self._name} holds arrays for {', '.join(sorted(stacked))}, which do not fit "
                f"the parameters. If it is a stack of optimizers, map over it: jax.vmap(train)(stack)"
            ) from cause


def _choose_form(
    update: Callable[..., Any], updates: PyTree, params: PyTree, extra: dict[str, Any]
) -> Callable[..., Any]:
    """Return an update as it is, or in a form that XLA computes or compiles faster.

    The outermost call chooses, for all that it holds. A loss among the arguments takes more time than the update.
    """
    if not is_outermost() or is_as_written() or any(map(callable, extra.values())):
        return update
    if cpu_fusion_enabled() and jax.default_backend() == "cpu":
        return in_one_pass(update)
    if is_worth_few_passes(updates):
        return in_few_passes(update, is_added=_add_up_as_they_are(updates, params))
    return with_stacked_leaves(update) if wants_stacks(updates) else update


def _add_up_as_they_are(updates: PyTree, params: PyTree) -> bool:
    """Return whether updates and parameters can be added without a conversion, in the precision of the boundary."""
    both = [list(map(jnp.result_type, jax.tree.leaves(tree))) for tree in (updates, params)]
    return both[0] == both[1] and all(jnp.finfo(dtype).bits >= 32 for dtype in both[0])


def raise_precision(tree: PyTree, what: str) -> PyTree:
    """Convert every leaf to a strongly typed array of at least single precision.

    `what` names the leaves in errors. Raises TypeError, naming the path, for a leaf that is not a real or complex
    floating-point array.
    """
    return jax.tree_util.tree_map_with_path(lambda path, leaf: _raise_leaf(path, leaf, what), tree)


def _raise_leaf(path: Any, leaf: Any, what: str) -> jax.Array:
    try:
        array = jnp.asarray(leaf)
    except (TypeError, ValueError):
        remedy = "Keep arrays only and put None elsewhere, as equinox.filter(model, equinox.is_array) does"
        if isinstance(leaf, jax.ShapeDtypeStruct):
            remedy = "Shapes have shapes as their result: jax.eval_shape(tx.update, updates, state, params)"
        text = getattr(leaf, "__qualname__", repr(leaf))
        raise TypeError(f"{show_place(what, path)} is not an array: {type(leaf).__name__} {text}. {remedy}") from None
    if not jnp.issubdtype(array.dtype, jnp.inexact):
        order = "If it is the state, the order is update(updates, state, params). " if what == "the update" else ""
        raise TypeError(
            f"{show_place(what, path)} has dtype {array.dtype}, but only floating-point leaves can be optimized. "
            f"{order}Convert it (x.astype(jnp.float32)), or keep it out: replace it by None, wrap the whole optimizer "
            "in optax.masked, or pass trainable= to gl.make_step (gl.only and gl.freeze still receive it)"
        )
    narrow = jnp.finfo(array.dtype).bits < 32  # complex leaves are at least complex64
    return jax.lax.convert_element_type(array, jnp.float32 if narrow else array.dtype)


def match_precision(tree: PyTree, params: PyTree) -> PyTree:
    """Convert a tree to the dtypes of the parameters, which are those of the state.

    A leaf stays as it is where one of the two is real and the other complex.
    """

    def cast(leaf: jax.Array, param: jax.Array) -> jax.Array:
        return leaf.astype(param.dtype) if jnp.iscomplexobj(leaf) == jnp.iscomplexobj(param) else leaf

    return jax.tree.map(cast, tree, params)


def is_absent(node: Any) -> bool:
    """Return whether a node of a tree stands for a leaf that is left out: None, or what optax puts in its place."""
    return node is None or isinstance(node, optax.MaskedNode)


def mask_by_updates(updates: PyTree, params: PyTree) -> PyTree:
    """Leave out of the parameters what the updates leave out: they have None there, as for the functions in a model."""
    if not any(map(is_absent, jax.tree.leaves(updates, is_leaf=is_absent))):
        return params
    try:
        return jax.tree.map(
            lambda update, param: update if is_absent(update) else param, updates, params, is_leaf=is_absent
        )
    except ValueError:  # the trees differ in other places too, which the caller reports
        return params


def _lower_points(extra: dict[str, Any], whole: PyTree, masked: PyTree) -> dict[str, Any]:
    """Return `value_fn` and `gradient_fn`, if they were passed, as functions of parameters inside the boundary.

    The model receives its parameters in their own dtypes, with what the updates leave out, and the gradient is raised.
    """

    def lower(params: PyTree) -> PyTree:
        own = restore_dtypes(params, masked)
        return jax.tree.map(
            lambda mask, new, old: old if is_absent(mask) else new, masked, own, whole, is_leaf=is_absent
        )

    lowered: dict[str, Any] = {}
    if callable(value_fn := extra.get("value_fn")):
        lowered["value_fn"] = lambda params: value_fn(lower(params))
    if callable(gradient_fn := extra.get("gradient_fn")):

        def find_gradient(params: PyTree) -> PyTree:
            gradient = mask_by_updates(masked, gradient_fn(lower(params)))
            require_same_trees(gradient, masked, "the result of gradient_fn", "params")
            return match_precision(raise_precision(gradient, "the gradient"), params)

        lowered["gradient_fn"] = find_gradient
    return lowered


def restore_dtypes(tree: PyTree, original: PyTree) -> PyTree:
    """Convert a tree to the dtypes of another. Leaves that have no dtype, or an extended one, stay as they are."""
    return jax.tree.map(_restore_dtype, tree, original)


def _restore_dtype(leaf: Any, original: Any) -> Any:
    if not hasattr(leaf, "dtype"):
        return leaf
    if jnp.issubdtype(leaf.dtype, jax.dtypes.extended):
        return leaf
    return jax.lax.convert_element_type(leaf, jnp.result_type(original))
