"""What the service refuses before and beside its operations, and that nothing half-done stays."""

from __future__ import annotations

import base64
import hashlib
from email.utils import format_datetime
from pathlib import Path

import pytest
from starlette.types import ASGIApp

from tests.sandbox.blob.exchange import NOW, Answer, authorization, exchange, signed_exchange
from tests.sandbox.blob.serving import ACCOUNT
from tui.sandbox.blob import BlobStore, create_blob_app
from tui.sandbox.blob.content import CHUNK_BYTES

BLOCK_BLOB = {"x-ms-blob-type": "BlockBlob"}


async def put(app: ASGIApp, name: str, *body: bytes, **headers: str) -> Answer:
    all_headers = {**BLOCK_BLOB, **{key.replace("_", "-"): value for key, value in headers.items()}}
    return await signed_exchange(app, "PUT", f"/batchtui/input/{name}", headers=all_headers, body=body or (b"",))


def files(root: Path) -> int:
    return len(list((root / "content").iterdir()))


@pytest.mark.parametrize("host", ["127.0.0.1:1", "127.0.0.1", "localhost:10000", "LOCALHOST", "[::1]:1", "127.1.2.3"])
async def test_loopback_names_are_served(app: ASGIApp, host: str) -> None:
    answer = await signed_exchange(app, "GET", "/batchtui", query="comp=list", headers={"host": host})
    assert answer.status == 200


@pytest.mark.parametrize(
    "host", ["example.com", "127.0.0.1.example.com", "10.0.0.1:80", "localhost:x", "[::2]", "@127.0.0.1"]
)
async def test_other_names_are_refused_even_with_the_key(app: ASGIApp, host: str) -> None:
    answer = await signed_exchange(app, "GET", "/batchtui", query="comp=list", headers={"host": host})
    assert (answer.status, answer.code) == (403, "AuthorizationFailure")


async def test_web_pages_are_refused(app: ASGIApp) -> None:
    answer = await signed_exchange(app, "GET", "/batchtui", query="comp=list", headers={"origin": "http://127.0.0.1"})
    assert answer.status == 403
    preflight = await exchange(app, "OPTIONS", "/batchtui/input", headers={"origin": "null"})
    assert preflight is not None
    assert preflight.status == 403
    assert not any(name.startswith("access-control") for name in preflight.headers)


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "POST", "BREW"])
async def test_a_stranger_learns_nothing(app: ASGIApp, method: str) -> None:
    assert (await put(app, "there", b"x")).status == 201
    seen = set()
    for path in (
        "/batchtui/input/there",
        "/batchtui/input/missing",
        "/batchtui/missing/x",
        "/other/x/y",
        "/",
        "/batchtui",
    ):
        answer = await exchange(app, method, path, headers=BLOCK_BLOB)
        assert answer is not None
        seen.add((answer.status, answer.code))
    assert seen == {(401, "NoAuthenticationInformation")}


@pytest.mark.parametrize(
    "name", ["../../escape", "..%2F..%2Fescape", "%2Fetc%2Fpasswd", "a/../../../b", "%00", "~", "C:%5Cx"]
)
async def test_no_name_leaves_the_folder(app: ASGIApp, root: Path, name: str) -> None:
    before = {path for path in root.parent.rglob("*") if "content" not in path.parts}
    assert (await put(app, name, b"x")).status == 201
    assert {path for path in root.parent.rglob("*") if "content" not in path.parts} == before
    assert files(root) == 1
    answer = await signed_exchange(app, "GET", f"/batchtui/input/{name}")
    assert (answer.status, answer.body) == (200, b"x")


async def test_a_body_that_is_too_large_is_refused_before_it_is_taken(app: ASGIApp, root: Path) -> None:
    answer = await put(app, "a", b"x" * 1001)
    assert (answer.status, answer.code) == (413, "RequestBodyTooLarge")
    assert (await put(app, "a", b"x" * 1000)).status == 201
    block = await signed_exchange(app, "PUT", "/batchtui/input/b", query="blockid=MDE=&comp=block", body=[b"x" * 501])
    assert (block.status, block.code) == (413, "RequestBodyTooLarge")
    assert files(root) == 1


