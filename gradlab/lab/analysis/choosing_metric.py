"""The metric by which a configuration is chosen, where it is another one than the score that is reported."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import xarray as xr


def choosing_metric(attributes: Mapping[str, Any]) -> str:
    """The name of the metric that chooses: `chosen_by` of the problem's `Score`, or the score's own metric."""
    return str(attributes.get("chosen_by", attributes["score"]))


def label_choosing_metric(attributes: Mapping[str, Any]) -> str:
    """How the choosing metric is called in tables and pictures, such as `validation accuracy`."""
    is_other = choosing_metric(attributes) != attributes["score"]
    return choosing_metric(attributes).replace("_", " ") if is_other else str(attributes["score_label"])


def describe_choosing_metric(attributes: Mapping[str, Any]) -> str:
    """The choosing metric in a sentence: `validation accuracy`; empty if the score itself chooses."""
    return label_choosing_metric(attributes) if choosing_metric(attributes) != attributes["score"] else ""


def with_choosing_metric(dataset: xr.Dataset) -> xr.Dataset:
    """The same Dataset with the choosing metric as its score, for all that chooses or shows what chooses.

    A Dataset whose score chooses, such as one of an earlier version, is returned as it is.
    """
    attributes = dict(dataset.attrs)
    if choosing_metric(attributes) == attributes["score"]:
        return dataset
    attributes |= {"score": choosing_metric(attributes), "score_label": label_choosing_metric(attributes)}
    attributes.pop("floor", None)  # which was worked out for the score
    if "chosen_reference" in attributes:
        attributes["reference"] = attributes["chosen_reference"]
    found = dataset.copy(deep=False)
    found.attrs = attributes
    return found
