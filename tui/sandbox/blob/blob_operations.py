"""Operations on block blobs: writing them whole or by blocks, reading them whole or by range, changing, deleting."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping

from .calls import (
    Call,
    md5_header,
    metadata_headers,
    receive_content,
    request_metadata,
    version_headers,
)
from .conditions import ByteRange, Conditions, requested_range
from .container_operations import XML
from .content import INLINE_BYTES
from .documents import BlockSource, block_listing, parse_block_list
from .errors import ErrorCode, ServiceError, invalid_header, invalid_query, missing_header
from .messages import Headers, Response
from .names import check_blob_name
from .records import BlobContent, BlobRecord, Segment
from .timestamps import http_date

MAX_RANGE_WITH_MD5_BYTES = 4 * 1024 * 1024
_MAX_BLOCK_ID_BYTES = 64
_STORED_HEADERS = (
    ("content-type", "x-ms-blob-content-type"),
    ("content-encoding", "x-ms-blob-content-encoding"),
    ("content-language", "x-ms-blob-content-language"),
    ("cache-control", "x-ms-blob-cache-control"),
    ("content-disposition", "x-ms-blob-content-disposition"),
)
_WRITTEN: Headers = [("x-ms-request-server-encrypted", "true")]


async def put_blob(call: Call) -> Response:
    headers, target = call.request.headers, call.target
    check_blob_name(target.blob)
    blob_type = headers.get("x-ms-blob-type")
    if blob_type is None:
        raise missing_header("x-ms-blob-type")
    if blob_type != "BlockBlob":
        raise invalid_header("x-ms-blob-type", blob_type)
    metadata, rule = request_metadata(headers), call.write_rule()
    rule(call.store.find_blob(target.container, target.blob))  # refuse before the body has crossed the wire
    content = await receive_content(call, call.limits.blob_bytes, "content-md5", "x-ms-blob-content-md5")
    md5 = base64.b64encode(content.md5).decode()
    segments = (Segment(content.content_id, content.size_bytes),)
    try:
        record = await call.store.put_blob(
            target.container,
            target.blob,
            BlobContent(segments, md5, _stored_properties(headers, with_plain=True), metadata),
            rule,
        )
    except ServiceError:
        await call.store.discard(content)
        raise
    return Response(201, [*version_headers(record), ("content-md5", md5), *_WRITTEN])


async def put_block(call: Call) -> Response:
    target = call.target
    check_blob_name(target.blob)
    block_id = call.request.query.get("blockid")
    if block_id is None:
        raise ServiceError(ErrorCode.MISSING_REQUIRED_QUERY_PARAMETER, {"QueryParameterName": "blockid"})
    _check_block_id(block_id)
    call.store.container(target.container)
    content = await receive_content(call, call.limits.block_bytes, "content-md5")
    try:
        await call.store.stage_block(target.container, target.blob, block_id, content)
    except ServiceError:
        await call.store.discard(content)
        raise
    return Response(201, [("content-md5", base64.b64encode(content.md5).decode()), *_WRITTEN])


async def put_block_list(call: Call) -> Response:
    headers, target = call.request.headers, call.target
    check_blob_name(target.blob)
    document = await call.request.body(call.limits.block_list_bytes)
    wanted = parse_block_list(document)
    if len(wanted) > call.limits.blocks:
        raise ServiceError(ErrorCode.BLOCK_LIST_TOO_LONG)
    md5 = md5_header(headers, "x-ms-blob-content-md5")
    properties, metadata = _stored_properties(headers, with_plain=False), request_metadata(headers)

    def choose(committed: Mapping[str, Segment], staged: Mapping[str, Segment]) -> BlobContent:
        segments = tuple(_find_block(source, block_id, committed, staged) for source, block_id in wanted)
        return BlobContent(segments, md5, properties, metadata)

    record = await call.store.commit_blocks(target.container, target.blob, choose, call.write_rule())
    return Response(201, [*version_headers(record), *_WRITTEN])


async def get_block_list(call: Call) -> Response:
    kind = call.request.query.get("blocklisttype", "committed").lower()
    if kind not in ("committed", "uncommitted", "all"):
        raise invalid_query("blocklisttype", kind)
    record, staged = call.store.blocks(call.target.container, call.target.blob)
    body = block_listing(
        None if kind == "uncommitted" else (record.segments if record else ()),
        None if kind == "committed" else staged,
    )
    headers = [*XML, ("x-ms-blob-content-length", str(record.size_bytes if record else 0))]
    return Response(200, headers + (version_headers(record) if record else []), body)


async def get_blob(call: Call) -> Response:
    record = _readable_blob(call)
    request_headers = call.request.headers
    part = requested_range(request_headers, record.size_bytes)
    wants_md5 = request_headers.get("x-ms-range-get-content-md5", "").lower() == "true"
    if wants_md5 and (part is None or part.length > MAX_RANGE_WITH_MD5_BYTES):
        raise invalid_header("x-ms-range-get-content-md5", "true")
    headers = _blob_headers(call, record)
    if part is None:
        headers += [("content-md5", record.md5)] if record.md5 else []
        return _content_response(call, 200, headers, record, ByteRange(0, record.size_bytes))
    headers.append(("content-range", f"bytes {part.offset}-{part.last}/{record.size_bytes}"))
    if record.md5:
        headers.append(("x-ms-blob-content-md5", record.md5))
    if wants_md5:
        data, md5 = await call.store.read_with_md5(record, part.offset, part.length)
        return Response(206, [*headers, ("content-md5", md5)], data)
    return _content_response(call, 206, headers, record, part)


async def get_blob_properties(call: Call) -> Response:
    record = _readable_blob(call)
    headers = _blob_headers(call, record)
    headers += [("content-md5", record.md5)] if record.md5 else []
    headers += [("x-ms-access-tier", "Hot"), ("x-ms-access-tier-inferred", "true")]
    return Response(200, headers, content_length=record.size_bytes)


async def get_blob_metadata(call: Call) -> Response:
    record = _readable_blob(call)
    return Response(200, [*version_headers(record), *metadata_headers(record.metadata)])


async def set_blob_metadata(call: Call) -> Response:
    record = call.store.change_blob(
        call.target.container,
        call.target.blob,
        call.write_rule(),
        metadata=request_metadata(call.request.headers),
    )
    return Response(200, [*version_headers(record), *_WRITTEN])


async def set_blob_properties(call: Call) -> Response:
    """Replaces all content headers at once: one the request leaves out is gone afterwards."""
    headers = call.request.headers
    record = call.store.change_blob(
        call.target.container,
        call.target.blob,
        call.write_rule(),
        properties=_stored_properties(headers, with_plain=False),
        md5=md5_header(headers, "x-ms-blob-content-md5"),
    )
    return Response(200, version_headers(record))


async def delete_blob(call: Call) -> Response:
    conditions = Conditions.of(call.request.headers)

    def rule(existing: BlobRecord | None) -> None:
        if conditions is not None:
            conditions.check_write(existing)

    await call.store.delete_blob(call.target.container, call.target.blob, rule)
    return Response(202, [("x-ms-delete-type-permanent", "true")])


def _readable_blob(call: Call) -> BlobRecord:
    record = call.store.blob(call.target.container, call.target.blob)
    conditions = Conditions.of(call.request.headers)
    if conditions is not None:
        conditions.check_read(record)
    return record


def _blob_headers(call: Call, record: BlobRecord) -> Headers:
    access = call.grant.access
    properties = {**record.properties, **access.response_headers} if access else record.properties
    return [
        *properties.items(),
        *version_headers(record),
        *metadata_headers(record.metadata),
        ("accept-ranges", "bytes"),
        ("x-ms-creation-time", http_date(record.created_s)),
        ("x-ms-blob-type", "BlockBlob"),
        ("x-ms-lease-status", "unlocked"),
        ("x-ms-lease-state", "available"),
        ("x-ms-server-encrypted", "true"),
    ]


def _content_response(call: Call, status: int, headers: Headers, record: BlobRecord, part: ByteRange) -> Response:
    if part.length <= INLINE_BYTES:
        return Response(status, headers, call.store.read(record, part.offset, part.length))
    stream = call.store.stream(record, part.offset, part.length)
    return Response(status, headers, stream=stream, content_length=part.length)


def _stored_properties(headers: Mapping[str, str], *, with_plain: bool) -> dict[str, str]:
    """The content headers to keep. The plain names count only where the body is the blob itself."""
    properties = {"content-type": "application/octet-stream"}
    for plain, specific in _STORED_HEADERS:
        value = headers.get(specific) or (headers.get(plain) if with_plain else None)
        if value:
            properties[plain] = value
    return properties


def _find_block(
    source: BlockSource, block_id: str, committed: Mapping[str, Segment], staged: Mapping[str, Segment]
) -> Segment:
    found = None
    if source != "Committed":
        found = staged.get(block_id)
    if found is None and source != "Uncommitted":
        found = committed.get(block_id)
    if found is None:
        raise ServiceError(ErrorCode.INVALID_BLOCK_LIST)
    return found


def _check_block_id(block_id: str) -> None:
    try:
        size_bytes = len(base64.b64decode(block_id, validate=True))
    except (binascii.Error, ValueError):
        size_bytes = 0
    if not 1 <= size_bytes <= _MAX_BLOCK_ID_BYTES:
        raise invalid_query("blockid", block_id)
