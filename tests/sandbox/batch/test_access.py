"""Who is let in: signatures, clocks, hosts, web pages."""

from __future__ import annotations

import base64
import hashlib
import hmac
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sandbox.batch.world import ACCOUNT, HOST, KEY, Answer, World, in_world, sign
from tui.sandbox.batch.auth import SharedKeyVerifier, SignedRequest, strings_to_sign
from tui.sandbox.batch.errors import ServiceError
from tui.sandbox.batch.http import read_query
from tui.sandbox.batch.times import TICKS_PER_SECOND, http_date, parse_time

_MINUTE = 60 * TICKS_PER_SECOND


def refused(answer: Answer, code: str = "AuthenticationFailed") -> bool:
    return answer.status == 403 and answer.code == code


def test_only_signed_requests_succeed_whatever_they_ask(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        assert (await world.send("GET", "/pools")).status == 200
        other_key = base64.b64encode(b"another").decode()
        for method, path in (("GET", "/pools"), ("GET", "/nowhere"), ("POST", "/jobs"), ("DELETE", "/jobs/x")):
            for signed_with in (None, other_key):
                answer = await world.send(method, path, sign_with=signed_with)
                assert refused(answer), (method, path, signed_with)
                assert answer.json["values"][0]["key"] == "AuthenticationErrorDetail"
        assert KEY.encode() not in answer.body

    in_world(tmp_path, work)


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "SharedKey",
        f"SharedKey {ACCOUNT}",
        f"SharedKey {ACCOUNT}:",
        f"SharedKey {ACCOUNT}:AAAA",
        f"SharedKey {ACCOUNT}:not base64!",
        "SharedKey other:AAAA",
        "Bearer abc",
    ],
)
def test_no_other_authorization_is_one(tmp_path: Path, authorization: str) -> None:
    async def work(world: World) -> None:
        answer = await world.send("GET", "/pools", headers={"authorization": authorization}, sign_with=None)
        assert refused(answer)

    in_world(tmp_path, work)


