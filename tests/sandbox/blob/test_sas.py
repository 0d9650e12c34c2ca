"""Shared access signatures: every version's string to sign, and every way one does not let a request in."""

from __future__ import annotations

import base64
import hashlib
import hmac
from urllib.parse import quote

import pytest
from starlette.types import ASGIApp

from tests.sandbox.blob.exchange import Answer, exchange, signed_exchange
from tests.sandbox.blob.serving import ACCOUNT

EXPIRY = "2026-11-20T11:00:00Z"


def signature(text: str) -> str:
    digest = hmac.new(base64.b64decode(ACCOUNT.key), text.encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def container_sas(version: str = "2026-10-06", **changes: str) -> dict[str, str]:
    """The fields of a read signature for `input`, signed as `version` documents it."""
    fields = {"sv": version, "sr": "c", "sp": "r", "se": EXPIRY, **changes}
    order = ["sp", "st", "se", "/blob/batchtui/input", "si", "sip", "spr", "sv"]
    if version >= "2018-11-09":
        order += ["sr", ""]
    if version >= "2020-12-06":
        order += ["ses"]
    order += ["rscc", "rscd", "rsce", "rscl", "rsct"]
    text = "\n".join(name if name.startswith("/") else fields.get(name, "") for name in order)
    return {**fields, "sig": signature(text)}


def account_sas(version: str = "2026-10-06", **changes: str) -> dict[str, str]:
    fields = {"sv": version, "ss": "b", "srt": "sco", "sp": "rl", "se": EXPIRY, **changes}
    order = ["sp", "ss", "srt", "st", "se", "sip", "spr", "sv"] + (["ses"] if version >= "2020-12-06" else [])
    text = "".join(f"{line}\n" for line in ["batchtui", *(fields.get(name, "") for name in order)])
    return {**fields, "sig": signature(text)}


async def read(
    app: ASGIApp, fields: dict[str, str], *, path: str = "/batchtui/input/a", client: str = "127.0.0.1"
) -> Answer:
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in fields.items())
    answer = await exchange(app, "GET", path, query=query, client=client)
    assert answer is not None
    return answer


@pytest.fixture
async def filled(app: ASGIApp) -> ASGIApp:
    answer = await signed_exchange(
        app, "PUT", "/batchtui/input/a", headers={"x-ms-blob-type": "BlockBlob"}, body=[b"content"]
    )
    assert answer.status == 201
    return app


@pytest.mark.parametrize(
    "version", ["2015-04-05", "2018-03-28", "2018-11-09", "2020-10-02", "2020-12-06", "2026-10-06"]
)
async def test_every_version_is_verified_in_its_own_form(filled: ASGIApp, version: str) -> None:
    for fields in (container_sas(version), account_sas(version)):
        answer = await read(filled, fields)
        assert (answer.status, answer.body) == (200, b"content")
        assert (await read(filled, {**fields, "se": "2036-11-20T11:00:00Z"})).code == "AuthenticationFailed"


@pytest.mark.parametrize(
    "expiry", ["2026-11-21", "2026-11-20T10:01Z", "2026-11-20T10:00:01Z", "2026-11-20T10:00:00.0000010Z"]
)
async def test_every_form_of_time_is_read(filled: ASGIApp, expiry: str) -> None:
    assert (await read(filled, container_sas(se=expiry))).status == 200


@pytest.mark.parametrize("expiry", ["2026-11-20", "2026-11-20T10:00:00Z", "", "tomorrow", "2026-13-45T10:00:00Z"])
async def test_an_expiry_that_has_come_or_is_no_time_refuses(filled: ASGIApp, expiry: str) -> None:
    answer = await read(filled, container_sas(se=expiry))
    assert (answer.status, answer.code) == (403, "AuthenticationFailed")


async def test_the_refusal_names_the_expiry(filled: ASGIApp) -> None:
    answer = await read(filled, container_sas(se="2026-11-20T09:59:59Z"))
    assert b"<AuthenticationErrorDetail>" in answer.body
    assert b"Expiry [Fri, 20 Nov 2026 09:59:59 GMT]" in answer.body


async def test_a_signature_begins_at_its_start(filled: ASGIApp) -> None:
    assert (await read(filled, container_sas(st="2026-11-20T10:00:01Z"))).code == "AuthenticationFailed"
    assert (await read(filled, container_sas(st="2026-11-20T10:00:00Z"))).status == 200


@pytest.mark.parametrize(
    "fields",
    [
        container_sas(version="2014-02-14"),
        container_sas(si="policy"),
        {**container_sas(), "skoid": "someone"},
        container_sas(sr="b"),
        container_sas(sr="d"),
        container_sas(rscd="a\r\nx: y"),
        {**container_sas(), "sig": ""},
        {**container_sas(), "sig": "ü"},
    ],
    ids=["old", "policy", "delegation", "resource", "directory", "control characters", "empty", "not base64"],
)
async def test_forms_that_are_not_served_are_refused(filled: ASGIApp, fields: dict[str, str]) -> None:
    answer = await read(filled, fields)
    assert (answer.status, answer.code) == (403, "AuthenticationFailed")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        (container_sas(sp="w"), "AuthorizationPermissionMismatch"),
        (container_sas(sp=""), "AuthorizationPermissionMismatch"),
        (container_sas(spr="https"), "AuthorizationProtocolMismatch"),
        (account_sas(ss="q"), "AuthorizationServiceMismatch"),
        (account_sas(srt="sc"), "AuthorizationResourceTypeMismatch"),
        (account_sas(srt=""), "AuthorizationResourceTypeMismatch"),
        (container_sas(sip="127.0.0.2"), "AuthorizationSourceIPMismatch"),
        (container_sas(sip="somewhere"), "AuthorizationSourceIPMismatch"),
    ],
)
async def test_a_true_signature_that_does_not_cover_the_request(
    filled: ASGIApp, fields: dict[str, str], code: str
) -> None:
    answer = await read(filled, fields)
    assert (answer.status, answer.code) == (403, code)


@pytest.mark.parametrize("addresses", ["127.0.0.1", "127.0.0.0-127.0.0.9"])
async def test_an_address_inside_the_range_is_let_in(filled: ASGIApp, addresses: str) -> None:
    assert (await read(filled, container_sas(sip=addresses))).status == 200


async def test_response_headers_in_the_signature_replace_the_stored_ones(filled: ASGIApp) -> None:
    answer = await read(filled, container_sas(rsct="text/csv", rscc="no-store"))
    assert (answer.headers["content-type"], answer.headers["cache-control"]) == ("text/csv", "no-store")


async def test_the_answer_does_not_depend_on_what_is_stored(filled: ASGIApp) -> None:
    expired = container_sas(se="2026-11-20T09:00:00Z")
    there = await read(filled, expired)
    missing = await read(filled, expired, path="/batchtui/input/missing")
    assert (there.status, there.code) == (missing.status, missing.code)
