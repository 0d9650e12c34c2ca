"""Rows of a table and the order they are shown in: sorted, filtered, marked; pure, and quick at 100,000 rows.

Invariant: the display order is always what sorting and filtering all rows afresh would give, ties in natural order
(that of arrival, or of the last full list). Rows without a sort value stand last in either direction. A row's version
changes whenever the row does, and never returns to an earlier value.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from typing import Any, Generic

from tui.core.arrangement import Arrangement
from tui.core.columns import Column, RowT

_REBUILD_SHARE = 4
"""Sorting everything is cheaper than placing row by row once more than one row in so many moves."""


@dataclass(frozen=True, slots=True)
class SortOrder:
    """By which column, and which way."""

    column_key: str
    is_descending: bool = False


class TableModel(Generic[RowT]):
    """Rows by id with one display order. Not safe for threads: whoever shows it owns it."""

    def __init__(self, columns: Sequence[Column[RowT]], row_id: Callable[[RowT], str]) -> None:
        self.columns = tuple(columns)
        self._row_id = row_id
        self._column_of = {column.key: column for column in self.columns}
        self._rows: list[RowT] = []
        self._ids: list[str] = []
        self._versions: list[int] = []
        self._slots: dict[str, int] = {}
        self._shown = bytearray()
        self._keys: list[Any] = []
        self._key: Callable[[RowT], Any] | None = None
        self._order: list[int] = []
        self._batch = self._generation = 0
        self._sort: SortOrder | None = None
        self._only: Callable[[RowT], bool] | None = None
        self._marked: set[str] = set()

    # What is shown

    def __len__(self) -> int:
        """Rows shown."""
        return len(self._order)

    @property
    def total(self) -> int:
        """Rows there are."""
        return len(self._rows)

    @property
    def sort_order(self) -> SortOrder | None:
        return self._sort

    @property
    def is_filtered(self) -> bool:
        return self._only is not None

    @property
    def rows(self) -> Iterator[RowT]:
        """All there are, shown or not, in natural order."""
        return iter(self._rows)

    def row_at(self, position: int) -> RowT:
        return self._rows[self._order[position]]

    def id_at(self, position: int) -> str:
        return self._ids[self._order[position]]

    def version_at(self, position: int) -> int:
        return self._versions[self._order[position]]

    def get(self, row_id: str) -> RowT | None:
        """The row, shown or not."""
        slot = self._slots.get(row_id)
        return None if slot is None else self._rows[slot]

    def position_of(self, row_id: str) -> int | None:
        """Where the row is shown; None while it is filtered out or unknown."""
        slot = self._slots.get(row_id)
        return None if slot is None or not self._shown[slot] else self._place(slot)

    def settle_cursor(self, row_id: str | None, position: int) -> int | None:
        """Where a cursor goes that stood on `row_id` at `position`: with its row, or else as near as can be."""
        if not self._order:
            return None
        found = None if row_id is None else self.position_of(row_id)
        return min(max(position, 0), len(self._order) - 1) if found is None else found

    # Rows

    def apply(self, changed: Iterable[RowT]) -> None:
        """Merges rows by id; rows not known yet come last in natural order. Costs by what changed."""
        self._batch += 1
        plain = self._sort is None and not self.is_filtered
        leaving: list[int] = []
        entering: list[int] = []
        for row_id, row in {self._row_id(row): row for row in changed}.items():
            slot = self._slots.get(row_id)
            if slot is None:
                slot = self._append(row_id, row)
            else:
                self._rows[slot], self._versions[slot] = row, self._batch
                if plain:
                    continue
            self._reconsider(slot, leaving, entering)
        self._move(leaving, entering)

    def replace(self, rows: Iterable[RowT]) -> None:
        """The full list: its order is the natural order, and what it lacks is gone, marks included."""
        listed = list(rows)
        fresh = dict(zip(map(self._row_id, listed), listed, strict=True))
        if list(fresh) == self._ids:
            pairs = zip(fresh.values(), self._rows, strict=True)
            self.apply([new for new, old in pairs if new is not old and new != old])
            return
        self._batch += 1
        self._generation += 1
        old_slots, old_rows, old_versions = self._slots, self._rows, self._versions
        self._ids, self._rows = list(fresh), list(fresh.values())
        self._slots = dict(zip(self._ids, range(len(self._ids)), strict=True))
        self._versions = [self._batch] * len(self._rows)
        if old_rows:
            for slot, row_id in enumerate(self._ids):
                old = old_slots.get(row_id)
                if old is not None and (old_rows[old] is self._rows[slot] or old_rows[old] == self._rows[slot]):
                    self._versions[slot] = old_versions[old]
        self._marked &= fresh.keys()
        self._rebuild()

    def _append(self, row_id: str, row: RowT) -> int:
        slot = len(self._rows)
        self._slots[row_id] = slot
        self._ids.append(row_id)
        self._rows.append(row)
        self._versions.append(self._batch)
        self._shown.append(0)
        if self._sort is not None:
            self._keys.append(None)
        return slot

    # Order

    def sort(self, order: SortOrder | None) -> None:
        """By a column, or in natural order."""
        self.arrange(order, self._only)

    def show_only(self, predicate: Callable[[RowT], bool] | None) -> None:
        """Shows rows that satisfy `predicate`, or all; where time matters to it, `apply` the rows concerned."""
        self.arrange(self._sort, predicate)

    def arrange(self, order: SortOrder | None, only: Callable[[RowT], bool] | None) -> None:
        """Both at once."""
        self._only = only
        if order == self._sort:
            self._rebuild_order()
        else:
            self._key = None if order is None else self._key_function(order)
            self._sort = order
            self._rebuild()

    def arrangement(self, order: SortOrder | None, only: Callable[[RowT], bool] | None) -> Arrangement[RowT]:
        """What `sort` and `show_only` would lead to, to be worked out on another thread and then adopted."""
        key_of = None if order is None else self._key_function(order)
        is_descending = order is not None and order.is_descending
        return Arrangement(order, only, list(self._rows), key_of, is_descending, self._batch, self._generation)

    def adopt(self, found: Arrangement[RowT]) -> bool:
        """Shows what was worked out, brought up to date; False where it is of rows that are gone."""
        if not found.is_done or found.generation != self._generation:
            return False
        self._sort, self._only = found.sort, found.only
        newer = [slot for slot, version in enumerate(self._versions) if version > found.batch]
        self._order, self._shown = found.order, found.shown
        self._shown += bytes(len(self._rows) - len(self._shown))
        self._key, self._keys = found.key_of, found.keys
        if self._sort is not None:
            self._keys += [None] * (len(self._rows) - len(self._keys))
        leaving: list[int] = []
        entering: list[int] = []
        for slot in newer:
            self._reconsider(slot, leaving, entering)
        self._move(leaving, entering)
        return True

    def _accepts(self, slot: int) -> bool:
        return self._only is None or self._only(self._rows[slot])

    def _key_function(self, order: SortOrder) -> Callable[[RowT], Any]:
        """Sort keys by which rows without a value come last, whichever way."""
        value_of = self._column_of[order.column_key].sort_key_of
        has_value, has_none = (1, (0,)) if order.is_descending else (0, (1,))

        def key(row: RowT) -> Any:
            value = value_of(row)
            return has_none if value is None else (has_value, value)

        return key

    def _rebuild(self) -> None:
        self._keys = [] if self._key is None else list(map(self._key, self._rows))
        self._rebuild_order()

    def _rebuild_order(self) -> None:
        if self._only is None:
            order = list(range(len(self._rows)))
            self._shown = bytearray(b"\x01") * len(self._rows)
        else:
            only = self._only
            order = [slot for slot, row in enumerate(self._rows) if only(row)]
            self._shown = bytearray(len(self._rows))
            for slot in order:
                self._shown[slot] = 1
        if self._sort is not None:
            order.sort(key=self._keys.__getitem__, reverse=self._sort.is_descending)
        self._order = order

    def _reconsider(self, slot: int, leaving: list[int], entering: list[int]) -> None:
        """Whether the row at `slot` must leave its place and enter one; its old key is replaced."""
        was_shown, is_shown = bool(self._shown[slot]), self._accepts(slot)
        is_moved = False
        if self._key is not None:
            key = self._key(self._rows[slot])
            is_moved = key != self._keys[slot]
            if is_moved and was_shown:
                leaving.append(slot)
            self._keys[slot] = key
        if was_shown and not is_shown and not is_moved:
            leaving.append(slot)
        if is_shown and (is_moved or not was_shown):
            entering.append(slot)
        self._shown[slot] = is_shown

    def _move(self, leaving: list[int], entering: list[int]) -> None:
        if leaving:
            gone = set(leaving)
            self._order = [slot for slot in self._order if slot not in gone]
        if not entering:
            return
        entering.sort()
        if self._sort is None:
            if not self._order or entering[0] > self._order[-1]:
                self._order.extend(entering)
                return
        else:
            entering.sort(key=self._keys.__getitem__, reverse=self._sort.is_descending)
        if len(entering) * _REBUILD_SHARE > len(self._order):
            self._rebuild_order()
        else:
            self._merge(entering)

    def _merge(self, entering: list[int]) -> None:
        """Puts few sorted slots into the order: found by bisection, copied in slices."""
        merged: list[int] = []
        done = 0
        for slot in entering:
            place = self._place(slot, done)
            merged += self._order[done:place]
            merged.append(slot)
            done = place
        merged += self._order[done:]
        self._order = merged

    def _place(self, slot: int, low: int = 0) -> int:
        """The position of `slot`, or the one where it belongs."""
        order, keys = self._order, self._keys
        if self._sort is None:
            return slot if len(order) == len(self._rows) else bisect_left(order, slot, low)
        key, high, is_descending = keys[slot], len(order), self._sort.is_descending
        while low < high:
            middle = (low + high) // 2
            other = order[middle]
            other_key = keys[other]
            if other < slot if other_key == key else (other_key < key) is not is_descending:
                low = middle + 1
            else:
                high = middle
        return low

    # Marks

    @property
    def marked(self) -> Set[str]:
        """Ids of marked rows, shown or not."""
        return self._marked

    @property
    def hidden_mark_count(self) -> int:
        """Marks on rows that the filter hides: an action on the marked rows concerns them too."""
        return sum(not self._shown[self._slots[row_id]] for row_id in self._marked)

    def toggle_mark(self, row_id: str) -> None:
        if row_id in self._slots:
            self._marked ^= {row_id}

    def mark(self, row_ids: Iterable[str]) -> None:
        """Shown or not; unknown ids are fine."""
        self._marked |= self._slots.keys() & set(row_ids)

    def mark_range(self, first_id: str, last_id: str) -> None:
        """Marks what is shown from one row to another, both included; nothing where either is hidden."""
        first, last = self.position_of(first_id), self.position_of(last_id)
        if first is not None and last is not None:
            low, high = sorted((first, last))
            self._marked.update(self._ids_at(slice(low, high + 1)))

    def mark_shown(self) -> None:
        self._marked.update(self._ids_at(slice(None)))

    def invert_marks(self) -> None:
        """Of what is shown; hidden marks stay."""
        self._marked ^= set(self._ids_at(slice(None)))

    def clear_marks(self) -> None:
        self._marked.clear()

    def _ids_at(self, places: slice) -> list[str]:
        return [self._ids[slot] for slot in self._order[places]]
