"""The form of an account as data: what fills it, what is missing, and what is wrong with each field."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.accounts import BATCH_KEY, LAB, STORAGE_KEY, WORK
from tui.core.account_draft import KEY_FIELDS, AccountDraft, AccountField, draft_of
from tui.core.accounts import AccountKind
from tui.core.pasted import parse_pasted

KEYS = AccountDraft(kind=AccountKind.SHARED_KEY)
SHELL = f"export BATCH_ACCOUNT_NAME='mybatch'\nexport BATCH_ACCOUNT_KEY='{BATCH_KEY}'"


def test_an_account_goes_through_the_form_unchanged() -> None:
    emulator = replace(WORK, storage_endpoint="http://127.0.0.1:10000/mystore")
    for account in (WORK, LAB, emulator):
        assert draft_of(account).account() == account
    assert draft_of(WORK).storage_endpoint == ""


def test_addresses_name_their_accounts() -> None:
    draft = replace(
        KEYS, batch_endpoint="mybatch.eastus.batch.azure.com", storage_endpoint="https://one.blob.core.windows.net"
    )
    assert draft.effective(AccountField.BATCH_ACCOUNT) == draft.effective(AccountField.NAME) == "mybatch"
    assert draft.effective(AccountField.STORAGE_ACCOUNT) == "one"
    assert draft.missing() == (AccountField.BATCH_KEY, AccountField.STORAGE_KEY)


def test_what_is_pasted_replaces_what_was_there_and_turns_the_sandbox_into_an_account() -> None:
    draft = AccountDraft(batch_account="old", storage_account="kept").with_pasted(parse_pasted(SHELL))
    assert draft.kind is AccountKind.SHARED_KEY
    assert (draft.batch_account, draft.batch_key.reveal(), draft.storage_account) == ("mybatch", BATCH_KEY, "kept")


def test_entra_stays_entra_and_takes_no_key() -> None:
    draft = AccountDraft(kind=AccountKind.ENTRA).with_pasted(parse_pasted(SHELL))
    assert draft.kind is AccountKind.ENTRA
    assert draft.batch_account == "mybatch"
    assert not any(draft.text(field) for field in KEY_FIELDS)


def test_another_storage_account_leaves_no_address_of_the_one_before() -> None:
    draft = replace(KEYS, storage_endpoint="http://127.0.0.1:10000/before")
    pasted = parse_pasted(f"_STORAGE_ACCOUNT_NAME = 'mystore'\n_STORAGE_ACCOUNT_KEY = '{STORAGE_KEY}'")
    assert draft.with_pasted(pasted).storage_endpoint == ""


@pytest.mark.parametrize(
    ("field", "text", "words"),
    [
        (AccountField.BATCH_ACCOUNT, "My Batch", "3 to 24 lower-case letters and digits"),
        (AccountField.BATCH_ENDPOINT, "http://mybatch.eastus.batch.azure.com", "plain http"),
        (AccountField.BATCH_KEY, "abc$", "not base64"),
        (AccountField.STORAGE_KEY, "YWJj", "too short"),
        (AccountField.STORAGE_ENDPOINT, "ftp://x", "is not http"),
        (AccountField.NAME, "a name", "digits, dots and hyphens"),
        (AccountField.NAME, "taken", "is taken"),
        (AccountField.NAME, "environment", "is taken"),
    ],
)
def test_each_field_is_judged_by_itself(field: AccountField, text: str, words: str) -> None:
    problems = draft_of(WORK).with_text(field, text).problems({"taken"})
    assert list(problems) == [field]
    assert words in problems[field]
    if field in KEY_FIELDS:
        assert text not in problems[field]


def test_a_key_in_the_wrong_field_is_not_said_again() -> None:
    draft = replace(KEYS, batch_account=BATCH_KEY[:32])
    assert BATCH_KEY[:32] not in draft.problems()[AccountField.BATCH_ACCOUNT]
    assert draft.effective(AccountField.NAME) == ""


def test_entra_asks_for_tls() -> None:
    draft = replace(draft_of(LAB), batch_endpoint="http://127.0.0.1:4001")
    assert "TLS" in draft.problems()[AccountField.BATCH_ENDPOINT]


def test_nothing_shows_a_key() -> None:
    assert BATCH_KEY not in repr(draft_of(WORK))


def test_the_sandbox_reached_by_its_keys_gets_a_name_of_its_own() -> None:
    draft = replace(draft_of(WORK), name="", batch_account="sandbox", batch_endpoint="http://127.0.0.1:4001")
    assert draft.effective(AccountField.NAME) == "sandbox-keys"
    assert AccountField.NAME not in draft.problems({"sandbox"})
    assert AccountDraft().effective(AccountField.NAME) == "sandbox"
