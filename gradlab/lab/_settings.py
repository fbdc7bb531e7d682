"""The settings of a sweep or a search, as people read them: numbers, and the names of choices.

In a Dataset a hyperparameter is a column of numbers, with NaN at a point where it does not exist. A choice is a column
of names, with an empty one where it does not exist; the attribute `categories` has its names in their order.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
import xarray as xr

from ._formatting import format_float

Setting: TypeAlias = float | str

_VALUES = {"yes": True, "no": False, "none": None}


def read_categories(attributes: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the names of the values of each choice."""
    return dict(json.loads(attributes.get("categories", "{}")))


def read_settings(values: Mapping[str, Any]) -> dict[str, Setting]:
    """Return the settings of a point, without the hyperparameters that do not exist there."""
    return {
        name: str(value) if isinstance(value, str) else float(value)
        for name, value in values.items()
        if not (value == "" if isinstance(value, str) else math.isnan(value))
    }


def read_positions(dataset: xr.Dataset, name: str) -> np.ndarray:
    """Return a column as numbers: the positions of the names of a choice, and NaN where it does not exist."""
    values, categories = dataset[name].values, read_categories(dataset.attrs)
    if name not in categories:
        return np.asarray(values)
    positions = {label: float(at) for at, label in enumerate(categories[name])}
    return np.vectorize(lambda label: positions.get(label, np.nan), otypes=[float])(values)


def format_setting(setting: Setting | None) -> str:
    """Return a setting as text; "-" for a hyperparameter that does not exist."""
    if setting is None:
        return "-"
    return setting if isinstance(setting, str) else format_float(setting)


def as_arguments(settings: Mapping[str, Setting], whole_numbers_are_options: bool = False) -> dict[str, Any]:
    """Return settings as a factory takes them, as far as that is known from their names."""

    def as_argument(setting: Setting) -> Any:
        if isinstance(setting, str):
            return _VALUES.get(setting, setting)
        return int(setting) if whole_numbers_are_options and setting % 1 == 0 else setting

    return {name: as_argument(setting) for name, setting in settings.items()}
