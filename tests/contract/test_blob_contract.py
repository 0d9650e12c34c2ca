"""What any Blob service answers the official SDK; the sandbox is measured by the same tests as a foreign service."""

from __future__ import annotations

import base64
import secrets
from datetime import timedelta
from typing import Any

import pytest
from azure.core import MatchConditions
from azure.storage.blob import (
    BlobBlock,
    BlobClient,
    BlobServiceClient,
    ContainerClient,
    ContentSettings,
)

from tests.sandbox.blob import targets
from tests.sandbox.blob.targets import IS_LIVE, Target, md5, refusal, skip_where_lenient

target = targets.target
service = targets.service
container = targets.container
new_container_name = targets.new_container_name


class TestContainers:
    def test_a_container_lives_from_create_to_delete(self, service: BlobServiceClient, new_container_name: str) -> None:
        client = service.get_container_client(new_container_name)
        assert not client.exists()
        client.create_container(metadata={"run": "top-words-20261120-k3f"})
        assert client.exists()
        properties = client.get_container_properties()
        assert properties.metadata == {"run": "top-words-20261120-k3f"}
        assert properties.etag.startswith('"')
        client.delete_container()
        if not IS_LIVE:
            assert not client.exists()

    def test_a_container_is_created_once(self, service: BlobServiceClient, container: ContainerClient) -> None:
        answer = refusal(lambda: service.create_container(container.container_name))
        assert answer == (409, "ContainerAlreadyExists")

    @pytest.mark.parametrize("method", ["get_container_properties", "delete_container"])
    def test_a_missing_container_is_named_as_such(self, service: BlobServiceClient, method: str) -> None:
        client = service.get_container_client("contract-that-is-not-there")
        assert refusal(getattr(client, method)) == (404, "ContainerNotFound")

    @pytest.mark.parametrize("name", ["UPPER", "two--hyphens", "-leading", "trailing-", "under_score"])
    def test_names_with_other_characters_are_refused(self, service: BlobServiceClient, name: str) -> None:
        assert refusal(lambda: service.create_container(name)) == (400, "InvalidResourceName")

    @pytest.mark.parametrize("name", ["ab", "a" * 64])
    def test_names_of_other_lengths_are_refused(self, service: BlobServiceClient, name: str) -> None:
        assert refusal(lambda: service.create_container(name)) == (400, "OutOfRangeInput")

    def test_metadata_is_replaced_as_a_whole(self, container: ContainerClient) -> None:
        before = container.get_container_properties()
        container.set_container_metadata({"a": "1", "b": "2"})
        container.set_container_metadata({"b": "3"})
        after = container.get_container_properties()
        assert after.metadata == {"b": "3"}
        assert after.etag != before.etag

    def test_containers_are_listed_by_name_in_pages(self, service: BlobServiceClient) -> None:
        prefix = f"contract-{secrets.token_hex(4)}-"
        names = [f"{prefix}{index}" for index in range(5)]
        clients = [service.create_container(name, metadata={"n": name[-1]}) for name in reversed(names)]
        try:
            pages = service.list_containers(prefix, include_metadata=True, results_per_page=2).by_page()
            listed = [[(item.name, item.metadata) for item in page] for page in pages]
            assert [len(page) for page in listed] == [2, 2, 1]
            assert [item for page in listed for item in page] == [(name, {"n": name[-1]}) for name in names]
        finally:
            for client in clients:
                client.delete_container()

    def test_listing_without_metadata_leaves_it_out(
        self, service: BlobServiceClient, container: ContainerClient
    ) -> None:
        container.set_container_metadata({"a": "1"})
        (listed,) = list(service.list_containers(container.container_name))
        assert not listed.metadata

    def test_delete_takes_the_blobs_along(self, service: BlobServiceClient, new_container_name: str) -> None:
        client = service.create_container(new_container_name)
        client.upload_blob("a", b"1")
        client.delete_container()
        assert refusal(lambda: client.upload_blob("b", b"1"))[0] in (404, 409)
        if not IS_LIVE:
            client.create_container()
            assert list(client.list_blob_names()) == []


BLOB_NAMES = [
    "plain.txt",
    "with space and 'quotes' \"double\".txt",
    "Grüße/日本語/😀.txt",
    "percent%2Fencoded%20.txt",
    "plus+and&and=and?and#.txt",
    "$(id);`id`.txt",
    "-leading-dash",
    "deep/er/and/deeper/file",
    "new\nline\ttab",
    "a:b*c|d<e>f",
    "x" * 1024,
]


