"""The application: themes, the keys that work everywhere, and the way out. Screens do the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.dom import DOMNode
from textual.screen import Screen

from tui.ui.bindings import dangerous_actions
from tui.ui.blocking import run_in_daemon_thread
from tui.ui.screens.base import BatchScreen, Question
from tui.ui.signals import leave_on_signals
from tui.ui.themes import BATCH_DARK, THEMES


class BatchTui(App[int]):
    """The terminal for Azure Batch; runs until the person leaves, and returns the exit code."""

    TITLE = "batch-tui"
    CSS_PATH = "styles/app.tcss"
    ENABLE_COMMAND_PALETTE = True
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-comfortable"), (150, "-wide")]  # noqa: RUF012 - Textual's name
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "help", "Help", id="app.help", key_display="?", tooltip="The keys that work here"),
        Binding(
            "ctrl+p",
            "command_palette",
            "Palette",
            show=False,
            priority=True,
            id="app.palette",
            tooltip="Every key by its name, accounts, themes",
        ),
        Binding("q", "quit", "Quit", id="app.quit", tooltip="Leave the program"),
        Binding("ctrl+q", "quit", "Quit", id="app.quit-now", show=False, priority=True, tooltip="Leave the program"),
        Binding("ctrl+c", "quit", "Quit", id="app.interrupt", show=False, tooltip="Leave the program"),
    ]

    def __init__(
        self,
        opening: Callable[[], Screen[Any]],
        *,
        theme: str = BATCH_DARK.name,
        remember_theme: Callable[[str], None] | None = None,
    ) -> None:
        """`opening` makes the first screen; `theme` is one of ours or of Textual's, `remember_theme` blocks briefly."""
        super().__init__()
        self._remember_theme = remember_theme
        self._opening = opening
        self._is_leaving = False
        for own in THEMES:
            self.register_theme(own)
        self.theme = theme if theme in self.available_themes else BATCH_DARK.name

    @property
    def defect(self) -> Exception | None:
        """What nobody foresaw and so ended the program; whoever ran it reports it."""
        return self._exception

    def run_to_end(self, *, headless: bool = False) -> int:
        """The exit code once the person has left; raises the defect that ended it, where one did."""
        code = self.run(headless=headless) or 0
        if self.defect is not None:
            raise self.defect
        return code

    def _fatal_error(self) -> None:
        """Leaves without a traceback: Textual's own shows the variables of every frame, keys among them."""
        self._close_messages_no_wait()

    def on_mount(self) -> None:
        leave_on_signals(self)

    def get_default_screen(self) -> Screen[Any]:
        """The first screen has none below it: an empty one would be styled and laid out too, for nobody to see."""
        screen = self._opening()
        # Textual does so for screens that are pushed, and for them alone.
        self.stylesheet.read_all(screen.css_path)
        return screen

    def watch_theme(self, theme: str) -> None:
        """A theme that was chosen is there at the next start."""
        remember = self._remember_theme
        if self.is_running and remember is not None:
            run_in_daemon_thread(lambda: remember(theme))

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Themes, the keys of this screen, and what the screens below it offer; never an action without its key."""
        yield SystemCommand("Theme", "Choose the colours", self.action_change_theme)
        for below in self.screen_stack:
            if isinstance(below, BatchScreen):
                yield from below.palette_commands()
        for active in screen.active_bindings.values():
            binding = active.binding
            if binding.show and active.enabled:
                yield SystemCommand(binding.description, binding.tooltip, self._runner(binding.action, active.node))

    def _runner(self, action: str, node: DOMNode) -> Callable[[], None]:
        def run() -> None:
            self.call_later(self.run_action, action, node)

        return run

    def action_help(self) -> None:
        """Help for the screen on top, as its bindings are now."""
        from tui.ui.screens.help import HelpScreen  # as it is opened

        screen = self.screen
        self.push_screen(HelpScreen(screen.active_bindings, dangerous_actions(type(screen))))

    async def action_quit(self) -> None:
        """Leaves, once whatever would be lost has been decided."""
        if not self._is_leaving:
            self._is_leaving = True
            self.run_worker(self._leave(), group="leave")

    async def _leave(self) -> None:
        screens = [screen for screen in self.screen_stack if isinstance(screen, BatchScreen)]
        try:
            for screen in reversed(screens):
                if not await screen.may_leave(self._ask):
                    return
            for screen in screens:
                screen.leave()
            self.exit(max((screen.exit_code for screen in screens), default=0))
        finally:
            self._is_leaving = False

    async def _ask(self, question: Question) -> bool:
        from tui.ui.screens.confirm import ConfirmDialog  # as it is opened

        return await self.push_screen_wait(ConfirmDialog(question)) is True
