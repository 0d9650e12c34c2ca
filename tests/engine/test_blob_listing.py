"""Reading a container's blobs: names as they are, folders made of them, the service's error told."""

from __future__ import annotations

import threading

from tests.support.fakes import FakeClock, FakeStorage, Faults
from tui.core.errors import Unreachable
from tui.core.input_listing import ListingBatch
from tui.core.input_selection import InputSelection
from tui.engine import blob_listing
from tui.engine.blob_listing import list_blobs

NAMES = ("a/b/one.txt", "a/two.txt", "a//empty", "/rooted", "plain.txt", "other/x")


def storage_with(*names: str) -> FakeStorage:
    storage = FakeStorage(FakeClock(), Faults())
    storage.create_container("texts", {})
    for name in names:
        storage.store("texts", name, b"four")
    return storage


def listed(
    storage: FakeStorage, prefix: str = "", *, container: str = "texts", limit: int = 10_000
) -> list[ListingBatch]:
    batches: list[ListingBatch] = []
    list_blobs(lambda: storage, container, prefix, batches.append, threading.Event(), limit_blobs=limit)
    return batches


def chosen(batches: list[ListingBatch]) -> set[str]:
    selection = InputSelection("", shows_hidden=True)
    for batch in batches:
        selection.take(batch)
    selection.mark_all()
    return {choice.blob_name for choice in selection.files}


def test_every_blob_is_told_under_its_own_name() -> None:
    assert chosen(listed(storage_with(*NAMES))) == set(NAMES)
    assert chosen(listed(storage_with(*NAMES), "a/")) == {"a/b/one.txt", "a/two.txt", "a//empty"}
    assert chosen(listed(storage_with())) == set()


def test_many_blobs_come_in_batches_whose_folders_go_on() -> None:
    names = [f"d{number % 7}/f{number:05}" for number in range(2_500)]
    batches = listed(storage_with(*names))
    assert [batch.is_over for batch in batches] == [False, False, True]
    assert chosen(batches) == set(names)
    selection = InputSelection("", shows_hidden=True)
    for batch in batches:
        selection.take(batch)
    assert selection.tree.unread_folders() == ()


def test_a_limit_and_a_refusal_end_the_listing() -> None:
    names = [f"f{number:05}" for number in range(2_500)]
    (first, second) = listed(storage_with(*names), limit=2_000)
    assert (first.is_over, second.is_over, second.is_cut_short) == (False, True, True)
    (refused,) = listed(storage_with(), container="gone")
    assert refused.is_over
    assert refused.error is not None
    assert refused.error.title == "No such container"


def test_a_listing_runs_on_a_thread_of_its_own() -> None:
    told = threading.Event()
    thread_names = []

    def open_storage() -> FakeStorage:
        thread_names.append(threading.current_thread().name)
        return storage_with("x")

    blob_listing.start_listing(open_storage, "texts", "", lambda batch: told.set() if batch.is_over else None)
    assert told.wait(10)
    assert thread_names == ["blob listing"]


def test_an_account_that_cannot_be_opened_ends_the_listing() -> None:
    def refuse() -> FakeStorage:
        raise Unreachable("Storage does not answer")

    batches: list[ListingBatch] = []
    list_blobs(refuse, "texts", "", batches.append, threading.Event())
    assert [(batch.is_over, str(batch.error)) for batch in batches] == [(True, "Storage does not answer")]
