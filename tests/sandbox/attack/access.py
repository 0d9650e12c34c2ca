"""Attacks on who is let in: forged and stale signatures, foreign callers, rights used for what they do not give."""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from azure.storage.blob import BlobSasPermissions, ContainerSasPermissions, generate_blob_sas, generate_container_sas

from tests.sandbox.attack.attacker import (
    BLOB_VERSION,
    VERSION,
    Answer,
    Attacker,
    Request,
    Service,
    Tally,
    each_refused,
)
from tui.sandbox.batch.app import OPERATIONS

_MINUTE_S = 60.0
_WRONG_KEY = base64.b64encode(b"a key of the right length that opens nothing here; 64 bytes of it").decode()
_OWN_BATCH_ROUTES = {
    "/sandbox/seed": ("POST",),
    "/sandbox/trouble": ("GET", "PUT", "DELETE"),
    "/sandbox/faults": ("GET", "PUT"),
}

BLOB_ROUTES = (
    ("GET", "/", "comp=list"),
    ("GET", "/", "restype=service&comp=properties"),
    ("GET", "/", "restype=account&comp=properties"),
    ("PUT", "/attacked", "restype=container"),
    ("GET", "/attacked", "restype=container"),
    ("HEAD", "/attacked", "restype=container"),
    ("DELETE", "/attacked", "restype=container"),
    ("PUT", "/attacked", "restype=container&comp=metadata"),
    ("GET", "/attacked", "restype=container&comp=metadata"),
    ("GET", "/attacked", "restype=container&comp=acl"),
    ("GET", "/attacked", "restype=container&comp=list"),
    ("PUT", "/attacked/blob", ""),
    ("GET", "/attacked/blob", ""),
    ("HEAD", "/attacked/blob", ""),
    ("DELETE", "/attacked/blob", ""),
    ("PUT", "/attacked/blob", "comp=block&blockid=QUFB"),
    ("PUT", "/attacked/blob", "comp=blocklist"),
    ("GET", "/attacked/blob", "comp=blocklist"),
    ("PUT", "/attacked/blob", "comp=metadata"),
    ("GET", "/attacked/blob", "comp=metadata"),
    ("PUT", "/attacked/blob", "comp=properties"),
    ("OPTIONS", "/attacked/blob", ""),
    ("PATCH", "/attacked/blob", ""),
)


def all_routes() -> Iterator[Request]:
    """Every route of both services."""
    routes = {template: tuple(verbs) for template, verbs in OPERATIONS.items()} | _OWN_BATCH_ROUTES
    for template, verbs in routes.items():
        path = re.sub(r"\{[^}]+\}", "attacked", template)
        for verb in verbs:
            body = b"{}" if verb in ("POST", "PUT", "PATCH") else b""
            yield Request("batch", verb, path, VERSION, body)
    for verb, path, query in BLOB_ROUTES:
        headers = {"x-ms-blob-type": "BlockBlob"} if verb == "PUT" else {}
        yield Request("blob", verb, path, query, b"attack" if verb == "PUT" else b"", headers)


def unsigned_and_forged(attacker: Attacker) -> Tally:
    """No signature, wrong ones, stale ones, and right ones of other requests, on every route."""
    attempts: list[tuple[str, Request, Mapping[str, str]]] = []
    for request in all_routes():
        for what, headers in _forgeries(attacker, request):
            attempts.append((what, request, headers))
    return each_refused(attacker, attempts)