class TestBlobs:
    @pytest.mark.parametrize("name", BLOB_NAMES, ids=range(len(BLOB_NAMES)))
    def test_any_name_comes_back_as_it_was(self, container: ContainerClient, name: str) -> None:
        container.upload_blob(name, name.encode())
        assert list(container.list_blob_names()) == [name]
        assert container.download_blob(name).readall() == name.encode()
        container.delete_blob(name)
        assert list(container.list_blob_names()) == []

    def test_a_name_of_more_than_1024_characters_is_refused(self, target: Target, container: ContainerClient) -> None:
        skip_where_lenient(target)
        assert refusal(lambda: container.upload_blob("x" * 1025, b""))[0] == 400

    def test_upload_keeps_content_headers_metadata_and_digest(self, container: ContainerClient) -> None:
        blob = container.upload_blob(
            "a.txt",
            b"hello",
            metadata={"run": "one", "Task_2": "two words"},
            content_settings=ContentSettings(
                content_type="text/plain; charset=utf-8",
                content_encoding="identity",
                content_language="de",
                content_disposition='attachment; filename="a.txt"',
                cache_control="no-store",
            ),
        )
        properties = blob.get_blob_properties()
        settings = properties.content_settings
        assert {name.lower(): value for name, value in properties.metadata.items()} == {
            "run": "one",
            "task_2": "two words",
        }
        assert (settings.content_type, settings.content_encoding, settings.content_language) == (
            "text/plain; charset=utf-8",
            "identity",
            "de",
        )
        assert settings.content_disposition == 'attachment; filename="a.txt"'
        assert settings.cache_control == "no-store"
        assert bytes(settings.content_md5 or b"") == md5(b"hello")
        assert properties.size == 5
        assert properties.blob_type == "BlockBlob"
        assert properties.server_encrypted is True
        assert properties.creation_time is not None
        assert properties.lease.status == "unlocked"

    def test_content_type_defaults_to_octets(self, container: ContainerClient) -> None:
        blob = container.upload_blob("a", b"1")
        assert blob.get_blob_properties().content_settings.content_type == "application/octet-stream"

    def test_upload_does_not_replace_unless_told(self, container: ContainerClient) -> None:
        container.upload_blob("a", b"first")
        assert refusal(lambda: container.upload_blob("a", b"second")) == (409, "BlobAlreadyExists")
        assert container.download_blob("a").readall() == b"first"
        container.upload_blob("a", b"second", overwrite=True)
        assert container.download_blob("a").readall() == b"second"

    def test_a_conditional_replace_needs_the_current_etag(self, container: ContainerClient) -> None:
        blob = container.upload_blob("a", b"first")
        stale = blob.get_blob_properties().etag
        container.upload_blob("a", b"second", overwrite=True)
        answer = refusal(
            lambda: blob.upload_blob(
                b"third", overwrite=True, etag=stale, match_condition=MatchConditions.IfNotModified
            )
        )
        assert answer == (412, "ConditionNotMet")
        current = blob.get_blob_properties().etag
        blob.upload_blob(b"third", overwrite=True, etag=current, match_condition=MatchConditions.IfNotModified)
        assert blob.download_blob().readall() == b"third"

    def test_a_conditional_read_of_the_known_version_is_not_sent(self, container: ContainerClient) -> None:
        blob = container.upload_blob("a", b"first")
        etag = blob.get_blob_properties().etag
        assert refusal(lambda: blob.download_blob(etag=etag, match_condition=MatchConditions.IfModified))[0] == 304
        assert (
            refusal(lambda: blob.get_blob_properties(etag='"0x1"', match_condition=MatchConditions.IfNotModified))[0]
            == 412
        )

    def test_conditions_on_time_compare_with_the_last_change(self, container: ContainerClient) -> None:
        blob = container.upload_blob("a", b"first")
        changed = blob.get_blob_properties().last_modified
        hour = timedelta(hours=1)
        assert refusal(lambda: blob.download_blob(if_modified_since=changed + hour))[0] == 304
        assert refusal(lambda: blob.download_blob(if_unmodified_since=changed - hour)) == (412, "ConditionNotMet")
        assert blob.download_blob(if_modified_since=changed - hour).readall() == b"first"
        assert blob.download_blob(if_unmodified_since=changed + hour).readall() == b"first"

    def test_metadata_and_content_headers_change_without_the_content(self, container: ContainerClient) -> None:
        blob = container.upload_blob("a", b"first", metadata={"a": "1"})
        etag = blob.get_blob_properties().etag
        blob.set_blob_metadata({"b": "2"})
        blob.set_http_headers(ContentSettings(content_type="text/html"))
        properties = blob.get_blob_properties()
        assert properties.metadata == {"b": "2"}
        assert properties.content_settings.content_type == "text/html"
        assert properties.etag != etag
        assert blob.download_blob().readall() == b"first"

    def test_a_missing_blob_is_named_as_such(self, container: ContainerClient) -> None:
        blob = container.get_blob_client("nowhere")
        assert not blob.exists()
        for method in ("get_blob_properties", "download_blob", "delete_blob"):
            assert refusal(getattr(blob, method)) == (404, "BlobNotFound")

    def test_a_blob_in_a_missing_container_is_a_missing_container(self, service: BlobServiceClient) -> None:
        blob = service.get_blob_client("contract-that-is-not-there", "a")
        assert refusal(lambda: blob.upload_blob(b"1")) == (404, "ContainerNotFound")
        assert refusal(blob.download_blob) == (404, "ContainerNotFound")

    def test_content_that_differs_from_its_digest_is_refused(self, target: Target, container: ContainerClient) -> None:
        blob = container.get_blob_client("a")
        wrong = {"Content-MD5": base64.b64encode(md5(b"other")).decode()}
        assert refusal(lambda: blob.upload_blob(b"first", headers=wrong)) == target.says(400, "Md5Mismatch")
        assert not blob.exists()
        blob.upload_blob(b"first", validate_content=True)
        assert blob.download_blob(validate_content=True).readall() == b"first"

    def test_an_empty_blob_is_a_blob(self, container: ContainerClient) -> None:
        container.upload_blob("empty", b"")
        assert container.download_blob("empty").readall() == b""
        assert container.get_blob_client("empty").get_blob_properties().size == 0


