"""A log for TensorBoard: event files that grow while a study runs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from ..._formatting import format_count, join_at_most
from ..._results.study_folder import FolderError
from ..._storage.files import DamagedJSONError, read_json, write_text
from ..._storage.lock import LOCK, SOFT_LOCK, LockedError, lock_folder
from ..event_files import EVENT_SUFFIX, EventEncoder, append_records
from ..run_folders import name_configuration, select_present
from ..run_records import merge_curves
from ..tensorboard import MOST_RUNS, label_run
from .finished_chunks import FinishedChunk

MARK = "gradlab-log.json"  # in the folder of a log; it says that the event files beside it are gradlab's
FORMAT = "gradlab-log-1"
MOST_POINTS = 1000  # of a curve, about; TensorBoard draws no more by itself


class TensorBoardLog:
    """A log that writes event files, a folder for each run, as the export for TensorBoard does.

    The folder holds one study. What an earlier log has left there is removed when the first chunk comes, because a
    study that goes on tells all that its folder holds again. Of a study of more runs than TensorBoard can show, only
    the first seeds are written; of long runs, about a thousand points.

    Raises FolderError for a folder that holds anything else, or that another process is writing to, and
    MissingPackageError if tensorboardX is not installed.
    """

    def __init__(self, folder: Path | str, runs: int, seeds: Sequence[int]):
        self.folder = Path(folder)
        count = max(1, MOST_RUNS * len(seeds) // max(1, runs))
        self.seeds = set(seeds[:count])  # those that are written
        self.note = ""  # what is not written, in words
        if count < len(seeds):
            some = format_count(count, "seed")
            self.note = f"the log has the first {some} of {len(seeds)}: TensorBoard shows about {MOST_RUNS:,} runs well"
        self._encoder = EventEncoder()
        self._file = ""  # the name of each event file; other ones than before, so that TensorBoard opens them anew
        self._stack = ExitStack()
        self._list_older()

    def __enter__(self) -> TensorBoardLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stack.close()

    def __call__(self, chunk: FinishedChunk) -> None:
        """Add the points of a chunk. Raises OSError if the disk refuses."""
        if not self._file:
            self._begin()
        every = -(-chunk.updates // MOST_POINTS)
        kept = chunk.steps % every == 0
        now = time.time()
        for row, number in enumerate(chunk.configurations.tolist()):
            hyperparameters = select_present({name: values[row] for name, values in chunk.hyperparameters.items()})
            configuration = name_configuration(chunk.problem, chunk.optimizer, number, hyperparameters)
            for column, seed in enumerate(chunk.seeds.tolist()):
                if seed not in self.seeds:
                    continue
                metrics = {name: (chunk.evaluations, metric[row, column]) for name, metric in chunk.metrics.items()}
                curves = {"loss": (chunk.steps[kept], chunk.loss[row, column, kept]), **metrics}
                folder = self.folder / configuration / f"seed {seed}"
                records = []
                if not (folder / self._file).exists():
                    labels = label_run(chunk.problem, chunk.optimizer, hyperparameters)
                    records += [self._encoder.start(now), self._encoder.begin_run(str(configuration), labels, now)]
                records += [self._encoder.scalars(step, values, now) for step, values in merge_curves(curves)]
                if chunk.is_last:
                    records.append(self._encoder.end_run(bool(chunk.diverged[row, column]), now))
                append_records(folder, b"".join(records), self._file)

    def _begin(self) -> None:
        """Lock the folder, and remove the event files of an earlier log."""
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            self._stack.enter_context(lock_folder(self.folder))
        except LockedError as error:
            raise FolderError(str(error)) from None
        older = self._list_older()
        for path in older:
            path.unlink()
        write_text(self.folder / MARK, f'{{"format": "{FORMAT}"}}\n')
        used = {path.name for path in older}
        second = int(time.time())
        while f"events.out.tfevents.{second}{EVENT_SUFFIX}" in used:
            second += 1
        self._file = f"events.out.tfevents.{second}{EVENT_SUFFIX}"

    def _list_older(self) -> list[Path]:
        """Return the event files of an earlier log. Raises FolderError if the folder holds anything else."""
        if self.folder.exists() and not self.folder.is_dir():
            raise FolderError(f"{self.folder} is a file; pass the name of a folder for the log, which may be new")
        found = [path for path in self.folder.rglob("*") if not path.is_dir()]
        events = [path for path in found if path.name.endswith(EVENT_SUFFIX) and self._is_marked()]
        own = {self.folder / name for name in (MARK, LOCK, SOFT_LOCK)} | set(events)
        if foreign := sorted(str(path.relative_to(self.folder)) for path in found if path not in own):
            raise FolderError(
                f"{self.folder} holds {join_at_most(foreign, 3)}, which no log wrote; pass another folder for the log"
            )
        return events

    def _is_marked(self) -> bool:
        try:
            return read_json(self.folder / MARK).get("format") == FORMAT
        except (OSError, DamagedJSONError):
            return False
