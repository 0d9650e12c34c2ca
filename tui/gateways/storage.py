"""Blob Storage as the engine sees it: `StoragePort` over azure-storage-blob.

Every method blocks, raises only errors of `tui.core.errors` and may be called from many threads at once: they share
one client and its connections.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import quote

from azure.core import MatchConditions
from azure.core.credentials import AzureNamedKeyCredential, TokenCredential
from azure.core.paging import ItemPaged
from azure.storage.blob import (
    BlobBlock,
    BlobClient,
    BlobProperties,
    BlobServiceClient,
    ContainerProperties,
    ContentSettings,
    LinearRetry,
)

from tui.core.errors import Conflict, NotFound, RequestRefused
from tui.core.records import BlobRecord, ContainerRecord
from tui.core.redaction import Secret
from tui.core.specs import Permissions
from tui.gateways.errors import answer_errors, service_errors
from tui.gateways.http import FIRST_PAUSE_S, READ_TIMEOUT_S, RETRIES, USUAL_TIMEOUTS, Timeouts, transport_to
from tui.gateways.sas import SasSigner, whole_seconds

T = TypeVar("T")

_ONE_REQUEST_BYTES = 256 * 1024 * 1024
"""Up to here a blob, or a range of one, travels in one request; whoever calls chooses smaller pieces."""

_SERVICE_TIMEOUT_S = round(READ_TIMEOUT_S) - 5
"""The service gives up before we do, so that its own error arrives."""

_NO_SUCH_RANGE = 416


class BlobGateway:
    """The Blob service of one storage account."""

    def __init__(
        self,
        account_name: str,
        endpoint: str,
        credential: AzureNamedKeyCredential | TokenCredential,
        sign: SasSigner,
        timeouts: Timeouts = USUAL_TIMEOUTS,
    ) -> None:
        self._account_name = account_name
        self._endpoint = endpoint
        self._sign = sign
        self._service = BlobServiceClient(
            endpoint,
            credential,
            transport=transport_to(endpoint, timeouts.read_s),
            retry_policy=_BriefRetry(backoff=0, retry_total=RETRIES, random_jitter_range=0),
            max_single_put_size=_ONE_REQUEST_BYTES,
            max_single_get_size=_ONE_REQUEST_BYTES,
            permit_redirects=False,
        )

    @property
    def account_name(self) -> str:
        return self._account_name

    def close(self) -> None:
        self._service.close()

    # Containers

    def list_containers(self, prefix: str = "") -> tuple[ContainerRecord, ...]:
        with self._errors("listing the containers"):
            found = self._service.list_containers(
                name_starts_with=prefix or None, include_metadata=True, timeout=_SERVICE_TIMEOUT_S
            )
            return tuple(map(_container_record, _items(found)))

    def get_container(self, container: str) -> ContainerRecord | None:
        try:
            with self._errors(f"reading container {container}"):
                client = self._service.get_container_client(container)
                return _container_record(client.get_container_properties(timeout=_SERVICE_TIMEOUT_S))
        except NotFound:
            return None

    def create_container(self, container: str, metadata: Mapping[str, str]) -> None:
        with self._errors(f"creating container {container}"):
            self._service.create_container(container, metadata=dict(metadata), timeout=_SERVICE_TIMEOUT_S)

    def delete_container(self, container: str) -> None:
        """Deletes it, or finds it being deleted."""
        try:
            with self._errors(f"deleting container {container}"):
                self._service.delete_container(container, timeout=_SERVICE_TIMEOUT_S)
        except Conflict as error:
            if error.code != "ContainerBeingDeleted":
                raise

    # Blobs

    def list_blobs(self, container: str, prefix: str = "") -> Iterator[BlobRecord]:
        client = self._service.get_container_client(container)
        found = _items(client.list_blobs(name_starts_with=prefix or None, timeout=_SERVICE_TIMEOUT_S))
        while True:
            with self._errors(f"listing the blobs of container {container}"):
                properties = next(found, None)
            if properties is None:
                return
            yield _blob_record(properties)

    def get_blob(self, container: str, blob: str) -> BlobRecord | None:
        try:
            with self._errors(f"reading the properties of blob {blob}"):
                return _blob_record(self._blob(container, blob).get_blob_properties(timeout=_SERVICE_TIMEOUT_S))
        except NotFound:
            return None

    def put_blob(self, container: str, blob: str, content: bytes, content_md5: bytes) -> None:
        with self._errors(f"uploading blob {blob}"):
            self._blob(container, blob).upload_blob(
                content,
                length=len(content),
                overwrite=True,
                content_settings=ContentSettings(content_md5=bytearray(content_md5)),
            )

    def put_block(self, container: str, blob: str, block_id: str, content: bytes) -> None:
        """The service compares a block with the MD5 that travels beside it; the blob's own comes with the commit."""
        with self._errors(f"uploading a block of blob {blob}"):
            self._blob(container, blob).stage_block(block_id, content, length=len(content), validate_content=True)

    def list_staged_blocks(self, container: str, blob: str) -> Mapping[str, int]:
        try:
            with self._errors(f"listing the blocks of blob {blob}"):
                _, staged = self._blob(container, blob).get_block_list("uncommitted", timeout=_SERVICE_TIMEOUT_S)
                return {block.id: block.size for block in staged}
        except NotFound:
            return {}

    def commit_blocks(self, container: str, blob: str, block_ids: Sequence[str], content_md5: bytes) -> None:
        with self._errors(f"putting blob {blob} together"):
            self._blob(container, blob).commit_block_list(
                [BlobBlock(block_id) for block_id in block_ids],
                content_settings=ContentSettings(content_md5=bytearray(content_md5)),
                timeout=_SERVICE_TIMEOUT_S,
            )

    def read_blob(self, container: str, blob: str, offset: int, length: int, etag: str = "") -> bytes:
        """Empty where the blob ends at `offset` or before."""
        condition: dict[str, Any] = {"etag": etag, "match_condition": MatchConditions.IfNotModified} if etag else {}
        try:
            with self._errors(f"downloading blob {blob}"):
                content: bytes = self._blob(container, blob).download_blob(offset, length, **condition).readall()
                return content
        except RequestRefused as error:
            if error.status == _NO_SUCH_RANGE:
                return b""
            raise

    def delete_blob(self, container: str, blob: str) -> None:
        with self._errors(f"deleting blob {blob}"):
            self._blob(container, blob).delete_blob(delete_snapshots="include", timeout=_SERVICE_TIMEOUT_S)

    # Access for others

    def sign(self, container: str, permissions: Permissions, expires_s: float, blob: str | None = None) -> Secret:
        with self._errors(f"signing access to container {container}"):
            query = self._sign(container, permissions, whole_seconds(expires_s))
        path = f"/{container}" if blob is None else f"/{container}/{quote(blob, safe='/~')}"
        return Secret(f"{self._endpoint}{path}?{query.reveal()}")

    def _blob(self, container: str, blob: str) -> BlobClient:
        return self._service.get_blob_client(container, blob)

    @contextmanager
    def _errors(self, doing: str) -> Iterator[None]:
        with service_errors("Storage", self._endpoint, doing), answer_errors("Storage", self._endpoint, doing):
            yield


class _BriefRetry(LinearRetry):
    """The SDK's choice of what may be repeated, after pauses that a person does not notice."""

    def get_backoff_time(self, settings: dict[str, Any]) -> float:
        return FIRST_PAUSE_S * int(settings["count"])


def _items(found: ItemPaged[T]) -> Iterator[T]:
    """Every item, page by page; ValueError where a page leads back to one before."""
    pages: Any = found.by_page()
    markers: set[str | None] = set()
    for page in pages:
        if pages.continuation_token in markers:
            raise ValueError("a list without an end")
        markers.add(pages.continuation_token)
        yield from page


def _container_record(properties: ContainerProperties) -> ContainerRecord:
    return ContainerRecord(
        name=properties.name,
        last_modified_s=properties.last_modified.timestamp(),
        metadata=dict(properties.metadata or {}),
    )


def _blob_record(properties: BlobProperties) -> BlobRecord:
    content_md5 = properties.content_settings.content_md5
    return BlobRecord(
        name=properties.name,
        size_bytes=properties.size,
        last_modified_s=properties.last_modified.timestamp(),
        etag=properties.etag,
        content_md5=bytes(content_md5) if content_md5 else None,
    )
