"""The inputs step: what keys do to a tree that readers fill, and what of it reaches the draft."""

from __future__ import annotations

import posixpath
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial

import pytest

from tests.support.new_runs import COMFORTABLE, NARROW, Account, Shown, shown
from tui.core.errors import Unreachable
from tui.core.input_listing import ListedFile, Listing, ListingBatch, PublishBatch, ScanRequest
from tui.core.planning import FileChoice
from tui.core.records import ContainerRecord
from tui.core.run_draft import RunDraft, new_draft, with_workload
from tui.ui.bindings import undescribed
from tui.ui.input_services import InputServices
from tui.ui.screens.new_run.inputs import InputsPane
from tui.ui.screens.new_run.inputs_container import ContainerPicker
from tui.ui.screens.new_run.inputs_fields import FolderInput, PrefixInput, TreeFilterInput
from tui.ui.screens.new_run.screen import INPUTS, POOL_JOB
from tui.ui.services import NewRunServices
from tui.ui.widgets.input_tree_view import InputTreeView


def texts(
    path: str, *names: str, folders: tuple[str, ...] = (), size_bytes: int = 1_000, is_complete: bool = True
) -> Listing:
    return Listing(path, folders, tuple(ListedFile(name, size_bytes) for name in names), is_complete)


DISK = {
    "/jobs": texts("/jobs", "notes.md", "report.txt", folders=(".cache", "books", "clips")),
    "/jobs/.cache": texts("/jobs/.cache", "junk.txt"),
    "/jobs/books": texts("/jobs/books", "draft1.txt", "one.txt", "two.txt"),
    "/jobs/clips": texts("/jobs/clips", "a.mp4", "b.MP4", "cover.jpg", size_bytes=2_000_000),
    "/": texts("/", folders=("jobs",)),
    "/samples": texts("/samples", "bread.txt", "tides.txt"),
}
CONTAINERS = (ContainerRecord("older", 1.0), ContainerRecord("newest", 2.0))


@dataclass
class Readers(Account):
    """An account whose readers answer at once from `DISK`, or hold what they found until the test lets it go."""

    disk: dict[str, Listing] = field(default_factory=lambda: dict(DISK))
    holds: bool = False
    last_folder: str = ""
    scans: list[ScanRequest] = field(default_factory=list)
    listings: list[tuple[str, str]] = field(default_factory=list)
    publishers: list[PublishBatch] = field(default_factory=list)
    stops: list[int] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    refusal: Unreachable | None = None

    def services(self) -> NewRunServices:
        inputs = InputServices(
            start_scan=self.start_scan,
            complete_folder=lambda typed, _: f"{typed}ooks/" if typed.endswith("b") else None,
            list_containers=lambda: CONTAINERS,
            start_blob_listing=self.start_blob_listing,
            sample_folder=lambda _: "/samples",
            last_folder=self.last_folder,
            remember_folder=self.folders.append,
        )
        return replace(super().services(), inputs=inputs)

    def start_scan(self, request: ScanRequest, publish: PublishBatch) -> Callable[[], None]:
        self.scans.append(request)
        self.publishers.append(publish)
        if not self.holds:
            publish(ListingBatch(tuple(self.below(request)), is_over=True))
        return partial(self.stops.append, len(self.scans))

    def below(self, request: ScanRequest) -> list[Listing]:
        found, waiting = [], list(request.folders)
        while waiting:
            path = waiting.pop(0)
            listing = self.disk.get(path, Listing(path, trouble="no such folder"))
            found.append(listing)
            waiting += [
                posixpath.join(path, name)
                for name in listing.folders
                if request.enters_hidden or not name.startswith(".")
            ]
        return found

    def start_blob_listing(self, container: str, prefix: str, publish: PublishBatch) -> Callable[[], None]:
        self.listings.append((container, prefix))
        if self.refusal is not None:
            publish(ListingBatch(is_over=True, error=self.refusal))
        else:
            names = [name for name in ("a.txt", "b.txt", "c.mp4") if name.startswith(prefix)]
            publish(ListingBatch((texts("", *names),), is_over=True))
        return lambda: None


