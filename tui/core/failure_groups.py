"""Failed tasks by what they have in common: category, code, exit code, and the last thing they said on stderr.

Invariant: every failed task is in exactly one group. stderr is read of few tasks only: where those read agree, their
line stands for all of the same category, code and exit code; where they do not, each line has its own group and the
tasks that were not read stay together, said to be so.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tui.core.records import TaskRow, TaskStatus
from tui.core.redaction import redact
from tui.core.terminal_text import plain_log

SAMPLES = 4
"""Tasks of a kind whose stderr is read: enough to see whether they agree."""
SAMPLES_AT_ODDS = 24
"""And where they do not agree."""
MAX_READS = 200
"""stderr files read for one look at the failures, however many kinds there are."""
_LONGEST_LINE = 160
_FOLDS = (
    (re.compile(r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b"), "<id>"),
    (re.compile(r"(?:https?|file)://[^\s'\")]+"), "<url>"),
    (re.compile(r"(?<![\w<])(?:[A-Za-z]:)?(?:[\\/][\w.@%+~=-]+){2,}[\\/]?"), "<path>"),
    (re.compile(r"\b0[xX][0-9a-fA-F]+\b"), "<hex>"),
    (re.compile(r"\b(?=[0-9a-fA-F]*\d)(?=[0-9a-fA-F]*[a-fA-F])[0-9a-fA-F]{8,}\b"), "<hex>"),
    (re.compile(r"\d+(?:[.,:]\d+)*"), "<n>"),
)


@dataclass(frozen=True, slots=True)
class FailureKind:
    """What the service says of a failure."""

    category: str
    code: str
    exit_code: int | None


@dataclass(frozen=True, slots=True)
class FailureGroup:
    """Failed tasks with one cause, as far as can be seen."""

    kind: FailureKind
    line: str | None
    """The last line of stderr with what differs folded; empty where they wrote nothing, None where none was read."""
    task_ids: tuple[str, ...]
    read: int
    """Of how many tasks stderr was read."""
    first_s: float | None
    last_s: float | None
    """When the first and the last of them ended."""
    nodes: tuple[tuple[str, int], ...]
    """Nodes with the number of failures on each, most first."""

    @property
    def id(self) -> str:
        """The same for the same cause, however many tasks have it."""
        return repr((self.kind.category, self.kind.code, self.kind.exit_code, self.line))

    @property
    def name(self) -> str:
        """`FailureExitCode exit 3`."""
        exit_text = "" if self.kind.exit_code is None else f" exit {self.kind.exit_code}"
        return f"{self.kind.code or 'failed'}{exit_text}"


def last_line(stderr: bytes) -> str:
    """The last line that says something, what differs from task to task folded."""
    return fold(_last_line(stderr))


def closing_line(stderr: bytes) -> str:
    """The last line that says something, its secrets masked and its length cut."""
    return _shortened(redact(_last_line(stderr)))


def _last_line(stderr: bytes) -> str:
    for line in reversed(plain_log(stderr.decode(errors="replace").replace("\r", "\n")).split("\n")):
        if stripped := " ".join(line.split()):
            return stripped
    return ""


def fold(line: str) -> str:
    for pattern, name in _FOLDS:
        line = pattern.sub(name, line)
    return _shortened(line)


def _shortened(line: str) -> str:
    return line if len(line) <= _LONGEST_LINE else line[: _LONGEST_LINE - 1] + "…"


def kind_of(row: TaskRow) -> FailureKind:
    failure = row.failure
    return FailureKind(
        "" if failure is None else failure.category, "" if failure is None else failure.code, row.exit_code
    )


def failures_by_kind(rows: Iterable[TaskRow]) -> dict[FailureKind, list[TaskRow]]:
    """The failed ones of `rows`."""
    kinds: dict[FailureKind, list[TaskRow]] = {}
    for row in rows:
        if row.status is TaskStatus.FAILED:
            kinds.setdefault(kind_of(row), []).append(row)
    return kinds


def group_failures(rows: Iterable[TaskRow], lines: Mapping[str, str]) -> tuple[FailureGroup, ...]:
    """Groups of the failed ones of `rows`, largest first; `lines` are the last lines of those that were read, by id."""
    groups: list[FailureGroup] = []
    for kind, failed in failures_by_kind(rows).items():
        found: dict[str | None, list[TaskRow]] = {}
        for row in failed:
            found.setdefault(lines.get(row.id), []).append(row)
        read = sum(row.id in lines for row in failed)
        spoken = [line for line in found if line is not None]
        if len(spoken) == 1:
            groups.append(_group(kind, spoken[0], failed, read))
        else:
            groups += (_group(kind, line, some, 0 if line is None else len(some)) for line, some in found.items())
    return tuple(sorted(groups, key=lambda group: (-len(group.task_ids), group.id)))


def _group(kind: FailureKind, line: str | None, rows: list[TaskRow], read: int) -> FailureGroup:
    ends = [row.end_time_s for row in rows if row.end_time_s is not None]
    nodes = Counter(row.node_id for row in rows if row.node_id)
    return FailureGroup(
        kind,
        line,
        tuple(row.id for row in rows),
        read,
        min(ends, default=None),
        max(ends, default=None),
        tuple(nodes.most_common()),
    )


def worth_reading(rows: Iterable[TaskRow], lines: Mapping[str, str]) -> tuple[str, ...]:
    """Tasks whose stderr would tell the groups apart better; empty once reading more is not worth it."""
    room = MAX_READS - len(lines)
    wanted: list[str] = []
    for failed in failures_by_kind(rows).values():
        known = {lines[row.id] for row in failed if row.id in lines}
        unread = [row.id for row in failed if row.id not in lines]
        goal = (SAMPLES if len(known) <= 1 else SAMPLES_AT_ODDS) - (len(failed) - len(unread))
        wanted += spread(unread, goal)
    return tuple(wanted[: max(0, room)])


def spread(task_ids: list[str], count: int) -> list[str]:
    """`count` of them, from the first to the last: neighbours tend to fail alike."""
    if count <= 0:
        return []
    if count >= len(task_ids):
        return task_ids
    step = (len(task_ids) - 1) / max(1, count - 1)
    return [task_ids[round(index * step)] for index in range(count)]
