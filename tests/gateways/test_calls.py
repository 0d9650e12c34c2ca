"""What travels: how often a call is made, and what its request looks like."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from email.utils import formatdate
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from azure.core.rest import HttpRequest

from tests.gateways.scripted_gateways import account_at, batch_at, storage_at, storage_error
from tests.gateways.scripted_service import Scripted, batch_error, scripted
from tui.core import errors
from tui.core.ports import BatchPort, StoragePort
from tui.core.records import ImageInfo, ImageReference
from tui.core.redaction import Secret
from tui.core.specs import JobSpec, PoolSpec, StartTaskSpec, TaskSpec
from tui.gateways.connect import open_batch, open_storage
from tui.gateways.http import transport_to

JOB = JobSpec("j", "p", 0, 60, 0, None, {})
IMAGE = ImageInfo(ImageReference("canonical", "ubuntu", "server"), "batch.node.ubuntu 24.04", True, "linux")
POOL = PoolSpec("p", "standard_d2s_v3", IMAGE, 1, 0, 1, None, {})


class TestRepetition:
    FAULT = batch_error(500, "InternalError", "Try again.")
    BUSY = batch_error(503, "ServerBusy", "Busy.")
    DONE = Scripted(200, b"{}")

    def test_a_read_is_repeated(self) -> None:
        with batch_at(self.FAULT, self.FAULT, Scripted(200, b'{"value": []}')) as (batch, service):
            assert batch.list_images() == ()
        assert service.methods == ["GET"] * 3
        assert batch.request_count == 3

    def test_but_not_for_ever(self) -> None:
        with batch_at(self.FAULT) as (batch, service), pytest.raises(errors.ServiceFault):
            batch.list_images()
        assert len(service.received) == 3

    def test_a_poll_is_not_repeated(self) -> None:
        with batch_at(self.FAULT) as (batch, service):
            with pytest.raises(errors.ServiceFault):
                next(batch.list_tasks("j"))
            with pytest.raises(errors.ServiceFault):
                batch.count_tasks("j")
        assert len(service.received) == 2

    def test_but_the_later_pages_of_a_polled_list_are(self) -> None:
        first = Scripted(200, b'{"value": [], "odata.nextLink": "http://here/jobs/j/tasks?$skiptoken=1"}')
        with batch_at(first, self.BUSY, self.FAULT, Scripted(200, b'{"value": []}')) as (batch, service):
            assert len(list(batch.list_tasks("j"))) == 2
        assert [got.target.partition("$skiptoken=")[2] for got in service.received] == ["", "1", "1", "1"]

    @pytest.mark.parametrize("trouble", [FAULT, Scripted(reset=True)])
    def test_a_change_whose_outcome_is_unknown_is_not_repeated(self, trouble: Scripted) -> None:
        with batch_at(trouble, self.DONE) as (batch, service), pytest.raises((errors.ServiceFault, errors.Unreachable)):
            batch.add_tasks("j", [TaskSpec("t", ":", (), ())], no_sas)
        assert service.methods == ["POST"]

    def test_a_change_that_was_turned_away_is_repeated(self) -> None:
        with batch_at(self.BUSY, Scripted(202, b"")) as (batch, service):
            batch.resize_pool("p", 1, 0)
        assert service.methods == ["POST", "POST"]

    def test_a_deletion_is_repeated(self) -> None:
        with batch_at(Scripted(reset=True), Scripted(202, b"")) as (batch, service):
            batch.delete_pool("p")
        assert service.methods == ["DELETE", "DELETE"]

    def test_who_is_asked_to_wait_long_is_told_instead(self) -> None:
        busy = batch_error(503, "ServerBusy", "Busy.", **{"Retry-After": "60"})
        with batch_at(busy) as (batch, service), pytest.raises(errors.Throttled) as caught:
            batch.list_images()
        assert caught.value.retry_after_s == 60
        assert len(service.received) == 1

    def test_storage_repeats_what_it_puts(self) -> None:
        made = Scripted(201, b"", {"ETag": '"1"', "Last-Modified": formatdate(0, usegmt=True)})
        with storage_at(storage_error(500, "InternalError", "Try again."), made) as (storage, service):
            storage.put_blob("container", "blob", b"content", bytes(16))
        assert service.methods == ["PUT", "PUT"]
        assert {received.body for received in service.received} == {b"content"}


CHANGES: Mapping[str, tuple[int, Callable[[BatchPort], object]]] = {
    "create_pool": (201, lambda batch: batch.create_pool(POOL, no_sas)),
    "resize_pool": (202, lambda batch: batch.resize_pool("p", 1, 0)),
    "renew_start_task": (200, lambda batch: batch.renew_start_task("p", StartTaskSpec(":", (), False), no_sas)),
    "delete_pool": (202, lambda batch: batch.delete_pool("p")),
    "create_job": (201, lambda batch: batch.create_job(JOB, no_sas)),
    "end_job_when_done": (200, lambda batch: batch.end_job_when_done("j")),
    "terminate_job": (202, lambda batch: batch.terminate_job("j", "enough")),
    "delete_job": (202, lambda batch: batch.delete_job("j")),
    "terminate_task": (204, lambda batch: batch.terminate_task("j", "t")),
    "reactivate_task": (204, lambda batch: batch.reactivate_task("j", "t")),
    "delete_task": (200, lambda batch: batch.delete_task("j", "t")),
}


class TestChanges:
    """Each has a success of its own, without a body; the sign-in page of a network is none."""

    @pytest.mark.parametrize("name", CHANGES)
    def test_is_done_where_the_service_says_so(self, name: str) -> None:
        status, change = CHANGES[name]
        with batch_at(Scripted(status, b"")) as (batch, service):
            change(batch)
        assert len(service.received) == 1

    @pytest.mark.parametrize("name", CHANGES)
    @pytest.mark.parametrize("body", [b"", b"<html>Log in to go on</html>", b"{}"])
    @pytest.mark.parametrize("status", [200, 201, 202, 203])
    def test_is_not_done_by_another_success(self, name: str, body: bytes, status: int) -> None:
        own_status, change = CHANGES[name]
        if (status, body) == (own_status, b""):
            return
        with (
            batch_at(Scripted(status, body)) as (batch, _),
            pytest.raises(errors.ServiceFault, match=f"makes no sense: .*: HTTP {status}") as caught,
        ):
            change(batch)
        assert caught.value.can_retry


class TestLists:
    @pytest.mark.parametrize(
        "place", ["@{host}/x?y=1", "@{host}/jobs?y=1", "//{host}//{host}/?y=1", "x?y=1", "?y=1", "/pools?y=1"]
    )
    def test_a_link_leads_on_in_the_same_list_alone(self, place: str) -> None:
        with scripted(Scripted(200, b'{"value": []}')) as other:
            link = json.dumps({"value": [], "odata.nextLink": place.format(host=urlsplit(other.url).netloc)})
            with (
                batch_at(Scripted(200, link.encode()), Scripted(200, b'{"value": []}')) as (batch, service),
                pytest.raises(errors.ServiceFault, match="makes no sense"),
            ):
                batch.list_jobs()
            assert (len(service.received), other.received) == (1, [])

    @pytest.mark.parametrize("place", ["http://{host}", "//{host}", ""])
    def test_a_link_to_another_host_is_followed_on_our_own(self, place: str) -> None:
        with scripted(Scripted(200, b'{"value": []}')) as other:
            link = f"{place.format(host=urlsplit(other.url).netloc)}/JOBS/j%6A/tasks?$skiptoken=WATV2%3Aabc%3A1$1"
            first = Scripted(200, json.dumps({"value": [], "odata.nextLink": link}).encode())
            with batch_at(first, Scripted(200, b'{"value": []}')) as (batch, service):
                assert len(list(batch.list_tasks("jj"))) == 2
            assert other.received == []
            assert service.received[1].target == "/jobs/jj/tasks?$skiptoken=WATV2%3Aabc%3A1$1"

    def test_a_list_that_leads_back_ends(self) -> None:
        first, second = (
            Scripted(200, json.dumps({"value": [], "odata.nextLink": f"http://here/jobs?$skiptoken={number}"}).encode())
            for number in (1, 2)
        )
        with (
            batch_at(first, second, first) as (batch, service),
            pytest.raises(errors.ServiceFault, match="begins again"),
        ):
            batch.list_jobs()
        assert len(service.received) == 3

    @pytest.mark.parametrize(
        ("kind", "ask"),
        [
            ("Containers", lambda storage: storage.list_containers()),
            ("Blobs", lambda storage: tuple(storage.list_blobs("container"))),
        ],
    )
    def test_a_list_of_storage_that_leads_back_ends(self, kind: str, ask: Callable[[StoragePort], object]) -> None:
        body = f"<EnumerationResults><{kind}/><NextMarker>more</NextMarker></EnumerationResults>"
        page = Scripted(200, body.encode(), {"Content-Type": "application/xml"})
        with storage_at(page) as (storage, service), pytest.raises(errors.ServiceFault, match="makes no sense"):
            ask(storage)
        assert len(service.received) == 2


class TestRequests:
    def test_the_service_gives_up_before_we_do(self) -> None:
        with batch_at(Scripted(200, b'{"value": []}')) as (batch, service):
            list(batch.list_tasks("j"))
            batch.list_images()
        assert [("timeOut=10" in got.target, "timeOut=25" in got.target) for got in service.received] == [
            (True, False),
            (False, True),
        ]

    @pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
    @pytest.mark.parametrize("place", ["/elsewhere", "{own}/elsewhere", "{other}/elsewhere", "http://[", ""])
    def test_no_redirect_is_followed(self, status: int, place: str) -> None:
        """Tasks carry SAS and blobs the content of files: neither is any business of what answers so."""
        with scripted(Scripted(200)) as other, scripted() as service:
            service.answer_with(Scripted(status, b"", {"Location": place.format(own=service.url, other=other.url)}))
            with closing(open_batch(account_at(service.url))) as batch:
                for call in (
                    lambda: batch.get_job("j"),
                    lambda: batch.create_job(JOB, no_sas),
                    lambda: batch.add_tasks("j", [TaskSpec("t", ":", (), ())], no_sas),
                    lambda: batch.delete_pool("p"),
                ):
                    with pytest.raises(errors.ServiceFault, match="a redirect, which is not followed") as caught:
                        call()
                    assert caught.value.can_retry
            with closing(open_storage(account_at(service.url))) as storage:
                for ask in (
                    lambda: storage.put_blob("container", "blob", b"content", bytes(16)),
                    lambda: storage.create_container("container", {}),
                    lambda: next(storage.list_blobs("container")),
                    lambda: storage.read_blob("container", "blob", 0, 7),
                ):
                    with pytest.raises(errors.ServiceFault, match="a redirect, which is not followed"):
                        ask()
            assert other.received == []
            assert len(service.received) == 8

    def test_a_transport_reaches_one_service_alone(self) -> None:
        with scripted(Scripted(200)) as own, scripted(Scripted(200)) as other:
            transport = transport_to(own.url)
            transport.send(HttpRequest("GET", f"{own.url}/pools"))
            for url in (
                f"{other.url}/pools",
                f"{own.url}@{urlsplit(other.url).netloc}/pools",
                own.url.replace("http:", "https:"),
            ):
                with pytest.raises(errors.ServiceFault, match="names another host"):
                    transport.send(HttpRequest("GET", url))
            transport.close()
            assert (len(own.received), other.received) == (1, [])

    @pytest.mark.parametrize("name", [".", "..", "./f", "../../x", "a/../../b", "a/./b", "a/.."])
    def test_the_name_of_a_blob_travels_as_it_was_signed(self, name: str) -> None:
        with storage_at(Scripted(404, b"", {"x-ms-error-code": "BlobNotFound"})) as (storage, service):
            assert storage.get_blob("container", name) is None
            assert storage.get_blob("container", f"{name}?#% é") is None
        targets = [got.target.partition("?")[0] for got in service.received]
        assert targets == [f"/myblobs/container/{name}", f"/myblobs/container/{name}%3F%23%25%20%C3%A9"]

    def test_ids_cannot_leave_their_place_in_the_path(self) -> None:
        with batch_at(batch_error(404, "TaskNotFound", "None.")) as (batch, service):
            assert batch.get_task("../pools", "a/b?c#d e") is None
        assert service.received[0].target.startswith("/jobs/..%2Fpools/tasks/a%2Fb%3Fc%23d%20e?")

    def test_a_password_file_does_not_replace_the_signature(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        host = "mybatch.westeurope.batch.azure.com"
        (tmp_path / "netrc").write_text(f"machine {host} login user password secret\n")
        monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
        transport = transport_to(f"https://{host}")
        signed = requests.Request("GET", f"https://{host}/pools", headers={"Authorization": "SharedKey mybatch:x"})
        assert transport.session is not None
        assert transport.session.prepare_request(signed).headers["Authorization"] == "SharedKey mybatch:x"
        transport.close()

    def test_a_proxy_of_the_environment_is_not_for_loopback(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
        with batch_at(Scripted(200, b'{"value": []}')) as (batch, _):
            assert batch.list_pools() == ()

    def test_warnings_of_the_libraries_do_not_tear_the_screen(self) -> None:
        program = """
import logging
import tui.gateways.http
for name in ("azure.core.pipeline", "azure.storage", "urllib3.connectionpool"):
    logging.getLogger(name).warning("torn")
"""
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
        assert done.stderr == ""


def no_sas(_: object) -> Secret:
    raise AssertionError("nothing is to be signed")