async def test_a_body_of_unknown_length_is_refused(app: ASGIApp) -> None:
    answer = await signed_exchange(
        app, "PUT", "/batchtui/input/a", headers={**BLOCK_BLOB, "content-length": "", "transfer-encoding": "chunked"}
    )
    assert (answer.status, answer.code) == (411, "MissingContentLengthHeader")


async def test_a_client_that_goes_away_leaves_nothing(app: ASGIApp, store: BlobStore, root: Path) -> None:
    answer = await signed_exchange(
        app, "PUT", "/batchtui/input/a", headers=BLOCK_BLOB, body=[b"half of ", b"it"], disconnects=True
    )
    assert answer.status == 0
    assert store.find_blob("input", "a") is None
    assert files(root) == 0


async def test_a_client_that_goes_away_late_leaves_nothing(store: BlobStore, root: Path) -> None:
    store.create_container("input", {})
    app = create_blob_app(store, ACCOUNT, clock=lambda: NOW)
    piece = bytes(CHUNK_BYTES)
    answer = await signed_exchange(
        app, "PUT", "/batchtui/input/a", headers=BLOCK_BLOB, body=[piece, piece, b"x"], disconnects=True
    )
    assert (answer.status, files(root)) == (0, 0)


async def test_a_large_body_passes_through_the_disk(store: BlobStore, root: Path) -> None:
    store.create_container("input", {})
    app = create_blob_app(store, ACCOUNT, clock=lambda: NOW)
    pieces = [bytes([index]) * 700_000 for index in range(9)]
    assert (await put(app, "a", *pieces)).status == 201
    answer = await signed_exchange(app, "GET", "/batchtui/input/a")
    assert (answer.status, answer.body == b"".join(pieces)) == (200, True)
    wants_digest = {"x-ms-range-get-content-md5": "true"}
    for text, status in (("", 400), ("bytes=0-4194304", 400), ("bytes=0-4194303", 206)):
        answer = await signed_exchange(
            app, "GET", "/batchtui/input/a", headers={**wants_digest, **({"x-ms-range": text} if text else {})}
        )
        assert answer.status == status
    assert (await signed_exchange(app, "DELETE", "/batchtui/input/a")).status == 202
    assert files(root) == 0


async def test_a_body_in_pieces_is_one_blob(app: ASGIApp) -> None:
    answer = await put(app, "a", b"one ", b"two ", b"three")
    digest = base64.b64encode(hashlib.md5(b"one two three", usedforsecurity=False).digest()).decode()
    assert answer.headers["content-md5"] == digest


async def test_a_block_list_says_where_each_block_is_taken_from(app: ASGIApp) -> None:
    """The SDK cannot say so: it sends every block as Latest."""

    async def stage(data: bytes) -> None:
        answer = await signed_exchange(app, "PUT", "/batchtui/input/a", query="blockid=MDE=&comp=block", body=[data])
        assert answer.status == 201

    async def commit_from(source: str) -> str:
        document = f"<BlockList><{source}>MDE=</{source}></BlockList>".encode()
        return (await signed_exchange(app, "PUT", "/batchtui/input/a", query="comp=blocklist", body=[document])).code

    async def content() -> bytes:
        return (await signed_exchange(app, "GET", "/batchtui/input/a")).body

    await stage(b"old")
    assert await commit_from("Committed") == "InvalidBlockList"
    assert await commit_from("Uncommitted") == ""
    assert await commit_from("Uncommitted") == "InvalidBlockList"
    await stage(b"new")
    assert (await commit_from("Committed"), await content()) == ("", b"old")
    await stage(b"new")
    assert (await commit_from("Latest"), await content()) == ("", b"new")
    assert (await commit_from("Latest"), await content()) == ("", b"new")


