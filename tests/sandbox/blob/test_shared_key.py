"""Shared Key: the string to sign is the documented one, and only a fresh signature by the account is let in."""

from __future__ import annotations

import base64
from datetime import timedelta
from email.utils import format_datetime

import pytest
from azure.storage.blob._shared.authentication import _storage_header_sort
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import ASGIApp

from tests.sandbox.blob.exchange import NOW, Answer, authorization, exchange, signed_exchange
from tests.sandbox.blob.serving import ACCOUNT
from tui.sandbox.blob import BlobAccount
from tui.sandbox.blob.errors import ServiceError
from tui.sandbox.blob.messages import Request
from tui.sandbox.blob.shared_key import check_query, header_order, string_to_sign


def request_of(method: str, path: str, query: str, headers: dict[str, str]) -> Request:
    async def receive() -> dict[str, object]:
        return {}

    raw_headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
    return Request(
        {
            "method": method,
            "scheme": "http",
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": raw_headers,
            "client": None,
        },
        receive,
    )


def test_the_string_to_sign_has_every_part_in_its_place() -> None:
    request = request_of(
        "PUT",
        "/acct/c/a%20b",
        "timeout=20&comp=metadata&Prefix=a%2Fb",
        {
            "Content-Encoding": "gzip",
            "Content-Language": "de",
            "Content-Length": "11",
            "Content-MD5": "digest",
            "Content-Type": "text/plain",
            "Date": "unsigned, for x-ms-date is there",
            "If-Modified-Since": "then",
            "If-Match": "tag",
            "If-None-Match": "*",
            "If-Unmodified-Since": "before",
            "Range": "bytes=0-1",
            "x-ms-version": "2026-10-06",
            "x-ms-date": "Fri, 20 Nov 2026 10:00:00 GMT",
            "x-ms-meta-a": "1",
        },
    )
    assert string_to_sign(request, "acct") == (
        "PUT\ngzip\nde\n11\ndigest\ntext/plain\n\nthen\ntag\n*\nbefore\nbytes=0-1\n"
        "x-ms-date:Fri, 20 Nov 2026 10:00:00 GMT\nx-ms-meta-a:1\nx-ms-version:2026-10-06\n"
        "/acct/acct/c/a%20b\ncomp:metadata\nprefix:a/b\ntimeout:20"
    )


def test_an_empty_body_is_signed_without_its_length() -> None:
    request = request_of("PUT", "/acct/c", "", {"Content-Length": "0", "Date": "now"})
    assert string_to_sign(request, "acct") == "PUT\n\n\n\n\n\nnow\n\n\n\n\n\n/acct/acct/c"


@given(st.lists(st.from_regex(r"x-ms-[ab1_-]{1,5}", fullmatch=True), unique=True, max_size=8))
def test_header_names_sort_as_the_sdk_sorts_them(names: list[str]) -> None:
    by_sdk = [name for name, _ in _storage_header_sort([(name, "") for name in names])]
    assert sorted(names, key=header_order) == by_sdk


@pytest.mark.parametrize("minutes", [-16, 16])
async def test_an_old_or_early_date_is_refused(app: ASGIApp, minutes: int) -> None:
    date = format_datetime(NOW + timedelta(minutes=minutes), usegmt=True)
    answer = await signed_exchange(app, "GET", "/batchtui", query="comp=list", headers={"x-ms-date": date})
    assert (answer.status, answer.code) == (403, "AuthenticationFailed")
    assert date.encode() in answer.body


@pytest.mark.parametrize("minutes", [-14, 14])
async def test_clocks_may_differ_a_little(app: ASGIApp, minutes: int) -> None:
    date = format_datetime(NOW + timedelta(minutes=minutes), usegmt=True)
    answer = await signed_exchange(app, "GET", "/batchtui", query="comp=list", headers={"x-ms-date": date})
    assert answer.status == 200


@pytest.mark.parametrize("date", ["", "Fri, 31 Dec 9999 23:59:59 -2359"])
async def test_a_request_without_a_date_is_refused(app: ASGIApp, date: str) -> None:
    answer = await signed_exchange(app, "GET", "/batchtui", query="comp=list", headers={"x-ms-date": date})
    assert (answer.status, answer.code) == (403, "AuthenticationFailed")