def _forgeries(attacker: Attacker, request: Request) -> Iterator[tuple[str, Mapping[str, str]]]:
    headers = attacker.headers(request)
    right = attacker.authorization(request, headers)
    other = Request(request.service, "GET", "/other", "comp=list" if request.service == "blob" else VERSION)
    scheme, _, signature = right.rpartition(":")
    flipped = ("B" if signature[0] == "A" else "A") + signature[1:]
    yield "unsigned", headers
    for what, authorization in (
        ("empty", ""),
        ("no credential", "SharedKey"),
        ("no signature", f"{scheme}:"),
        ("a flipped bit", f"{scheme}:{flipped}"),
        ("half a signature", right[:-20]),
        ("no base64", f"{scheme}:!!!!"),
        ("another key", attacker.authorization(request, headers, key=_WRONG_KEY)),
        ("an empty key", attacker.authorization(request, headers, key="")),
        ("another account", attacker.authorization(request, headers, account="other")),
        ("another request's", attacker.authorization(other, attacker.headers(other))),
        ("a token", "Bearer eyJhbGciOiJub25lIn0.e30."),
        ("the lite scheme", right.replace("SharedKey", "SharedKeyLite")),
        ("ten thousand characters", "SharedKey " + "A" * 10_000),
        ("bytes of no text", "SharedKey \xff\xfe:\xff"),
    ):
        yield what, {**headers, "authorization": authorization}
    for what, offset_s in (("too old", -16 * _MINUTE_S), ("too early", 16 * _MINUTE_S), ("of 1970", -time.time() + 1)):
        dated = attacker.headers(request, time.time() + offset_s)
        yield what, {**dated, "authorization": attacker.authorization(request, dated)}
    undated = {name: value for name, value in headers.items() if not name.endswith("-date")}
    yield "undated", {**undated, "authorization": attacker.authorization(request, undated)}
    yield (
        "another length",
        {**headers, "authorization": right, "content-length": "1000000"}
        if request.body
        else {
            **headers,
            "authorization": attacker.authorization(request, headers, key=_WRONG_KEY),
        },
    )


_ONE = "$filter=startswith(id,'none:')"
TAMPERED: tuple[tuple[Service, str, str], ...] = (
    *(
        ("batch", f"/pools?{signed}", f"/pools?{sent}")
        for signed, sent in (
            (f"{_ONE}&{VERSION}", f"$filter=&{_ONE}&{VERSION}"),
            (f"{_ONE}&{VERSION}", f"$filter&{_ONE}&{VERSION}"),
            (f"{_ONE}&{VERSION}", f"{_ONE}&$filter=id%20ne%20'x'&{VERSION}"),
            (f"{_ONE}&{VERSION}", f"{_ONE}&$FILTER=id%20ne%20'x'&{VERSION}"),
            (f"{_ONE}&{VERSION}", f"$filter%3Astartswith(id,'none=')&{VERSION}"),
            (f"{VERSION}&maxresults=1", f"{VERSION}%0Amaxresults:1"),
            (f"{VERSION}&maxresults=1", f"{VERSION}%0Amaxresults%3A1"),
            (f"{VERSION}&maxresults=1", f"{VERSION}&maxresults=1&maxresults=2"),
            (f"{VERSION}&maxresults=1", VERSION),
        )
    ),
    *(
        ("batch", f"{signed}?{VERSION}", f"{sent}?{VERSION}")
        for signed, sent in (
            ("/jobs/attacked", "/jobs%2Fattacked"),
            ("/jobs/attacked", "/jobs%5Cattacked"),
            ("/jobs/attacked", "//jobs/attacked"),
            ("/jobs%2Fattacked", "/jobs/attacked"),
            ("/jobs/attacked/tasks/x", "/jobs/attacked%2Ftasks/x"),
            ("/jobs/attacked", "/jobs/ATTACKED"),
            ("/jobs/attacked", "/jobs/attacke%64"),
        )
    ),
    *(
        ("blob", f"/?{signed}", f"/?{sent}")
        for signed, sent in (
            ("comp=list&prefix=none", "comp=list%0Aprefix:none"),
            ("comp=list&prefix=none", "comp:list%0Aprefix=none"),
            ("comp=list&prefix=none:", "comp=list&prefix%3Anone="),
            ("comp=list&maxresults=1&prefix=none", "comp=list&maxresults=1%0Aprefix:none"),
            ("comp=list&prefix=none", "comp=list&prefix=none&prefix=a"),
            ("comp=list&prefix=none", "comp=list&prefix=&prefix=none"),
            ("comp=list&prefix=none", "comp=list"),
        )
    ),
    ("blob", "/a/b?comp=metadata", "/a%2Fb?comp=metadata"),
    ("blob", "/a%2Fb?comp=metadata", "/a/b?comp=metadata"),
)
"""What was signed, and what else is sent with that signature."""


def tampered(attacker: Attacker) -> Tally:
    """A right signature, of a request that could be taken for the one that is sent."""
    tally = Tally()
    for service, signed, sent in TAMPERED:
        own, other = (_get(service, target) for target in (signed, sent))
        headers = attacker.headers(own)
        is_accepted = attacker.signed(own).status in (200, 404)
        answer = attacker.send(other, {**headers, "authorization": attacker.authorization(own, headers)})
        tally.note(f"{sent} for {signed}", is_accepted and answer.status in (400, 403), answer.status)
    return tally


def _get(service: Service, target: str) -> Request:
    path, _, query = target.partition("?")
    return Request(service, "GET", path, query)


