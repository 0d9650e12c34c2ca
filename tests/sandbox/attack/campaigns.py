"""The attacks: each tries everything it can think of and tallies what was refused."""

from __future__ import annotations

import base64
import itertools
import json
import re
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

from azure.storage.blob import BlobSasPermissions, ContainerSasPermissions, generate_blob_sas, generate_container_sas

from tests.sandbox.attack.attacker import (
    BLOB_VERSION,
    VERSION,
    Answer,
    Attacker,
    Attempts,
    Request,
    Tally,
    each_refused,
)
from tests.support.sandbox import eventually
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


CLIMBS = (
    "..", "../..", "../../../../../../etc/passwd", "/etc/passwd", "..%2f..%2f..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/x",
    "%2e%2e%2f%2e%2e%2fx", "..%5c..%5cx", "%252e%252e%252fx", "....//....//x", "..%00/x", "%00", "a%00b", "%ff%fe",
    "%c0%ae%c0%ae/x", "stdout.txt/../../../x", "~root/.ssh/id_rsa", "file:///etc/passwd", "wd/../../../canary.txt",
    "C:%5cWindows%5cx", "%2fetc%2fpasswd", "%2f%2fetc%2fpasswd", ".%2e/x", "*", "%0d%0aSet-Cookie:%20a=b", "a%0ab",
    "x" * 4_000,
)  # fmt: skip
"""Names as they stand in a request's path."""
CANARY = b"canary that no answer may hold"


def climbing_names(attacker: Attacker) -> Tally:
    """Paths where file, blob, container and id names stand. Blob names are data: they may be taken, to the letter."""
    tally = Tally()
    node = _node_with_a_task(attacker)
    for name in CLIMBS:
        for prefix in ("/jobs/climb/tasks/climb/files/", f"{node}/files/", "/pools/", "/jobs/", "/jobs/climb/tasks/"):
            for method in ("GET", "HEAD", "DELETE") if prefix.endswith("files/") else ("GET",):
                answer = attacker.signed(Request("batch", method, prefix + name, VERSION))
                tally.note(f"{method} {prefix}{name[:50]}", _told_nothing(answer), answer.status)
        body = json.dumps({"id": name, "poolInfo": {"poolId": "climb"}}).encode()
        answer = attacker.signed(Request("batch", "POST", "/jobs", VERSION, body))
        tally.note(f"job called {name[:50]}", answer.is_refusal, answer.status)
        answer = attacker.signed(Request("blob", "PUT", f"/{name.replace('/', '%2f')}", "restype=container"))
        tally.note(f"container {name[:50]}", answer.is_refusal, answer.status)
    return tally


def _told_nothing(answer: Answer) -> bool:
    is_listing = answer.status == 200 and b'"value"' in answer.body
    return (answer.is_refusal or is_listing) and CANARY not in answer.body and b"root:" not in answer.body


def climbing_blobs(attacker: Attacker) -> Tally:
    """Each odd name that is taken gives its own content back; the files beside the sandbox's own stay as they are."""
    tally, container = Tally(), f"climb{time.time_ns()}"
    attacker.signed(Request("blob", "PUT", f"/{container}", "restype=container"))
    for number, name in enumerate(CLIMBS):
        path = f"/{container}/{name.lstrip('/')}"
        content = b"content %d" % number
        put = attacker.signed(Request("blob", "PUT", path, "", content, {"x-ms-blob-type": "BlockBlob"}))
        got = attacker.signed(Request("blob", "GET", path))
        is_kept = put.status == 201 and got.body == content
        tally.note(f"blob {name[:50]}", is_kept or (put.is_refusal and got.is_refusal), put.status)
    return tally


def climbing_tasks(attacker: Attacker) -> Tally:
    """Resource files that want to lie outside their task's folder."""
    tally, container = Tally(), f"files{time.time_ns()}"
    _node_with_a_task(attacker)
    attacker.signed(Request("blob", "PUT", f"/{container}", "restype=container"))
    attacker.signed(Request("blob", "PUT", f"/{container}/b", "", b"evil", {"x-ms-blob-type": "BlockBlob"}))
    url = f"{attacker.sandbox.blob_endpoint}/{container}/b?{Sas(attacker, container).of_blob('r', 'b')}"
    names = (
        "../escaped",
        "../../../escaped",
        "/tmp/../escaped",
        "..\\escaped",
        "a/../../../escaped",
        "/escaped-by-batch",
    )
    for number, name in enumerate(names):
        task = {"id": f"climb{number}", "commandLine": "true", "resourceFiles": [{"httpUrl": url, "filePath": name}]}
        answer = attacker.signed(Request("batch", "POST", "/jobs/climb/tasks", VERSION, json.dumps(task).encode()))
        if answer.status == 201:
            _wait_for_task(attacker, f"climb{number}")
    for number, name in enumerate(names):
        escaped = [
            path for path in _around(attacker) if path.name.startswith("escaped") and _is_outside(attacker, path)
        ]
        is_kept_in = not escaped and not Path("/escaped-by-batch").exists() and not Path("/escaped").exists()
        tally.note(f"resource file {number} {name}", is_kept_in, 0)
    return tally


