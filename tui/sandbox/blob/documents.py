"""The service's XML: listings, block lists, properties and errors out, block lists in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal
from urllib.parse import quote
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

from .conditions import etag_text
from .errors import ErrorCode, ServiceError
from .records import BlobRecord, ContainerRecord, Segment
from .timestamps import http_date

BlockSource = Literal["Committed", "Uncommitted", "Latest"]

_DECLARATION = '<?xml version="1.0" encoding="utf-8"?>'
_ENCODING = re.compile(r"""<\?xml[^>]*?\sencoding\s*=\s*["']([^"']*)""")
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_BLOCK_SOURCES: Mapping[str, BlockSource] = {
    "Committed": "Committed",
    "Uncommitted": "Uncommitted",
    "Latest": "Latest",
}
_LISTED_PROPERTIES = (
    ("content-type", "Content-Type"),
    ("content-encoding", "Content-Encoding"),
    ("content-language", "Content-Language"),
    ("cache-control", "Cache-Control"),
    ("content-disposition", "Content-Disposition"),
)

SERVICE_PROPERTIES = (
    f"{_DECLARATION}<StorageServiceProperties>"
    "<Logging><Version>1.0</Version><Delete>false</Delete><Read>false</Read><Write>false</Write>"
    "<RetentionPolicy><Enabled>false</Enabled></RetentionPolicy></Logging>"
    "<HourMetrics><Version>1.0</Version><Enabled>false</Enabled>"
    "<RetentionPolicy><Enabled>false</Enabled></RetentionPolicy></HourMetrics>"
    "<MinuteMetrics><Version>1.0</Version><Enabled>false</Enabled>"
    "<RetentionPolicy><Enabled>false</Enabled></RetentionPolicy></MinuteMetrics><Cors />"
    "<DeleteRetentionPolicy><Enabled>false</Enabled></DeleteRetentionPolicy>"
    "<StaticWebsite><Enabled>false</Enabled></StaticWebsite></StorageServiceProperties>"
).encode()

NO_ACCESS_POLICIES = f"{_DECLARATION}<SignedIdentifiers />".encode()


def error_document(error: ServiceError, request_id: str, time: str) -> bytes:
    details = "".join(_element(name, _printable(value)) for name, value in error.details.items())
    message = f"{error.error.message}\nRequestId:{request_id}\nTime:{time}"
    return (
        f"{_DECLARATION}<Error><Code>{error.error.code}</Code><Message>{message}</Message>{details}</Error>"
    ).encode()


def container_listing(
    service_url: str,
    echo: Sequence[tuple[str, str | None]],
    records: Iterable[ContainerRecord],
    next_marker: str,
    *,
    with_metadata: bool,
) -> bytes:
    """`echo` holds the request's parameters, by the element that repeats them."""
    parts = [
        _DECLARATION,
        f"<EnumerationResults ServiceEndpoint={quoteattr(service_url)}>",
        _echo(echo),
        "<Containers>",
    ]
    for record in records:
        metadata = _metadata(record.metadata) if with_metadata else ""
        parts.append(
            f"<Container><Name>{record.name}</Name><Properties>"
            f"<Last-Modified>{http_date(record.modified_s)}</Last-Modified><Etag>{etag_text(record)}</Etag>"
            "<LeaseStatus>unlocked</LeaseStatus><LeaseState>available</LeaseState>"
            "<DefaultEncryptionScope>$account-encryption-key</DefaultEncryptionScope>"
            "<DenyEncryptionScopeOverride>false</DenyEncryptionScopeOverride>"
            "<HasImmutabilityPolicy>false</HasImmutabilityPolicy><HasLegalHold>false</HasLegalHold>"
            f"</Properties>{metadata}</Container>"
        )
    parts.append(f"</Containers><NextMarker>{next_marker}</NextMarker></EnumerationResults>")
    return "".join(parts).encode()


def blob_listing(
    service_url: str,
    container: str,
    echo: Sequence[tuple[str, str | None]],
    entries: Iterable[BlobRecord | str],
    next_marker: str,
    *,
    with_metadata: bool,
) -> bytes:
    """An entry that is text stands for every blob that starts with it."""
    parts = [
        _DECLARATION,
        f'<EnumerationResults ServiceEndpoint={quoteattr(service_url)} ContainerName="{container}">',
        _echo(echo),
        "<Blobs>",
    ]
    for entry in entries:
        if isinstance(entry, str):
            parts.append(f"<BlobPrefix>{_name(entry)}</BlobPrefix>")
        else:
            parts.append(_blob(entry, with_metadata))
    parts.append(f"</Blobs><NextMarker>{next_marker}</NextMarker></EnumerationResults>")
    return "".join(parts).encode()


def block_listing(committed: Iterable[Segment] | None, uncommitted: Iterable[Segment] | None) -> bytes:
    """None leaves a list out: it was not asked for."""
    parts = [_DECLARATION, "<BlockList>"]
    for element, blocks in (("CommittedBlocks", committed), ("UncommittedBlocks", uncommitted)):
        if blocks is not None:
            parts.append(f"<{element}>")
            parts += [
                f"<Block><Name>{block.block_id}</Name><Size>{block.size_bytes}</Size></Block>"
                for block in blocks
                if block.block_id
            ]
            parts.append(f"</{element}>")
    parts.append("</BlockList>")
    return "".join(parts).encode()


def parse_block_list(document: bytes) -> list[tuple[BlockSource, str]]:
    """The (where to look, block id) pairs of a block list, in order.

    What is looked at is the text that is parsed: UTF-8, without the NULs from which the parser would take it for UTF-16
    even where it is told the encoding.
    """
    try:
        text = document.decode("utf-8-sig")
        declared = _ENCODING.match(text)
        if declared is not None and declared[1].lower() != "utf-8":
            raise ServiceError(ErrorCode.INVALID_XML_DOCUMENT)
        # A block list has no use for a document type, and entities are a way to attack.
        if "<!" in text or _NOT_IN_XML.search(text):
            raise ServiceError(ErrorCode.INVALID_XML_DOCUMENT)
        root = ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError):
        raise ServiceError(ErrorCode.INVALID_XML_DOCUMENT) from None
    pairs = []
    for child in root:
        source = _BLOCK_SOURCES.get(child.tag)
        if source is None or root.tag != "BlockList":
            raise ServiceError(ErrorCode.INVALID_XML_DOCUMENT)
        pairs.append((source, (child.text or "").strip()))
    return pairs


