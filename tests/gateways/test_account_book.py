"""The accounts a person has set up: what the file holds, what it never holds, and what happens to the keys."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from keyring.backend import KeyringBackend
from keyring.backends import fail, null

from tui.core.accounts import Account, AccountKind, checked_account
from tui.core.errors import InputError, LocalError
from tui.core.redaction import Secret, redact
from tui.gateways.accounts import KEYS_FILE, PROFILES_FILE, AccountBook, open_account_book
from tui.gateways.secret_stores import FileStore, KeyringStore, SecretPlace, SecretStore, bounded, is_trusted

BATCH_KEY = "YmF0Y2gga2V5IGJhdGNoIGtleSBiYXRjaCBrZXkh"
STORAGE_KEY = "c3RvcmFnZSBrZXkgc3RvcmFnZSBrZXkgc3RvcmFnZQ=="


class MemoryBackend(KeyringBackend):
    """A key store as keyring knows them, in memory."""

    priority = 5

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # keyring's own has no annotations
        self.entries: dict[tuple[str, str], str] = {}
        self.is_locked = False

    def get_password(self, service: str, username: str) -> str | None:
        self._check()
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._check()
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self._check()
        del self.entries[service, username]

    def _check(self) -> None:
        if self.is_locked:
            raise RuntimeError("the key store is locked")


class PlainBackend(MemoryBackend):
    """What keyring itself does not recommend."""

    priority = 0.5  # type: ignore[assignment]  # an int above, and keyring takes both


@pytest.fixture
def backend() -> MemoryBackend:
    return MemoryBackend()


@pytest.fixture
def book(tmp_path: Path, backend: MemoryBackend) -> AccountBook:
    return AccountBook(tmp_path / "config", stores(tmp_path / "config", backend))


def stores(folder: Path, backend: MemoryBackend | None) -> Callable[[], Mapping[SecretPlace, SecretStore]]:
    file = {SecretPlace.FILE: FileStore(folder / KEYS_FILE)}
    return lambda: file if backend is None else {SecretPlace.KEYRING: KeyringStore(backend), **file}


def account(name: str = "work", **changes: str) -> Account:
    fields = {
        "name": name,
        "batch_account": "mybatch",
        "batch_endpoint": "https://mybatch.westeurope.batch.azure.com",
        "batch_key": BATCH_KEY,
        "storage_account": "myblobs",
        "storage_key": STORAGE_KEY,
        **changes,
    }
    return checked_account(kind=AccountKind.SHARED_KEY, **fields)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


class TestBook:
    def test_is_empty_at_first_and_makes_nothing(self, book: AccountBook, tmp_path: Path) -> None:
        assert book.profiles() == ()
        assert book.current() is None
        assert list(tmp_path.iterdir()) == []

    def test_gives_back_what_it_was_given(self, book: AccountBook) -> None:
        profile = book.save(account())
        assert profile.keys_in is SecretPlace.KEYRING
        assert book.current() == profile
        assert book.account("work") == account()

    def test_keeps_no_key_in_its_file_and_its_file_to_itself(self, book: AccountBook, tmp_path: Path) -> None:
        book.save(account())
        path = tmp_path / "config" / PROFILES_FILE
        assert BATCH_KEY not in path.read_text()
        assert STORAGE_KEY not in path.read_text()
        assert (mode(path), mode(path.parent)) == (0o600, 0o700)
        assert [entry.name for entry in path.parent.iterdir()] == [PROFILES_FILE]

    def test_masks_the_keys_it_hands_out(self, book: AccountBook) -> None:
        book.save(account(batch_key="bWFya2VkIGtleSBtYXJrZWQga2V5"))
        book.account("work")
        assert redact("the key is bWFya2VkIGtleSBtYXJrZWQga2V5 indeed") == "the key is ••• indeed"

    def test_replaces_an_account_of_the_same_name(self, book: AccountBook) -> None:
        book.save(account())
        book.save(account(batch_account="another"))
        assert [profile.batch_account for profile in book.profiles()] == ["another"]

    def test_loses_none_of_what_is_saved_at_the_same_time(self, tmp_path: Path) -> None:
        names = [f"account{number:02}" for number in range(20)]

        def save(name: str) -> None:
            AccountBook(tmp_path, stores(tmp_path, None)).save(account(name))

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(save, names))
        book = AccountBook(tmp_path, stores(tmp_path, None))
        assert [profile.name for profile in book.profiles()] == names
        assert all(book.account(name) == account(name) for name in names)

    def test_has_one_current_account(self, book: AccountBook) -> None:
        for name in ("b", "a", "c"):
            book.save(account(name))
        assert [profile.name for profile in book.profiles()] == ["a", "b", "c"]
        book.use("b")
        current = book.current()
        assert current is not None
        assert current.name == "b"
        book.remove("b")
        current = book.current()
        assert current is not None
        assert current.name == "a"

    def test_forgets_the_keys_with_the_account(self, book: AccountBook, backend: MemoryBackend) -> None:
        book.save(account())
        assert len(backend.entries) == 2
        book.remove("work")
        assert backend.entries == {}
        assert book.current() is None

    def test_of_entra_keeps_no_keys(self, book: AccountBook, backend: MemoryBackend) -> None:
        entra = replace(account(), kind=AccountKind.ENTRA, batch_key=Secret(""), storage_key=Secret(""))
        assert book.save(entra).keys_in is None
        assert book.account("work") == entra
        assert backend.entries == {}

    @pytest.mark.parametrize("act", ["account", "use", "remove"])
    def test_names_the_accounts_it_knows(self, book: AccountBook, act: str) -> None:
        book.save(account("home"))
        with pytest.raises(InputError) as caught:
            getattr(book, act)("hoem")
        assert caught.value.what == "known: home"

    @pytest.mark.parametrize(
        "content", ["", "{", "[]", "{}", '{"version": 2, "accounts": []}', '{"version": 1, "accounts": [{}]}']
    )
    def test_says_so_when_its_file_is_damaged(self, book: AccountBook, tmp_path: Path, content: str) -> None:
        path = tmp_path / "config" / PROFILES_FILE
        path.parent.mkdir()
        path.write_text(content)
        with pytest.raises(LocalError, match="cannot be read"):
            book.save(account())
        assert path.read_text() == content

    def test_an_edited_file_is_checked(self, book: AccountBook, tmp_path: Path) -> None:
        book.save(account())
        path = tmp_path / "config" / PROFILES_FILE
        path.write_text(path.read_text().replace("https://", "http://"))
        with pytest.raises(InputError, match="must be https"):
            book.account("work")


class TestKeys:
    def test_go_to_a_file_where_the_key_store_refuses(
        self, book: AccountBook, backend: MemoryBackend, tmp_path: Path
    ) -> None:
        backend.is_locked = True
        assert book.save(account()).keys_in is SecretPlace.FILE
        assert mode(tmp_path / "config" / KEYS_FILE) == 0o600
        assert book.account("work") == account()

    def test_leave_the_file_once_the_key_store_takes_them(
        self, book: AccountBook, backend: MemoryBackend, tmp_path: Path
    ) -> None:
        backend.is_locked = True
        book.save(account())
        backend.is_locked = False
        assert book.save(account()).keys_in is SecretPlace.KEYRING
        assert json.loads((tmp_path / "config" / KEYS_FILE).read_text()) == {}

    def test_that_are_gone_are_told(self, book: AccountBook, backend: MemoryBackend) -> None:
        book.save(account())
        backend.entries.clear()
        with pytest.raises(LocalError, match="keys of account work are gone"):
            book.account("work")

    def test_of_a_key_store_that_is_no_more_are_told(self, book: AccountBook, tmp_path: Path) -> None:
        book.save(account())
        without = AccountBook(tmp_path / "config", stores(tmp_path / "config", None))
        with pytest.raises(LocalError, match="keys of account work are gone"):
            without.account("work")

    def test_of_a_damaged_file_are_told(self, tmp_path: Path) -> None:
        (tmp_path / KEYS_FILE).write_text("{")
        with pytest.raises(LocalError, match="file of keys"):
            FileStore(tmp_path / KEYS_FILE).get("work/batch")

    def test_nowhere_to_keep_them(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        book = AccountBook(tmp_path / "config", lambda: {SecretPlace.FILE: FileStore(tmp_path / "file" / "keys")})
        with pytest.raises(LocalError, match="This machine refuses"):
            book.save(account())
        assert book.profiles() == ()


class TestKeyStores:
    def test_plain_or_forgetful_ones_are_not_trusted(self) -> None:
        assert is_trusted(MemoryBackend())
        assert not is_trusted(PlainBackend())
        assert not is_trusted(fail.Keyring())  # type: ignore[no-untyped-call]
        assert not is_trusted(null.Keyring())  # type: ignore[no-untyped-call]

    def test_a_machine_without_one_uses_the_file(self, tmp_path: Path) -> None:
        book = open_account_book(tmp_path)
        assert book.save(account()).keys_in is SecretPlace.FILE

    def test_one_that_hangs_is_given_up(self) -> None:
        release = threading.Event()
        with pytest.raises(LocalError, match=r"no answer within 0\.01 s"):
            bounded(release.wait, 0.01)
        release.set()

    def test_one_that_fails_says_only_how(self) -> None:
        def fails() -> None:
            raise RuntimeError(f"could not store {BATCH_KEY}")

        with pytest.raises(LocalError) as caught:
            bounded(fails, 5)
        assert caught.value.what == "RuntimeError"
        assert caught.value.__cause__ is None


def test_listing_accounts_loads_neither_azure_nor_keyring() -> None:
    program = """
import sys
from pathlib import Path
from tui.gateways.accounts import open_account_book
open_account_book(Path(sys.argv[1])).profiles()
print([name for name in ("azure", "keyring", "requests") if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", program, "/nonexistent"], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"
