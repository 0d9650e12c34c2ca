"""Home: every run of this machine, how it stands and what of it still costs, and the way to each and to a new one.

The journals are shown at once; what the service says of each run that still has something follows in the background,
one run after the other, and its age is on screen. Runs that were opened go on while Home is on top. Other screens are
imported when they are opened: together they take longer to import than Home takes to be painted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from tui.core.run_line import RunLine, RunState, RunTable
from tui.core.units import count_text
from tui.ui import home_words
from tui.ui.bindings import DangerousBinding
from tui.ui.screens.home_reading import HomeReading
from tui.ui.text import joined, safe, toned
from tui.ui.widgets.virtual_table import VirtualTable

if TYPE_CHECKING:
    from tui.core.accounts import Account
    from tui.core.plan import RunPlan
    from tui.core.run_draft import RunDraft
    from tui.ui.run_services import HomeServices
    from tui.ui.screens.base import Ask
    from tui.ui.screens.open_run import OpenRunScreen
    from tui.ui.services import AppServices

_TICK_S = 1.0
_EMPTY = "No runs yet. Press n to plan the first one; samples are at hand."


class HomeScreen(HomeReading):
    """The list of runs."""

    CSS_PATH = "../styles/home.tcss"
    VERTICAL_BREAKPOINTS = [(0, "-short"), (18, "-tall")]  # noqa: RUF012 - Textual's name
    AUTO_FOCUS = "VirtualTable"
    BINDINGS: ClassVar[list[BindingType]] = [
        DangerousBinding("n", "new_run", "New run", id="home.new", tooltip="Plan a run; its review starts it"),
        Binding("d", "download", "Download", id="home.download", tooltip="Fetch outputs and logs of the run"),
        DangerousBinding("r", "resume", "Resume", id="home.resume", tooltip="Go on with the run where it ended"),
        DangerousBinding("x", "delete", "Delete", id="home.delete", tooltip="Delete what the run made"),
        Binding("a", "accounts", "Accounts", id="home.accounts", tooltip="Accounts: use, add, test"),
        Binding("f5", "refresh", "Look again", show=False, id="home.refresh", tooltip="Ask the service now"),
    ]

    def __init__(
        self,
        services: AppServices,
        home: HomeServices,
        *,
        has_account: bool = True,
        draft: RunDraft | None = None,
        is_read_only: bool = False,
    ) -> None:
        """Without an account it opens the set-up; with a `draft`, that draft's review."""
        super().__init__(services, home, is_read_only=is_read_only)
        self._has_account = has_account
        self._draft = draft
        self._opened: dict[str, OpenRunScreen] = {}
        self._was_shown = False
        self._runs = RunTable(services.clock.now_s())
        self._table: VirtualTable[RunLine] = VirtualTable(
            self._runs.model, can_mark=False, empty_text="Reading the journals…", id="runs", classes="panel"
        )
        self._detail = Static("", id="detail", classes="panel -empty")

    def compose_body(self) -> Iterable[Widget]:
        self._table.border_title = "runs"
        self._detail.border_title = "run"
        yield self._table
        yield self._detail

    def on_mount(self) -> None:
        self.title_line.heading = "batch-tui"
        self.set_interval(_TICK_S, self.tick)
        if self._draft is not None:
            self._plan_run(self._draft)
        elif not self._has_account and not self.is_read_only:
            self._set_up()

    def on_show(self) -> None:
        """The journals are read once the first frame is out: with all that is imported for it, it would hold it up."""
        self._was_shown = True
        self.call_after_refresh(self.action_refresh)

    def on_screen_resume(self) -> None:
        """Back from somewhere, where much may have changed."""
        if self._was_shown:
            self.action_refresh()

    def tick(self) -> None:
        """Ages; and a further look at the service, when it is time for one."""
        self._runs.now_s = self.services.clock.now_s()
        self._table.tick()
        self._show_ages()
        self._let_go_of_settled()
        if self.is_active and self._runs.now_s >= self._next_look_s:
            self._look()

    # What is shown

    def _show(self) -> None:
        self._runs.now_s = self.services.clock.now_s()
        lines = [
            replace(line, remains=self._read.get(run_id), trouble=self._troubles.get(run_id, ""))
            for run_id, line in self._lines.items()
        ]
        self._lines = {line.run_id: line for line in lines}
        self._runs.show(lines)
        self._table.show_empty_text(_EMPTY)
        self._table.refresh_rows()
        costing = sum(line.costs for line in lines)
        words = f"▲ {count_text(costing, 'run')} with nodes that cost"
        self.title_line.state = (words, "warning") if costing else ("", "")
        self._table.border_title = Content(f"runs · {len(lines):,}" if lines else "runs")
        self._show_ages()
        self._show_detail()
        self.refresh_bindings()

    def _show_ages(self) -> None:
        read = [remains.read_s for run_id, remains in self._read.items() if run_id in self._lines]
        words = home_words.age_words(read, self._runs.now_s, is_looking=self._is_looking)
        self._table.border_subtitle = Content(words)

    def _show_detail(self) -> None:
        line = self._line
        self._detail.set_class(line is None and not self._unreadable, "-empty")
        if line is None:
            self._detail.update(joined([toned(safe(text), "warning") for text in self._unreadable], "\n"))
            return
        self._detail.border_title = Content(safe(line.run_id))
        self._detail.update(
            joined(home_words.detail_lines(line, self._runs.started_text(line), self._unreadable), "\n")
        )

    @property
    def _line(self) -> RunLine | None:
        """The run under the cursor."""
        run_id = self._table.cursor_id
        return None if run_id is None else self._lines.get(run_id)

    @on(VirtualTable.RowHighlighted)
    def _on_highlighted(self) -> None:
        self._show_detail()
        self.refresh_bindings()

    @on(VirtualTable.SortRequested)
    def _on_sort(self, message: VirtualTable.SortRequested) -> None:
        self._table.sort_by(message.column_key)

    # What a person does

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        is_on = home_words.can_do(self._line, action)
        return super().check_action(action, parameters) and (is_on or None)

    @on(VirtualTable.RowSelected)
    def _on_selected(self) -> None:
        line = self._line
        if line is not None:
            self._open(line)

    def _open(self, line: RunLine) -> None:
        """The run as it is: gone on with where it goes on, looked at where another drives it, else shown again."""
        opened = self._opened.get(line.run_id)
        if opened is not None and (opened.is_under_way or opened.awaits_access):
            self.app.push_screen(opened)
        elif line.is_driven:
            self._show_run(line.plan, is_only_shown=True, is_live=True)
        elif line.state in (RunState.GOING_ON, RunState.DONE) and line.can_resume:
            self._show_run(line.plan, is_only_shown=self.is_read_only, is_live=True)
        else:
            self._show_run(line.plan, is_only_shown=True, is_live=False)

    def _show_run(self, plan: RunPlan, *, is_only_shown: bool, is_live: bool) -> None:
        from tui.ui.screens.open_run import OpenRunScreen  # as it is opened

        runs = self._home.runs
        make = runs.revisit if not is_live else runs.watch if is_only_shown else runs.start
        screen = OpenRunScreen(
            self._home.services_of(plan.account),
            runs,
            plan,
            make(plan),
            start_run=self._start,
            is_only_shown=is_only_shown,
            is_read_only=self.is_read_only,
        )
        if not is_only_shown:
            self._keep(plan.run_id, screen)
        self.app.push_screen(screen)

    def _keep(self, run_id: str, screen: OpenRunScreen) -> None:
        """A run that this program drives goes on when its screen is left."""
        self._let_go(run_id)
        self._opened[run_id] = screen
        self.app.install_screen(screen, f"run-{run_id}")

    def _let_go(self, run_id: str) -> None:
        """Its screen, with all its tasks, is held no longer."""
        screen = self._opened.pop(run_id, None)
        if screen is not None:
            self.app.uninstall_screen(screen)
            screen.remove()

    def _let_go_of_settled(self) -> None:
        """A run that has ended is shown from its journal when it is opened again."""
        shown = self.app.screen_stack
        for run_id in [run_id for run_id, screen in self._opened.items() if screen.is_settled and screen not in shown]:
            self._let_go(run_id)

    def action_resume(self) -> None:
        line = self._line
        if line is not None and line.can_resume:
            self._show_run(line.plan, is_only_shown=False, is_live=True)

    def action_download(self) -> None:
        line = self._line
        if line is not None:
            from tui.ui.screens.download import DownloadDialog  # as it is opened

            services = self._home.services_of(line.plan.account)
            self.app.push_screen(DownloadDialog(services, self._home.runs, line.plan))

    def action_delete(self) -> None:
        line = self._line
        if line is None:
            return
        opened = self._opened.get(line.run_id)
        if opened is not None and opened.is_under_way:
            self.app.push_screen(opened)
            opened.action_delete()
            return
        from tui.ui.screens.delete import DeleteDialog  # as it is opened

        services = self._home.services_of(line.plan.account)
        self.app.push_screen(DeleteDialog(services, self._home.runs, line.run_id))

    def action_new_run(self) -> None:
        if self._has_account:
            self._plan_run(None)
        else:
            self._set_up()

    def _plan_run(self, draft: RunDraft | None) -> None:
        """From the beginning, or from the review of `draft`."""
        from tui.ui.screens.new_run.screen import REVIEW, WORKLOAD, NewRunScreen  # as it is opened

        new_run, fresh = self._home.new_run(self.services.account.name)
        step = WORKLOAD if draft is None else REVIEW
        screen = NewRunScreen(self.services, new_run, draft or fresh, opening_step=step, is_read_only=self.is_read_only)
        self.app.push_screen(screen, self._start)

    def _start(self, plan: RunPlan | None) -> None:
        if plan is not None:
            self._show_run(plan, is_only_shown=False, is_live=True)

    def action_accounts(self) -> None:
        from tui.ui.screens.accounts import AccountsScreen  # as it is opened

        screen = AccountsScreen(self.services, self._home.accounts, is_read_only=self.is_read_only)
        self.app.push_screen(screen, self._use)

    def palette_commands(self) -> Iterable[SystemCommand]:
        """The other accounts, unless a run is being planned on this one."""
        from tui.ui.screens.new_run.screen import NewRunScreen  # long since imported where one is open

        if any(isinstance(screen, NewRunScreen) for screen in self.app.screen_stack):
            return ()
        return self._switch.commands(self.services.account.name)

    def _set_up(self) -> None:
        """The first account."""
        from tui.ui.screens.set_up import SetUpScreen  # as it is opened

        self.app.push_screen(SetUpScreen(self.services, self._home.accounts), self._use)

    def _use(self, account: Account | None) -> None:
        if account is not None:
            self._home.forget(account.name)
            self._has_account = True
            self.services = self._home.services_of(account.name)
            self.title_line.show_account(self.services.account)
            self.notify(f"New runs go to {account.name}.", timeout=3, markup=False)

    # Leaving

    async def may_leave(self, ask: Ask) -> bool:
        """Asks about the runs that this program drives and that are not on screen: nobody else does."""
        below = [screen for screen in self._opened.values() if screen not in self.app.screen_stack]
        for screen in below:
            if screen.is_under_way and not await screen.may_leave(ask):
                return False
        return True

    def leave(self) -> None:
        self._stop.set()
        for screen in self._opened.values():
            screen.leave()

    def on_unmount(self) -> None:
        self._stop.set()
