"""The run screen: steps, counts, the live table, nodes and the selected task, from the first event to the summary.

`feed` is the one way in: it folds events into the view and shows the result once. What is shown is never newer than the
last event says, and its age is always on screen.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar, Literal

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widget import Widget

from tui.core.errors import BatchTuiError
from tui.core.events import PollReport, RunEnded, RunEvent, RunStarted, Step, StepState, TasksArriving, TasksChanged
from tui.core.plan import RunPlan
from tui.core.records import TaskRow, TaskState
from tui.core.table_model import TableModel
from tui.core.task_progress import estimate_run
from tui.core.throughput import Throughput, slow_from_s
from tui.ui import run_words
from tui.ui.bridge import follow_run
from tui.ui.messages import RunAdvanced, RunLeft
from tui.ui.row_intake import RowIntake
from tui.ui.screens.base import Question
from tui.ui.screens.run_changes import RunChanges
from tui.ui.services import AppServices, LogSource, PausableSession, RunSession
from tui.ui.widgets.counts_bar import CountsBar
from tui.ui.widgets.node_map import NodeMap
from tui.ui.widgets.notice_panel import NoticePanel
from tui.ui.widgets.step_rail import StepRail
from tui.ui.widgets.task_panel import TaskPanel
from tui.ui.widgets.virtual_table import VirtualTable

_TICK_S = 1.0
_STALE_AFTER_S = 15.0
"""The quietest rhythm of the poller is 10 s: beyond this the age is a warning."""
_NEXT_KEYS = ("run.download", "run.delete", "table.open", "run.log", "app.quit")


class RunScreen(RunChanges):
    """One run, live; without a session it shows what `feed` is given."""

    CSS_PATH = "../styles/run.tcss"
    AUTO_FOCUS = "VirtualTable"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("l", "log", "Log", id="run.log", tooltip="Output of the task: stdout, then stderr"),
        Binding("p", "pause", "Pause", id="run.pause", tooltip="Stop looking, or look again; the tasks go on"),
        Binding("r", "refresh_now", "Refresh", id="run.refresh", tooltip="Look at everything now, paused or not"),
    ]

    def __init__(
        self, services: AppServices, plan: RunPlan, session: RunSession | None = None, *, is_read_only: bool = False
    ) -> None:
        super().__init__(services, plan, is_read_only=is_read_only)
        self._session = session
        self._throughput = Throughput()
        self._intake = RowIntake(self._list, self._counted)
        self._completed: int | None = None
        self._error: BatchTuiError | None = None
        self._heard_s: float | None = None
        self._silent_since_s: float | None = None
        self._panel_mode = "stdout"
        self._is_paused = False
        self._is_summary_closed = False
        self._rail = StepRail()
        self._counts = CountsBar(len(plan.inputs))
        self._trouble, self._summary = NoticePanel(id="trouble"), NoticePanel(id="summary")
        self._node_map = NodeMap(id="nodes", classes="panel")
        reader = services.log_reader(plan)
        self._panel = TaskPanel(reader, services.run_blocking, services.clock, classes="panel")

    def compose_body(self) -> Iterable[Widget]:
        yield from (self._rail, self._counts, self._trouble, self._summary)
        yield Horizontal(self._list, Vertical(self._node_map, self._panel, id="side"), id="main")

    def on_mount(self) -> None:
        self.title_line.heading = self.view.plan.run_id
        self._show()
        self.set_interval(_TICK_S, self.tick)
        if self._session is not None:
            follow_run(self, self._session)

    def on_resize(self) -> None:
        """The side leaves where it is narrow, and takes along a focus that it had."""
        self.call_after_refresh(self._keep_focus)

    def _keep_focus(self) -> None:
        if self.focused is None:
            self._list.table.focus()

    def follow(self, session: RunSession) -> None:
        """Goes on with another session of the same run, which has not been started."""
        self._session, self._error = session, None
        self._is_paused = self._is_summary_closed = False
        follow_run(self, session)
        self.refresh_bindings()
        self._show()

    # What comes in

    def feed(self, events: Sequence[RunEvent]) -> None:
        """Takes over a batch of events and paints once."""
        for event in events:
            if isinstance(event, TasksChanged | TasksArriving):
                self._take_rows(event)
            else:
                self.view.apply(event)
            if isinstance(event, PollReport):
                self._list.listing.end(is_whole=False)
                self._note_silence(event)
        if any(isinstance(event, TasksChanged | TasksArriving) for event in events):
            self._list.refresh_rows()
        if any(isinstance(event, RunStarted | RunEnded) for event in events):
            self.refresh_bindings()
        self._show()

    def _take_rows(self, event: TasksChanged | TasksArriving) -> None:
        """Into table and counts, which hold the rows; the view needs only to know when a whole list came."""
        was_behind = self._intake.is_behind
        if isinstance(event, TasksChanged):
            self.view.tasks_read_s = event.at_s
            self._intake.take(event)
        else:
            self.view.apply(event)
            self._heard_s, self._silent_since_s = event.at_s, None
            self._intake.take_part(event, is_first=self.view.tasks_read_s is None)
        if self._intake.is_behind and not was_behind:
            self.run_worker(self._catch_up(), group="catch up")

    async def _catch_up(self) -> None:
        await self._intake.catch_up()
        self._list.refresh_rows()
        self._show()

    def _note_silence(self, report: PollReport) -> None:
        if report.succeeded:
            self._heard_s, self._silent_since_s = report.at_s, None
            if self.view.tasks_read_s is not None:
                as_of_s = report.at_s if report.as_of_s is None else report.as_of_s
                self.view.tasks_read_s = as_of_s  # nothing changed since, and that has just been seen
        elif self._silent_since_s is None:
            self._silent_since_s = report.at_s if self._heard_s is None else self._heard_s

    @on(RunAdvanced)
    def _on_advanced(self, message: RunAdvanced) -> None:
        self.feed(message.events)

    @on(RunLeft)
    def _on_left(self, message: RunLeft) -> None:
        if message.error is not None and not isinstance(message.error, BatchTuiError):
            raise message.error  # a defect of ours is reported as one, wherever it happened
        self.end(message.error)

    def end(self, error: BatchTuiError | None) -> None:
        """No more events come; `error` is why, where something went wrong."""
        self._error = error
        self._list.listing.end(is_whole=False)
        self._show()

    def tick(self) -> None:
        """What the clock alone changes: ages, elapsed times, durations of running tasks."""
        self._list.tick(self._tally.running)
        self._show()
        top = self.app.screen_stack[-1:]
        if top == [self] or any(screen.is_modal for screen in top):  # else another screen covers it all
            self._panel.poll()

    # What is shown

    @property
    def _model(self) -> TableModel[TaskRow]:
        return self._list.model

    @property
    def _now_s(self) -> float:
        return self.services.clock.now_s()

    def _show(self) -> None:
        if not self.is_mounted:
            return
        view, now_s = self.view, self._now_s
        title = self.title_line
        title.state = ("‖ paused", "warning") if self._is_paused else run_words.state_words(view, self._error, now_s)
        read_s = view.pool_read_s if view.tasks_read_s is None else view.tasks_read_s
        title.age_s = None if read_s is None or view.is_over else max(0.0, now_s - read_s)
        title.is_stale = title.age_s is not None and title.age_s > _STALE_AFTER_S
        title.requests_per_minute = None if view.poll is None or view.is_over else view.poll.requests_per_minute
        self._rail.show(view, now_s)
        self._show_progress(now_s)
        age_s = None if view.pool_read_s is None else max(0.0, now_s - view.pool_read_s)
        self._node_map.show(view.nodes, age_s, is_gone=view.is_over and view.pool is None)
        self._show_notices()
        counted = 0 if view.service_counts is None else view.service_counts.total
        self._list.await_tasks(are_added=view.steps[Step.TASKS].state is StepState.DONE, counted=counted)
        self._list.show_title()
        self._list.show_age(view.tasks_read_s)
        self._show_panel()

    def _show_progress(self, now_s: float) -> None:
        tally, completed = self._tally, self._tally.counts.completed
        self._throughput.note(now_s, max(0, completed - self._completed) if self._completed is not None else 0)
        if self.view.tasks_read_s is not None and not self._counted.is_behind:
            self._completed = completed
        view, counts = self.view, tally.counts
        if view.tasks_read_s is None and view.service_counts is not None:
            counts = view.service_counts  # a long list takes a while to read
        expected = len(view.plan.inputs)
        is_known = self._silent_since_s is None and bool(expected or view.tasks_read_s is not None)
        eta = estimate_run(expected, tally, view.pool, view.nodes, now_s) if is_known else None
        rate = self._throughput
        # A job that is watched may be given more tasks.
        is_idle = view.tasks_read_s is not None and counts.total > 0 and counts.active + counts.running == 0
        is_over = view.is_over or (is_idle and not expected)
        self._counts.show(counts, eta, is_over=is_over, bars=rate.bars, per_second=rate.per_second)
        self._list.mark_slow(slow_from_s(tally.durations))

    def _show_notices(self) -> None:
        lines = run_words.trouble_lines(self.view, self._error, self._silent_since_s, self._now_s)
        is_error = self._error is not None or self._silent_since_s is None
        self._trouble.show("trouble", lines, "error" if is_error else "warning")
        summary = self.view.summary
        if summary is None or self._is_summary_closed:
            self._summary.show("", (), "")
            return
        bindings = {active.binding.id: active.binding for active in self.active_bindings.values() if active.enabled}
        keys = [
            (self.app.get_key_display(bindings[name]), bindings[name].description)
            for name in (*run_words.looks_after(summary), *_NEXT_KEYS)
            if name in bindings
        ]
        state = "success" if summary.exit_code == 0 else "error" if summary.exit_code != 130 else "warning"
        self._summary.show("summary", run_words.summary_lines(summary, keys), state)

    def _show_panel(self) -> None:
        broken = next((node for node in self.view.nodes if node.start_task_failure is not None), None)
        row = self._list.cursor_row
        if row is None and broken is not None:
            self._panel.show_log(LogSource("start task", broken.id, "stderr"), is_growing=False)
        elif row is None:
            self._panel.show_facts("task", [Content("The task under the cursor shows here.")])
        elif self._panel_mode == "details":
            self._panel.show_facts(f"details · {row.id}", run_words.task_facts(row, self.view.plan, self._now_s))
        else:
            is_early = row.state in (TaskState.ACTIVE, TaskState.PREPARING)
            waiting = "The task has not started; its output shows here." if is_early else ""
            stream: Literal["stdout", "stderr"] = "stderr" if self._panel_mode == "stderr" else "stdout"
            self._panel.show_log(LogSource("task", row.id, stream), is_growing=not row.status.is_over, waiting=waiting)
            self._panel.show_age()

    # What a person does

    @on(VirtualTable.RowHighlighted)
    def _on_highlighted(self) -> None:
        self._show_panel()

    @on(VirtualTable.RowSelected)
    def _on_selected(self) -> None:
        self._open_panel("details")

    def _open_panel(self, mode: str) -> None:
        self._panel_mode = mode
        self.add_class("-panel-open")
        self._show_panel()

    def action_log(self) -> None:
        """stdout; where it is shown already, stderr."""
        is_shown = self._panel_mode == "stdout" and (self.has_class("-panel-open") or not self.has_class("-narrow"))
        self._open_panel("stderr" if is_shown else "stdout")

    def action_pause(self) -> None:
        session = self._session
        if isinstance(session, PausableSession):
            self._is_paused = not self._is_paused
            if self._is_paused:
                session.pause()
            else:
                session.resume()
            self.refresh_bindings()
            self._show()

    def action_refresh_now(self) -> None:
        if isinstance(self._session, PausableSession):
            self._session.refresh_now()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("pause", "refresh_now"):
            return isinstance(self._session, PausableSession) and not self.view.is_over
        return super().check_action(action, parameters)

    def action_back(self) -> None:
        """Closes the filter, then the panel over the table, then the summary; then goes back."""
        if self._list.is_narrowed:
            self._list.show_all()
        elif self.has_class("-panel-open"):
            self.remove_class("-panel-open")
            self._panel_mode = "stdout"
            self._show_panel()
            self._list.table.focus()
        elif self._summary.is_shown:
            self._is_summary_closed = True
            self._show_notices()
        else:
            super().action_back()

    def leaving_question(self) -> Question | None:
        return None if self._session is None or self._error is not None else run_words.leaving_question(self.view)

    @property
    def exit_code(self) -> int:
        """The run's own, once it is over; what failed before that is told where the session was made."""
        return 0 if self.view.summary is None else self.view.summary.exit_code

    def leave(self) -> None:
        if self._session is not None:
            self._session.stop()

    def on_unmount(self) -> None:
        """A session whose screen is gone would ask the service on and on, for nobody."""
        self.leave()
