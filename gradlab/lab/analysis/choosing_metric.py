"""The metric that chooses a configuration, such as the validation accuracy, where it is not the reported score."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import xarray as xr


def choosing_metric(attributes: Mapping[str, Any]) -> str:
    """Return the name of the metric that chooses: `chosen_by` of the problem's `Score`, or the metric of the score."""
    return str(attributes.get("chosen_by", attributes["score"]))


def label_choosing_metric(attributes: Mapping[str, Any]) -> str:
    """Return the name of the choosing metric in tables and pictures, such as `validation accuracy`."""
    is_other = choosing_metric(attributes) != attributes["score"]
    return choosing_metric(attributes).replace("_", " ") if is_other else str(attributes["score_label"])


def describe_choosing_metric(attributes: Mapping[str, Any]) -> str:
    """Return the choosing metric for a sentence, such as `validation accuracy`; empty if the score itself chooses."""
    return label_choosing_metric(attributes) if choosing_metric(attributes) != attributes["score"] else ""


def with_choosing_metric(dataset: xr.Dataset) -> xr.Dataset:
    """Return the Dataset with the choosing metric in the place of the score.

    A Dataset whose score itself chooses, such as one of an earlier version, is returned as it is.
    """
    attributes = dict(dataset.attrs)
    if choosing_metric(attributes) == attributes["score"]:
        return dataset
    attributes |= {"score": choosing_metric(attributes), "score_label": label_choosing_metric(attributes)}
    attributes.pop("floor", None)  # the floor belongs to the score
    if "chosen_reference" in attributes:
        attributes["reference"] = attributes["chosen_reference"]
    copy = dataset.copy(deep=False)
    copy.attrs = attributes
    return copy
