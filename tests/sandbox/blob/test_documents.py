"""The XML documents stay well-formed whatever names and values hold, and no block list does harm."""

from __future__ import annotations

from urllib.parse import unquote
from xml.etree import ElementTree

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tui.sandbox.blob.documents import blob_listing, error_document, parse_block_list
from tui.sandbox.blob.errors import ErrorCode, ServiceError
from tui.sandbox.blob.records import BlobRecord

text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


def record(name: str, metadata: str = "", content_type: str = "") -> BlobRecord:
    return BlobRecord("c", name, 1, 0, 0, 0, "", {"content-type": content_type}, {"m": metadata}, ())


@example(name="carriage\rreturn", value="\0", prefix="\r")
@given(name=text, value=text, prefix=text)
def test_any_name_can_be_read_back_from_a_listing(name: str, value: str, prefix: str) -> None:
    document = blob_listing(
        "http://127.0.0.1/a&b/", "c", [("Prefix", prefix)], [record(name, value, value), name], "", with_metadata=True
    )
    found = list(ElementTree.fromstring(document).iter("Name"))
    assert len(found) == 2
    for element in found:
        shown = element.text or ""
        assert (unquote(shown) if element.get("Encoded") == "true" else shown) == name


@given(detail=text)
def test_an_error_with_any_detail_can_be_read(detail: str) -> None:
    refused = ServiceError(ErrorCode.INVALID_HEADER_VALUE, {"HeaderValue": detail})
    root = ElementTree.fromstring(error_document(refused, "id", "time"))
    assert root.findtext("Code") == "InvalidHeaderValue"
    assert (root.findtext("Message") or "").endswith("RequestId:id\nTime:time")


def test_a_block_list_keeps_its_order() -> None:
    entries = b"<Latest>Yg==</Latest><Committed>YQ==</Committed><Uncommitted>Yw==</Uncommitted>"
    document = b"<?xml version='1.0'?><BlockList>" + entries + b"</BlockList>"
    assert parse_block_list(document) == [("Latest", "Yg=="), ("Committed", "YQ=="), ("Uncommitted", "Yw==")]


def test_a_block_list_is_utf_8_with_or_without_its_mark() -> None:
    document = "<?xml version='1.0' encoding='Utf-8'?><BlockList><Latest>é</Latest></BlockList>"
    assert parse_block_list(document.encode()) == [("Latest", "é")]
    assert parse_block_list(document.encode("utf-8-sig")) == [("Latest", "é")]


ENTITY = '<!DOCTYPE x [<!ENTITY a "YQ==">]><BlockList><Latest>&a;</Latest></BlockList>'
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-7", "cp037")


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"no xml",
        b"<BlockList><Newest>YQ==</Newest></BlockList>",
        b"<Blocks><Latest>YQ==</Latest></Blocks>",
        b'<!DOCTYPE x [<!ENTITY a "b">]><BlockList><Latest>&a;</Latest></BlockList>',
        b"<?xml version='1.0' encoding='no-such'?><BlockList />",
        b"<?xml version='1.0' encoding='iso-8859-1'?><BlockList />",
        b"<?xml version='1.0'\n  encoding = \"UTF-16\" ?><BlockList />",
        b"<BlockList><Latest>\xe4</Latest></BlockList>",
        *(ENTITY.encode(encoding) for encoding in ENCODINGS),
        *(f"<?xml version='1.0' encoding='{name}'?>{ENTITY}".encode(name) for name in ENCODINGS),
        *("<BlockList />".encode(encoding) for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp037")),
    ],
)
def test_what_is_no_block_list_is_refused(document: bytes) -> None:
    with pytest.raises(ServiceError) as refused:
        parse_block_list(document)
    assert refused.value.error is ErrorCode.INVALID_XML_DOCUMENT
