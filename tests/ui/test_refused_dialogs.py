"""Access that is refused in the midst of a deletion or a download: asked about on top of it, and gone on with there."""

from __future__ import annotations

from textual.widgets import Button, Input, Select

from tests.support.past_runs import LEFT
from tests.support.refused_runs import REFUSED, RUN, Shown, refused_while_watching, shown
from tui.core.download_choice import DownloadReport
from tui.ui.screens.access import AccessDialog
from tui.ui.screens.delete import DeleteDialog
from tui.ui.screens.download import DownloadDialog
from tui.ui.screens.open_run import OpenRunScreen
from tui.ui.screens.quit_guard import QuitGuard

PARTS = [("job", RUN), ("pool", RUN), *(("container", name) for name in LEFT.plan.containers)]


async def begin_deletion(run: Shown, *keys: str) -> DeleteDialog:
    """All of the run is to go, and it is confirmed; `keys` open the dialog."""
    await run.press(*(keys or ("x",)))
    await run.until(f"Type {RUN} to confirm")
    dialog = run.pilot.app.screen
    assert isinstance(dialog, DeleteDialog)
    dialog.query_one("#typed", Input).value = RUN
    await run.until_so(lambda: not dialog.query_one("#delete", Button).disabled, "it is confirmed")
    dialog.query_one("#delete", Button).press()
    return dialog


async def test_a_deletion_that_is_refused_in_its_midst_asks_there_and_deletes_only_the_rest() -> None:
    async with shown() as run:
        run.runs.refusing = {"pool": REFUSED}
        dialog = await begin_deletion(run)
        await run.until_asked(
            "1 of 5 deleted or on the way out; nothing further was begun",
            "only the rest is deleted: pool, 3 containers.",
        )
        await run.until_asked(
            "The pool keeps its 2 nodes, and they cost by the hour.", "Batch mybatch, storage mystore"
        )
        await run.press("enter")
        await run.enter_keys()
        run.runs.refusing = {}
        await run.test_and_save()
        await run.until("all deleted", "Close")
        assert run.pilot.app.screen is dialog
    deletions = [what[2] for what in run.runs.asked if what[0] == "delete"]
    assert deletions == [tuple(PARTS), tuple(PARTS[1:])]
    assert run.forgotten == ["work"]


async def test_whoever_gives_no_credentials_sees_what_is_not_deleted_and_may_try_again() -> None:
    async with shown() as run:
        run.runs.refusing = {"pool": REFUSED}
        dialog = await begin_deletion(run)
        await run.until_screen(AccessDialog)
        await run.press("escape")
        await run.until("access was refused: 4 not deleted", "✓ deleted", "✗ failed", "– left", "Try 4 again")
        assert run.pilot.app.screen is dialog
        dialog.query_one("#delete", Button).press()
        await run.until_screen(AccessDialog)
        await run.until_asked("1 of 5 deleted")
        run.runs.refusing = {}
        await run.press("down", "enter")
        await run.until("all deleted")
    deletions = [what[2] for what in run.runs.asked if what[0] == "delete"]
    assert deletions == [tuple(PARTS), tuple(PARTS[1:]), tuple(PARTS[1:])]


async def test_the_program_is_not_left_over_a_deletion_that_was_refused() -> None:
    async with shown(refused_while_watching()) as run:
        await run.press("enter")
        await run.until_screen(AccessDialog)
        await run.press("escape")
        await run.until_screen(OpenRunScreen)
        screen = run.pilot.app.screen
        run.runs.refusing = {"pool": REFUSED}
        await run.press("q")
        await run.until_screen(QuitGuard)
        await begin_deletion(run, "down", "down", "down", "enter")
        await run.until_screen(AccessDialog)
        await run.press("escape")
        await run.until("access was refused: 4 not deleted")
        await run.press("escape")
        await run.until_so(lambda: run.pilot.app.screen is screen, "back on the run, whose pool still costs")
        assert run.pilot.app.is_running
        await run.press("q")
        await run.until_screen(QuitGuard)
        await begin_deletion(run, "down", "down", "down", "enter")
        await run.until_screen(AccessDialog)
        run.runs.refusing = {}
        await run.press("down", "enter")
        await run.until("all deleted")
        await run.press("escape")
        await run.until_so(lambda: run.pilot.app.return_value == 3, "then the program is left")


async def test_a_download_that_is_refused_in_its_midst_asks_there_and_fetches_only_the_rest() -> None:
    async with shown() as run:
        run.runs.refusing = {"taskdata2_OUTPUT.txt": REFUSED}
        await run.press("d")
        await run.until_screen(DownloadDialog)
        dialog = run.pilot.app.screen
        dialog.query_one(Select).value = "newer"
        await run.press("enter")
        await run.until_asked(
            "Nothing is lost: of 3 files, 2 are not here yet", "only those 2 are fetched, as was chosen"
        )
        assert "cost" not in run.said
        await run.press("enter")
        await run.enter_keys()
        run.runs.refusing = {}
        await run.test_and_save()
        await run.until("✓ everything is there, and verified", "downloaded          3")
        assert run.pilot.app.screen is dialog
    fetched = [(what[2], what[4]) for what in run.runs.asked if what[0] == "fetch"]
    names = ("taskdata1_OUTPUT.txt", "taskdata2_OUTPUT.txt", "taskdata3_OUTPUT.txt")
    assert fetched == [(names, "newer"), (names[1:], "newer")]
    assert [what[0] for what in run.runs.asked].count("list") == 1, "the list is the one that was agreed on"


async def test_whoever_gives_no_credentials_sees_what_is_not_here_and_may_try_again() -> None:
    async with shown() as run:
        run.runs.refusing = {"taskdata1_OUTPUT.txt": REFUSED}
        await run.press("d")
        await run.until_screen(DownloadDialog)
        await run.press("enter")
        await run.until_screen(AccessDialog)
        await run.press("escape")
        await run.until(
            "✗ access was refused: Batch does not accept the account key", "not fetched         3", "Try 3 again"
        )
        again = run.pilot.app.screen.query_one("#download", Button)
        assert run.pilot.app.screen.focused is again
        again.press()
        await run.until_screen(AccessDialog)
        run.runs.refusing = {}
        await run.press("down", "enter")
        await run.until("✓ everything is there, and verified")


async def test_a_stopped_download_asks_for_nothing() -> None:
    async with shown() as run:
        run.runs.refusing = {"taskdata1_OUTPUT.txt": REFUSED}
        fetch = run.runs.fetch

        def stopped(*arguments: object) -> DownloadReport:
            arguments[5].set()  # type: ignore[attr-defined]
            return fetch(*arguments)  # type: ignore[arg-type]

        run.runs.fetch = stopped  # type: ignore[method-assign,assignment]
        await run.press("d")
        await run.until_screen(DownloadDialog)
        await run.press("enter")
        await run.until("✗ access was refused", "Try 3 again")
        assert isinstance(run.pilot.app.screen, DownloadDialog)
