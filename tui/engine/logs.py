"""A task's stdout and stderr as they grow: from the node while it lives, from the uploaded blob afterwards.

Each read fetches only what is new. The text is free of anything a terminal obeys.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from typing import Literal

from tui.core.errors import Conflict, NotFound
from tui.core.plan import RunPlan
from tui.core.ports import BatchPort, StoragePort
from tui.core.terminal_text import plain_log

LogName = Literal["stdout.txt", "stderr.txt"]
LogSource = Literal["node", "blob", "nowhere"]

FIRST_READ_BYTES = 64 << 10
"""How much of a log's end is shown at first; all of a huge one would fill memory, not help."""

READ_BYTES = 256 << 10
"""At most so much is fetched at a time."""

_LONGEST_ESCAPE = 64
"""A sequence cut in two by a read is held back until its end comes, if it is no longer than this."""


@dataclass(frozen=True, slots=True)
class LogUpdate:
    """What one read brought."""

    text: str
    source: LogSource
    size_bytes: int
    """Of the whole log, as far as is known."""
    skipped_bytes: int = 0
    """How much of the beginning is not shown."""
    is_restarted: bool = False
    """Whether the log began anew, as with a retried task: what was shown before is to be dropped."""
    has_more: bool = False
    """Whether another read would bring more at once."""


class LogTail:
    """Follows one log of one task. Owned by one thread."""

    def __init__(self, batch: BatchPort, storage: StoragePort, plan: RunPlan, task_id: str, name: LogName) -> None:
        self._batch = batch
        self._storage = storage
        self._plan = plan
        self._task_id = task_id
        self._name = name
        self._blob = plan.log_name(task_id, name)
        self._begin()

    def _begin(self) -> None:
        self._offset = 0
        self._skipped = 0
        self._has_begun = False
        self._held_back = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def read(self) -> LogUpdate:
        """The next piece; raises errors of the service other than that there is no log (yet)."""
        source, size_bytes = self._find()
        if source == "nowhere":
            return LogUpdate("", source, self._offset, self._skipped)
        is_restarted = size_bytes < self._offset
        if is_restarted:
            self._begin()
        if not self._has_begun:
            self._has_begun = True
            self._offset = self._skipped = max(0, size_bytes - FIRST_READ_BYTES)
        length = min(size_bytes - self._offset, READ_BYTES)
        content = self._fetch(source, length) if length else b""
        self._offset += len(content)
        return LogUpdate(
            self._text(content),
            source,
            size_bytes,
            self._skipped,
            is_restarted,
            self._offset < size_bytes and bool(content),
        )

    def _find(self) -> tuple[LogSource, int]:
        """Where the log is, and its size; the node first, for it has the newest."""
        try:
            return "node", self._batch.task_file_size(self._plan.job_id, self._task_id, self._name)
        except (NotFound, Conflict):
            pass  # no node yet or no longer, or no file there
        try:
            blob = self._storage.get_blob(self._plan.output_container, self._blob)
        except NotFound:
            blob = None
        return ("nowhere", 0) if blob is None else ("blob", blob.size_bytes)

    def _fetch(self, source: LogSource, length: int) -> bytes:
        if source == "blob":
            return self._storage.read_blob(self._plan.output_container, self._blob, self._offset, length)
        return self._batch.read_task_file(self._plan.job_id, self._task_id, self._name, self._offset, length)

    def _text(self, content: bytes) -> str:
        text = self._held_back + self._decoder.decode(content)
        cut = len(text)
        escape = text.rfind("\x1b", max(0, cut - _LONGEST_ESCAPE))
        if escape >= 0 and not any(character.isalpha() or character == "\n" for character in text[escape + 1 :]):
            cut = escape
        elif text.endswith("\r"):
            cut -= 1
        self._held_back = text[cut:]
        return plain_log(text[:cut])