@pytest.mark.parametrize("header", ["content_md5", "x_ms_blob_content_md5"])
async def test_a_wrong_digest_leaves_nothing(app: ASGIApp, root: Path, header: str) -> None:
    wrong = base64.b64encode(b"0" * 16).decode()
    answer = await put(app, "a", b"x", **{header: wrong})
    assert (answer.status, answer.code) == (400, "Md5Mismatch")
    assert (await put(app, "a", b"x", **{header: "short"})).code == "InvalidMd5"
    assert files(root) == 0


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "MissingRequiredHeader"),
        ({"x-ms-blob-type": "PageBlob"}, "InvalidHeaderValue"),
        ({**BLOCK_BLOB, "x-ms-copy-source": "http://127.0.0.1/x"}, "UnsupportedHeader"),
        ({**BLOCK_BLOB, "x-ms-structured-body": "XSM/1.0"}, "UnsupportedHeader"),
        ({**BLOCK_BLOB, "x-ms-lease-id": "x"}, "LeaseNotPresentWithBlobOperation"),
        ({**BLOCK_BLOB, "x-ms-meta-a-b": "x"}, "InvalidMetadata"),
        ({**BLOCK_BLOB, "x-ms-meta-": "x"}, "EmptyMetadataKey"),
        ({**BLOCK_BLOB, "x-ms-meta-a": "x" * 8193}, "MetadataTooLarge"),
    ],
)
async def test_headers_that_are_not_served_are_refused(
    app: ASGIApp, root: Path, headers: dict[str, str], code: str
) -> None:
    answer = await signed_exchange(app, "PUT", "/batchtui/input/a", headers=headers, body=[b"x"])
    assert answer.code == code
    assert files(root) == 0


@pytest.mark.parametrize(
    ("method", "path", "query", "status", "code"),
    [
        ("BREW", "/batchtui/input/a", "", 405, "UnsupportedHttpVerb"),
        ("DELETE", "/batchtui", "comp=list", 405, "UnsupportedHttpVerb"),
        ("GET", "/batchtui/input/a", "comp=lease", 400, "InvalidQueryParameterValue"),
        ("GET", "/batchtui/input", "restype=share", 400, "InvalidQueryParameterValue"),
        ("GET", "/batchtui/input", "", 404, "ContainerNotFound"),
        ("GET", "/batchtui", "", 400, "InvalidUri"),
        ("GET", "/batchtui", "comp=list&maxresults=0", 400, "OutOfRangeQueryParameterValue"),
        ("GET", "/batchtui", "comp=list&maxresults=many", 400, "InvalidQueryParameterValue"),
        ("GET", "/batchtui", "comp=list&maxresults=--1", 400, "InvalidQueryParameterValue"),
        ("GET", "/batchtui", "comp=list&marker=x", 400, "InvalidQueryParameterValue"),
        ("PUT", "/batchtui/input/a", "comp=block", 400, "MissingRequiredQueryParameter"),
        ("PUT", "/batchtui/input/a", "blockid=no&comp=block", 400, "InvalidQueryParameterValue"),
        ("PUT", "/batchtui/input/a", "comp=blocklist", 400, "InvalidXmlDocument"),
        ("GET", "/batchtui/input/a", "blocklisttype=some&comp=blocklist", 400, "InvalidQueryParameterValue"),
    ],
)
async def test_requests_that_ask_for_nothing_there_is(
    app: ASGIApp, method: str, path: str, query: str, status: int, code: str
) -> None:
    answer = await signed_exchange(app, method, path, query=query)
    assert (answer.status, answer.code) == (status, code)


async def test_every_answer_names_its_request(app: ASGIApp) -> None:
    answers = [
        await signed_exchange(app, "GET", path, query=query, headers={"x-ms-client-request-id": "mine"})
        for path, query in (("/batchtui", "comp=list"), ("/batchtui/input/missing", ""))
    ]
    for answer in answers:
        assert answer.headers["x-ms-client-request-id"] == "mine"
        assert answer.headers["x-ms-version"] == "2026-10-06"
    assert answers[0].headers["x-ms-request-id"] != answers[1].headers["x-ms-request-id"]


