"""Sorts and filters the rows of a table: at once where they are few, on a thread where they are many.

Invariant: of several wishes in a row the last one is what comes to be shown, whatever thread ends first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic

from textual.message import Message
from textual.widget import Widget
from textual.worker import get_current_worker

from tui.core.arrangement import Arrangement
from tui.core.columns import RowT
from tui.core.table_model import SortOrder, TableModel

ARRANGED_ASIDE = 40_000
"""From so many rows on, sorting or filtering all of them takes longer than a person should wait for a key."""


@dataclass
class Arranged(Message):
    """A thread has worked an order out; for the widget that asked."""

    found: Arrangement[Any]


class RowArranger(Generic[RowT]):
    """What a table is to be sorted and filtered by, and the way there."""

    def __init__(self, model: TableModel[RowT], widget: Widget, show: Callable[[], None], aside_from: int) -> None:
        """`show` is called once the model shows what was asked for; `widget` hands `Arranged` on to `adopt`.

        From `aside_from` rows on they are many.
        """
        self._model = model
        self._widget = widget
        self._show = show
        self._aside_from = aside_from
        self.order = model.sort_order
        self.only: Callable[[RowT], bool] | None = None
        self.is_busy = False
        """Whether what was asked for last is still being worked out."""

    def arrange(self, order: SortOrder | None, only: Callable[[RowT], bool] | None) -> None:
        """Asks for an order."""
        self.order, self.only = order, only
        if self._model.total < self._aside_from:
            self.is_busy = False
            self._model.arrange(order, only)
            self._show()
            return
        self.is_busy = True
        found, post = self._model.arrangement(order, only), self._widget.post_message

        def work() -> None:
            if found.run(get_current_worker().cancelled_event.is_set):
                post(Arranged(found))

        self._widget.run_worker(work, thread=True, exclusive=True, exit_on_error=False, group="arrange")

    def adopt(self, found: Arrangement[RowT]) -> None:
        """Takes over what a thread worked out, unless something else is wanted by now."""
        if not self.is_busy or found.sort != self.order or found.only is not self.only:
            return
        if not self._model.adopt(found):
            self.arrange(self.order, self.only)
            return
        self.is_busy = False
        self._show()

    def sort_by(self, column_key: str) -> None:
        """Ascending; a second time descending; a third time natural order."""
        order = self.order
        if order is None or order.column_key != column_key:
            self.arrange(SortOrder(column_key), self.only)
        else:
            self.arrange(None if order.is_descending else SortOrder(column_key, is_descending=True), self.only)

    def sort_by_next(self, column_keys: list[str]) -> None:
        """Through the columns, from left to right, and back to natural order."""
        order = self.order
        is_known = order is not None and order.column_key in column_keys
        following = column_keys[column_keys.index(order.column_key) + 1 :] if order and is_known else column_keys
        self.arrange(SortOrder(following[0]) if following else None, self.only)

    def reverse(self) -> None:
        """The other direction of the column it is sorted by."""
        if (order := self.order) is not None:
            self.arrange(SortOrder(order.column_key, not order.is_descending), self.only)
