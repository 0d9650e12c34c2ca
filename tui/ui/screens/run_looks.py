"""What leads on from a run to a closer look: failures, why nothing runs, nodes, several logs as one, an export."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from tui.core.failure_table import line_text
from tui.core.plan import RunPlan
from tui.core.records import TaskRow
from tui.core.run_view import RunView
from tui.core.table_model import TableModel
from tui.core.task_tally import SlicedTally, TaskTally
from tui.core.units import count_text
from tui.ui.screens.access import asking
from tui.ui.screens.base import BatchScreen
from tui.ui.screens.export import ExportDialog
from tui.ui.screens.failures import FailuresScreen, GroupChoice
from tui.ui.screens.nodes import NodesScreen
from tui.ui.screens.tail import TailScreen
from tui.ui.screens.why import WhyDialog
from tui.ui.services import AppServices
from tui.ui.widgets.task_list import TaskList


class RunLooks(BatchScreen[None]):
    """A run as it is known, and the screens that look at it; a subclass shows it and keeps it up to date."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("g", "failures", "Failures", id="run.failures", tooltip="Failed tasks grouped by their cause"),
        Binding("w", "why", "Why", id="run.why", tooltip="Why is nothing running?"),
        Binding("n", "nodes", "Nodes", id="run.nodes", tooltip="Nodes, their tasks and their start task"),
        Binding("t", "tail", "Tail", show=False, id="run.tail", tooltip="Output of the marked or all running tasks"),
        Binding("e", "export", "Export", show=False, id="run.export", tooltip="The tasks shown as CSV or JSON"),
    ]

    def __init__(self, services: AppServices, plan: RunPlan, *, is_read_only: bool = False) -> None:
        super().__init__(services, is_read_only=is_read_only)
        self.view = RunView(plan)
        self._counted = SlicedTally()
        self._list = TaskList(plan, services.clock, services.views, id="left")

    @property
    def tasks(self) -> TableModel[TaskRow]:
        """The tasks as they are shown."""
        return self._list.model

    @property
    def _tally(self) -> TaskTally:
        return self._counted.tally

    def action_tail(self) -> None:
        chosen = [row.id for row in self._list.chosen] or list(self._tally.running)
        if not chosen and self._list.says_it_is_partial():
            return
        if not chosen:
            self.notify("No task runs, and none is marked.", timeout=3)
            return
        screen = TailScreen(self.services, self.view.plan, chosen, self.tasks.get, is_read_only=self.is_read_only)
        self.app.push_screen(screen)

    def action_export(self) -> None:
        if not self._list.chosen and self._list.says_it_is_partial():
            return
        rows = self._list.chosen or tuple(map(self.tasks.row_at, range(len(self.tasks))))
        what = f"{count_text(len(rows), 'task')}{' marked' if self._list.chosen else ''}"

        def tell(done: str | None) -> None:
            if done is not None:
                self.notify(done, title="Exported", markup=False)

        self.app.push_screen(ExportDialog(self.services, self.view.plan, rows, what), tell)

    def action_why(self) -> None:
        if self.services.job_desk is not None:
            self.app.push_screen(WhyDialog(self.services.job_desk(self.view.plan), asking(self, self.services)))

    def action_nodes(self) -> None:
        def show(node_id: str | None) -> None:
            if node_id is not None:
                self._list.filter_by(f"node={node_id}")

        screen = NodesScreen(self.services, self.view.plan, lambda: self.view, is_read_only=self.is_read_only)
        self.app.push_screen(screen, show)

    def action_failures(self) -> None:
        if self._list.says_it_is_partial():
            return
        screen = FailuresScreen(
            self.services,
            self.view.plan,
            lambda: self.tasks.rows,
            can_download=self.can_download,
            can_start=self.can_start_runs,
            is_read_only=self.is_read_only,
        )
        self.app.push_screen(screen, self._on_group)

    def _on_group(self, choice: GroupChoice | None) -> None:
        if choice is None:
            return
        if choice.plan is not None:
            self.start_run(choice.plan)
            return
        group = choice.group
        self._list.show_group(f"{group.name}: {line_text(group)}", group.task_ids)
        if choice.action == "download":
            self._list.mark(group.task_ids)
            self.run_worker(self.run_action("download"))

    can_start_runs = False
    """Whether `start_run` leads anywhere."""

    def start_run(self, plan: RunPlan) -> None:
        """Opens a further run; for a screen that belongs to a list of runs."""
        raise NotImplementedError

    @property
    def can_download(self) -> bool:
        """Whether this screen has a download, which concerns the marked tasks."""
        return any(active.binding.id == "run.download" for active in self.active_bindings.values())

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "export":
            return self.services.save_file is not None
        if action == "why":
            return self.services.job_desk is not None
        return super().check_action(action, parameters)
