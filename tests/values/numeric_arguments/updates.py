"""An update by an optimizer, for the tests of hyperparameters."""

from __future__ import annotations

from typing import Any

import gradlab as gl

CONSTANT = gl.schedules.constant


def update_of(tx: Any, gradient: Any) -> Any:
    return tx.update(gradient, tx.init(gradient), gradient)[0]
