"""Event files, which TensorBoard shows: records of the scalars and the hyperparameters of a run."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .table_formats import require_package

# TensorBoard reads what has `tfevents` in its name, in alphabetical order; the end says who wrote it.
EVENT_SUFFIX = ".gradlab"
EVENT_FILE = f"events.out.tfevents.0{EVENT_SUFFIX}"
SUCCESS, FAILURE = 1, 2  # tensorboardX.proto.api_pb2.Status


class EventEncoder:
    """Makes the records of event files. Raises MissingPackageError if tensorboardX is not installed.

    A record is a length, its checksum, an event and its checksum. The events of equal values are equal bytes in every
    process: protocol buffers write a map in any order, unless they are told to sort it.
    """

    def __init__(self) -> None:
        self._event = require_package("tensorboardX.proto.event_pb2", "tensorboard").Event
        summaries = require_package("tensorboardX.proto.summary_pb2", "tensorboard")
        self._summary, self._metadata = summaries.Summary, summaries.SummaryMetadata
        self._hyperparameters = require_package("tensorboardX.proto.plugin_hparams_pb2", "tensorboard")
        self._checksum = require_package("tensorboardX.record_writer", "tensorboard").masked_crc32c

    def start(self, time: float) -> bytes:
        """Return the first record of a file, which names its format. `time` is in seconds since 1970."""
        return self._frame(self._event(wall_time=time, file_version="brain.Event:2"))

    def scalars(self, step: int, values: Mapping[str, float], time: float) -> bytes:
        """Return the record of some scalars at a step, by their tags. TensorBoard has them in float32."""
        found = [self._summary.Value(tag=tag, simple_value=value) for tag, value in values.items()]
        return self._frame(self._event(wall_time=time, step=step, summary=self._summary(value=found)))

    def begin_run(self, group: str, hyperparameters: Mapping[str, float | str], time: float) -> bytes:
        """Return the record of the hyperparameters of a run. TensorBoard averages the runs of one group."""
        info = self._hyperparameters.SessionStartInfo(group_name=group, start_time_secs=time)
        for name, value in hyperparameters.items():
            if isinstance(value, str):
                info.hparams[name].string_value = value
            else:
                info.hparams[name].number_value = value
        return self._note("start", time, session_start_info=info)

    def end_run(self, diverged: bool, time: float) -> bytes:
        """Return the record of the end of a run, which says whether it diverged."""
        status = FAILURE if diverged else SUCCESS
        info = self._hyperparameters.SessionEndInfo(status=status, end_time_secs=time)
        return self._note("end", time, session_end_info=info)

    def _note(self, kind: str, time: float, **content: Any) -> bytes:
        data = self._hyperparameters.HParamsPluginData(**content).SerializeToString(deterministic=True)
        metadata = self._metadata(plugin_data=self._metadata.PluginData(plugin_name="hparams", content=data))
        value = self._summary.Value(tag=f"_hparams_/session_{kind}_info", metadata=metadata)
        return self._frame(self._event(wall_time=time, summary=self._summary(value=[value])))

    def _frame(self, event: Any) -> bytes:
        data = event.SerializeToString(deterministic=True)
        length = struct.pack("<Q", len(data))
        return b"".join(
            [length, struct.pack("<I", self._checksum(length)), data, struct.pack("<I", self._checksum(data))]
        )


def append_records(folder: Path, records: bytes, name: str = EVENT_FILE) -> None:
    """Add records to an event file in a folder. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / name).open("ab") as file:
        file.write(records)
