"""Bulk actions: each task is done, failed or left."""

from __future__ import annotations

from tui.core.bulk import BulkProgress, TaskOutcome


def test_each_task_is_done_failed_or_left_and_what_was_not_done_can_be_tried_again() -> None:
    progress = BulkProgress.of(["a", "b", "c"])
    for outcome in (TaskOutcome("a"), TaskOutcome("b", "the job is over"), TaskOutcome("a", "told twice")):
        progress.take(outcome)
    assert (progress.done, progress.failed, list(progress.left)) == (["a"], {"b": "the job is over"}, ["c"])
    assert progress.total == 3
    assert list(progress.again().left) == ["b", "c"]


def test_what_was_done_stays_done_with_what_was_found_of_it() -> None:
    progress = BulkProgress.of(["a", "b", "c"])
    for outcome in (TaskOutcome("a", note="over already"), TaskOutcome("b", "no answer"), TaskOutcome("c")):
        progress.take(outcome)
    again = progress.again()
    again.take(TaskOutcome("b", note="over already"))
    assert (again.done, again.failed, again.total) == (["a", "c", "b"], {}, 3)
    assert again.notes == {"over already": 2}
    assert progress.notes == {"over already": 1}, "the one before is as it was"
