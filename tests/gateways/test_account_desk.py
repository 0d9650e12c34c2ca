"""The desk over a real book: listing, saving, renaming, using, removing; the environment and the sandbox."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.accounts import LAB, SANDBOX, WORK
from tui.core.account_check import Checklist, CheckResult
from tui.core.accounts import Account
from tui.core.errors import InputError
from tui.core.ports import StopSignal
from tui.gateways.account_desk import AccountDesk
from tui.gateways.accounts import open_account_book
from tui.ui.account_services import AccountsService

ENVIRONMENT = {
    "AZURE_BATCH_ACCOUNT": "envbatch",
    "AZURE_BATCH_ACCESS_KEY": WORK.batch_key.reveal(),
    "AZURE_BATCH_ENDPOINT": "https://envbatch.westus2.batch.azure.com",
    "AZURE_STORAGE_ACCOUNT": "envstore",
    "AZURE_STORAGE_KEY": WORK.storage_key.reveal(),
}


def nothing_to_find(account: Account, stop: StopSignal, report: Callable[[CheckResult], None]) -> Checklist:
    assert account.name
    assert not stop.is_set()
    assert callable(report)
    return Checklist()


def desk_at(folder: Path, environment: Mapping[str, str] | None = None) -> AccountDesk:
    return AccountDesk(
        open_account_book(folder), folder, environment or {}, lambda: SANDBOX, nothing_to_find, lambda: False
    )


@pytest.fixture
def desk(tmp_path: Path) -> AccountDesk:
    return desk_at(tmp_path)


def names(desk: AccountDesk) -> list[str]:
    return [account.name + ("*" if account.is_current else "") for account in desk.overview().accounts]


def test_is_what_the_screens_are_given(desk: AccountDesk) -> None:
    service: AccountsService = desk
    assert service.check(WORK, threading.Event(), lambda _: None) == Checklist()


def test_at_first_there_is_the_sandbox(desk: AccountDesk, tmp_path: Path) -> None:
    overview = desk.overview()
    assert names(desk) == ["sandbox"]
    assert overview.current is None
    assert overview.key_place.words == f"{tmp_path / 'keys.json'}, a file only you can read (0600), not encrypted"


def test_saves_and_gives_back_with_keys_and_lists_without(desk: AccountDesk) -> None:
    desk.save(WORK)
    assert desk.account("work") == WORK
    assert names(desk) == ["work*", "sandbox"]
    assert WORK.batch_key.reveal() not in repr(desk.overview())


def test_a_name_that_is_taken_is_not_overwritten_unawares(desk: AccountDesk) -> None:
    desk.save(WORK)
    desk.save(LAB)
    with pytest.raises(InputError, match="already"):
        desk.save(replace(LAB, name="work"), replaces="lab")
    with pytest.raises(InputError, match="has a meaning"):
        desk.save(replace(LAB, name="environment"))
    assert desk.account("work") == WORK


def test_changing_under_another_name_leaves_one(desk: AccountDesk) -> None:
    desk.save(WORK)
    desk.save(replace(WORK, name="office", batch_account="other"), replaces="work")
    assert names(desk) == ["office*", "sandbox"]


def test_renaming_keeps_keys_and_the_current_one(desk: AccountDesk) -> None:
    desk.save(WORK)
    desk.save(LAB)
    assert not desk.rename("work", "office").is_current
    assert names(desk) == ["lab*", "office", "sandbox"]
    assert desk.account("office").batch_key == WORK.batch_key
    assert desk.rename("lab", "bench").is_current


def test_other_credentials_leave_the_current_account_as_it_is(desk: AccountDesk) -> None:
    desk.save(WORK)
    desk.save(LAB)
    changed = replace(WORK, batch_key=WORK.storage_key)
    assert not desk.save(changed, "work", becomes_current=False).is_current
    assert names(desk) == ["lab*", "work", "sandbox"]
    assert desk.account("work") == changed
    assert desk.save(LAB, "lab", becomes_current=False).is_current


def test_use_and_remove(desk: AccountDesk) -> None:
    desk.save(WORK)
    desk.save(LAB)
    assert desk.use("work") == WORK
    assert names(desk) == ["lab", "work*", "sandbox"]
    desk.remove("work")
    assert names(desk) == ["lab*", "sandbox"]


def test_using_the_sandbox_starts_and_remembers_it_and_keeps_no_key(desk: AccountDesk, tmp_path: Path) -> None:
    assert desk.use("sandbox") == SANDBOX
    assert names(desk) == ["sandbox*"]
    assert desk.overview().accounts[0].keys_in == ""
    kept = "".join(path.read_text() for path in tmp_path.iterdir())
    assert SANDBOX.batch_key.reveal() not in kept
    assert SANDBOX.storage_key.reveal() not in kept


def test_the_environment_counts_first_and_is_never_saved(tmp_path: Path) -> None:
    desk_at(tmp_path).save(WORK)
    desk = desk_at(tmp_path, ENVIRONMENT)
    assert names(desk) == ["environment*", "work", "sandbox"]
    assert desk.use("environment").batch_account == "envbatch"
    assert names(desk_at(tmp_path)) == ["work*", "sandbox"]


def test_half_an_environment_is_listed_with_its_trouble(tmp_path: Path) -> None:
    desk = desk_at(tmp_path, {"AZURE_BATCH_ACCOUNT": "envbatch"})
    first = desk.overview().accounts[0]
    assert "AZURE_BATCH_ACCESS_KEY" in first.trouble
    with pytest.raises(InputError):
        desk.account("environment")