def _around(attacker: Attacker) -> Iterator[Path]:
    return attacker.sandbox.state_dir.parent.rglob("*")


def _is_outside(attacker: Attacker, path: Path) -> bool:
    """Whether it lies anywhere but in the working directory of a task."""
    inside = path.relative_to(attacker.sandbox.state_dir.parent).parts
    return "wd" not in inside


def _node_with_a_task(attacker: Attacker) -> str:
    """A pool of one node, a job on it and a task that ran there; the node's path."""
    (attacker.sandbox.state_dir.parent / "canary.txt").write_bytes(CANARY)
    (attacker.sandbox.state_dir / "canary.txt").write_bytes(CANARY)
    image = {"publisher": "canonical", "offer": "ubuntu-24_04-lts", "sku": "server", "version": "latest"}
    machine = {"imageReference": image, "nodeAgentSKUId": "batch.node.ubuntu 24.04"}
    pool = {
        "id": "climb",
        "vmSize": "standard_d2s_v3",
        "virtualMachineConfiguration": machine,
        "targetDedicatedNodes": 1,
    }
    for path, body in (
        ("/pools", pool),
        ("/jobs", {"id": "climb", "poolInfo": {"poolId": "climb"}}),
        ("/jobs/climb/tasks", {"id": "climb", "commandLine": "true"}),
    ):
        answer = attacker.signed(Request("batch", "POST", path, VERSION, json.dumps(body).encode()))
        assert answer.status in (201, 409), answer
    _wait_for_task(attacker, "climb")
    nodes = json.loads(attacker.signed(Request("batch", "GET", "/pools/climb/nodes", VERSION)).body)["value"]
    return f"/pools/climb/nodes/{nodes[0]['id']}"


def _wait_for_task(attacker: Attacker, task_id: str) -> None:
    def is_over() -> bool:
        answer = attacker.signed(Request("batch", "GET", f"/jobs/climb/tasks/{task_id}", VERSION))
        return bool(json.loads(answer.body)["state"] == "completed")

    eventually(is_over, f"task {task_id} ends")


def malformed(attacker: Attacker) -> Tally:
    """Bytes that are no request, too much of one, or half of one; afterwards both services still answer."""
    tally = Tally()
    for service in ("batch", "blob"):
        for what, pieces in _malformed():
            answer = attacker.send_raw(service, pieces)
            tally.note(f"{service}: {what}", answer.is_refusal, answer.status)
        for what, pieces in _half():
            attacker.send_raw(service, pieces, hangs_up=True)
            tally.note(f"{service}: {what}", attacker.still_answers(), 0)
    return tally


