"""What an operation is given, and the pieces several operations read requests and write answers with."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from .access import Grant
from .conditions import Conditions, Versioned, etag_text
from .content import ContentDraft
from .errors import ErrorCode, ServiceError, invalid_header, invalid_query, unsupported_header
from .messages import Headers, Request, Target
from .names import is_metadata_name
from .records import BlobRecord, StoredContent
from .store import BlobRule, BlobStore
from .timestamps import http_date

MAX_METADATA_BYTES = 8 * 1024
MAX_RESULTS = 5000
_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_FIRST_VERSION = date(2008, 10, 27)
_SHOWN_CHARACTERS = 64
_INTEGER = re.compile(r"-?[0-9]{1,9}")
_METADATA_PREFIX = "x-ms-meta-"
# What would change the meaning of a request if it were ignored, and is not served here.
_UNSERVED_HEADERS = (
    "x-ms-if-tags",
    "x-ms-copy-source",
    "x-ms-encryption-key",
    "x-ms-encryption-scope",
    "x-ms-structured-body",
    "x-ms-content-crc64",
    "x-ms-tags",
    "x-ms-immutability-policy-until-date",
    "x-ms-legal-hold",
)
# And the same of parameters.
_UNSERVED_PARAMETERS = ("snapshot", "versionid", "prevsnapshot", "prevsnapshoturl", "deletetype", "showonly")


@dataclass(frozen=True, slots=True)
class Limits:
    """The most one request may bring, in bytes; the service's own unless told otherwise."""

    blob_bytes: int = 5000 * 1024 * 1024
    """Of one Put Blob."""
    block_bytes: int = 4000 * 1024 * 1024
    block_list_bytes: int = 8 * 1024 * 1024
    """Of the XML of a block list; 50,000 blocks fit."""
    blocks: int = 50_000


@dataclass(frozen=True, slots=True)
class Call:
    """One authenticated, authorised request for one operation."""

    request: Request
    target: Target
    grant: Grant
    store: BlobStore
    limits: Limits

    @property
    def service_url(self) -> str:
        return f"{self.request.server_url}/{self.target.account}/"

    def includes(self, dataset: str) -> bool:
        """Whether a listing shall hold `dataset`, such as metadata."""
        return dataset in self.request.query.get("include", "").lower().split(",")

    def result_limit(self) -> int:
        text = self.request.query.get("maxresults")
        if text is None:
            return MAX_RESULTS
        if not _INTEGER.fullmatch(text):
            raise invalid_query("maxresults", text)
        if int(text) < 1:
            raise ServiceError(
                ErrorCode.OUT_OF_RANGE_QUERY_PARAMETER_VALUE,
                {
                    "QueryParameterName": "maxresults",
                    "QueryParameterValue": text,
                    "MinimumAllowed": "1",
                    "MaximumAllowed": str(MAX_RESULTS),
                },
            )
        return min(int(text), MAX_RESULTS)

    def write_rule(self) -> BlobRule:
        """What a write demands of the blob it replaces: the caller's right to, and the request's conditions."""
        conditions = Conditions.of(self.request.headers)
        grant = self.grant

        def rule(existing: BlobRecord | None) -> None:
            if conditions is not None:
                conditions.check_write(existing)
            grant.check_overwrite(existing)

        return rule


def is_version(text: str) -> bool:
    """Whether this could be a version of the service: a day since its first one. Days to come are, because the client
    library is not held back to those that are known here."""
    if not _VERSION.fullmatch(text):
        return False
    try:
        return date.fromisoformat(text) >= _FIRST_VERSION
    except ValueError:
        return False


def check_served(headers: Mapping[str, str], query: Mapping[str, str]) -> None:
    """Refuse what is not served here instead of ignoring it."""
    for name in _UNSERVED_PARAMETERS:
        if name in query:
            raise invalid_query(name, query[name][:_SHOWN_CHARACTERS])
    version = headers.get("x-ms-version")
    if version is not None and not is_version(version):
        raise invalid_header("x-ms-version", version[:_SHOWN_CHARACTERS])
    for name in _UNSERVED_HEADERS:
        if name in headers:
            raise unsupported_header(name)
    if "x-ms-lease-id" in headers:
        raise ServiceError(ErrorCode.LEASE_NOT_PRESENT)


def request_metadata(headers: Mapping[str, str]) -> dict[str, str]:
    metadata = {}
    size_bytes = 0
    for header, value in headers.items():
        if header.startswith(_METADATA_PREFIX):
            name = header.removeprefix(_METADATA_PREFIX)
            if not name:
                raise ServiceError(ErrorCode.EMPTY_METADATA_KEY)
            if not is_metadata_name(name):
                raise ServiceError(ErrorCode.INVALID_METADATA)
            metadata[name] = value
            size_bytes += len(name) + len(value)
    if size_bytes > MAX_METADATA_BYTES:
        raise ServiceError(ErrorCode.METADATA_TOO_LARGE)
    return metadata


def md5_header(headers: Mapping[str, str], name: str) -> str:
    """The base64 digest in a header, empty when there is none."""
    text = headers.get(name, "")
    if text:
        try:
            digest = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            digest = b""
        if len(digest) != 16:
            raise ServiceError(ErrorCode.INVALID_MD5)
    return text


def version_headers(record: Versioned) -> Headers:
    return [("etag", etag_text(record)), ("last-modified", http_date(record.modified_s))]


def metadata_headers(metadata: Mapping[str, str]) -> Headers:
    return [(_METADATA_PREFIX + name, value) for name, value in metadata.items()]


async def receive_content(call: Call, limit: int, *md5_headers: str) -> StoredContent:
    """Take the body to disk and check it against the digests its headers promise."""
    headers = call.request.headers
    promised = [digest for name in md5_headers if (digest := md5_header(headers, name))]
    length = call.request.content_length
    if length > limit:
        raise ServiceError(ErrorCode.REQUEST_BODY_TOO_LARGE, {"MaxLimit": str(limit)})
    draft = call.store.draft()
    try:
        return await _receive(call, draft, promised)
    except BaseException:
        draft.discard()
        raise


async def _receive(call: Call, draft: ContentDraft, promised: list[str]) -> StoredContent:
    async for chunk in call.request.body_chunks():
        await draft.write(chunk)
    content = await draft.finish()
    digest = base64.b64encode(content.md5).decode()
    for wanted in promised:
        if wanted != digest:
            await call.store.discard(content)
            raise ServiceError(ErrorCode.MD5_MISMATCH, {"UserSpecifiedMd5": wanted, "ServerCalculatedMd5": digest})
    return content