def empty_draft(workload: str = "top-words", **changes: object) -> RunDraft:
    draft = with_workload(new_draft(date(2026, 11, 20), random.Random(5), "/jobs"), workload)
    return replace(draft, **changes)  # type: ignore[arg-type]  # fields by name


@asynccontextmanager
async def inputs(
    readers: Readers | None = None, draft: RunDraft | None = None, size: tuple[int, int] = COMFORTABLE
) -> AsyncIterator[tuple[Shown, Readers]]:
    readers = readers or Readers()
    async with shown(draft or empty_draft(), readers, step=INPUTS, size=size) as run:
        await run.until_so(lambda: run.focus_is_in(run.screen.query_one(InputTreeView)), "the tree has the focus")
        if not readers.holds and readers.scans:
            await run.until_so(lambda: "reading" not in run.text, "everything is read")
        yield run, readers


def chosen(run: Shown) -> list[str]:
    return [choice.local_path or choice.blob_name for choice in run.draft.files]


async def test_keys_alone_choose_files_and_go_on() -> None:
    async with inputs() as (run, readers):
        await run.until(
            "nothing chosen: space marks, a takes all, s takes the samples", "✗ Inputs: no input was chosen"
        )
        await run.press("right", "right", "down", "shift+down")
        await run.until_so(lambda: chosen(run) == ["/jobs/books/one.txt", "/jobs/books/two.txt"], "a range is chosen")
        await run.until("✓ 2 of 8 files chosen, 2.0 KB", "2 of 3", "2 files, 2.0 KB")
        assert readers.folders[-1] == "/jobs"
        await run.press("enter")
        await run.until_so(lambda: run.screen.step == POOL_JOB, "the next step is shown")
        await run.press("escape")
        await run.until("✓ 2 of 8 files chosen")


async def test_enter_opens_a_folder_while_nothing_is_chosen_and_single_keys_choose_it_all_none_or_the_rest() -> None:
    async with inputs() as (run, _):
        await run.press("enter")
        await run.until("draft1.txt")
        await run.press("enter")
        await run.until_gone("draft1.txt")
        assert run.screen.step == INPUTS
        await run.press("space")
        await run.until_so(lambda: len(chosen(run)) == 3, "the folder is chosen")
        await run.press("i")
        await run.until_so(lambda: len(chosen(run)) == 5, "everything else is chosen")
        await run.press("a")
        await run.until_so(lambda: len(chosen(run)) == 8, "everything is chosen")
        await run.press("u")
        await run.until_so(lambda: not chosen(run), "nothing is chosen")


async def test_the_filter_begins_with_what_the_workload_takes() -> None:
    async with inputs(draft=empty_draft("ffmpeg-mp3")) as (run, _):
        field_ = run.screen.query_one(TreeFilterInput)
        assert field_.value == "*.mp4"
        await run.until_gone("books/")
        await run.press("a")
        await run.until_so(lambda: chosen(run) == ["/jobs/clips/a.mp4", "/jobs/clips/b.MP4"], "the clips are chosen")
        await run.press("slash", "end", *", !b*")
        await run.until_so(lambda: chosen(run) == ["/jobs/clips/a.mp4"], "the filter leaves one out")
        await run.until("! 1 marked, but filtered out")
        field_.value = ""
        await run.press("enter", "a")
        await run.until("✗ Inputs: 6 of these 8 files are not .mp4: draft1.txt, one.txt and 4 more")
        await run.go(0)
        await run.press("up")
        await run.go(INPUTS)
        assert field_.value == ""
        await run.until_gone("are not .mp4")


async def test_hidden_folders_are_read_once_they_are_wanted() -> None:
    async with inputs() as (run, readers):
        assert ".cache" not in run.text
        await run.press("full_stop")
        await run.until(".cache/", "[✓] hidden files")
        assert readers.scans[-1] == ScanRequest(("/jobs/.cache",), enters_hidden=True)