def _blob(record: BlobRecord, with_metadata: bool) -> str:
    properties = "".join(
        _element(element, _printable(record.properties[name]))
        for name, element in _LISTED_PROPERTIES
        if name in record.properties
    )
    return (
        f"<Blob>{_name(record.name)}<Properties>"
        f"<Creation-Time>{http_date(record.created_s)}</Creation-Time>"
        f"<Last-Modified>{http_date(record.modified_s)}</Last-Modified><Etag>0x{record.etag:X}</Etag>"
        f"<Content-Length>{record.size_bytes}</Content-Length>{properties}<Content-MD5>{record.md5}</Content-MD5>"
        "<BlobType>BlockBlob</BlobType><AccessTier>Hot</AccessTier><AccessTierInferred>true</AccessTierInferred>"
        "<LeaseStatus>unlocked</LeaseStatus><LeaseState>available</LeaseState><ServerEncrypted>true</ServerEncrypted>"
        f"</Properties>{_metadata(record.metadata) if with_metadata else ''}<OrMetadata /></Blob>"
    )


def _name(name: str) -> str:
    """Names XML cannot carry are percent-encoded and marked, as the service does since 2021-02-12."""
    if _NOT_IN_XML.search(name) or "\r" in name:
        return f'<Name Encoded="true">{quote(name, safe="")}</Name>'
    return f"<Name>{escape(name)}</Name>"


def _metadata(metadata: Mapping[str, str]) -> str:
    return f"<Metadata>{''.join(_element(name, _printable(value)) for name, value in metadata.items())}</Metadata>"


def _echo(echo: Sequence[tuple[str, str | None]]) -> str:
    return "".join(_element(name, _printable(value)) for name, value in echo if value is not None)


def _element(name: str, text: str) -> str:
    return f"<{name}>{escape(text)}</{name}>"


def _printable(text: str) -> str:
    return _NOT_IN_XML.sub("\ufffd", text)
