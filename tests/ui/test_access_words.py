"""Refused access in words: what is said and offered for each kind of account."""

from __future__ import annotations

import pytest

from tui.core.accounts import ENVIRONMENT_NAME, SANDBOX_NAME, AccountKind
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