def _malformed() -> Iterator[tuple[str, list[bytes]]]:
    get, host = b"GET /pools?api-version=1 HTTP/1.1\r\n", b"Host: 127.0.0.1\r\n"
    put = b"PUT /x/y HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    yield "no HTTP", [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64) + b"\r\n\r\n"]
    yield "an empty line and no more", [b"\r\n" * 50 + b"\0\r\n\r\n"]
    yield "no version", [b"GET /pools\r\n\r\n"]
    yield "an unknown version", [b"GET / HTTP/9.9\r\n" + host + b"\r\n"]
    yield "an unknown method", [b"FROB / HTTP/1.1\r\n" + host + b"\r\n"]
    yield "a NUL in the path", [b"GET /\0 HTTP/1.1\r\n" + host + b"\r\n"]
    yield "a path of 200 KB", [b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\n" + host + b"\r\n"]
    yield "a header of 1 MB", [get, host, b"X: " + b"a" * 1_000_000 + b"\r\n\r\n"]
    yield "ten thousand headers", [get, host, b"".join(b"X-%d: a\r\n" % number for number in range(10_000)), b"\r\n"]
    yield "a header without a colon", [get, host, b"nonsense\r\n\r\n"]
    yield "a NUL in a header", [get, host, b"X: a\0b\r\n\r\n"]
    yield "two lengths", [put, b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"]
    yield "a length below zero", [put, b"Content-Length: -1\r\n\r\n"]
    yield "a length beyond numbers", [put, b"Content-Length: " + b"9" * 40 + b"\r\n\r\n"]
    yield "a length that is none", [put, b"Content-Length: many\r\n\r\n"]
    yield "a length and chunks", [put, b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /"]
    yield "a chunk of no length", [put, b"Transfer-Encoding: chunked\r\n\r\nZZ\r\nab\r\n0\r\n\r\n"]
    yield "a chunk beyond numbers", [put, b"Transfer-Encoding: chunked\r\n\r\n" + b"F" * 40 + b"\r\n"]
    yield "no host", [get, b"\r\n"]
    yield "two hosts", [get, host, b"Host: evil.example\r\n\r\n"]
    yield "an absolute target", [b"GET http://evil.example/pools HTTP/1.1\r\n" + host + b"\r\n"]
    yield "a tunnel", [b"CONNECT evil.example:443 HTTP/1.1\r\n" + host + b"\r\n"]
    yield "an upgrade", [get, host, b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: AAAA\r\n\r\n"]
    yield "folded headers", [get, host, b"X: a\r\n b\r\n\tc\r\n\r\n"]


def _half() -> Iterator[tuple[str, list[bytes]]]:
    yield "nothing at all", []
    yield "half a line", [b"GET /po"]
    yield "half a head", [b"GET /pools HTTP/1.1\r\nHost: 127"]
    yield "half a body", [b"PUT /x/y HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\nab"]
    yield "half a chunk", [b"PUT /x/y HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nFF\r\nab"]


def oversized(attacker: Attacker) -> Tally:
    """Signed, and more than any request may be."""
    tally = Tally()
    deep = b'{"id":' * 50_000
    laughs = b'<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">' + b"".join(
        b'<!ENTITY %c "%s">' % (second, b"&%c;" % first * 8) for first, second in itertools.pairwise(b"bcdefgh")
    )
    block_list = "/attacked/blob", "comp=blocklist"
    for what, request in (
        ("a body of 40 MB", Request("batch", "POST", "/jobs", VERSION, b" " * 40_000_000)),
        ("JSON without end", Request("batch", "POST", "/jobs", VERSION, deep)),
        ("a number beyond reading", Request("batch", "POST", "/jobs", VERSION, b'{"priority":' + b"9" * 10_000 + b"}")),
        ("an id of 1 MB", Request("batch", "POST", "/jobs", VERSION, json.dumps({"id": "x" * 1_000_000}).encode())),
        ("2,000 tasks at once", _too_many_tasks()),
        ("a filter of 60 KB", Request("batch", "GET", "/jobs", f"$filter={'(' * 60_000}&{VERSION}")),
        ("a page of millions", Request("batch", "GET", "/jobs", f"{VERSION}&maxresults=999999999999999999999")),
        ("entities that multiply", Request("blob", "PUT", *block_list, laughs + b"]><BlockList>&h;</BlockList>")),
        ("an outside entity", Request("blob", "PUT", *block_list,
            b'<!DOCTYPE l [<!ENTITY x SYSTEM "file:///etc/passwd">]><BlockList><Latest>&x;</Latest></BlockList>')),
        ("XML without end", Request("blob", "PUT", *block_list, b"<BlockList>" + b"<a>" * 100_000)),
        ("100,000 blocks", Request("blob", "PUT", *block_list,
            b"<BlockList>" + b"<Latest>QUFB</Latest>" * 100_000 + b"</BlockList>")),
        ("a block id of 1 KB", Request("blob", "PUT", "/attacked/blob", f"comp=block&blockid={'QUFB' * 256}", b"x")),
        ("metadata of 20 KB", Request("blob", "PUT", "/attacked2", "restype=container",
            headers={"x-ms-meta-a": "x" * 20_000})),
    ):  # fmt: skip
        answer = attacker.signed(request)
        tally.note(what, answer.is_refusal and b"root:" not in answer.body, answer.status)
    return tally


def _too_many_tasks() -> Request:
    tasks = [{"id": f"t{number}", "commandLine": "true"} for number in range(2_000)]
    return Request("batch", "POST", "/jobs/climb/addtaskcollection", VERSION, json.dumps({"value": tasks}).encode())


def query_of(name: str, value: str) -> str:
    return f"{name}={quote(value, safe='')}"


CAMPAIGNS: dict[str, Attempts] = {
    "signatures": unsigned_and_forged,
    "callers": foreign_callers,
    "sas": sas_beyond_its_rights,
    "names": climbing_names,
    "blob names": climbing_blobs,
    "resource files": climbing_tasks,
    "malformed": malformed,
    "oversized": oversized,
}
