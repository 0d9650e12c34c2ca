"""How complete the tasks are that are shown while they are listed, and how that is said.

Invariant: until a first list is whole, nothing says how many tasks there are but the service's own counts.
"""

from __future__ import annotations


class TaskListing:
    """Of one job; a list that breaks off leaves what it has brought."""

    def __init__(self) -> None:
        self.is_partial = False
        """Whether there may be tasks that were never listed."""
        self._listed: int | None = None
        self._counted = 0

    def count(self, counted: int) -> None:
        """So many tasks there are, as the service counts, which may lag; 0 while it has not been asked."""
        self._counted = counted

    def go_on(self, listed: int, *, is_first: bool) -> None:
        """A full list is under way and has named so many tasks."""
        self._listed = listed
        self.is_partial = self.is_partial or is_first

    def end(self, *, is_whole: bool) -> None:
        """None is under way any more; `is_whole` where one has come to its end."""
        self._listed = None
        self.is_partial = self.is_partial and not is_whole

    def so_far(self, total: int) -> str:
        """`23,000 of 100,000 so far`, of `total` that are here; without what is not known."""
        counted = f" of {self._counted:,}" if self._counted >= max(total, self._listed or 0) else ""
        return f"{total:,}{counted} so far"

    def words(self, shown: int, total: int, *, is_filtered: bool) -> list[str]:
        """How many tasks of how many are shown, and how far a list is that is under way."""
        if is_filtered:
            number = f"{shown:,} of {total:,}" + (" so far" if self.is_partial else "")
        elif self.is_partial:
            number = self.so_far(total)
        else:
            number = f"{total:,}" if total else ""
        words = ["tasks", number] if number else ["tasks"]
        if self._listed is not None:
            words.append("listing…" if self.is_partial and self._listed >= total else f"listing… {self._listed:,} anew")
        elif self.is_partial:
            words.append("not all are listed")
        return words
