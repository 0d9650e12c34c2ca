"""The output of several tasks as one: their lines as they come, each behind the task it is from.

A few are read at a time, round after round, and only what is new of each; one that has ended is read to its end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import ClassVar, Literal
from zlib import crc32

from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.widget import Widget

from tui.core.errors import BatchTuiError
from tui.core.merged_tail import SEPARATOR, MergedTail
from tui.core.plan import RunPlan
from tui.core.records import TaskRow
from tui.core.units import count_text
from tui.ui.screens.base import BatchScreen
from tui.ui.services import AppServices, LogSource
from tui.ui.widgets.log_view import LogView

TASKS_AT_MOST = 32
_READ_AT_ONCE = 4
_READ_LIMIT_BYTES = 16 * 1_024
_FIRST_BYTES = 2_048
_ROUND_S = 1.0
_COLOURS = ("accent", "success", "warning", "secondary", "primary", "error")


class TailView(LogView):
    """Prefixes in the colour of their task; the name says it too."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"tail--{name}" for name in _COLOURS}
    DEFAULT_CSS = "TailView {\n" + "\n".join(f"& > .tail--{name} {{ color: ${name}; }}" for name in _COLOURS) + "\n}"

    def segments(self, text: str) -> list[Segment]:
        name, separator, rest = text.partition(SEPARATOR)
        if not separator:
            return super().segments(text)
        colour = _COLOURS[crc32(name.strip().encode()) % len(_COLOURS)]
        return [Segment(name + separator, self.get_component_rich_style(f"tail--{colour}")), *super().segments(rest)]


class TailScreen(BatchScreen[None]):
    """Follows the tasks it is given; `row_of` tells how each is by now."""

    AUTO_FOCUS = "TailView"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("l", "other_stream", "stderr/stdout", id="tail.stream", tooltip="The other one of stdout and stderr"),
    ]

    def __init__(
        self,
        services: AppServices,
        plan: RunPlan,
        task_ids: Sequence[str],
        row_of: Callable[[str], TaskRow | None],
        *,
        is_read_only: bool = False,
    ) -> None:
        super().__init__(services, is_read_only=is_read_only)
        self._plan = plan
        self._ids = tuple(task_ids[:TASKS_AT_MOST])
        self._left_out = len(task_ids) - len(self._ids)
        self._row_of = row_of
        self._stream: Literal["stdout", "stderr"] = "stdout"
        self._view = TailView()
        self._view.add_class("panel")

    def compose_body(self) -> Iterable[Widget]:
        yield self._view

    def on_mount(self) -> None:
        self.title_line.heading = f"{self._plan.run_id}  ›  tail"
        self._begin()

    def _begin(self) -> None:
        self._view.clear()
        left_out = f" of {len(self._ids) + self._left_out:,}" if self._left_out else ""
        self._view.border_title = f"{self._stream} · {len(self._ids):,}{left_out} tasks"
        self.run_worker(self._follow(), group="tail", exclusive=True)

    async def _follow(self) -> None:
        """Round after round, until every task has ended and is read."""
        merged, offsets = MergedTail(self._ids), dict[str, int | None](dict.fromkeys(self._ids))
        reading = list(self._ids)
        while reading:
            ended: set[str] = set()
            for start in range(0, len(reading), _READ_AT_ONCE):
                some = reading[start : start + _READ_AT_ONCE]
                found = await asyncio.gather(*(self._read(merged, offsets, task_id) for task_id in some))
                ended |= {task_id for task_id, has_ended in zip(some, found, strict=True) if has_ended}
            reading = [task_id for task_id in reading if task_id not in ended]
            over = len(self._ids) - len(reading)
            self.title_line.state = (f"{len(reading):,} followed · {over:,} read to the end", "running")
            await asyncio.sleep(_ROUND_S)
        self.title_line.state = (f"✓ {count_text(len(self._ids), 'task')} read to the end", "success")

    async def _read(self, merged: MergedTail, offsets: dict[str, int | None], task_id: str) -> bool:
        """One piece of one task; whether that was its last."""
        row = self._row_of(task_id)
        is_over = row is None or row.status.is_over
        reader = self.services.log_reader(self._plan)
        offset = offsets[task_id]
        limit = _FIRST_BYTES if offset is None else _READ_LIMIT_BYTES
        source = LogSource("task", task_id, self._stream)
        try:
            chunk = await self.services.run_blocking(partial(reader.read, source, offset, limit))
        except BatchTuiError:
            return is_over
        offsets[task_id] = chunk.offset + len(chunk.content)
        is_last = is_over and chunk.offset + len(chunk.content) >= chunk.size_bytes
        text = merged.feed(task_id, chunk.content, is_last=is_last)
        if text:
            self._view.write(text, scroll_end=self._view.is_vertical_scroll_end)
        return is_last

    def action_other_stream(self) -> None:
        self._stream = "stderr" if self._stream == "stdout" else "stdout"
        self._begin()
