"""A run opened from Home or just started: the run screen with the ways on to its tasks, its downloads and its end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType

from tui.core.deletion import DeletionResult, DeletionState
from tui.core.errors import AccessRefused, BatchTuiError, Interrupted
from tui.core.events import RunEnded
from tui.core.plan import RunPlan
from tui.core.units import count_text
from tui.ui import access_words, run_words
from tui.ui.bindings import DangerousBinding
from tui.ui.run_services import RunsService
from tui.ui.screens.access import Refusal, with_access
from tui.ui.screens.base import Ask, Question
from tui.ui.screens.delete import DeleteDialog
from tui.ui.screens.download import DownloadDialog
from tui.ui.screens.error_dialog import ErrorDialog
from tui.ui.screens.live_run import LiveRunScreen
from tui.ui.screens.quit_guard import QuitGuard
from tui.ui.screens.task import TaskScreen
from tui.ui.services import AppServices, RunSession
from tui.ui.widgets.virtual_table import VirtualTable

_STOP_CHECK_S = 0.05
_STOP_LIMIT_S = 35.0
"""A call under way ends within the service's own limit of 30 s."""


class OpenRunScreen(LiveRunScreen):
    """A run, and what can be done with it. It goes on while another screen is on top, and when it is left for Home."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("d", "download", "Download", id="run.download", tooltip="Fetch outputs and logs of this run"),
        DangerousBinding("x", "delete", "Delete", id="run.delete", tooltip="Delete what this run made"),
    ]

    def __init__(
        self,
        services: AppServices,
        runs: RunsService,
        plan: RunPlan,
        session: RunSession,
        *,
        start_run: Callable[[RunPlan], None] | None = None,
        is_only_shown: bool = False,
        is_read_only: bool = False,
    ) -> None:
        """`is_only_shown` says that the session drives nothing: leaving it ends nothing. `start_run` opens another."""
        super().__init__(services, plan, session, is_read_only=is_read_only)
        self._runs = runs
        self._is_only_shown = is_only_shown
        self._start_run = start_run
        self.can_start_runs = start_run is not None and not is_read_only

    @property
    def _run_session(self) -> RunSession:
        assert self._session is not None, "it is opened with one"
        return self._session

    def open_again(self) -> RunSession:
        runs, plan = self._runs, self.view.plan
        return runs.watch(plan) if self._is_only_shown else runs.start(plan)

    def refusal_of(self, error: AccessRefused) -> Refusal:
        if self._is_only_shown:
            return super().refusal_of(error)
        view = self.view
        signed = access_words.SIGNED_BEFORE if access_words.has_tasks_waiting(view) else ""
        return Refusal(error, access_words.run_words(view), self._costs, access_words.LEAVE_RUN, signed)

    # Where it leads

    def start_run(self, plan: RunPlan) -> None:
        if self._start_run is not None:
            self._start_run(plan)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Of a run that left nothing, nothing can be fetched or deleted."""
        is_there = super().check_action(action, parameters)
        summary = self.view.summary
        if action in ("download", "delete") and is_there and summary is not None and not summary.leftovers:
            return None
        return is_there

    @on(VirtualTable.RowSelected)
    def _open_task(self, message: VirtualTable.RowSelected) -> None:
        message.prevent_default()
        plan = self.view.plan
        self.app.push_screen(
            TaskScreen(self.services, self._runs, plan, message.row_id, is_read_only=self.is_read_only)
        )

    def action_download(self) -> None:
        marked = frozenset(self._model.marked)
        self.app.push_screen(DownloadDialog(self.services, self._runs, self.view.plan, marked=marked))

    def action_delete(self) -> None:
        self.run_worker(self._delete(), group="delete", exclusive=True)

    async def _delete(self) -> bool:
        """Whether all that was chosen is deleted or on its way out."""
        dialog = DeleteDialog(self.services, self._runs, self.view.plan.run_id, prepare=self._stop_driving)
        self.is_held = True
        try:
            results = await self.app.push_screen_wait(dialog)
        finally:
            self.is_held = False
        if results:
            self._refused = None  # what is deleted is not gone on with
            await self._tell_deleted(results)
        else:
            self.settle_refusal()
        return results is not None and not any(result.can_retry for result in results)

    def _stop_driving(self) -> None:
        """Blocks until the session drives the run no more, so that its journal is free."""
        session = self._run_session
        if self.is_under_way:
            session.stop()
            pause, waited_s = threading.Event(), 0.0
            while session.summary is None and session.error is None:
                if waited_s > _STOP_LIMIT_S:
                    raise Interrupted("The run does not stop", "a call to the service is under way", "try again")
                pause.wait(_STOP_CHECK_S)
                waited_s += _STOP_CHECK_S

    async def _tell_deleted(self, results: Sequence[DeletionResult]) -> None:
        """Takes over what is left now."""
        try:
            line = await self.services.run_blocking(lambda: self._runs.line(self.view.plan.run_id))
        except BatchTuiError:
            return
        summary = self.view.summary or line.summary
        if summary is not None:
            job_is_gone = any(item.kind == "job" and item.state is DeletionState.DELETED for item in results)
            if summary.exit_code == Interrupted.exit_code and job_is_gone:
                summary = replace(summary, outcome="stopped, and its job deleted", hint="")
            self.feed([RunEnded(replace(summary, leftovers=line.leftovers))])

    # Leaving

    @property
    def is_under_way(self) -> bool:
        """Whether this program drives the run."""
        return not self._is_only_shown and self._run_session.summary is None and self._run_session.error is None

    def leaving_question(self) -> Question | None:
        if self._is_only_shown or self._run_session.error is not None:
            return None
        return run_words.leaving_question(self.view, says_costs=not self._costs)

    @property
    def _costs(self) -> str:
        """What goes on costing without us, in words; nothing where nothing does."""
        view, plan = self.view, self.view.plan
        if not plan.makes_pool or self._is_only_shown:
            return ""
        if view.pool is None:
            is_left = view.summary is not None and any(item.costs for item in view.summary.leftovers)
            return f"Pool {plan.pool.id} is still there: its nodes cost by the hour." if is_left else ""
        nodes = max(view.pool.current_nodes, view.pool.target_nodes)
        if not nodes:
            return ""
        keeps = f"Pool {plan.pool.id} keeps its {count_text(nodes, 'node')}"
        if not plan.is_billed:
            they = "it" if nodes == 1 else "they"
            return "" if view.summary is not None else f"{keeps}; on Azure {they} would cost by the hour."
        is_left = view.summary is None or any(item.costs for item in view.summary.leftovers)
        cost = "it costs" if nodes == 1 else "they cost"
        return f"{keeps}, and {cost} by the hour." if is_left else ""

    async def may_leave(self, ask: Ask) -> bool:
        question, costs = self.leaving_question(), self._costs
        if not costs:
            return await super().may_leave(ask)
        if question is None:
            is_over = "is over" if self.view.problem is None else "has stopped"
            text = f"The run {is_over}, and what it made is still there."
            question = Question("leave it like this?", text, confirm="Quit and leave it")
        guard = QuitGuard(self.view.plan.run_id, question, costs, can_change=not self.is_read_only)
        match await self.app.push_screen_wait(guard):
            case "leave":
                return True
            case "release":
                return await self._release()
            case "delete":
                return await self._delete()
        return False

    async def _release(self) -> bool:
        run_id = self.view.plan.run_id
        self.notify(f"resizing the pool of {run_id} to 0…", timeout=3, markup=False)
        try:
            await with_access(self, self.services, lambda: self._runs.release_nodes(run_id, threading.Event()))
        except BatchTuiError as error:
            await self.app.push_screen_wait(ErrorDialog(error))
            return False
        return True
