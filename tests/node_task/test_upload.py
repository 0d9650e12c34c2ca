"""The upload: one Put Blob, made again where that can help, and its refusal told apart from its failure."""

from __future__ import annotations

import socket

import pytest

from node_task.top_words import (
    CONTAINER_URL_VARIABLE,
    LONGEST_BACKOFF_S,
    LONGEST_RETRY_AFTER_S,
    UPLOAD_ATTEMPTS,
    ExitCode,
    container_url,
    retry_after_s,
)
from tests.node_task.blob_server import SAS, Answer, BlobServer, HangUp
from tests.node_task.conftest import Node


def test_one_put_carries_the_whole_file(node: Node, blobs: BlobServer) -> None:
    assert node.count("tides.txt").exit_code == 0
    (put,) = blobs.puts
    assert put.target == f"/account/run-output/tides_OUTPUT.txt?{SAS}"
    assert put.headers["x-ms-blob-type"] == "BlockBlob"
    assert put.headers["content-type"] == "text/plain; charset=utf-8"
    assert "transfer-encoding" not in put.headers
    assert put.body == (node.directory / "tides_OUTPUT.txt").read_bytes()


@pytest.mark.parametrize(
    "answer",
    [Answer(408), Answer(429), Answer(500), Answer(503, {"x-ms-error-code": "ServerBusy"}), HangUp(), HangUp(b"?\n")],
)
def test_what_may_pass_is_tried_again(node: Node, blobs: BlobServer, answer: Answer | HangUp) -> None:
    blobs.script = [answer, answer]
    ended = node.count("tides.txt")
    assert (ended.exit_code, ended.stderr) == (0, "")
    assert [put.body for put in blobs.puts] == [(node.directory / "tides_OUTPUT.txt").read_bytes()] * 3
    assert len(ended.waits_s) == 2
    assert ended.stdout.count("again in") == 2


def test_the_service_says_how_long_to_wait(node: Node, blobs: BlobServer) -> None:
    blobs.script = [Answer(503, {"Retry-After": "17"}), Answer(429, {"Retry-After": "0"})]
    ended = node.count("tides.txt")
    assert ended.exit_code == 0
    assert ended.waits_s == [17.0, 0.0]


def test_it_gives_up_at_last(node: Node, blobs: BlobServer) -> None:
    blobs.script = [Answer(503, {"x-ms-error-code": "ServerBusy"})] * 99
    ended = node.count("tides.txt")
    assert ended.exit_code == ExitCode.UPLOAD_FAILED
    assert ended.stderr == f"top_words: upload failed {UPLOAD_ATTEMPTS} times, the last time: HTTP 503 ServerBusy\n"
    assert len(blobs.puts) == UPLOAD_ATTEMPTS
    for attempt, wait_s in enumerate(ended.waits_s):
        ceiling_s = min(2.0**attempt, LONGEST_BACKOFF_S)
        assert ceiling_s / 2 <= wait_s <= ceiling_s
    assert "tides_OUTPUT.txt" in node.names(), "what was counted stays on the node"


def test_nobody_answers(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as bound_but_deaf:
        bound_but_deaf.bind(("127.0.0.1", 0))
        port = bound_but_deaf.getsockname()[1]
        monkeypatch.setenv(CONTAINER_URL_VARIABLE, f"http://127.0.0.1:{port}/account/out?{SAS}")
        ended = node.count("tides.txt")
    assert ended.exit_code == ExitCode.UPLOAD_FAILED
    assert "refused" in ended.stderr
    assert len(ended.waits_s) == UPLOAD_ATTEMPTS - 1


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_signature_is_not_tried_again(node: Node, blobs: BlobServer, status: int) -> None:
    blobs.script = [Answer(status, {"x-ms-error-code": "AuthorizationPermissionMismatch"})]
    ended = node.count("tides.txt")
    assert ended.exit_code == ExitCode.UPLOAD_REFUSED
    assert ended.stderr == f"top_words: upload refused: HTTP {status} AuthorizationPermissionMismatch\n"
    assert len(blobs.puts) == 1


@pytest.mark.parametrize("status", [307, 400, 404, 409, 413])
def test_other_answers_end_it_at_once(node: Node, blobs: BlobServer, status: int) -> None:
    blobs.script = [Answer(status, {"Location": "/elsewhere"})]
    ended = node.count("tides.txt")
    assert ended.exit_code == ExitCode.UPLOAD_FAILED
    assert ended.stderr == f"top_words: upload failed: HTTP {status}\n"
    assert len(blobs.puts) == 1


def test_a_proxy_is_not_asked_for_this_machine(node: Node, blobs: BlobServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert node.count("tides.txt").exit_code == 0
    assert len(blobs.puts) == 1


@pytest.mark.parametrize("token", [SAS, f"?{SAS}"])
def test_the_tutorials_arguments_name_the_container(monkeypatch: pytest.MonkeyPatch, token: str) -> None:
    monkeypatch.setenv(CONTAINER_URL_VARIABLE, f"https://coast.example/other?{SAS}")
    assert container_url("harbour", "output", token) == f"https://harbour.blob.core.windows.net/output?{SAS}"


@pytest.mark.parametrize(
    ("header", "wait_s"),
    [
        (None, None),
        ("5", 5.0),
        ("86400", LONGEST_RETRY_AFTER_S),
        ("soon", None),
        (f"Mon, 01 Jan {'9' * 30} 00:00:00 GMT", None),
        ("-4", None),
        ("Fri, 20 Nov 2020 08:00:00 GMT", 0.0),
        ("Fri, 31 Dec 2999 08:00:00 GMT", LONGEST_RETRY_AFTER_S),
    ],
)
def test_retry_after(header: str | None, wait_s: float | None) -> None:
    assert retry_after_s(header) == wait_s
