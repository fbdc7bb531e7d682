"""Laws of errors: wrong gradients and hyperparameters raise ValueError or TypeError with a clear message."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from ..inputs.trees import sample
from ..subjects.gaps import describe_mismatch
from ..subjects.setting_runs import find_refusal, runs_of
from ..subjects.settings import show_number
from ..subjects.subject import UNDECLARED, Subject
from ..verdicts.exceptions import is_range_error
from ..verdicts.law import Broken, NotApplicable, law


@law(
    "gradients that do not match the state raise ValueError or TypeError",
    meaning="Broadcasting hides the mistake. Compare the structures and shapes before computing.",
)
def mismatched_trees(subject: Subject) -> None:
    # The wrong shape can be broadcast with the right one. Both are matrices if the subject takes nothing else.
    first, second, wrong_second = ((3,), (2,), (2, 2)) if subject.takes((3,)) else ((3, 2), (1, 2), (3, 2))
    if "stacked" in subject.domain:
        first, second, wrong_second = (2, 3), (2, 1), (2, 3)
    params = {"a": sample(first), "b": sample(second)}
    state = subject.tx.init(params)
    wrong = {
        "a leaf is missing": {"a": params["a"]},
        "a leaf has another shape": {"a": params["a"], "b": sample(wrong_second)},
    }
    for name, gradient in wrong.items():
        try:
            updates, _ = subject.update(gradient, state, params)
        except (ValueError, TypeError):
            continue
        except Exception as error:
            raise Broken(
                f"where {name}, it raised {type(error).__name__} instead of ValueError or TypeError: {error}"
            ) from error
        if _ignores_shapes(subject, params, gradient):
            raise NotApplicable("it uses neither the parameters nor a state that depends on their shapes")
        shapes = {key: np.shape(value) for key, value in updates.items()}
        raise Broken(f"where {name}, the gradients are accepted, and give updates of shapes {shapes}")


def _ignores_shapes(subject: Subject, params: Any, gradient: Any) -> bool:
    """Return whether gradients of any shape are right: neither the state nor the updates depend on the parameters."""
    try:
        state, other = (jax.eval_shape(subject.tx.init, tree) for tree in (params, gradient))
        if describe_mismatch(state, other):
            return False
        jax.eval_shape(subject.update, gradient, state, None)
    except Exception:
        return False
    return True


@law(
    "a hyperparameter outside its range raises an error that names it, and some other value within it is accepted",
    meaning="The range is not declared. Annotate the argument, such as with gl.Decay, gl.Positive or "
    "Annotated[Any, gl.Range(...)].",
)
def ranges(subject: Subject) -> None:
    if subject.value is None:
        raise NotApplicable(UNDECLARED)
    examined = 0
    for name, parameter in subject.value.factory.parameters.items():
        if parameter.range is None:
            continue
        wrongs = [float("nan"), "a string", True]
        wrongs += [parameter.range.low - 1] if np.isfinite(parameter.range.low) else []
        wrongs += [parameter.range.high + 1] if np.isfinite(parameter.range.high) else []
        for wrong in wrongs:
            try:
                subject.value.replace(**{name: wrong})
            except (ValueError, TypeError) as error:
                if name not in str(error):
                    raise Broken(f"the error for {name}={wrong!r} does not name {name}: {error}") from error
                continue
            raise Broken(f"{name}={wrong!r} is accepted")
        examined += 1
    if not examined:
        raise NotApplicable("it declares no range")
    _require_accepted_values(subject)


def _require_accepted_values(subject: Subject) -> None:
    """Raise `Broken` for an argument of which a link within refuses every other value, because of the link's own range.

    What a factory refuses by an error of its own may be right: two arguments may have to fit each other.
    """
    runs = runs_of(subject)
    assert subject.value is not None
    for argument in runs.arguments:
        refusal = None if argument.is_structure else find_refusal(runs, argument)
        if refusal is not None and is_range_error(refusal):
            parameter = subject.value.factory.parameters[argument.name.partition("[")[0]]
            others = " and ".join(map(show_number, argument.others))
            raise Broken(
                f"{argument.name} is declared in {parameter.range or 'its range'}, but {others} are refused: {refusal}",
                "A link within gets another number than is declared, such as one with the wrong sign, or the declared "
                "range is too wide. Pass the argument as it is, or declare the range of the link.",
            )