def foreign_callers(attacker: Attacker) -> Tally:
    """Signed as they ought to be, but from a web page, or to a name that was made to mean this machine."""
    tally = Tally()
    for request in (Request("batch", "GET", "/pools", VERSION), Request("blob", "GET", "/", "comp=list")):
        _, port = attacker.address(request.service)
        for changed in (
            {"host": f"evil.example:{port}"},
            {"host": f"127.0.0.1.evil.example:{port}"},
            {"host": f"127.0.0.1@evil.example:{port}"},
            {"host": f"localhost.evil.example:{port}"},
            {"host": f"10.0.0.1:{port}"},
            {"host": "[::ffff:10.0.0.1]"},
            {"host": "0.0.0.0"},
            {"host": ""},
            {"host": f"127.0.0.1:{port}#.evil.example"},
            {"origin": "https://evil.example"},
            {"origin": "null"},
            {"origin": f"http://127.0.0.1:{port}"},
        ):
            headers = {**attacker.headers(request), **changed}
            headers["authorization"] = attacker.authorization(request, headers)
            answer = attacker.send(request, headers)
            is_refused = answer.is_refusal and b"access-control-allow" not in answer.head.lower()
            tally.note(f"{changed}: {request}", is_refused, answer.status)
    return tally


def unknown_versions(attacker: Attacker) -> Tally:
    """Signed as they ought to be, in a version of the API that never was."""
    tally = Tally()
    for version in (
        *("", "1", "latest", "2025-06", "2025-6-1", "2025-06-02", "2025-06-01.0.0", "2025-06-01-preview", "2999-01-01"),
        *("2024-02-01", "2024-02-01.19", "2024-02-01.19.1", "2025-02-30", "2025-06-01%00", "%202025-06-01", "-1"),
        *("%D9%A2%D9%A0%D9%A2%D9%A5-%D9%A0%D9%A6-%D9%A0%D9%A1", "2025-06-01'--", "9" * 4_000, "..%2F2025-06-01"),
    ):
        answer = attacker.signed(Request("batch", "GET", "/pools", f"api-version={version}"))
        tally.note(f"api-version={version[:40]}", answer.status in (400, 403), answer.status)
    for version in ("1", "latest", "2025-13-01", "2025-11-05-preview", "20251105", "1999-01-01", "9" * 4_000):
        request = Request("blob", "GET", "/", "comp=list", headers={"x-ms-version": version})
        answer = attacker.signed(request)
        tally.note(f"x-ms-version: {version[:40]}", answer.status == 400, answer.status)
    return tally


BLOB_OPERATIONS: tuple[tuple[str, str, str, str], ...] = (
    ("GET", "{c}/{b}", "", "r"),
    ("HEAD", "{c}/{b}", "", "r"),
    ("GET", "{c}/{b}", "comp=metadata", "r"),
    ("GET", "{c}/{b}", "comp=blocklist", "r"),
    ("PUT", "{c}/{b}", "", "w"),
    ("PUT", "{c}/{b}.new", "", "cw"),
    ("PUT", "{c}/{b}", "comp=block&blockid=QUFB", "w"),
    ("PUT", "{c}/{b}", "comp=metadata", "w"),
    ("PUT", "{c}/{b}", "comp=properties", "w"),
    ("DELETE", "{c}/{b}.gone", "", "d"),
    ("GET", "{c}", "restype=container&comp=list", "l"),
)
"""Verb, path, query, and the permissions of which one is needed."""
CONTAINER_OPERATIONS = (
    ("GET", "/", "comp=list"),
    ("PUT", "/brandnew", "restype=container"),
    ("DELETE", "{c}", "restype=container"),
    ("PUT", "{c}", "restype=container&comp=metadata"),
    ("GET", "{c}", "restype=container&comp=acl"),
)


class Sas:
    """Signatures as the SDK makes them, for a container and one blob in it."""

    def __init__(self, attacker: Attacker, container: str) -> None:
        self._sandbox = attacker.sandbox
        self.container = container
        self.soon = datetime.now(UTC) + timedelta(hours=1)

    def of_container(
        self,
        permissions: str,
        expiry: datetime | None = None,
        start: datetime | None = None,
        ip: str | None = None,
        protocol: str | None = None,
    ) -> str:
        return generate_container_sas(
            account_name=self._sandbox.storage_account, container_name=self.container,
            account_key=self._sandbox.storage_key, permission=ContainerSasPermissions.from_string(permissions),
            expiry=expiry or self.soon, start=start, ip=ip, protocol=protocol,
        )  # fmt: skip

    def of_blob(self, permissions: str, blob: str = "blob") -> str:
        return generate_blob_sas(
            account_name=self._sandbox.storage_account, container_name=self.container, blob_name=blob,
            account_key=self._sandbox.storage_key, permission=BlobSasPermissions.from_string(permissions),
            expiry=self.soon,
        )  # fmt: skip


