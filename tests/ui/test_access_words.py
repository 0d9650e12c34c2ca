"""Refused access in words: what is said and offered for each kind of account."""

from __future__ import annotations

import pytest

from tests.support.past_runs import LEFT, remains_of, wanted
from tui.core.accounts import ENVIRONMENT_NAME, SANDBOX_NAME, AccountKind
from tui.core.deletion import DeletionResult, DeletionState
from tui.core.download_choice import DownloadReport, FileEnd, FileResult
from tui.core.saved_accounts import SavedAccount
from tui.ui import access_words

KEYS = SavedAccount("work", AccountKind.SHARED_KEY, "mybatch", storage_account="mystore")
ENTRA = SavedAccount("lab", AccountKind.ENTRA)
SANDBOX = SavedAccount(SANDBOX_NAME, AccountKind.SANDBOX)
TEMPORARY = SavedAccount(ENVIRONMENT_NAME, AccountKind.SHARED_KEY, is_temporary=True)
ENTER, AGAIN = ("enter", "Enter the credentials again"), ("again", "Try again as it is")


@pytest.mark.parametrize(
    ("name", "saved", "words", "offered"),
    [
        ("work", KEYS, "It was account work: Batch mybatch, storage mystore.", [ENTER, AGAIN]),
        (
            "lab",
            ENTRA,
            "Sign in again in another terminal (`az login`)",
            [("again", "I have signed in: try again"), ("enter", "Enter its keys instead")],
        ),
        (SANDBOX_NAME, SANDBOX, "The sandbox makes its keys by itself", [AGAIN]),
        (ENVIRONMENT_NAME, TEMPORARY, "environment variables, which no form can change", [AGAIN]),
        ("gone", None, "There is no account 'gone' on this machine any more", [AGAIN]),
    ],
)
def test_what_can_be_done_is_said_for_each_kind_of_account(
    name: str, saved: SavedAccount | None, words: str, offered: list[tuple[str, str]]
) -> None:
    assert words in access_words.account_words(name, saved)
    can_enter = access_words.can_be_entered(name, saved)
    assert access_words.answers(saved, can_enter=can_enter) == offered


def test_nothing_is_entered_where_nothing_may_be() -> None:
    assert access_words.answers(KEYS, can_enter=False) == [AGAIN]
    assert [answer for answer, _ in access_words.answers(ENTRA, can_enter=False)] == ["again"]


def results(*states: DeletionState) -> list[DeletionResult]:
    kinds = ("job", "pool", "container", "container")
    return [DeletionResult(kind, kind, state) for kind, state in zip(kinds, states, strict=True)]  # type: ignore[arg-type]


GOING, FAILED, LEFT_OUT = DeletionState.GOING, DeletionState.FAILED, DeletionState.LEFT


def test_what_a_refused_deletion_has_done_and_has_not_is_told_apart() -> None:
    midst = access_words.deletion_words(results(GOING, FAILED, LEFT_OUT, LEFT_OUT))
    assert midst.startswith("1 of 4 deleted or on the way out; nothing further was begun.")
    assert midst.endswith("only the rest is deleted: pool, 2 containers.")
    begin = access_words.deletion_words(results(FAILED, LEFT_OUT, LEFT_OUT, LEFT_OUT))
    assert begin == "Nothing is deleted yet. Once access is back, what was confirmed is: job, pool, 2 containers."


def test_only_a_pool_that_stays_goes_on_costing() -> None:
    remains = remains_of(LEFT)
    stays = access_words.still_costs_words(remains, results(GOING, FAILED, LEFT_OUT, LEFT_OUT))
    assert stays == "The pool keeps its 2 nodes, and they cost by the hour."
    assert access_words.still_costs_words(remains, results(GOING, GOING, FAILED, LEFT_OUT)) == ""


@pytest.mark.parametrize(
    ("ends", "words"),
    [
        (("downloaded", "left"), "of 2 files, 1 is not here yet. Once access is back, only that file is fetched"),
        (("left", "left"), "of 2 files, 2 are not here yet. Once access is back, only those 2 are fetched"),
    ],
)
def test_what_of_a_refused_download_is_not_here_is_told(ends: tuple[FileEnd, ...], words: str) -> None:
    files = tuple(FileResult(wanted(number), end) for number, end in enumerate(ends))
    assert words in access_words.download_words(DownloadReport("/out", files))