async def test_up_and_the_path_field_lose_nothing() -> None:
    async with inputs() as (run, readers):
        await run.press("space", "backspace")
        await run.until_so(lambda: run.screen.query_one(FolderInput).value == "/", "the folder above is shown")
        await run.until("3 of 8")
        assert len(chosen(run)) == 3
        folder = run.screen.query_one(FolderInput)
        folder.focus()
        folder.value = "/samples"
        await run.press("enter")
        await run.until("bread.txt", "3 of them elsewhere")
        await run.press("space")
        await run.until_so(lambda: len(chosen(run)) == 4, "one of the samples too")
        folder.focus()
        folder.value = "/gone"
        await run.press("enter")
        await run.until("✗ /gone: no such folder", "⌫  up one folder")
        assert readers.scans[-1].folders == ("/gone",)


async def test_tab_completes_a_path() -> None:
    async with inputs() as (run, _):
        folder = run.screen.query_one(FolderInput)
        folder.focus()
        folder.value = "/jobs/"
        folder.cursor_position = 6
        await run.press("b")
        await run.until_so(lambda: folder._suggestion == "/jobs/books/", "a folder is suggested")
        await run.press("tab")
        assert folder.value == "/jobs/books/"
        await run.press("tab")
        assert not folder.has_focus


async def test_one_key_takes_the_samples() -> None:
    async with inputs() as (run, _):
        await run.press("s")
        await run.until_so(lambda: chosen(run) == ["/samples/bread.txt", "/samples/tides.txt"], "they are chosen")
        await run.until("✓ 2 files chosen")


async def test_a_batch_at_a_time_while_it_is_read() -> None:
    async with inputs(Readers(holds=True)) as (run, readers):
        await run.until("● reading /jobs…")
        publish = readers.publishers[-1]
        publish(ListingBatch((texts("/jobs", "a.txt", folders=("books",)),)))
        await run.until("a.txt", "● reading… 1 file")
        await run.press("space")
        await run.until("books/ is still being read")
        publish(ListingBatch((texts("/jobs/books", "one.txt", is_complete=False),)))
        await run.until("✓ 1 of 2 files chosen")
        publish(ListingBatch((texts("/jobs/books", "two.txt"),), is_over=True))
        await run.until_so(lambda: chosen(run) == ["/jobs/books/one.txt", "/jobs/books/two.txt"], "all that was found")
        await run.until_gone("reading")
        assert "read 0.0 s ago" in run.text


async def test_a_plan_that_was_reviewed_too_early_takes_in_what_was_still_to_be_read() -> None:
    async with inputs(Readers(holds=True)) as (run, readers):
        publish = readers.publishers[-1]
        publish(ListingBatch((texts("/jobs", folders=("books",)), texts("/jobs/books", "one.txt", is_complete=False))))
        await run.until("books")
        await run.press("space")
        await run.until_so(lambda: chosen(run), "one file is chosen")
        await run.press("4")
        await run.until("1 task ", "✗ Inputs: books/ is still being read")
        publish(ListingBatch((texts("/jobs/books", "two.txt"),), is_over=True))
        await run.until("2 tasks", "✓ 7 of 7")
        assert [len(plan.inputs) for plan in readers.preflight.plans] == [1, 2]
        await run.press("enter")
        await run.until_so(lambda: run.results, "it is started")
        plan = run.results[0]
        assert plan is not None
        assert [item.local_path for item in plan.inputs] == ["/jobs/books/one.txt", "/jobs/books/two.txt"]


async def test_what_an_earlier_reading_finds_is_dropped() -> None:
    async with inputs(Readers(holds=True)) as (run, readers):
        await run.press("backspace")
        await run.until_so(lambda: len(readers.scans) == 2, "the folder above is read")
        assert readers.stops == [1]
        readers.publishers[0](ListingBatch((texts("/jobs", "late.txt"),), is_over=True))
        readers.publishers[1](ListingBatch((texts("/", "here.txt", folders=("jobs",)),), is_over=True))
        await run.until("here.txt")
        assert "late.txt" not in run.text


async def test_a_folder_beyond_the_limit_is_read_when_it_is_opened() -> None:
    async with inputs(Readers(holds=True)) as (run, readers):
        readers.publishers[-1](ListingBatch((texts("/jobs", folders=("far",)),), is_over=True, is_cut_short=True))
        await run.until("! there is more: open a folder to read on")
        await run.press("right")
        await run.until_so(lambda: readers.scans[-1].folders == ("/jobs/far",), "the folder is read")