def sas_beyond_its_rights(attacker: Attacker) -> Tally:
    """Each right used for what it does not give, on what it was not given for, after it ended, and changed."""
    mine, other = f"sas{time.time_ns()}", f"not{time.time_ns()}"
    for container in (mine, other):
        assert attacker.signed(Request("blob", "PUT", f"/{container}", "restype=container")).status == 201
        content = Request("blob", "PUT", f"/{container}/blob", "", b"mine", {"x-ms-blob-type": "BlockBlob"})
        assert attacker.signed(content).status == 201
    sas, tally = Sas(attacker, mine), Tally()

    def attempt(what: str, method: str, path: str, query: str, signature: str) -> Answer:
        headers = {"x-ms-blob-type": "BlockBlob", "x-ms-version": BLOB_VERSION} if method == "PUT" else {}
        joined = "&".join(filter(None, (query, signature)))
        request = Request("blob", method, path, joined, b"attack" if method == "PUT" else b"", headers)
        answer = attacker.send(request, {**attacker.headers(request)})
        tally.note(f"{what}: {method} {path} {query}", answer.is_refusal, answer.status)
        return answer

    for permission in "racwdl":
        for method, path, query, needed in BLOB_OPERATIONS:
            if permission not in needed:
                where = path.format(c=f"/{mine}", b="blob")
                attempt(f"container SAS {permission}", method, where, query, sas.of_container(permission))
                if permission != "l":
                    attempt(f"blob SAS {permission}", method, where, query, sas.of_blob(permission))
    everything, of_one = sas.of_container("racwdl"), sas.of_blob("racwd")
    for method, path, query, _ in BLOB_OPERATIONS:
        attempt("another container", method, path.format(c=f"/{other}", b="blob"), query, everything)
        attempt("another blob", method, path.format(c=f"/{mine}", b="blob2"), query, of_one)
    for method, path, query in CONTAINER_OPERATIONS:
        attempt("the container itself", method, path.format(c=f"/{mine}"), query, everything)
    for what, signature in _changed(sas, everything):
        attempt(what, "GET", f"/{mine}/blob", "", signature)
    batch = Request("batch", "GET", "/pools", f"{VERSION}&{everything}")
    answer = attacker.send(batch, attacker.headers(batch))
    tally.note("at the Batch service", answer.is_refusal, answer.status)
    left = attacker.signed(Request("blob", "GET", f"/{mine}/blob"))
    tally.note("the blob as it was", left.body == b"mine", left.status)
    return tally


def _changed(sas: Sas, everything: str) -> Iterator[tuple[str, str]]:
    now = datetime.now(UTC)
    yield "ended", sas.of_container("r", expiry=now - timedelta(seconds=5))
    yield "not begun", sas.of_container("r", start=now + timedelta(minutes=30))
    yield "https alone", sas.of_container("r", protocol="https")
    yield "another address", sas.of_container("r", ip="10.0.0.1")
    writing = sas.of_container("w")
    yield "rights added", re.sub(r"sp=\w+", "sp=r", writing)
    yield "rights beside", f"{writing}&sp=r"
    yield "rights before", f"sp=r&{writing}"
    yield "a later end", re.sub(r"se=[^&]+", "se=2099-01-01T00%3A00%3A00Z", everything)
    yield "no end", re.sub(r"&?se=[^&]+", "", everything)
    yield "a blob's", everything.replace("sr=c", "sr=b")
    yield "no kind", everything.replace("sr=c", "")
    yield "an old version", re.sub(r"sv=[^&]+", "sv=2012-02-12", everything)
    yield "no version", re.sub(r"&?sv=[^&]+", "", everything)
    yield "no signature", re.sub(r"sig=[^&]+", "sig=", everything)
    yield "an account's", f"{everything}&ss=b&srt=sco"
    yield "a policy's", f"{everything}&si=policy"
    yield "a delegation's", f"{everything}&skoid=00000000-0000-0000-0000-000000000000"
