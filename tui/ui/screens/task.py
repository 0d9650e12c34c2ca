"""One task: what happened to it, its output as it grows, its files on the node, and what may be done with it.

What is shown is read anew while the task lives; a reading that fails is told and leaves the last one on screen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import ClassVar, Literal

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import ContentSwitcher, Static, Tab, Tabs

from tui.core.errors import BatchTuiError
from tui.core.plan import RunPlan
from tui.core.records import NodeFile, TaskState
from tui.core.task_reading import TaskAction, TaskReading, why_not
from tui.core.units import duration_text
from tui.ui import task_words
from tui.ui.bindings import DangerousBinding
from tui.ui.run_services import RunsService
from tui.ui.screens.access import with_access
from tui.ui.screens.base import BatchScreen, Question
from tui.ui.screens.confirm import ConfirmDialog
from tui.ui.screens.error_dialog import ErrorDialog
from tui.ui.services import AppServices, LogSource
from tui.ui.task_file import TaskFile
from tui.ui.text import safe, toned
from tui.ui.widgets.fact_sheet import FactSheet
from tui.ui.widgets.task_panel import TaskPanel
from tui.ui.widgets.virtual_table import VirtualTable

_TICK_S = 1.0
_READ_EVERY_TICKS = 3
_STALE_AFTER_S = 15.0
VIEWS = ("overview", "stdout", "stderr", "files")


class TaskScreen(BatchScreen[None]):
    """One task of a run."""

    CSS_PATH = "../styles/task.tcss"
    AUTO_FOCUS = "#overview"
    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(str(number + 1), f"show('{view}')", view.capitalize(), show=False, id=f"task.{view}", tooltip=view)
            for number, view in enumerate(VIEWS)
        ),
        Binding("l", "next_log", "Log", id="task.log", tooltip="stdout, then stderr, then the overview"),
        Binding("v", "show('files')", "Files", id="task.list-files", tooltip="The task's files on its node"),
        DangerousBinding("t", "act('terminate')", "Terminate", id="task.terminate", tooltip="End the task now"),
        DangerousBinding("r", "act('reactivate')", "Reactivate", id="task.reactivate", tooltip="Run the task again"),
        DangerousBinding("x", "act('delete')", "Delete", id="task.delete", tooltip="Delete the task from its job"),
    ]

    def __init__(
        self, services: AppServices, runs: RunsService, plan: RunPlan, task_id: str, *, is_read_only: bool = False
    ) -> None:
        super().__init__(services, is_read_only=is_read_only)
        self._runs = runs
        self._plan = plan
        self._task_id = task_id
        self._reading: TaskReading | None = None
        self._trouble: BatchTuiError | None = None
        self._is_reading = False
        self._file = ""
        self._ticks = 0
        self._tabs = Tabs(*(Tab(view, id=f"tab-{view}") for view in VIEWS))
        self._words = Static("", id="trouble-words")
        self._sheet = FactSheet(task_words.LABEL_WIDTH)
        reader = services.log_reader(plan)
        self._panel = TaskPanel(reader, services.run_blocking, services.clock, classes="panel")
        self._files: VirtualTable[NodeFile] = VirtualTable(
            task_words.new_file_table(), can_mark=False, id="files", classes="panel"
        )

    def compose_body(self) -> Iterable[Widget]:
        self._panel.id = "log"
        self._files.border_title = "files on the node"
        overview = VerticalScroll(self._sheet, id="overview", classes="panel")
        overview.border_title = "overview"
        yield self._tabs
        yield self._words
        yield ContentSwitcher(overview, self._panel, self._files, initial="overview")

    def on_mount(self) -> None:
        self.title_line.heading = f"{self._plan.run_id}  ›  {self._task_id}"
        self._tabs.can_focus = False
        self._show()
        self.set_interval(_TICK_S, self.tick)
        self._read()

    # What comes in

    def _read(self) -> None:
        if not self._is_reading:
            self._is_reading = True
            self.run_worker(self._work(), group="read")

    async def _work(self) -> None:
        try:
            reading = await self.services.run_blocking(lambda: self._runs.read_task(self._plan, self._task_id))
        except BatchTuiError as error:
            self._trouble = error
        else:
            self._trouble = None
            self.feed(reading)
        finally:
            self._is_reading = False
        self._show()

    def feed(self, reading: TaskReading) -> None:
        """Takes over what was read."""
        self._reading = reading
        self._files.model.replace(reading.files)
        self._files.refresh_rows()
        self._show()

    def tick(self) -> None:
        self._ticks += 1
        if self.is_current and self._is_alive and self._ticks % _READ_EVERY_TICKS == 0:
            self._read()
        if self._view in ("stdout", "stderr") or self._file:
            self._panel.poll()
        self._show()

    @property
    def _is_alive(self) -> bool:
        """Whether a further reading may tell something new."""
        reading = self._reading
        if reading is None:
            return True
        detail = reading.detail
        return detail is not None and detail.row.state is not TaskState.COMPLETED

    # What is shown

    @property
    def _view(self) -> str:
        active = self._tabs.active_tab
        return "overview" if active is None or active.id is None else active.id.removeprefix("tab-")

    def _show(self) -> None:
        if not self.is_mounted:
            return
        now_s, reading = self.services.clock.now_s(), self._reading
        title = self.title_line
        self._words.display = self._trouble is not None
        if self._trouble is not None:
            self._words.update(toned(f"✗ {safe(str(self._trouble))}", "error"))
        if reading is None:
            title.state = ("● reading…", "running") if self._trouble is None else ("✗ not read", "error")
        else:
            title.state = task_words.state_words(reading)
            title.age_s = max(0.0, now_s - reading.read_s) if self._is_alive else None
            title.is_stale = title.age_s is not None and title.age_s > _STALE_AFTER_S
            self._sheet.show(task_words.overview(reading, self._plan, self._task_id, now_s))
            age = duration_text(max(0.0, now_s - reading.read_s))
            self._files.border_subtitle = Content(f"{age} ago")
            self._files.show_empty_text(reading.files_trouble or "The task has no files.")
        self._show_log()
        self.refresh_bindings()

    def _show_log(self) -> None:
        view, reading = self._view, self._reading
        if self._file:
            source = TaskFile("task", self._task_id, "stdout", self._file)
            self._panel.show_log(source, is_growing=self._is_alive, title=self._file)
            self._panel.show_age()
            return
        if view not in ("stdout", "stderr"):
            return
        stream: Literal["stdout", "stderr"] = "stderr" if view == "stderr" else "stdout"
        detail = reading.detail if reading is not None else None
        is_early = detail is not None and detail.row.state in (TaskState.ACTIVE, TaskState.PREPARING)
        waiting = "The task has not started; its output shows here." if is_early else ""
        self._panel.show_log(LogSource("task", self._task_id, stream), is_growing=self._is_alive, waiting=waiting)
        self._panel.show_age()

    @on(Tabs.TabActivated)
    def _on_tab(self) -> None:
        view, self._file = self._view, ""
        target = "log" if view in ("stdout", "stderr") else view
        self.query_one(ContentSwitcher).current = target
        self._show()
        focus: Widget = {"overview": self.query_one("#overview"), "files": self._files}.get(view, self._panel)
        if focus is self._panel:
            self.call_after_refresh(self._panel.focus_log)
        else:
            focus.focus()

    @on(VirtualTable.RowSelected, "#files")
    def _open_file(self, message: VirtualTable.RowSelected) -> None:
        """The file as the logs are shown; esc comes back to the list."""
        file = self._files.model.get(message.row_id)
        if file is not None and not file.is_directory:
            self._file = file.name
            self.query_one(ContentSwitcher).current = "log"
            self._show()
            self.call_after_refresh(self._panel.focus_log)

    # What a person does

    def action_show(self, view: str) -> None:
        if self._file and view == self._view:
            self._on_tab()
        self._tabs.active = f"tab-{view}"

    def action_next_log(self) -> None:
        self.action_show({"stdout": "stderr", "stderr": "overview"}.get(self._view, "stdout"))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "act" and self._reading is not None and super().check_action(action, parameters):
            return None if why_not(self._reading, _action(parameters[0])) else True
        return super().check_action(action, parameters)

    def action_act(self, name: str) -> None:
        """Asks, then does it, then reads anew."""
        action = _action(name)
        if self._reading is None or why_not(self._reading, action):
            return
        question = _QUESTIONS[action]
        asked = Question(question.title.format(self._task_id), question.text, question.confirm)
        self.app.push_screen(ConfirmDialog(asked), self._doer(action))

    def _doer(self, action: TaskAction) -> Callable[[bool | None], None]:
        def decide(is_confirmed: bool | None) -> None:
            if is_confirmed:
                self.run_worker(self._act(action), group="act", exclusive=True)

        return decide

    async def _act(self, action: TaskAction) -> None:
        self.notify(f"{action}: asked the service", timeout=2)
        try:
            call = partial(self._runs.act_on_task, self._plan, self._task_id, action)
            await with_access(self, self.services, call)
        except BatchTuiError as error:
            self.app.push_screen(ErrorDialog(error))
        else:
            self.notify(f"{self._task_id}: {_DONE[action]}", timeout=3, markup=False)
        self._read()

    def action_back(self) -> None:
        """From a file to the list, from a log or the list to the overview; from there back to the run."""
        if self._file:
            self._on_tab()
        elif self._view != "overview":
            self.action_show("overview")
        else:
            super().action_back()


_QUESTIONS: dict[TaskAction, Question] = {
    "terminate": Question(
        "terminate {}?", "The task is ended where it is and counts as failed; its job goes on.", confirm="Terminate"
    ),
    "reactivate": Question(
        "reactivate {}?",
        "The task runs again from its beginning, and what it delivered before is replaced.",
        confirm="Reactivate",
    ),
    "delete": Question(
        "delete {}?",
        "The task is ended if it runs, and its record and its files on the node are gone. Its outputs and logs in the "
        "container stay. The run counts it as failed.",
        confirm="Delete",
    ),
}
_DONE: dict[TaskAction, str] = {
    "terminate": "it is being ended",
    "reactivate": "it waits for a node again",
    "delete": "deleted",
}


def _action(name: object) -> TaskAction:
    for action in _QUESTIONS:
        if action == name:
            return action
    raise ValueError(f"no such action: {name!r}")