def test_a_signature_covers_path_query_method_date_and_range(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        now = http_date(world.service.clock.now())
        headers = {"host": HOST, "ocp-date": now, "ocp-range": "bytes=0-1"}
        query = "api-version=2025-06-01&maxresults=2"
        signed = {**headers, "authorization": sign("GET", "/pools", query, headers)}
        assert (await world._exchange("GET", "/pools", query, signed, b"")).status == 200
        later = http_date(world.service.clock.now() + _MINUTE)
        for method, path, text, changed in (
            ("GET", "/jobs", query, signed),
            ("HEAD", "/pools", query, signed),
            ("GET", "/pools", "api-version=2025-06-01&maxresults=3", signed),
            ("GET", "/pools", query + "&more=1", signed),
            ("GET", "/pools", query, signed | {"ocp-range": "bytes=0-9"}),
            ("GET", "/pools", query, signed | {"ocp-date": later}),
        ):
            assert (await world._exchange(method, path, text, changed, b"")).status == 403

    in_world(tmp_path, work)


@pytest.mark.parametrize(("minutes", "status"), [(14, 200), (-14, 200), (16, 403), (-16, 403)])
def test_a_clock_more_than_fifteen_minutes_off_is_refused(tmp_path: Path, minutes: int, status: int) -> None:
    async def work(world: World) -> None:
        date = http_date(world.service.clock.now() + minutes * _MINUTE)
        assert (await world.send("GET", "/pools", headers={"ocp-date": date})).status == status

    in_world(tmp_path, work)


def test_requests_from_web_pages_and_to_foreign_names_are_refused(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        assert refused(await world.send("GET", "/pools", headers={"origin": "http://127.0.0.1:1234"}), "Forbidden")
        for host in ("evil.example:1234", "10.0.0.1:1234", "", "127.0.0.1.evil.example"):
            assert refused(await world.send("GET", "/pools", headers={"host": host}), "Forbidden")
        for host in ("localhost:1", "[::1]:1", "127.0.0.9"):
            assert (await world.send("GET", "/pools", headers={"host": host})).status == 200

    in_world(tmp_path, work)


def _signed(string_to_sign: str) -> str:
    mac = hmac.new(base64.b64decode(KEY), string_to_sign.encode(), hashlib.sha256).digest()
    return f"SharedKey {ACCOUNT}:{base64.b64encode(mac).decode()}"


_DATE = "Fri, 20 Nov 2026 09:00:00 GMT"
_NOW = parse_time("2026-11-20T09:05:00Z") or 0


@pytest.mark.parametrize(
    ("method", "path", "query", "headers", "string_to_sign"),
    [
        pytest.param(
            "GET",
            "/pools",
            "timeOut=20&api-version=1",
            {},
            f"GET\n\n\n\n\n\n\n\n\n\n\n\nocp-date:{_DATE}\n/sandbox/pools\napi-version:1\ntimeout:20",
            id="documented lower-case query names",
        ),
        pytest.param(
            "GET",
            "/pools",
            "timeOut=20&api-version=1",
            {},
            f"GET\n\n\n\n\n\n\n\n\n\n\n\nocp-date:{_DATE}\n/sandbox/pools\napi-version:1\ntimeOut:20",
            id="query names as sent",
        ),
        pytest.param(
            "DELETE",
            "/jobs/a",
            "api-version=1",
            {},
            f"DELETE\n\n\n0\n\n\n\n\n\n\n\n\nocp-date:{_DATE}\n/sandbox/jobs/a\napi-version:1",
            id="missing length signed as 0",
        ),
        pytest.param(
            "DELETE",
            "/jobs/a",
            "api-version=1",
            {"content-length": "0"},
            f"DELETE\n\n\n\n\n\n\n\n\n\n\n\nocp-date:{_DATE}\n/sandbox/jobs/a\napi-version:1",
            id="length 0 signed as nothing",
        ),
        pytest.param(
            "GET",
            "/jobs/a/tasks/b/files/wd%2Fx%5Cy",
            "api-version=1",
            {},
            f"GET\n\n\n\n\n\n\n\n\n\n\n\nocp-date:{_DATE}\n/sandbox/jobs/a/tasks/b/files/wd/x/y\napi-version:1",
            id="old clients unescape slashes",
        ),
    ],
)
def test_the_known_spellings_of_a_signature_are_accepted(
    method: str, path: str, query: str, headers: dict[str, str], string_to_sign: str
) -> None:
    verifier = SharedKeyVerifier(ACCOUNT, KEY)
    all_headers = {"ocp-date": _DATE, **headers, "authorization": _signed(string_to_sign)}
    verifier.verify(SignedRequest(method, path, query, all_headers), _NOW)
    with pytest.raises(ServiceError):
        verifier.verify(SignedRequest(method, path + "x", query, all_headers), _NOW)


def test_a_body_length_other_than_the_signed_one_is_refused() -> None:
    verifier = SharedKeyVerifier(ACCOUNT, KEY)
    text = f"POST\n\n\n0\n\n\n\n\n\n\n\n\nocp-date:{_DATE}\n/sandbox/jobs\napi-version:1"
    headers = {"ocp-date": _DATE, "content-length": "5", "authorization": _signed(text)}
    with pytest.raises(ServiceError):
        verifier.verify(SignedRequest("POST", "/jobs", "api-version=1", headers), _NOW)


_VERSION = "api-version=2025-06-01"


@pytest.mark.parametrize(
    ("signed", "sent"),
    [
        (f"{_VERSION}&$filter=id%20eq%20'x'", f"{_VERSION}&$filter=&$filter=id%20eq%20'x'"),
        (f"{_VERSION}&$filter=id%20eq%20'x'", f"{_VERSION}&$filter=id%20eq%20'x'&$filter=id%20eq%20'y'"),
        (f"{_VERSION}&$filter=id%20eq%20'x'", f"$filter=id%20eq%20'x'&$FILTER=id%20eq%20'pool'&{_VERSION}"),
        (f"$filter=id%20eq%20'x'&{_VERSION}", f"{_VERSION}&$filter%3Aid%20eq%20'x=y'"),
        (f"$filter=id%20eq%20'x:'&{_VERSION}", f"$filter%3Aid%20eq%20'x='&{_VERSION}"),
        (f"{_VERSION}&maxresults=1", f"{_VERSION}%0Amaxresults:1"),
        (f"{_VERSION}&maxresults=1", f"{_VERSION}&maxresults=1&maxresults=2"),
        (_VERSION, f"{_VERSION}&$select=&maxresults="),
    ],
)
def test_no_other_query_passes_for_the_signed_one(tmp_path: Path, signed: str, sent: str) -> None:
    async def work(world: World) -> None:
        await world.make_pool()
        headers = {"host": HOST, "ocp-date": http_date(world.service.clock.now())}
        headers["authorization"] = sign("GET", "/pools", signed, headers)
        expected = await world._exchange("GET", "/pools", signed, headers, b"")
        answer = await world._exchange("GET", "/pools", sent, headers, b"")
        assert expected.status == 200
        assert answer.status in (400, 403) or answer.json["value"] == expected.json["value"]

    in_world(tmp_path, work)


_QUERIES = st.lists(
    st.sampled_from(
        ["a", "b", "A", "$f", "=", "&", ":", "%3A", "%3D", "%26", "%0A", "%0D", "%00", "+", "%C3%A9", "%FF"]
    ),
    max_size=10,
).map("".join)


@given(raw_query=_QUERIES)
def test_what_is_read_of_a_query_is_what_its_signature_says(raw_query: str) -> None:
    try:
        read = read_query(raw_query)
    except ServiceError:
        return
    request = SignedRequest("GET", "/pools", raw_query, {})
    for text in strings_to_sign(ACCOUNT, request):
        lines = text.partition(f"/{ACCOUNT}/pools")[2].split("\n")[1:]
        assert {name.lower(): value for name, _, value in (line.partition(":") for line in lines)} == read


@pytest.mark.parametrize(
    ("signed", "sent"),
    [
        ("/jobs/job", "/jobs%2Fjob"),
        ("/jobs%2Fjob", "/jobs/job"),
        ("/jobs/job", "/jobs%5Cjob"),
        ("/jobs/job/tasks/t0", "/jobs/job%2ftasks/t0"),
        ("/jobs/files/tasks", "/jobs/files%2Ftasks"),
        ("/jobs/job/tasks/t0/files/wd/x", "/jobs/job/tasks%2Ft0/files/wd/x"),
    ],
)
def test_no_other_path_passes_for_the_signed_one(tmp_path: Path, signed: str, sent: str) -> None:
    async def work(world: World) -> None:
        await world.make_pool()
        await world.make_job()
        headers = {"host": HOST, "ocp-date": http_date(world.service.clock.now())}
        headers["authorization"] = sign("GET", signed, _VERSION, headers)
        assert refused(await world._exchange("GET", sent, _VERSION, headers, b""))

    in_world(tmp_path, work)


def test_digits_are_those_of_ascii(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        for digits in ("%EF%BC%91", "%D9%A1", "1_0", "%201", "1e2"):
            answer = await world.send("GET", f"/pools?{_VERSION}&maxresults={digits}")
            assert (answer.status, answer.code) == (400, "InvalidQueryParameterValue"), digits

    in_world(tmp_path, work)
