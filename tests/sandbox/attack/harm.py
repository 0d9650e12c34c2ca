"""Attacks on what is done once one is let in: names that climb, requests that are too much, bytes that are none."""

from __future__ import annotations

import itertools
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tests.sandbox.attack.access import Sas
from tests.sandbox.attack.attacker import VERSION, Answer, Attacker, Request, Service, Tally, answer_of
from tests.support.sandbox import eventually

CLIMBS = (
    "..", "../..", "../../../../../../etc/passwd", "/etc/passwd", "..%2f..%2f..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/x",
    "%2e%2e%2f%2e%2e%2fx", "..%5c..%5cx", "%252e%252e%252fx", "....//....//x", "..%00/x", "%00", "a%00b", "%ff%fe",
    "%c0%ae%c0%ae/x", "stdout.txt/../../../x", "~root/.ssh/id_rsa", "file:///etc/passwd", "wd/../../../canary.txt",
    "C:%5cWindows%5cx", "%2fetc%2fpasswd", "%2f%2fetc%2fpasswd", ".%2e/x", "*", "%0d%0aSet-Cookie:%20a=b", "a%0ab",
    "x" * 4_000,
)  # fmt: skip
"""Names as they stand in a request's path."""
_PATIENCE_S = 1.0
"""With a sandbox that does not read on."""
_FLOOD_BYTES = 24 << 20
_KEPT_BYTES = 12 << 20
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
        ("entities in UTF-16", Request("blob", "PUT", *block_list,
            (laughs + b"]><BlockList>&h;</BlockList>").decode().encode("utf-16"))),
        ("entities in UTF-16 without its mark", Request("blob", "PUT", *block_list,
            (laughs + b"]><BlockList>&h;</BlockList>").decode().encode("utf-16-be"))),
        ("one entity in UTF-16, of 1 MB", Request("blob", "PUT", *block_list,
            f'<!DOCTYPE l [<!ENTITY a "{" " * 10_000}">]><BlockList>{"&a;" * 90}</BlockList>'.encode("utf-16"))),
        ("XML without end", Request("blob", "PUT", *block_list, b"<BlockList>" + b"<a>" * 100_000)),
        ("100,000 blocks", Request("blob", "PUT", *block_list,
            b"<BlockList>" + b"<Latest>QUFB</Latest>" * 100_000 + b"</BlockList>")),
        ("a block id of 1 KB", Request("blob", "PUT", "/attacked/blob", f"comp=block&blockid={'QUFB' * 256}", b"x")),
        ("a page of a full-width number", Request("batch", "GET", "/jobs", f"{VERSION}&maxresults=%EF%BC%91")),
        ("another's time", Request("blob", "GET", "/attacked/blob", "snapshot=2026-11-20T10:00:00.0000000Z")),
        ("metadata of 20 KB", Request("blob", "PUT", "/attacked2", "restype=container",
            headers={"x-ms-meta-a": "x" * 20_000})),
    ):  # fmt: skip
        answer = attacker.signed(request)
        tally.note(what, answer.is_refusal and b"root:" not in answer.body, answer.status)
    return tally


def _too_many_tasks() -> Request:
    tasks = [{"id": f"t{number}", "commandLine": "true"} for number in range(2_000)]
    return Request("batch", "POST", "/jobs/climb/addtaskcollection", VERSION, json.dumps({"value": tasks}).encode())


def floods(attacker: Attacker) -> Tally:
    """Far more than any request may be, by somebody without a key who does not stop: little of it is kept."""
    tally = Tally()
    services: tuple[Service, ...] = ("batch", "blob")
    for service in services:
        for what, first, piece in _floods():
            before = _memory_bytes(attacker)
            with socket.create_connection(attacker.address(service), timeout=_PATIENCE_S) as connection:
                with suppress(OSError):  # it is not read on, or ended
                    connection.sendall(first)
                    for _ in range(_FLOOD_BYTES // len(piece)):
                        connection.sendall(piece)
                grown = _memory_bytes(attacker) - before
                answer = answer_of(connection)
            tally.note(f"{service}: {what}, answered", answer.is_refusal, answer.status)
            tally.note(f"{service}: {what}, {grown >> 20} MB", grown < _KEPT_BYTES, answer.status)
    return tally


def _floods() -> Iterator[tuple[str, bytes, bytes]]:
    line, host = b"GET / HTTP/1.1\r\n", b"Host: 127.0.0.1\r\n"
    chunks = b"PUT /x/y HTTP/1.1\r\n" + host + b"Transfer-Encoding: chunked\r\n\r\n"
    letters, headers = b"a" * 65_536, b"X: abcdef\r\n" * 6_000
    yield "a path", b"GET /", letters
    yield "a header's name", line + host, letters
    yield "a header", line + host + b"X: ", letters
    yield "headers", line + host, headers
    yield "a chunk's size", chunks + b"0", b"0" * 65_536
    yield "a chunk's extension", chunks + b"5;", letters
    yield "a trailer", chunks + b"0\r\nX: ", letters
    yield "trailers", chunks + b"0\r\n", headers
    yield "requests", b"", (line + host + b"\r\n") * 1_000


def _memory_bytes(attacker: Attacker) -> int:
    """What the sandbox's process holds; nothing where the system does not tell."""
    pid = json.loads((attacker.sandbox.state_dir / "server.json").read_bytes())["pid"]
    try:
        return int(Path(f"/proc/{pid}/statm").read_bytes().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
