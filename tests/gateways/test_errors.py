"""Each way a service can fail, through the libraries as they are, as the error a person reads."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate

import pytest

from tests.gateways.scripted_service import Scripted, ScriptedService, batch_error, scripted
from tui.core import errors
from tui.core.accounts import Account, AccountKind, checked_account
from tui.core.ports import BatchPort, StoragePort
from tui.core.redaction import Secret
from tui.core.specs import TaskSpec
from tui.gateways.connect import open_batch, open_storage
from tui.gateways.errors import plain_message, retry_after_s

KEY = "b3BlbiBzZXNhbWUgb3BlbiBzZXNhbWUgb3BlbiBzZXNhbWU="


def account_at(url: str) -> Account:
    return checked_account(
        name="test",
        kind=AccountKind.SHARED_KEY,
        batch_account="mybatch",
        batch_endpoint=url,
        batch_key=KEY,
        storage_account="myblobs",
        storage_key=KEY,
        storage_endpoint=f"{url}/myblobs",
    )


@contextmanager
def batch_at(*answers: Scripted) -> Iterator[tuple[BatchPort, ScriptedService]]:
    with scripted(*answers) as service:
        batch = open_batch(account_at(service.url))
        yield batch, service
        batch.close()


@contextmanager
def storage_at(*answers: Scripted) -> Iterator[tuple[StoragePort, ScriptedService]]:
    with scripted(*answers) as service:
        storage = open_storage(account_at(service.url))
        yield storage, service
        storage.close()


CUT_BLOB = Scripted(
    206,
    b"content",
    {
        "Content-Type": "application/octet-stream",
        "Content-Range": "bytes 0-6/7",
        "ETag": '"1"',
        "Last-Modified": formatdate(0, usegmt=True),
        "x-ms-blob-type": "BlockBlob",
    },
    cut_after=3,
)


def storage_error(status: int, code: str, text: str, **headers: str) -> Scripted:
    body = (
        f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code><Message>{text}\n'
        "RequestId:77aa\nTime:2026-01-22T20:18:17.6076943Z</Message></Error>"
    )
    head = {"Content-Type": "application/xml", "x-ms-error-code": code, "x-ms-request-id": "77aa", **headers}
    return Scripted(status, body.encode(), head)


class TestBatchAnswers:
    @pytest.mark.parametrize(
        ("status", "code", "kind"),
        [
            (400, "InvalidPropertyValue", errors.RequestRefused),
            (401, "AuthenticationFailed", errors.AccessRefused),
            (403, "AuthenticationFailed", errors.AccessRefused),
            (404, "PoolNotFound", errors.NotFound),
            (408, "OperationTimedOut", errors.ServiceFault),
            (409, "PoolExists", errors.AlreadyExists),
            (409, "PoolQuotaReached", errors.Conflict),
            (412, "ConditionNotMet", errors.Conflict),
            (413, "RequestBodyTooLarge", errors.TooLarge),
            (429, "TooManyRequests", errors.Throttled),
            (500, "InternalError", errors.ServiceFault),
            (502, "", errors.ServiceFault),
            (503, "ServerBusy", errors.Throttled),
            (504, "", errors.ServiceFault),
        ],
    )
    def test_have_their_kind(self, status: int, code: str, kind: type[errors.ServiceError]) -> None:
        with (
            batch_at(batch_error(status, code, "The words of the service.")) as (batch, _),
            pytest.raises(kind) as caught,
        ):
            batch.list_pools()
        assert type(caught.value) is kind
        assert (caught.value.status, caught.value.code, caught.value.request_id) == (status, code, "5f1c")
        assert caught.value.what == "listing the pools: The words of the service."
        assert caught.value.title

    def test_details_say_what_the_service_objects_to(self) -> None:
        answer = batch_error(
            400, "InvalidPropertyValue", "A value is invalid.", ("PropertyName", "vmSize"), ("Reason", "no such size")
        )
        with batch_at(answer) as (batch, _), pytest.raises(errors.RequestRefused) as caught:
            batch.list_pools()
        assert caught.value.details == (("PropertyName", "vmSize"), ("Reason", "no such size"))

    def test_a_quota_has_its_remedy(self) -> None:
        answer = batch_error(409, "ActiveJobAndScheduleQuotaReached", "The quota has been reached.")
        with batch_at(answer) as (batch, _), pytest.raises(errors.Conflict) as caught:
            batch.list_pools()
        assert caught.value.title == "The account's quota of active jobs is used up"
        assert "more quota" in caught.value.hint

    def test_throttling_says_how_long(self) -> None:
        answer = batch_error(429, "TooManyRequests", "Slow down.", **{"Retry-After": "17"})
        with batch_at(answer) as (batch, _), pytest.raises(errors.Throttled) as caught:
            batch.list_pools()
        assert caught.value.retry_after_s == 17
        assert caught.value.can_retry

    @pytest.mark.parametrize(
        ("hours_ahead", "title"),
        [
            (1, "This machine's clock is wrong"),
            (-1, "This machine's clock is wrong"),
            (0, "Batch does not accept the account key"),
        ],
    )
    def test_a_wrong_clock_is_told_from_a_wrong_key(self, hours_ahead: int, title: str) -> None:
        answer = batch_error(403, "AuthenticationFailed", "Server failed to authenticate the request.")
        there = {**answer.headers, "Date": formatdate(time.time() + hours_ahead * 3_600, usegmt=True)}
        with (
            batch_at(Scripted(403, answer.body, there)) as (batch, _),
            pytest.raises(errors.AccessRefused) as caught,
        ):
            batch.list_pools()
        assert caught.value.title == title

    def test_an_account_without_keys_is_told_so(self) -> None:
        answer = batch_error(
            403,
            "AuthenticationFailed",
            "Server failed to authenticate the request.",
            ("AuthenticationErrorDetail", "The specified type of authentication SharedKey is not allowed."),
        )
        with batch_at(answer) as (batch, _), pytest.raises(errors.AccessRefused) as caught:
            batch.list_pools()
        assert caught.value.title == "The account does not take keys"
        assert "Entra" in caught.value.hint

    @pytest.mark.parametrize("body", [b"<html>Bad gateway</html>", b"", b'"text"', b"{", b"[1]", b'{"code": null}'])
    def test_an_error_page_of_something_else_is_survived(self, body: bytes) -> None:
        with (
            batch_at(Scripted(404, body, {"Content-Type": "text/html"})) as (batch, _),
            pytest.raises(errors.NotFound) as caught,
        ):
            batch.get_pool("p")
        assert caught.value.what == "reading pool p: HTTP 404"

    @pytest.mark.parametrize(
        "body", [b"<html>Welcome</html>", b"[]", b'{"value": [{"id": 1}]}', b'{"value": ["text"]}']
    )
    def test_an_answer_that_makes_no_sense_is_the_services_fault(self, body: bytes) -> None:
        with batch_at(Scripted(200, body)) as (batch, _), pytest.raises(errors.ServiceFault) as caught:
            batch.list_pools()
        assert "makes no sense" in caught.value.title
        assert "really the Batch endpoint" in caught.value.hint

    def test_text_of_the_service_cannot_move_the_cursor(self) -> None:
        answer = batch_error(400, "Evil\x1b[2J", "red \x1b[31mtext\x07", ("key\x9b", "\x1b]0;title\x07"))
        with batch_at(answer) as (batch, _), pytest.raises(errors.RequestRefused) as caught:
            batch.list_pools()
        shown = f"{caught.value}{caught.value.code}{caught.value.details}"
        assert shown.isprintable()


class TestSilence:
    def test_nobody_listens(self) -> None:
        batch = open_batch(account_at("http://127.0.0.1:1"))
        with pytest.raises(errors.Unreachable) as caught:
            batch.get_job("j")
        batch.close()
        assert caught.value.what == "reading job j: 127.0.0.1:1 refuses the connection"
        assert "sandbox up" in caught.value.hint
        assert caught.value.can_retry

    def test_no_such_host(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def unknown(*_: object, **__: object) -> None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        monkeypatch.setattr(socket, "getaddrinfo", unknown)
        batch = open_batch(account_at("https://mybtach.westeurope.batch.azure.com"))
        with pytest.raises(errors.Unreachable) as caught:
            batch.get_job("j")
        batch.close()
        assert caught.value.what == "reading job j: no such host as mybtach.westeurope.batch.azure.com"
        assert "Batch endpoint" in caught.value.hint

    def test_the_connection_breaks(self) -> None:
        with batch_at(Scripted(reset=True)) as (batch, service), pytest.raises(errors.Unreachable) as caught:
            batch.get_job("j")
        assert "broke" in caught.value.what
        assert len(service.received) == 1

    def test_the_answer_is_cut(self) -> None:
        with batch_at(Scripted(200, b'{"value": []}', cut_after=5)) as (batch, _), pytest.raises(errors.Unreachable):
            batch.list_pools()

    def test_the_answer_to_storage_is_cut(self) -> None:
        with (
            storage_at(CUT_BLOB) as (storage, _),
            pytest.raises(errors.Unreachable),
        ):
            storage.read_blob("container", "blob", 0, 7)


class TestStorageAnswers:
    @pytest.mark.parametrize(
        ("status", "code", "kind"),
        [
            (400, "InvalidHeaderValue", errors.RequestRefused),
            (401, "InvalidAuthenticationInfo", errors.AccessRefused),
            (403, "AuthenticationFailed", errors.AccessRefused),
            (403, "AuthorizationPermissionMismatch", errors.AccessRefused),
            (404, "ContainerNotFound", errors.NotFound),
            (409, "ContainerAlreadyExists", errors.AlreadyExists),
            (409, "ContainerBeingDeleted", errors.Conflict),
            (413, "RequestBodyTooLarge", errors.TooLarge),
            (500, "InternalError", errors.ServiceFault),
            (503, "ServerBusy", errors.Throttled),
        ],
    )
    def test_have_their_kind(self, status: int, code: str, kind: type[errors.ServiceError]) -> None:
        with storage_at(storage_error(status, code, "The words.")) as (storage, _), pytest.raises(kind) as caught:
            storage.create_container("container", {})
        assert type(caught.value) is kind
        assert (caught.value.status, caught.value.code, caught.value.request_id) == (status, code, "77aa")
        assert caught.value.what == "creating container container: The words."

    def test_a_missing_blob_has_no_body_and_still_a_code(self) -> None:
        answer = Scripted(404, b"", {"x-ms-error-code": "BlobNotFound"})
        with storage_at(answer) as (storage, _):
            assert storage.get_blob("container", "blob") is None

    def test_an_answer_that_makes_no_sense_is_the_services_fault(self) -> None:
        with storage_at(Scripted(200, b"<html>Welcome</html>")) as (storage, _):
            with pytest.raises(errors.ServiceFault, match="makes no sense"):
                storage.get_blob("container", "blob")
            with pytest.raises(errors.ServiceFault, match="makes no sense"):
                storage.read_blob("container", "blob", 0, 7)
            with pytest.raises(errors.ServiceError):
                storage.list_containers()

    def test_nobody_listens(self) -> None:
        storage = open_storage(account_at("http://127.0.0.1:1"))
        with pytest.raises(errors.Unreachable) as caught:
            storage.list_containers()
        storage.close()
        assert caught.value.what == "listing the containers: 127.0.0.1:1 refuses the connection"


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

    @pytest.mark.parametrize("trouble", [FAULT, Scripted(reset=True)])
    def test_a_change_whose_outcome_is_unknown_is_not_repeated(self, trouble: Scripted) -> None:
        with batch_at(trouble, self.DONE) as (batch, service), pytest.raises((errors.ServiceFault, errors.Unreachable)):
            batch.add_tasks("j", [TaskSpec("t", ":", (), ())], no_sas)
        assert service.methods == ["POST"]

    def test_a_change_that_was_turned_away_is_repeated(self) -> None:
        with batch_at(self.BUSY, self.DONE) as (batch, service):
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


class TestRequests:
    def test_the_service_gives_up_before_we_do(self) -> None:
        with batch_at(Scripted(200, b'{"value": []}')) as (batch, service):
            list(batch.list_tasks("j"))
            batch.list_images()
        assert [("timeOut=10" in got.target, "timeOut=25" in got.target) for got in service.received] == [
            (True, False),
            (False, True),
        ]

    def test_a_link_to_another_host_is_followed_on_our_own(self) -> None:
        link = "https://elsewhere.example.com/jobs/j/tasks?api-version=2025-06-01&$skiptoken=WATV2%3Aabc%3A1$1"
        first = Scripted(200, ('{"value": [], "odata.nextLink": "%s"}' % link).encode())  # noqa: UP031  braces of JSON
        with batch_at(first, Scripted(200, b'{"value": []}')) as (batch, service):
            pages = list(batch.list_tasks("j"))
        assert len(pages) == 2
        assert service.received[1].target == "/jobs/j/tasks?api-version=2025-06-01&$skiptoken=WATV2%3Aabc%3A1$1"

    def test_ids_cannot_leave_their_place_in_the_path(self) -> None:
        with batch_at(batch_error(404, "TaskNotFound", "None.")) as (batch, service):
            assert batch.get_task("../pools", "a/b?c#d e") is None
        assert service.received[0].target.startswith("/jobs/..%2Fpools/tasks/a%2Fb%3Fc%23d%20e?")

    def test_a_password_file_does_not_replace_the_signature(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        netrc = tmp_path_factory.mktemp("netrc") / "netrc"
        netrc.write_text("machine 127.0.0.1 login user password secret\n")
        monkeypatch.setenv("NETRC", str(netrc))
        with batch_at(Scripted(200, b'{"value": []}')) as (batch, service):
            batch.list_pools()
        assert service.received[0].headers["Authorization"].startswith("SharedKey mybatch:")

    def test_a_proxy_of_the_environment_is_not_for_loopback(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
        with batch_at(Scripted(200, b'{"value": []}')) as (batch, _):
            assert batch.list_pools() == ()

    def test_nothing_is_printed(self, capfd: pytest.CaptureFixture[str]) -> None:
        root = logging.getLogger()
        handlers, root.handlers = root.handlers, []
        try:
            with batch_at(Scripted(500, b"<html>")) as (batch, _), pytest.raises(errors.ServiceFault):
                batch.list_images()
        finally:
            root.handlers = handlers
        assert capfd.readouterr() == ("", "")


class TestText:
    @pytest.mark.parametrize(
        ("text", "plain"),
        [
            ("The pool exists.\nRequestId:5f\nTime:2026-01-22T20:18:17Z", "The pool exists."),
            ("Busy.\nRequestId:5f\nTime:2026-01-22T20:18:17Z\nErrorCode:ServerBusy", "Busy."),
            ("The MAC signature found in the HTTP request 'c2VjcmV0' is not the same", None),
            ("two\nlines", "two lines"),
            ("Lunch Time: now", "Lunch Time: now"),
            ("", ""),
        ],
    )
    def test_is_plain(self, text: str, plain: str | None) -> None:
        if plain is None:
            assert "c2VjcmV0" not in plain_message(text)
        else:
            assert plain_message(text) == plain

    def test_retry_after_is_read_in_both_forms(self) -> None:
        assert retry_after_s({"Retry-After": "2.5"}) == 2.5
        assert retry_after_s({"Retry-After": formatdate(time.time() + 100, usegmt=True)}) == pytest.approx(100, abs=5)
        assert retry_after_s({"Retry-After": formatdate(0, usegmt=True)}) == 0
        assert retry_after_s({"Retry-After": "soon"}) is None
        assert retry_after_s({}) is None


def no_sas(_: object) -> Secret:
    raise AssertionError("nothing is to be signed")
