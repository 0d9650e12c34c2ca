"""An order for very many rows, worked out beside the table that shows them: on another thread, then swapped in.

Invariant: no single step holds the interpreter for longer than sorting `_RUN_ROWS` takes, because a sort in one call
would hold it, and the screen with it, for as long as the whole takes. Works on a copy of the list of rows; what changes
meanwhile is for `TableModel.adopt` to catch up with.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import compress
from typing import Any, Generic

from tui.core.columns import RowT

_RUN_ROWS = 20_000
_CHECK_ROWS = 4_096
"""So many rows are looked at before asking again whether the result is still wanted."""
_SAMPLES_PER_RUN = 16


@dataclass(slots=True)
class Arrangement(Generic[RowT]):
    """One order to be worked out by `run`; what it is of is the model's concern."""

    sort: Any
    only: Callable[[RowT], bool] | None
    rows: Sequence[RowT]
    key_of: Callable[[RowT], Any] | None
    """Sort key; None for natural order."""
    is_descending: bool
    batch: int
    """The model's count of changes when the rows were copied."""
    generation: int
    keys: list[Any] = field(default_factory=list)
    order: list[int] = field(default_factory=list)
    shown: bytearray = field(default_factory=bytearray)
    """Of each row, whether it is in `order`."""
    is_done: bool = False

    def run(self, is_unwanted: Callable[[], bool] = lambda: False) -> bool:
        """Works the order out; False where it was given up because it `is_unwanted`."""
        for start in range(0, len(self.rows), _CHECK_ROWS):
            if is_unwanted():
                return False
            part = self.rows[start : start + _CHECK_ROWS]
            if self.key_of is not None:
                self.keys += map(self.key_of, part)
            only = self.only
            accepted = b"\x01" * len(part) if only is None else bytes(map(only, part))
            self.shown += accepted
            self.order += compress(range(start, start + len(part)), accepted)
        if self.key_of is not None:
            self.order = sorted_in_runs(self.order, self.keys, is_descending=self.is_descending)
        self.is_done = not is_unwanted()
        return self.is_done


def sorted_in_runs(order: list[int], keys: Sequence[Any], *, is_descending: bool) -> list[int]:
    """`order` by `keys[slot]`, ties as they were: dealt out by pivots into runs that are short enough to sort at once.

    A key that very many rows share makes a long run, but sorting equal keys is a single look at each.
    """
    if len(order) <= _RUN_ROWS:
        return sorted(order, key=keys.__getitem__, reverse=is_descending)
    runs = len(order) // _RUN_ROWS + 1
    sample = sorted(keys[slot] for slot in order[:: max(1, len(order) // (runs * _SAMPLES_PER_RUN))])
    pivots = sample[_SAMPLES_PER_RUN::_SAMPLES_PER_RUN]
    dealt: list[list[int]] = [[] for _ in range(len(pivots) + 1)]
    for slot in order:
        dealt[bisect_right(pivots, keys[slot])].append(slot)
    if is_descending:
        dealt.reverse()
    done: list[int] = []
    for run in dealt:
        run.sort(key=keys.__getitem__, reverse=is_descending)
        done += run
    return done
