"""Faults on the wire, as a client on a real socket meets them."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from urllib.parse import urlsplit

import pytest
from azure.storage.blob import BlobServiceClient, ContainerSasPermissions, generate_container_sas

from tests.support.faults import Fault, FaultKind, FaultPlan, RequestKey, enumerate_keys, with_fault
from tests.support.sandbox import RunningSandbox, sandbox_at
from tui.sandbox import admin
from tui.sandbox.batch.auth import SignedRequest, authorization
from tui.sandbox.errors import RefusedError
from tui.sandbox.settings import SandboxPaths

QUERY = "api-version=2025-06-01"
JOB = b'{"id": "%s", "poolInfo": {"poolId": "none"}}'
AFTER = (FaultKind.RESET_AFTER, FaultKind.TIME_OUT, FaultKind.TRUNCATED)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    with sandbox_at(tmp_path_factory.mktemp("faulty"), allow_faults=True) as running:
        yield running
        assert SandboxPaths(running.state_dir).log.read_text() == "", "no fault is an error of the server's own"


@pytest.fixture
def plan(sandbox: RunningSandbox) -> Iterator[FaultPlan]:
    plan = FaultPlan(sandbox)
    plan.clear()
    yield plan
    plan.clear()


def send(
    sandbox: RunningSandbox, method: str, path: str, body: bytes = b"", timeout_s: float = 20.0
) -> tuple[int, dict[str, str], bytes]:
    """One signed request on a connection of its own; raises what the socket or http.client raises."""
    place = urlsplit(sandbox.batch_endpoint)
    headers = {"host": place.netloc, "ocp-date": formatdate(usegmt=True)}
    if method != "GET":
        headers |= {"content-length": str(len(body)), "content-type": "application/json"}
    signed = SignedRequest(method, path, QUERY, headers)
    headers["authorization"] = authorization(sandbox.batch_account, sandbox.batch_key, signed)
    connection = http.client.HTTPConnection(place.netloc, timeout=timeout_s)
    try:
        connection.request(method, f"{path}?{QUERY}", body or None, headers)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def exists(sandbox: RunningSandbox, job_id: str) -> bool:
    return send(sandbox, "GET", f"/jobs/{job_id}")[0] == 200


def job(job_id: str) -> bytes:
    return JOB % job_id.encode()


BROKEN = {
    FaultKind.RESET_BEFORE: ConnectionResetError,
    FaultKind.RESET_AFTER: ConnectionResetError,
    FaultKind.TIME_OUT: TimeoutError,
}


@pytest.mark.parametrize("kind", list(BROKEN))
def test_an_answer_that_never_comes(sandbox: RunningSandbox, plan: FaultPlan, kind: FaultKind) -> None:
    plan.put(Fault(kind, operation="POST /jobs"))
    with pytest.raises(BROKEN[kind]):
        send(sandbox, "POST", "/jobs", job(f"broken-{kind}"), timeout_s=0.5)
    assert [(seen.key.operation, seen.fault, seen.status) for seen in plan.log()] == [("POST /jobs", kind, None)]
    plan.clear()
    assert exists(sandbox, f"broken-{kind}") is (kind in AFTER)


def test_an_answer_that_comes_late(sandbox: RunningSandbox, plan: FaultPlan) -> None:
    plan.put(Fault(FaultKind.TIME_OUT, delay_s=0.01))
    assert send(sandbox, "POST", "/jobs", job("late"))[0] == 201


def test_an_answer_that_ends_in_its_middle(sandbox: RunningSandbox, plan: FaultPlan) -> None:
    whole = send(sandbox, "GET", "/supportedimages")[2]
    plan.put(Fault(FaultKind.TRUNCATED))
    with pytest.raises(http.client.IncompleteRead) as caught:
        send(sandbox, "GET", "/supportedimages")
    assert whole.startswith(caught.value.partial)
    assert 0 < len(caught.value.partial) < len(whole)
    with pytest.raises(http.client.IncompleteRead):
        send(sandbox, "POST", "/jobs", job("cut"))  # an empty body is announced as one byte
    with pytest.raises(ConnectionResetError):
        send(sandbox, "HEAD", "/pools/none")
    plan.clear()
    assert exists(sandbox, "cut")


def test_an_answer_whose_connection_is_reset_in_its_middle(sandbox: RunningSandbox, plan: FaultPlan) -> None:
    plan.put(Fault(FaultKind.CUT_BY_RESET))
    for method, path in (("GET", "/supportedimages"), ("GET", "/pools/none"), ("HEAD", "/pools/none")):
        with pytest.raises(ConnectionResetError):
            send(sandbox, method, path)


def test_half_an_answer_that_looks_whole(sandbox: RunningSandbox, plan: FaultPlan) -> None:
    whole = {path: send(sandbox, "GET", path) for path in ("/supportedimages", "/pools/none")}
    plan.put(Fault(FaultKind.CUT_TO_FIT))
    for path, (status, _, body) in whole.items():
        cut = send(sandbox, "GET", path)
        # The time in an error's message takes a digit more or less.
        assert (cut[0], abs(len(cut[2]) - len(body) // 2) <= 1) == (status, True)
    assert send(sandbox, "HEAD", "/pools/none")[0] == 404
    assert send(sandbox, "POST", "/jobs", job("whole"))[0] == 201
    plan.clear()
    assert exists(sandbox, "whole")


@pytest.mark.parametrize("kind", ["500", "503", "429", "403"])
def test_a_refusal_acts_on_nothing(sandbox: RunningSandbox, plan: FaultPlan, kind: str) -> None:
    plan.put(Fault(FaultKind(kind), operation="POST /jobs", retry_after_s=7))
    status, headers, body = send(sandbox, "POST", "/jobs", job(f"refused-{kind}"))
    assert status == int(kind)
    assert headers.get("retry-after") == ("7" if kind in ("503", "429") else None)
    assert b'"code"' in body
    assert not exists(sandbox, f"refused-{kind}")


def test_a_fault_hits_one_occurrence_of_one_target(sandbox: RunningSandbox) -> None:
    def look(job_id: str) -> None:
        for _ in range(3):
            send(sandbox, "GET", f"/jobs/{job_id}")
        send(sandbox, "GET", "/jobs")

    keys = enumerate_keys(sandbox, lambda: look("first"), {"first": "{job}"})
    assert [str(key) for key in keys] == [
        "batch/key GET /jobs/{job_id} /jobs/{job} #1",
        "batch/key GET /jobs/{job_id} /jobs/{job} #2",
        "batch/key GET /jobs/{job_id} /jobs/{job} #3",
        "batch/key GET /jobs /jobs #1",
    ]
    with with_fault(sandbox, keys[1], FaultKind.UNAVAILABLE, {"second": "{job}"}) as plan:
        assert not plan.was_met()
        look("second")
        look("second")
        assert [seen.status for seen in plan.log()] == [404, 503, 404, 200, 404, 404, 404, 200]
    assert plan.log() == (), "counting begins anew"


def test_a_fault_may_be_limited_in_number(sandbox: RunningSandbox, plan: FaultPlan) -> None:
    plan.put(Fault(FaultKind.UNAVAILABLE, times=2), Fault(FaultKind.INTERNAL_ERROR, operation="GET /jobs", times=1))
    assert [send(sandbox, "GET", "/jobs")[0] for _ in range(4)] == [503, 503, 500, 200]


def test_both_services_and_who_signed(sandbox: RunningSandbox, plan: FaultPlan) -> None:
    connection_string = sandbox.environment["AZURE_STORAGE_CONNECTION_STRING"]
    with BlobServiceClient.from_connection_string(connection_string, retry_total=0) as blobs:
        container = blobs.create_container("signed")
        container.upload_blob("a/b c", b"x")
    sas = generate_container_sas(
        sandbox.storage_account,
        "signed",
        account_key=sandbox.storage_key,
        permission=ContainerSasPermissions(read=True),
        expiry=datetime.now(UTC) + timedelta(hours=1),
    )
    place = urlsplit(sandbox.blob_endpoint)
    connection = http.client.HTTPConnection(place.netloc, timeout=20)
    connection.request("GET", f"{place.path}/signed/a/b%20c?{sas}")
    assert connection.getresponse().read() == b"x"
    connection.close()
    account = f"/{sandbox.storage_account}"
    assert [seen.key for seen in plan.log()] == [
        RequestKey("blob", "key", "PUT container", f"{account}/signed", 1),
        RequestKey("blob", "key", "PUT blob", f"{account}/signed/a/b c", 1),
        RequestKey("blob", "sas", "GET blob", f"{account}/signed/a/b c", 1),
    ]


def test_shares_are_those_of_the_seed(sandbox: RunningSandbox, plan: FaultPlan) -> None:
    def statuses(seed: int) -> list[int]:
        plan.put(Fault(FaultKind.INTERNAL_ERROR, share=0.5), seed=seed)
        return [send(sandbox, "GET", "/pools")[0] for _ in range(20)]

    first = statuses(1)
    assert set(first) == {200, 500}
    assert statuses(1) == first
    assert statuses(2) != first


def test_a_plan_that_makes_no_sense_is_refused(sandbox: RunningSandbox) -> None:
    for wire in ({"faults": [{"kind": "earthquake"}]}, {"faults": [{"kind": "500", "day": 1}]}, {"faults": 3}):
        with pytest.raises(RefusedError):
            admin.ask(sandbox.state_dir, "PUT", "/sandbox/faults", wire)


def test_an_ordinary_sandbox_knows_no_faults_and_nobody_changes_one_without_its_key(
    sandbox: RunningSandbox, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with sandbox_at(tmp_path_factory.mktemp("ordinary")) as ordinary, pytest.raises(RefusedError, match="not exist"):
        admin.ask(ordinary.state_dir, "GET", "/sandbox/faults")
    place = urlsplit(sandbox.batch_endpoint)
    for method, path in (("GET", "faults"), ("PUT", "trouble"), ("POST", "seed")):
        with socket.create_connection((place.hostname or "", place.port or 0), timeout=10) as raw:
            request = f"{method} /sandbox/{path}?{QUERY} HTTP/1.1\r\nhost: {place.netloc}\r\nconnection: close\r\n\r\n"
            raw.sendall(request.encode())
            assert raw.makefile("rb").readline().startswith(b"HTTP/1.1 403 ")