@pytest.mark.parametrize(
    "header", ["", "SharedKey", "SharedKey batchtui", "SharedKeyLite batchtui:c2ln", "Bearer token", "Basic YTpi"]
)
async def test_other_schemes_are_refused(app: ASGIApp, header: str) -> None:
    answer = await exchange(app, "GET", "/batchtui", query="comp=list", headers={"authorization": header})
    assert answer is not None
    assert (answer.status, answer.code) == (401, "InvalidAuthenticationInfo")


async def replay(app: ASGIApp, **changes: str) -> Answer:
    """A request whose signature was made for something slightly else."""
    date = format_datetime(NOW, usegmt=True)
    signed = {"x-ms-date": date, "x-ms-version": "2026-10-06"}
    header = authorization("GET", "/batchtui/input/a", "", signed)
    answer = await exchange(
        app,
        changes.get("method", "GET"),
        changes.get("path", "/batchtui/input/a"),
        query=changes.get("query", ""),
        headers={
            **signed,
            "authorization": changes.get("header", header),
            "x-ms-version": changes.get("version", "2026-10-06"),
        },
    )
    assert answer is not None
    return answer


async def test_a_signature_fits_one_request_alone(app: ASGIApp) -> None:
    assert (await replay(app)).code == "BlobNotFound"
    for change in (
        {"method": "DELETE"},
        {"path": "/batchtui/input/b"},
        {"query": "comp=metadata"},
        {"version": "2025-01-05"},
        {"header": f"SharedKey other:{base64.b64encode(b'0' * 32).decode()}"},
    ):
        assert (await replay(app, **change)).code == "AuthenticationFailed", change


async def test_the_account_in_the_path_is_the_one_served(app: ASGIApp) -> None:
    answer = await signed_exchange(app, "GET", "/other", query="comp=list")
    assert (answer.status, answer.code) == (403, "AuthenticationFailed")


def test_the_key_shows_in_no_repr() -> None:
    assert ACCOUNT.key not in repr(ACCOUNT)
    assert "secret" not in repr(ACCOUNT)


@pytest.mark.parametrize("key", ["not base64!", ""])
def test_a_key_that_is_none_is_refused_without_showing_it(key: str) -> None:
    with pytest.raises(ValueError, match="account key is") as caught:
        BlobAccount("name", key)
    assert "not base64!" not in str(caught.value)


@pytest.mark.parametrize(
    ("signed", "sent"),
    [
        ("comp=list&prefix=x", "comp=list%0Aprefix:x"),
        ("comp=list&prefix=x&timeout=1", "comp=list&prefix=x%0Atimeout:1"),
        ("comp=list&prefix=x&timeout=1", "comp=list&prefix=x%0A%0Atimeout:1"),
        ("comp=list&prefix=x:y", "comp=list&prefix:x=y"),
        ("comp=list&prefix=x:y", "comp=list&prefix%3Ax=y"),
        ("comp=list&prefix=x", "comp:list%0Aprefix=x"),
        ("comp=list&prefix=x", "comp=list&prefix=x&prefix="),
    ],
)
async def test_no_other_query_passes_for_the_signed_one(app: ASGIApp, signed: str, sent: str) -> None:
    headers = {"x-ms-date": format_datetime(NOW, usegmt=True), "x-ms-version": "2026-10-06"}
    headers["authorization"] = authorization("GET", "/batchtui", signed, headers)
    for query, status in ((signed, (200,)), (sent, (400, 403))):
        answer = await exchange(app, "GET", "/batchtui", query=query, headers=headers)
        assert answer is not None
        assert answer.status in status, query


async def test_a_listing_may_begin_with_any_line(app: ASGIApp) -> None:
    answer = await signed_exchange(app, "GET", "/batchtui", query="comp=list&prefix=a%3Ab%0Ac%0D%0A%00")
    assert answer.status == 200


_QUERIES = st.lists(
    st.sampled_from(["a", "b", "A", "=", "&", ":", "%3A", "%3D", "%26", "%0A", "%0D", "+", "%C3%A9", "%FF"]),
    max_size=10,
).map("".join)


@given(raw_query=_QUERIES)
def test_what_is_read_of_a_query_is_what_its_signature_says(raw_query: str) -> None:
    request = request_of("GET", "/acct/c", raw_query, {"Date": "now"})
    try:
        check_query(request.query)
    except ServiceError:
        return
    read: dict[str, str] = {}
    name = ""
    for line in string_to_sign(request, "acct").partition("/acct/acct/c\n")[2].split("\n"):
        if ":" in line:
            name, _, value = line.partition(":")
            read[name] = value
        elif name in read:
            read[name] += f"\n{line}"
    assert read == request.query