async def test_a_draft_with_files_is_shown_as_it_is() -> None:
    files = (FileChoice(1_000, "/jobs/books/one.txt"), FileChoice(1, "/jobs/books/vanished.txt"))
    async with inputs(draft=empty_draft(files=files)) as (run, _):
        await run.until_so(lambda: run.screen.query_one(FolderInput).value == "/jobs/books", "their folder is shown")
        await run.until("✓ 1 of 3 files chosen", "! 1 chosen before is gone: vanished.txt")
        assert chosen(run) == ["/jobs/books/one.txt"]


async def test_it_begins_where_files_were_chosen_last() -> None:
    async with inputs(Readers(last_folder="/samples")) as (run, _):
        await run.until("bread.txt")


async def test_odd_names_are_harmless_on_screen_and_real_in_the_draft() -> None:
    name = "two\nlines\x1b[31m\udcff.txt"
    long = "x" * 250
    disk = {"/jobs": texts("/jobs", name, folders=(long,)), f"/jobs/{long}": texts(f"/jobs/{long}", "y" * 200)}
    async with inputs(Readers(disk=disk), size=NARROW) as (run, _):
        await run.press("right", "a")
        await run.until("two␊lines␛[31m", "xxx…", "yyy…")
        assert "\x1b" not in run.text
        assert chosen(run) == [f"/jobs/{long}/{'y' * 200}", f"/jobs/{name}"]


async def test_blobs_of_a_container() -> None:
    async with inputs() as (run, readers):
        await run.press("space", "c")
        await run.until_so(lambda: isinstance(run.pilot.app.screen, ContainerPicker), "the containers are listed")
        await run.until("newest", "older", "2 containers")
        await run.press("enter")
        await run.until("a.txt", "c.mp4")
        assert readers.listings == [("newest", "")]
        await run.press("space")
        await run.until_so(lambda: chosen(run) == ["a.txt"], "a blob is chosen")
        assert run.draft.existing_input_container == "newest"
        prefix = run.screen.query_one(PrefixInput)
        prefix.focus()
        prefix.value = "b"
        await run.press("enter")
        await run.until("b.txt", "1 of them elsewhere")
        assert readers.listings[-1] == ("newest", "b")
        await run.press("c")
        await run.until_so(lambda: run.draft.existing_input_container is None, "files of this machine again")
        assert len(chosen(run)) == 3


async def test_a_container_is_read_once_somebody_looks_and_says_why_it_cannot_be() -> None:
    refusal = Unreachable("Storage does not answer", "no such host", "check the network")
    draft = empty_draft(existing_input_container="newest", files=(FileChoice(5, None, "a.txt"),))
    readers = Readers(refusal=refusal)
    async with shown(draft, readers, step=POOL_JOB) as run:
        assert readers.listings == []
        await run.go(INPUTS)
        await run.until("✗ Storage does not answer: no such host", "check the network", "r  read again")
        assert chosen(run) == ["a.txt"]
        readers.refusal = None
        await run.press("r")
        await run.until("✓ 1 of 3 blobs chosen")


async def test_the_mouse_marks_opens_and_moves() -> None:
    async with inputs() as (run, _):
        view = run.screen.query_one(InputTreeView)
        await run.pilot.click(view, offset=(3, 2))
        await run.until_so(lambda: chosen(run)[:1] == ["/jobs/clips/a.mp4"], "a click on the box chooses")
        await run.pilot.click(view, offset=(0, 1))
        await run.until("draft1.txt")
        await run.pilot.click(view, offset=(12, 3))
        assert view.node is not None
        assert view.node.name == "one.txt"


@pytest.mark.parametrize(
    "node", [InputsPane, InputTreeView, FolderInput, TreeFilterInput, PrefixInput, ContainerPicker]
)
def test_every_key_says_what_it_does(node: type[InputsPane]) -> None:
    assert undescribed(node.BINDINGS) == []
