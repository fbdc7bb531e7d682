"""Which of the things that a training step knows are passed to an optimizer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..core.transformation_calls import signals_of

_OF_OPTAX = ("value", "grad", "value_fn")  # by which optax's line searches and step sizes call them


def select_signals(tx: Any, signals: Mapping[str, Any]) -> dict[str, Any]:
    """Return the extra arguments of an update: those that optax has names for, and others that some link names.

    Links of optax refuse arguments that they do not know, such as `gradient_fn`.
    """
    named = signals_of(tx)
    return {name: signal for name, signal in signals.items() if name in _OF_OPTAX or name in named}