class TestRanges:
    CONTENT = bytes(range(256)) * 4

    @pytest.fixture
    def blob(self, container: ContainerClient) -> BlobClient:
        return container.upload_blob("ranged", self.CONTENT)

    @pytest.mark.parametrize(
        ("offset", "length"), [(0, 1), (0, 1024), (10, 20), (1000, None), (1000, 5000), (1023, 1), (0, None)]
    )
    def test_a_range_is_that_part_of_the_blob(self, blob: BlobClient, offset: int, length: int | None) -> None:
        stream = blob.download_blob(offset=offset, length=length)
        end = None if length is None else offset + length
        assert stream.readall() == self.CONTENT[offset:end]
        assert stream.properties.content_settings.content_md5 is not None

    def test_a_range_beyond_the_end_is_refused(self, blob: BlobClient) -> None:
        assert refusal(lambda: blob.download_blob(offset=2000, length=1)) == (416, "InvalidRange")

    def test_a_range_can_carry_its_own_digest(self, blob: BlobClient) -> None:
        assert blob.download_blob(offset=100, length=300, validate_content=True).readall() == self.CONTENT[100:400]


class TestBlocks:
    def block_ids(self, count: int) -> list[str]:
        return [base64.b64encode(f"{index:08}".encode()).decode() for index in range(count)]

    def stage(self, blob: BlobClient, blocks: dict[str, bytes]) -> None:
        for block_id, data in blocks.items():
            blob.stage_block(base64.b64decode(block_id).decode(), data)

    def commit(self, blob: BlobClient, *block_ids: str, **options: Any) -> None:
        blob.commit_block_list([BlobBlock(base64.b64decode(block_id).decode()) for block_id in block_ids], **options)

    def test_blocks_become_a_blob_in_the_order_of_the_list(self, container: ContainerClient) -> None:
        blob = container.get_blob_client("blocks")
        a, b, c = self.block_ids(3)
        self.stage(blob, {a: b"AAA", b: b"BB", c: b"C"})
        assert not blob.exists()
        committed, uncommitted = blob.get_block_list("all")
        assert committed == []
        assert sorted((block.id, block.size) for block in uncommitted) == sorted(_ids((a, 3), (b, 2), (c, 1)))
        self.commit(blob, c, a, metadata={"k": "v"})
        assert blob.download_blob().readall() == b"CAAA"
        assert blob.get_blob_properties().metadata == {"k": "v"}
        committed, uncommitted = blob.get_block_list("all")
        assert [(block.id, block.size) for block in committed] == _ids((c, 1), (a, 3))
        assert uncommitted == []

    def test_a_new_list_may_reuse_committed_blocks(self, container: ContainerClient) -> None:
        blob = container.get_blob_client("blocks")
        a, b = self.block_ids(2)
        self.stage(blob, {a: b"old-"})
        self.commit(blob, a)
        self.stage(blob, {b: b"new"})
        self.commit(blob, a, b)
        assert blob.download_blob().readall() == b"old-new"
        self.commit(blob, b, b)
        assert blob.download_blob().readall() == b"newnew"

    def test_a_staged_block_is_replaced_by_its_id(self, container: ContainerClient) -> None:
        blob = container.get_blob_client("blocks")
        (a,) = self.block_ids(1)
        self.stage(blob, {a: b"first"})
        self.stage(blob, {a: b"second"})
        self.commit(blob, a)
        assert blob.download_blob().readall() == b"second"

    def test_a_list_with_an_unknown_block_changes_nothing(self, container: ContainerClient) -> None:
        blob = container.upload_blob("blocks", b"as it was")
        a, b = self.block_ids(2)
        self.stage(blob, {a: b"A"})
        assert refusal(lambda: self.commit(blob, a, b)) == (400, "InvalidBlockList")
        assert blob.download_blob().readall() == b"as it was"

    def test_block_ids_of_one_blob_have_one_length(self, container: ContainerClient) -> None:
        blob = container.get_blob_client("blocks")
        blob.stage_block("0001", b"1")
        assert refusal(lambda: blob.stage_block("00002", b"2")) == (400, "InvalidBlobOrBlock")

    def test_an_upload_in_parts_comes_back_whole(self, target: Target, container: ContainerClient) -> None:
        content = secrets.token_bytes(3 * 1024 * 1024 + 17)
        part: dict[str, Any] = {"max_single_put_size": 65536, "max_block_size": 262144, "max_single_get_size": 65536}
        with target.service(**part, max_chunk_get_size=300_000) as client:
            blob = client.get_blob_client(container.container_name, "big")
            blob.upload_blob(content, max_concurrency=4)
            assert blob.download_blob(max_concurrency=4).readall() == content
            blob.upload_blob(content[::-1], max_concurrency=4, overwrite=True)
            assert blob.download_blob(max_concurrency=1).readall() == content[::-1]


