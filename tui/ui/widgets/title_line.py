"""The first line of every screen: what this is, whose account, and how old what it shows is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from tui.core.columns import Tone
from tui.core.units import duration_text
from tui.ui.text import joined, safe, toned

if TYPE_CHECKING:
    from tui.ui.services import AccountLabel


class TitleLine(Widget):
    """One line: title and state on the left; account, endpoint, age and request rate on the right.

    Where it is narrow, the rate leaves first, then the endpoint, then the account; title and age stay.
    """

    DEFAULT_CSS = """
    TitleLine { height: 1; padding: 0 1; background: $panel; color: $foreground; }
    """
    heading: reactive[str] = reactive("")
    state: reactive[tuple[str, Tone]] = reactive[tuple[str, Tone]](("", ""))
    """What the screen's subject is doing, in glyph and word, and its tone."""
    age_s: reactive[float | None] = reactive[float | None](None)
    """Seconds since what is shown was read; None where nothing comes from a service."""
    is_stale: reactive[bool] = reactive(False)
    """Whether the age is more than the rhythm explains."""
    requests_per_minute: reactive[float | None] = reactive[float | None](None)

    def __init__(self, account: AccountLabel) -> None:
        super().__init__()
        self._account = account

    def show_account(self, account: AccountLabel) -> None:
        """From now on this one is in use."""
        self._account = account
        self.refresh()

    def render(self) -> Content:
        width = self.content_size.width
        words, tone = self.state
        left = toned(safe(self.heading), is_bold=True)
        if words:
            left = joined([left, toned(words, tone)], "  ")
        right = self._right(width - left.cell_length - 2)
        return left + " " * max(1, width - left.cell_length - right.cell_length) + right

    def _right(self, width: int) -> Content:
        """As much as fits, from what matters least to what matters most."""
        age = [] if self.age_s is None else [self._age(self.age_s)]
        account = toned(safe(self._account.name))
        endpoint = toned(safe(self._account.endpoint), "muted")
        rate = self.requests_per_minute
        rates = [] if rate is None else [toned(f"{rate / 60:4.1f} req/s", "muted")]
        for parts in ([account, endpoint, *age, *rates], [account, endpoint, *age], [account, *age]):
            line = joined(parts, "  ")
            if line.cell_length <= width:
                return line
        return joined(age)

    def _age(self, age_s: float) -> Content:
        text = f"⟳ {duration_text(age_s)} ago"
        return toned(text, "warning" if self.is_stale else "muted")
