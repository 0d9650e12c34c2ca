"""Logs of several tasks as one: whole lines only, each behind the name of its task."""

from __future__ import annotations

from collections.abc import Iterable

from tui.core.log_tail import LogTail

SEPARATOR = " │ "


class MergedTail:
    """Invariant: no line is made of pieces of two tasks; what a task has begun waits until it is whole."""

    def __init__(self, task_ids: Iterable[str]) -> None:
        names = list(task_ids)
        self._tails = {task_id: LogTail() for task_id in names}
        self._begun = dict.fromkeys(names, "")
        self._width = max(map(len, names), default=0)

    def feed(self, task_id: str, content: bytes, *, is_last: bool = False) -> str:
        """The lines to append, each with its end; after `is_last` an unfinished line counts as whole."""
        text = self._begun[task_id] + self._tails[task_id].feed(content, is_last=is_last)
        lines = text.split("\n")
        self._begun[task_id] = "" if is_last else lines.pop()
        if is_last and not lines[-1]:
            lines.pop()
        prefix = f"{task_id:<{self._width}}{SEPARATOR}"
        return "".join(f"{prefix}{line}\n" for line in lines)
