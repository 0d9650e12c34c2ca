"""The dialogs on one run: deletion, download, conflicts and errors; what they ask of the service and return."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Generic, TypeVar

from textual import events
from textual.pilot import Pilot
from textual.screen import ModalScreen
from textual.widgets import Button, Select

from tests.support.past_runs import ENDED, FakeRuns, remains_of, wanted
from tests.support.pilot import wait_for
from tests.support.runs import new_services
from tests.support.terminal import Terminal
from tui.core.deletion import DeletionState, FileTally
from tui.core.download_choice import DownloadChoice
from tui.core.errors import AccessRefused, NotFound, Unreachable
from tui.core.presence import Presence
from tui.ui.app import BatchTui
from tui.ui.screens.base import BatchScreen
from tui.ui.screens.conflict import ConflictDialog
from tui.ui.screens.delete import DeleteDialog
from tui.ui.screens.download import DownloadDialog
from tui.ui.screens.error_dialog import ErrorDialog, error_text

ResultT = TypeVar("ResultT")

RUN = ENDED.run_id


class Shown(Terminal, Generic[ResultT]):
    """A dialog on a pilot; `results` has what it was dismissed with."""

    def __init__(self, pilot: Pilot[int], dialog: ModalScreen[ResultT]) -> None:
        super().__init__(pilot)
        self.dialog = dialog
        self.results: list[ResultT | None] = []

    async def until_focus(self, button: str) -> None:
        def has_focus() -> bool:
            focused = self.dialog.focused
            return isinstance(focused, Button) and focused.id == button

        await wait_for(self.pilot, has_focus, f"the focus is on {button}")

    async def result(self) -> ResultT | None:
        await wait_for(self.pilot, lambda: self.results, "the dialog was dismissed")
        return self.results[0]


@asynccontextmanager
async def shown(
    make: Callable[[], ModalScreen[ResultT]], size: tuple[int, int] = (80, 24)
) -> AsyncIterator[Shown[ResultT]]:
    """The dialog that `make` makes once there is an application."""
    below: BatchScreen[Any] = BatchScreen(new_services())
    app = BatchTui(lambda: below)
    async with app.run_test(size=size) as pilot:
        await wait_for(pilot, lambda: below.is_current, "the screen below is there")
        dialog = make()
        view = Shown(pilot, dialog)
        app.push_screen(dialog, view.results.append)
        await wait_for(pilot, lambda: dialog.is_current and dialog.focused, "the dialog has its focus")
        yield view


def deletion(runs: FakeRuns) -> Callable[[], DeleteDialog]:
    return lambda: DeleteDialog(new_services(), runs, RUN)


def harmless() -> FakeRuns:
    """A run that loses nothing for good."""
    runs = FakeRuns()
    runs.remains_by_id[RUN] = replace(remains_of(ENDED), not_downloaded=FileTally())
    return runs


# Deleting


async def test_a_deletion_says_what_it_loses_and_saves_and_cancel_has_the_focus() -> None:
    async with shown(deletion(FakeRuns())) as delete:
        await delete.until("✗ outputs not downloaded: 7 files, 45 KB", "– stored logs of 8 tasks")
        await delete.until("✓ 2 nodes of Standard_D2s_v3, by the hour", f"Type {RUN} to confirm")
        await delete.until_focus("cancel")
        await delete.press("enter")
        assert await delete.result() is None


async def test_what_would_be_lost_is_deleted_only_once_the_id_was_typed() -> None:
    runs = FakeRuns()
    async with shown(deletion(runs)) as delete:
        await delete.until(f"Type {RUN}")
        button = delete.dialog.query_one("#delete", Button)
        assert button.disabled
        await delete.press(*RUN[:-1])
        assert button.disabled, "not yet"
        await delete.press(RUN[-1])
        await wait_for(delete.pilot, lambda: not button.disabled, "the id is typed")
        await delete.press("enter", "enter")
        await delete.until("all deleted")
        await delete.press("escape")
        results = await delete.result()
        assert results is not None
        assert {result.state for result in results} == {DeletionState.DELETED}
        assert [kind for kind, _ in runs.asked[-1][2]] == ["job", "pool", *["container"] * 3]  # type: ignore[attr-defined]


async def test_a_part_that_is_not_ticked_stays_and_its_loss_is_not_asked_about() -> None:
    runs = FakeRuns()
    async with shown(deletion(runs)) as delete:
        await delete.until("[✓] containers")

        async def turn(*parts: str) -> None:
            for part in parts:
                delete.dialog.query_one(f"#part-{part}").focus()
                await delete.press("space")

        await turn("containers", "pool", "job")
        await delete.until("Nothing is ticked")
        assert delete.dialog.query_one("#delete", Button).disabled
        await turn("job", "pool")
        await delete.until("[ ] containers", "goes on costing", "storage of 40 files")
        assert not delete.has("Type")
        delete.dialog.query_one("#delete", Button).press()
        await delete.until("all deleted")
        assert [kind for kind, _ in runs.asked[-1][2]] == ["job", "pool"]  # type: ignore[attr-defined]


async def test_an_id_that_comes_all_at_once_is_taken_whole() -> None:
    async with shown(deletion(FakeRuns())) as delete:
        await delete.until(f"Type {RUN}")
        await delete.until_focus("cancel")
        for letter in RUN:
            delete.pilot.app.post_message(events.Key(letter, letter))
        button = delete.dialog.query_one("#delete", Button)
        await wait_for(delete.pilot, lambda: not button.disabled, "the id is typed")


async def test_what_failed_is_tried_again_alone() -> None:
    runs = harmless()
    runs.failing = {"pool": 1}
    async with shown(deletion(runs)) as delete:
        await delete.until("✓ nothing that is not here as well")
        delete.dialog.query_one("#delete", Button).press()
        await delete.until("1 failed", "The service failed", "Try 1 again")
        delete.dialog.query_one("#delete", Button).press()
        await delete.until("all deleted")
        assert runs.asked[-1] == ("delete", RUN, (("pool", RUN),))


async def test_what_is_not_ours_is_told_and_not_offered() -> None:
    runs = harmless()
    remains = runs.remains_by_id[RUN]
    foreign = tuple(
        replace(item, presence=Presence.FOREIGN) if item.kind == "pool" else item for item in remains.resources
    )
    runs.remains_by_id[RUN] = replace(remains, resources=foreign, pool=None)
    async with shown(deletion(runs)) as delete:
        await delete.until(f"! pool {RUN} was not made by this run: it stays")
        assert "[✓] pool" not in delete.text


async def test_a_service_that_cannot_be_asked_deletes_nothing() -> None:
    runs = FakeRuns(trouble=Unreachable("No answer", "from batch.example", "try later"))
    async with shown(deletion(runs)) as delete:
        await wait_for(delete.pilot, lambda: isinstance(delete.pilot.app.screen, ErrorDialog), "the error is shown")
        await delete.press("escape")
        await delete.until("✗ No answer: from batch.example")
        assert not delete.dialog.query_one("#delete").display


# Downloading


def download(runs: FakeRuns, marked: frozenset[str] = frozenset()) -> Callable[[], DownloadDialog]:
    return lambda: DownloadDialog(new_services(), runs, ENDED.plan, marked=marked)


async def test_a_download_with_its_defaults_is_one_key() -> None:
    runs = FakeRuns()
    async with shown(download(runs)) as dialog:
        await dialog.until("(●) everything", "/home/user/results", "numbered")
        await dialog.press("enter")
        await dialog.until("✓ everything is there, and verified", "2.9 KB in")
        await dialog.press("enter")
        report = await dialog.result()
        assert report is not None
        assert len(report.ended("downloaded")) == 3
    assert ("list", RUN, DownloadChoice("/home/user/results")) in runs.asked
    assert runs.asked[-1][4:] == ("rename", {})


async def test_the_marked_tasks_are_offered_first() -> None:
    runs = FakeRuns()
    async with shown(download(runs, frozenset({"topword-00001"}))) as dialog:
        await dialog.until("(●) of the 1 marked task")
        dialog.dialog.query_one("#logs").focus()
        await dialog.press("space")
        dialog.dialog.query_one("#download").focus()
        await dialog.press("enter")
        await dialog.until("verified")
    choice = DownloadChoice("/home/user/results", "marked", frozenset({"topword-00001"}), with_logs=True)
    assert ("list", RUN, choice) in runs.asked


async def test_files_that_fail_are_named_and_tried_again_alone() -> None:
    runs = FakeRuns(failing={"taskdata2_OUTPUT.txt": 1})
    async with shown(download(runs)) as dialog:
        await dialog.press("enter")
        await dialog.until("✗ 1 file failed", "taskdata2_OUTPUT.txt: The service failed", "Try 1 again")
        dialog.dialog.query_one("#download", Button).press()
        await dialog.until("verified")
    assert runs.asked[-1][2] == ("taskdata2_OUTPUT.txt",)


async def test_asked_about_each_file_in_the_way_one_by_one() -> None:
    runs = FakeRuns(files=(wanted(1, True), wanted(2), wanted(3, True)))
    async with shown(download(runs)) as dialog:
        dialog.dialog.query_one(Select).value = "ask"
        await answer(dialog, "enter", "enter", "right", "enter")
        await dialog.until("verified")
    assert runs.asked[-1][4:] == ("rename", {"taskdata1_OUTPUT.txt": "rename", "taskdata3_OUTPUT.txt": "skip"})


async def test_one_answer_may_be_for_all_files_in_the_way() -> None:
    runs = FakeRuns(files=(wanted(1, True), wanted(2), wanted(3, True)))
    async with shown(download(runs)) as dialog:
        dialog.dialog.query_one(Select).value = "ask"
        await answer(dialog, "enter", "a", "right", "right", "enter")
        await dialog.until("verified")
    decided = {"taskdata1_OUTPUT.txt": "overwrite", "taskdata3_OUTPUT.txt": "overwrite"}
    assert runs.asked[-1][4:] == ("rename", decided)


async def test_leaving_a_conflict_leaves_the_download() -> None:
    runs = FakeRuns(files=(wanted(1, True),))
    async with shown(download(runs)) as dialog:
        dialog.dialog.query_one(Select).value = "ask"
        await answer(dialog, "enter", "escape")
        await dialog.until_focus("download")
    assert "fetch" not in [what[0] for what in runs.asked]


async def answer(dialog: Shown[Any], start: str, *keys: str) -> None:
    """Starts the download with the key `start`; each of `keys` on the question that is asked then."""
    await dialog.press(start)
    for key in keys:
        await dialog.until_so(lambda: isinstance(dialog.pilot.app.screen, ConflictDialog), "it asks")
        await dialog.until_so(lambda: dialog.pilot.app.screen.focused, "a button has the focus")
        await dialog.press(key)


# Errors


async def test_an_error_stays_until_it_is_dismissed_and_is_copied_without_secrets() -> None:
    error = AccessRefused(
        "Refused",
        "GET https://x/y?sp=r&sig=abcdefghijkl",
        "check the key",
        status=403,
        code="AuthFailed",
        request_id="r1",
    )
    async with shown(lambda: ErrorDialog(error)) as dialog:
        await dialog.until("✗ Refused", "sig=•••", "→ check the key", "Details")
        await dialog.press("c")
        assert "AuthFailed" in dialog.pilot.app.clipboard
        assert "abcdefghijkl" not in dialog.pilot.app.clipboard
        assert dialog.dialog.is_current
        await dialog.press("escape")
        await wait_for(dialog.pilot, lambda: not dialog.dialog.is_current, "it is gone")


def test_an_errors_text_has_all_of_it() -> None:
    text = error_text(NotFound("Gone", "pool p", "make one", status=404, code="PoolNotFound", details=(("Id", "p"),)))
    assert text.splitlines() == ["Gone", "pool p", "make one", "HTTP status: 404", "code: PoolNotFound", "Id: p"]