@pytest.mark.parametrize("version", ["1", "2025-13-01", "2025-11-05-preview", "20251105", "2001-01-01", "9" * 80])
async def test_a_version_that_cannot_be_is_refused(app: ASGIApp, version: str) -> None:
    answer = await signed_exchange(app, "GET", "/batchtui", query="comp=list", headers={"x-ms-version": version})
    assert (answer.status, answer.code) == (400, "InvalidHeaderValue")
    assert answer.headers["x-ms-version"] != version


@pytest.mark.parametrize("version", ["2014-02-14", "2019-02-02", "2026-10-06", "2031-01-01"])
async def test_a_version_old_or_new_is_taken(app: ASGIApp, version: str) -> None:
    answer = await signed_exchange(app, "GET", "/batchtui", query="comp=list", headers={"x-ms-version": version})
    assert (answer.status, answer.headers["x-ms-version"]) == (200, version)


async def test_an_answer_to_head_has_the_length_and_no_body(app: ASGIApp) -> None:
    await put(app, "a", b"content")
    answer = await signed_exchange(app, "HEAD", "/batchtui/input/a")
    assert (answer.status, answer.headers["content-length"], answer.body) == (200, "7", b"")
    missing = await signed_exchange(app, "HEAD", "/batchtui/input/b")
    assert (missing.status, missing.code, missing.body) == (404, "BlobNotFound", b"")


async def test_lost_content_is_an_internal_error_and_not_a_crash(
    app: ASGIApp, root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await put(app, "a", b"content")
    for path in (root / "content").iterdir():
        path.unlink()
    answer = await signed_exchange(app, "GET", "/batchtui/input/a")
    assert (answer.status, answer.code) == (500, "InternalError")
    assert "FileNotFoundError" in caplog.text
    assert "SharedKey" not in caplog.text


async def test_a_condition_refuses_before_the_body_has_crossed_the_wire(app: ASGIApp) -> None:
    assert (await put(app, "a", b"1", if_none_match="*")).status == 201
    assert (await put(app, "a", b"2", if_none_match="*")).code == "BlobAlreadyExists"
    early = await signed_exchange(
        app,
        "PUT",
        "/batchtui/input/a",
        headers={**BLOCK_BLOB, "if-none-match": "*"},
        body=[b"never sent whole"],
        disconnects=True,
    )
    assert early.code == "BlobAlreadyExists"
    answer = await signed_exchange(app, "GET", "/batchtui/input/a", headers={"if-none-match": "*"})
    assert (answer.status, answer.body) == (304, b"")
    assert "content-length" not in answer.headers


@pytest.mark.parametrize("parameter", ["snapshot=2026-11-20T10:00:00.0000000Z", "versionid=1", "snapshot="])
@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
async def test_what_there_never_was_is_not_taken_for_the_blob(app: ASGIApp, method: str, parameter: str) -> None:
    assert (await put(app, "there", b"x")).status == 201
    answer = await signed_exchange(app, method, "/batchtui/input/there", query=parameter)
    assert (answer.status, answer.headers["x-ms-error-code"]) == (400, "InvalidQueryParameterValue")
    assert (await signed_exchange(app, "GET", "/batchtui/input/there")).body == b"x"


@pytest.mark.parametrize("length", ["1_0", "+1", " 1", "\xb2", "", "9" * 30])
async def test_a_length_in_other_digits_is_refused(app: ASGIApp, length: str) -> None:
    headers = {**BLOCK_BLOB, "content-length": length}
    date = {"x-ms-date": format_datetime(NOW, usegmt=True), "x-ms-version": "2026-10-06"}
    signature = authorization("PUT", "/batchtui/input/x", "", {**headers, **date})
    answer = await exchange(
        app, "PUT", "/batchtui/input/x", headers={**headers, **date, "authorization": signature}, body=(b"x",)
    )
    assert answer is not None
    assert (answer.status, answer.code) == (400, "InvalidHeaderValue")
