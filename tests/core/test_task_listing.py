"""What is said of tasks that are still being listed: true at every moment, and no more than is known."""

from __future__ import annotations

from tui.core.task_listing import TaskListing


def _words(listing: TaskListing, shown: int, total: int | None = None) -> str:
    """Where `total` is given, a filter shows `shown` of them."""
    return " · ".join(listing.words(shown, shown if total is None else total, is_filtered=total is not None))


def test_a_first_list_from_its_beginning_to_its_end() -> None:
    listing = TaskListing()
    assert (_words(listing, 0), listing.is_partial) == ("tasks", False)
    listing.go_on(1_000, is_first=True)
    assert _words(listing, 1_000) == "tasks · 1,000 so far · listing…"
    listing.count(100_000)
    listing.go_on(23_000, is_first=True)
    assert _words(listing, 23_000) == "tasks · 23,000 of 100,000 so far · listing…"
    assert _words(listing, 12, 23_000) == "tasks · 12 of 23,000 so far · listing…"
    assert listing.is_partial
    listing.end(is_whole=True)
    assert (_words(listing, 100_001), listing.is_partial) == ("tasks · 100,001", False)
    assert _words(listing, 12, 100_001) == "tasks · 12 of 100,001"


def test_a_first_list_that_breaks_off_is_a_part_until_another_is_whole() -> None:
    listing = TaskListing()
    listing.count(100_000)
    listing.go_on(23_000, is_first=True)
    listing.end(is_whole=False)
    assert _words(listing, 23_000) == "tasks · 23,000 of 100,000 so far · not all are listed"
    listing.go_on(2_000, is_first=True)
    assert _words(listing, 23_000) == "tasks · 23,000 of 100,000 so far · listing… 2,000 anew"
    listing.go_on(30_000, is_first=True)
    assert _words(listing, 30_000) == "tasks · 30,000 of 100,000 so far · listing…"


def test_counts_that_lag_behind_the_list_are_not_quoted() -> None:
    listing = TaskListing()
    listing.count(500)
    listing.go_on(23_000, is_first=True)
    assert _words(listing, 22_000) == "tasks · 22,000 so far · listing…"


def test_a_later_list_says_how_far_it_is_and_takes_nothing_away() -> None:
    listing = TaskListing()
    listing.count(100_000)
    listing.go_on(23_000, is_first=False)
    assert (_words(listing, 100_000), listing.is_partial) == ("tasks · 100,000 · listing… 23,000 anew", False)
    listing.end(is_whole=False)
    assert (_words(listing, 100_000), listing.is_partial) == ("tasks · 100,000", False)