def _ids(*pairs: tuple[str, int]) -> list[tuple[str, int]]:
    """The SDK shows block ids decoded."""
    return [(base64.b64decode(block_id).decode(), size) for block_id, size in pairs]


class TestListing:
    NAMES = ("a.txt", "b/1", "b/2", "b/c/3", "b0", "d/4", "É", "日", "😀")

    @pytest.fixture
    def filled(self, container: ContainerClient) -> ContainerClient:
        for name in reversed(self.NAMES):
            container.upload_blob(name, name.encode(), metadata={"size": str(len(name))})
        return container

    def test_blobs_are_listed_with_their_properties(self, filled: ContainerClient) -> None:
        listed = list(filled.list_blobs(include=["metadata"]))
        assert [item.name for item in listed] == list(self.NAMES)
        first = listed[0]
        assert (first.size, first.metadata) == (5, {"size": "5"})
        assert bytes(first.content_settings.content_md5 or b"") == md5(b"a.txt")
        assert not first.etag.startswith('"')
        properties = filled.get_blob_client("a.txt").get_blob_properties()
        assert properties.etag.strip('"') == first.etag
        assert properties.last_modified == first.last_modified

    @pytest.mark.parametrize("size", [1, 2, 4, 9])
    def test_pages_join_to_the_whole_list(self, filled: ContainerClient, size: int) -> None:
        pages = [[item.name for item in page] for page in filled.list_blobs(results_per_page=size).by_page()]
        assert [name for page in pages for name in page] == list(self.NAMES)
        assert all(len(page) == size for page in pages[:-1])

    def test_a_listing_goes_on_at_its_marker(self, filled: ContainerClient) -> None:
        pages: Any = filled.list_blobs(results_per_page=4).by_page()
        next(pages)
        rest = filled.list_blobs(results_per_page=100).by_page(pages.continuation_token)
        assert [item.name for page in rest for item in page] == list(self.NAMES[4:])

    @pytest.mark.parametrize("prefix", ["b", "b/", "b/c", "日", "x"])
    def test_a_prefix_selects(self, filled: ContainerClient, prefix: str) -> None:
        wanted = [name for name in self.NAMES if name.startswith(prefix)]
        assert list(filled.list_blob_names(name_starts_with=prefix)) == wanted

    @pytest.mark.parametrize("size", [1, 3, 100])
    def test_a_delimiter_folds_what_shares_a_prefix(self, filled: ContainerClient, size: int) -> None:
        walked = [item.name for item in filled.walk_blobs(delimiter="/", results_per_page=size)]
        assert sorted(walked) == sorted(["a.txt", "b/", "b0", "d/", "É", "日", "😀"])
        assert [item.name for item in filled.walk_blobs("b/", delimiter="/")] in (
            ["b/1", "b/2", "b/c/"],
            ["b/c/", "b/1", "b/2"],
        )

    def test_an_empty_container_lists_nothing(self, container: ContainerClient) -> None:
        assert list(container.list_blobs()) == []
