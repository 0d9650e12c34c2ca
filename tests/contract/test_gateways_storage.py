"""The storage gateway against the sandbox's Blob service over a socket, and what mypy has to say of its shape."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import requests

from tests.sandbox.blob.serving import ACCOUNT, served_blobs
from tui.core.accounts import Account, AccountKind, checked_account
from tui.core.errors import AccessRefused, AlreadyExists, Conflict, NotFound, RequestRefused
from tui.core.ports import StoragePort
from tui.core.redaction import Secret
from tui.gateways.connect import open_storage

AN_HOUR_S = 3_600
OTHER_KEY = Secret("QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=")


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with served_blobs(tmp_path_factory.mktemp("blobs")) as url:
        yield checked_account(
            name="test",
            kind=AccountKind.SANDBOX,
            batch_account="unused",
            batch_endpoint="http://127.0.0.1:1",
            batch_key=ACCOUNT.key,
            storage_account=ACCOUNT.name,
            storage_key=ACCOUNT.key,
            storage_endpoint=url,
        )


@pytest.fixture
def storage(account: Account) -> Iterator[StoragePort]:
    port: StoragePort = open_storage(account)
    yield port
    port.close()


@pytest.fixture
def container(storage: StoragePort) -> str:
    name = f"c-{secrets.token_hex(4)}"
    storage.create_container(name, {"batchtui_run": "run-1"})
    return name


def md5(content: bytes) -> bytes:
    return hashlib.md5(content, usedforsecurity=False).digest()


def put(storage: StoragePort, container: str, blob: str, content: bytes) -> None:
    storage.put_blob(container, blob, content, md5(content))


class TestContainers:
    def test_is_found_with_its_metadata(self, storage: StoragePort, container: str) -> None:
        listed = storage.list_containers(container)
        got = storage.get_container(container)
        assert [record.name for record in listed] == [container]
        assert got is not None
        assert got.metadata == listed[0].metadata == {"batchtui_run": "run-1"}
        assert abs(got.last_modified_s - time.time()) < 60

    def test_of_another_prefix_is_not_listed(self, storage: StoragePort, container: str) -> None:
        assert storage.list_containers(f"{container}x") == ()

    def test_absent_is_none_to_read_and_an_error_to_delete(self, storage: StoragePort) -> None:
        assert storage.get_container("there-is-none") is None
        with pytest.raises(NotFound, match="There is no such container"):
            storage.delete_container("there-is-none")

    def test_a_second_of_the_same_name_is_refused(self, storage: StoragePort, container: str) -> None:
        with pytest.raises(AlreadyExists) as caught:
            storage.create_container(container, {})
        assert caught.value.code == "ContainerAlreadyExists"
        assert caught.value.request_id

    def test_is_gone_once_deleted(self, storage: StoragePort, container: str) -> None:
        storage.delete_container(container)
        assert storage.get_container(container) is None


NAMES = (
    "plain.txt",
    "a folder/with space.txt",
    'quote\'s "double" & $(id) `x`;|.txt',
    "percent %41 + plus?query#fragment.txt",
    "ünïcødé/日本語.txt",
    "-leading",
    "tilde~[brackets]{braces}=,@!*().txt",
    ".",
    "../..",
    "./f",
    "a/../../b",
)


class TestBlobs:
    @pytest.mark.parametrize("name", NAMES)
    def test_any_name_comes_back_with_its_content(self, storage: StoragePort, container: str, name: str) -> None:
        put(storage, container, name, b"content of " + name.encode())
        record = storage.get_blob(container, name)
        assert record is not None
        assert [blob.name for blob in storage.list_blobs(container)] == [record.name] == [name]
        assert record.content_md5 == md5(b"content of " + name.encode())
        content = storage.read_blob(container, name, 0, record.size_bytes, record.etag)
        assert content == b"content of " + name.encode()

    def test_replaces_what_is_there(self, storage: StoragePort, container: str) -> None:
        put(storage, container, "b", b"old and long")
        put(storage, container, "b", b"new")
        assert storage.read_blob(container, "b", 0, 3) == b"new"

    def test_damaged_content_is_refused(self, storage: StoragePort, container: str) -> None:
        with pytest.raises(RequestRefused) as caught:
            storage.put_blob(container, "b", b"content", md5(b"other content"))
        assert caught.value.code == "Md5Mismatch"
        assert storage.get_blob(container, "b") is None

    def test_empty_blob(self, storage: StoragePort, container: str) -> None:
        put(storage, container, "empty", b"")
        record = storage.get_blob(container, "empty")
        assert record is not None
        assert record.size_bytes == 0
        assert storage.read_blob(container, "empty", 0, 1) == b""

    def test_range(self, storage: StoragePort, container: str) -> None:
        put(storage, container, "b", bytes(range(100)))
        assert storage.read_blob(container, "b", 10, 5) == bytes(range(10, 15))
        assert storage.read_blob(container, "b", 95, 50) == bytes(range(95, 100))

    def test_a_blob_changed_since_is_a_conflict(self, storage: StoragePort, container: str) -> None:
        put(storage, container, "b", b"first")
        record = storage.get_blob(container, "b")
        assert record is not None
        put(storage, container, "b", b"second")
        with pytest.raises(Conflict):
            storage.read_blob(container, "b", 0, 5, record.etag)

    def test_lists_by_prefix(self, storage: StoragePort, container: str) -> None:
        for name in ("logs/1", "logs/2", "other"):
            put(storage, container, name, b"x")
        assert [blob.name for blob in storage.list_blobs(container, "logs/")] == ["logs/1", "logs/2"]

    def test_listing_a_container_that_is_not_there(self, storage: StoragePort) -> None:
        with pytest.raises(NotFound):
            next(storage.list_blobs("there-is-none"))

    def test_absent(self, storage: StoragePort, container: str) -> None:
        assert storage.get_blob(container, "none") is None
        with pytest.raises(NotFound, match="There is no such blob"):
            storage.delete_blob(container, "none")
        with pytest.raises(NotFound):
            storage.read_blob(container, "none", 0, 1)

    def test_delete(self, storage: StoragePort, container: str) -> None:
        put(storage, container, "b", b"x")
        storage.delete_blob(container, "b")
        assert storage.get_blob(container, "b") is None

    def test_many_threads_share_one_gateway(self, storage: StoragePort, container: str) -> None:
        contents = {f"blob-{index}": secrets.token_bytes(100) for index in range(64)}
        with ThreadPoolExecutor(32) as pool:
            list(pool.map(lambda item: put(storage, container, *item), contents.items()))
            read = list(pool.map(lambda name: storage.read_blob(container, name, 0, 100), contents))
        assert read == list(contents.values())


class TestBlocks:
    def test_are_put_together_in_the_order_of_the_commit(self, storage: StoragePort, container: str) -> None:
        for block_id, content in (("00002", b"world"), ("00001", b"hello ")):
            storage.put_block(container, "b", block_id, content)
        assert storage.list_staged_blocks(container, "b") == {"00001": 6, "00002": 5}
        assert storage.get_blob(container, "b") is None
        storage.commit_blocks(container, "b", ["00001", "00002"], md5(b"hello world"))
        record = storage.get_blob(container, "b")
        assert record is not None
        assert (record.size_bytes, record.content_md5) == (11, md5(b"hello world"))
        assert storage.read_blob(container, "b", 0, 11) == b"hello world"
        assert storage.list_staged_blocks(container, "b") == {}

    def test_none_are_staged_for_an_unknown_blob(self, storage: StoragePort, container: str) -> None:
        assert storage.list_staged_blocks(container, "none") == {}

    def test_a_block_never_staged_is_refused(self, storage: StoragePort, container: str) -> None:
        with pytest.raises(RequestRefused) as caught:
            storage.commit_blocks(container, "b", ["00001"], md5(b""))
        assert caught.value.code == "InvalidBlockList"


class TestSignedAccess:
    def test_read_reads_and_does_not_write(self, storage: StoragePort, container: str) -> None:
        name = "a name?/with#odd %41 + ünïcode ~'.txt"
        put(storage, container, name, b"content")
        url = storage.sign(container, "r", time.time() + AN_HOUR_S, name).reveal()
        assert requests.get(url, timeout=10).content == b"content"
        refused = requests.put(url, b"other", headers={"x-ms-blob-type": "BlockBlob"}, timeout=10)
        assert refused.status_code == 403

    def test_write_writes_and_does_not_read(self, storage: StoragePort, container: str) -> None:
        url = storage.sign(container, "cw", time.time() + AN_HOUR_S).reveal()
        blob_url = url.replace("?", "/result.txt?", 1)
        made = requests.put(blob_url, b"result", headers={"x-ms-blob-type": "BlockBlob"}, timeout=10)
        assert made.status_code == 201
        assert requests.get(blob_url, timeout=10).status_code == 403
        assert storage.read_blob(container, "result.txt", 0, 6) == b"result"

    def test_past_its_end_it_opens_nothing(self, storage: StoragePort, container: str) -> None:
        put(storage, container, "b", b"content")
        url = storage.sign(container, "r", time.time() - 60, "b").reveal()
        assert requests.get(url, timeout=10).status_code == 403

    def test_is_of_the_container_and_shows_itself_to_nobody(self, storage: StoragePort, container: str) -> None:
        signed = storage.sign(container, "r", 2_000_000_000.5)
        assert "sig=" not in repr(signed)
        assert "sig=" not in str(signed)
        assert "&sr=c&" in f"{signed.reveal()}&"
        assert "se=2033-05-18T03%3A33%3A21Z" in signed.reveal()


class TestAccess:
    def test_a_wrong_key_is_told_without_showing_a_signature(self, account: Account) -> None:
        storage = open_storage(replace(account, storage_key=OTHER_KEY))
        with pytest.raises(AccessRefused) as caught:
            storage.list_containers()
        storage.close()
        assert caught.value.status == 403
        assert caught.value.title == "Storage does not accept the account key"
        assert "accounts test" in caught.value.hint
        assert OTHER_KEY.reveal() not in str(caught.value)
