"""All tasks of one job as last listed, and from when on the next list must look.

Lists of changes are merged by id; a full list replaces everything. The watermark is the service's time, never ours, and
never later than what the lists so far are certain to have shown.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType

from tui.core.records import TaskCounts, TaskPage, TaskRow, TaskStatus

OVERLAP_TICKS = 2_500_000
"""A quarter of a second: by so much a change may appear in a list after a newer one did; a full list heals the rest.

At 1 % of the tasks a second, every further second would list as many rows again.
"""

_TICKS_PER_SECOND = 10_000_000
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,7})\d*)?(?:Z|\+00:00)")


def ticks(service_time: str) -> int:
    """Units of 100 ns since 1970: exact, where a float would lose the last digits. ValueError for anything else."""
    match = _TIME.fullmatch(service_time)
    if match is None:
        raise ValueError(f"not a time of the service: {service_time!r}")
    seconds = int(datetime.fromisoformat(match[1]).replace(tzinfo=UTC).timestamp())
    return seconds * _TICKS_PER_SECOND + int((match[2] or "").ljust(7, "0"))


def time_of(service_ticks: int) -> str:
    """The service's form, seven fractional digits."""
    seconds, fraction = divmod(service_ticks, _TICKS_PER_SECOND)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{fraction:07}Z"


@dataclass(frozen=True, slots=True)
class BookChange:
    """What one list changed: the rows that differ from what was known, and whether any row is gone."""

    rows: tuple[TaskRow, ...]
    server_time_s: float
    """The service's clock when it answered last."""
    has_lost_rows: bool = False


class TaskBook:
    """Rows by id. Owned by one thread."""

    def __init__(self) -> None:
        self._rows: dict[str, TaskRow] = {}
        self._statuses: Counter[TaskStatus] = Counter()
        self._watermark: int | None = None

    @property
    def counts(self) -> TaskCounts:
        """Of the rows; kept up with each change, so that reading it costs nothing however many tasks there are."""
        found = self._statuses
        return TaskCounts(
            active=found[TaskStatus.ACTIVE],
            running=found[TaskStatus.RUNNING] + found[TaskStatus.PREPARING],
            succeeded=found[TaskStatus.SUCCEEDED],
            failed=found[TaskStatus.FAILED],
        )

    @property
    def rows(self) -> Mapping[str, TaskRow]:
        """A view, not a copy."""
        return MappingProxyType(self._rows)

    @property
    def changed_since(self) -> str | None:
        """What the next list of changes asks for; None while only a full list will do."""
        return None if self._watermark is None else time_of(self._watermark - OVERLAP_TICKS)

    def replace(self, pages: Iterable[TaskPage]) -> BookChange:
        """Takes in a full list, whole or, should a page fail, not at all."""
        listed = list(pages)
        rows = {row.id: row for page in listed for row in page.rows}
        changed = tuple(row for row in rows.values() if self._rows.get(row.id) != row)
        has_lost_rows = not self._rows.keys() <= rows.keys()
        self._rows = rows
        self._statuses = Counter(row.status for row in rows.values())
        self._advance(listed)
        return BookChange(changed, _server_time_s(listed), has_lost_rows)

    def merge(self, pages: Iterable[TaskPage]) -> BookChange:
        """Takes in a list of changes, whole or not at all."""
        listed = list(pages)
        changed = {row.id: row for page in listed for row in page.rows if self._rows.get(row.id) != row}
        for task_id, row in changed.items():
            known = self._rows.get(task_id)
            if known is not None:
                self._statuses[known.status] -= 1
            self._statuses[row.status] += 1
        self._rows.update(changed)
        self._advance(listed)
        return BookChange(tuple(changed.values()), _server_time_s(listed))

    def _advance(self, pages: list[TaskPage]) -> None:
        """Moves the watermark to the newest change seen.

        A list of several pages is no snapshot: a task may change after its page was read and before the last one was.
        So the watermark stays behind the service's clock at the first page, and behind what that page shows where it
        is newer: the clock comes in whole seconds.
        """
        newest = max((newest_time(page.rows) for page in pages if page.rows), default=None)
        if newest is None:
            return
        if len(pages) > 1:
            first = pages[0]
            seen = newest_time(first.rows) if first.rows else 0
            newest = min(newest, max(seen, int(first.server_time_s * _TICKS_PER_SECOND)))
        self._watermark = newest if self._watermark is None else max(self._watermark, newest)


def _server_time_s(pages: list[TaskPage]) -> float:
    return pages[-1].server_time_s if pages else 0.0


def newest_time(rows: Iterable[TaskRow]) -> int:
    """The newest change in `rows`, which are not empty.

    Times that are written equally long are in order as texts; the service leaves zeros at their end out.
    """
    newest: dict[int, str] = {}
    for row in rows:
        time = row.state_transition_time
        length = len(time)
        if time > newest.get(length, ""):
            newest[length] = time
    return max(map(ticks, newest.values()))
