"""Which kind of account: three words in a line, one chosen, and below them what that one means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from tui.core.accounts import AccountKind
from tui.ui.text import joined, toned

KIND_NAMES: Mapping[AccountKind, str] = {
    AccountKind.SANDBOX: "Sandbox",
    AccountKind.SHARED_KEY: "Account keys",
    AccountKind.ENTRA: "Microsoft Entra ID",
}
_MEANINGS: Mapping[AccountKind, str] = {
    AccountKind.SANDBOX: "Batch and Storage on this machine: no account, no cost.",
    AccountKind.SHARED_KEY: "Azure, with the account's keys. Paste what you have: it finds its fields.",
    AccountKind.ENTRA: "Azure, as whoever is signed in here: `az login`, environment or managed identity.",
}
_BETWEEN = 3


class KindChoice(Widget, can_focus=True):
    """← and → choose, so does a click; enter goes on."""

    DEFAULT_CSS = """
    KindChoice { height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,up", "step(-1)", "Kind before", show=False, id="kind.before", tooltip="The kind to the left"),
        Binding("right,down", "step(1)", "Next kind", show=False, id="kind.next", tooltip="The kind to the right"),
        Binding("enter", "accept", "Go on", show=False, id="kind.accept", tooltip="On to the fields of this kind"),
    ]
    kind: reactive[AccountKind] = reactive(AccountKind.SANDBOX, layout=True)

    @dataclass
    class Changed(Message):
        kind: AccountKind

    class Accepted(Message):
        """Enter: this kind it is."""

    def __init__(
        self, kind: AccountKind = AccountKind.SANDBOX, offered: Sequence[AccountKind] = tuple(KIND_NAMES)
    ) -> None:
        super().__init__()
        self._kinds = tuple(offered)
        self.set_reactive(KindChoice.kind, kind)

    def render(self) -> Content:
        words = []
        for kind in self._kinds:
            name, is_chosen = KIND_NAMES[kind], kind is self.kind
            label = f"{'●' if is_chosen else '○'} {name}"
            if is_chosen:
                words.append(toned(label, "running" if self.has_focus else "", is_bold=True))
            else:
                words.append(toned(label, "muted"))
        return joined([joined(words, " " * _BETWEEN), toned(_MEANINGS[self.kind], "muted")], "\n")

    def watch_has_focus(self, has_focus: bool) -> None:
        super().watch_has_focus(has_focus)
        self.refresh()

    def watch_kind(self, kind: AccountKind) -> None:
        self.post_message(self.Changed(kind))

    def action_step(self, step: int) -> None:
        position = self._kinds.index(self.kind) + step
        self.kind = self._kinds[min(max(position, 0), len(self._kinds) - 1)]

    def action_accept(self) -> None:
        self.post_message(self.Accepted())

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None or offset.y > 0:
            return
        start = 0
        for kind in self._kinds:
            end = start + len(KIND_NAMES[kind]) + 2
            if start <= offset.x < end:
                self.kind = kind
            start = end + _BETWEEN
