"""Each way a service can fail, through the libraries as they are, as the error a person reads."""

from __future__ import annotations

import gc
import socket
import time
from collections.abc import Mapping
from dataclasses import replace
from email.utils import formatdate
from typing import Any

import pytest

from tests.gateways.scripted_gateways import CUT_BLOB, account_at, batch_at, storage_at, storage_error
from tests.gateways.scripted_service import Scripted, batch_error, scripted
from tui.core import errors
from tui.gateways.account_probe import AccountProbeGateway
from tui.gateways.connect import open_batch, open_storage
from tui.gateways.errors import plain_message, retry_after_s

DEEP = pytest.param(b"[" * 100_000, id="deep")
"""No JSON of either service, and deeper than a reader of JSON can follow."""

CUTS = [{"cut_after": 20}, {"cut_after": 20, "reset": True}, {"cut_after": 20, "fits": True}]
"""A body that is cut: its end is missed, the connection is reset, or nothing tells but what it holds."""
BY = ["end", "reset", "length"]


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

    @pytest.mark.parametrize("status", [404, 409])
    @pytest.mark.parametrize(
        "body", [b"<html>Bad gateway</html>", b"", b'"text"', b"{", b"[1]", b'{"code": null}', DEEP]
    )
    def test_what_is_not_there_is_told_by_the_service_alone(self, body: bytes, status: int) -> None:
        """A page of something between, taken at its status, would say of a pool that costs that it is gone."""
        with (
            batch_at(Scripted(status, body, {"Content-Type": "text/html"})) as (batch, _),
            pytest.raises(errors.ServiceFault, match="makes no sense") as caught,
        ):
            batch.get_pool("p")
        assert caught.value.what == f"reading pool p: HTTP {status} without a code"
        assert caught.value.can_retry

    @pytest.mark.parametrize("body", [b"<html>Bad gateway</html>", b"", b"[1]", DEEP])
    def test_an_error_page_of_something_else_is_survived(self, body: bytes) -> None:
        with batch_at(Scripted(400, body)) as (batch, _), pytest.raises(errors.RequestRefused) as caught:
            batch.get_pool("p")
        assert caught.value.what == "reading pool p: HTTP 400"

    def test_to_look_at_a_file_is_answered_without_a_body(self) -> None:
        with batch_at(Scripted(404, b"")) as (batch, _), pytest.raises(errors.NotFound):
            batch.find_task_file("j", "t", "stdout.txt")

    @pytest.mark.parametrize(
        "body",
        [
            b"<html>Welcome</html>",
            b"",
            b"[]",
            b"{}",
            b'{"value": null}',
            b'{"value": {}}',
            b'{"value": [{"id": 1}]}',
            b'{"value": ["text"]}',
            b'{"value": [], "odata.nextLink": 7}',
            DEEP,
        ],
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

    def test_the_gateway_was_closed(self) -> None:
        with scripted(Scripted(200, b'{"value": []}')) as service:
            batch, storage = open_batch(account_at(service.url)), open_storage(account_at(service.url))
            batch.list_pools()
            for closed in (batch, storage):
                closed.close()
            with pytest.raises(errors.Unreachable):
                batch.list_pools()
            with pytest.raises(errors.Unreachable):
                storage.list_containers()

    def test_the_connection_breaks(self) -> None:
        with batch_at(Scripted(reset=True)) as (batch, service), pytest.raises(errors.Unreachable) as caught:
            batch.get_job("j")
        assert "broke" in caught.value.what
        assert len(service.received) == 1

    @pytest.mark.parametrize("cut", CUTS, ids=BY)
    def test_the_answer_is_cut(self, cut: Mapping[str, Any]) -> None:
        answer = replace(Scripted(200, b'{"value": [], "odata.metadata": ""}'), **cut)
        with batch_at(answer) as (batch, _), pytest.raises(errors.ServiceError) as caught:
            batch.list_pools()
        assert caught.value.can_retry

    @pytest.mark.parametrize("cut", CUTS, ids=BY)
    def test_a_refusal_that_is_cut_says_nothing(self, cut: Mapping[str, Any]) -> None:
        """What is not there is told by the code in the body alone, and that never came."""
        missing = replace(batch_error(404, "PoolNotFound", "The pool does not exist."), **cut)
        with batch_at(missing) as (batch, _), pytest.raises(errors.ServiceError) as caught:
            batch.get_pool("pool")
        assert caught.value.can_retry

    @pytest.mark.parametrize("cut", CUTS, ids=BY)
    def test_a_refusal_of_storage_that_is_cut_is_settled_by_its_code_or_repeated(self, cut: Mapping[str, Any]) -> None:
        """Storage has its code in a header too, so that a body which was cut may, but need not, be missed."""
        taken = replace(storage_error(409, "ContainerAlreadyExists", "The container exists."), **cut)
        with storage_at(taken) as (storage, _), pytest.raises(errors.ServiceError) as caught:
            storage.create_container("container", {})
        assert isinstance(caught.value, errors.AlreadyExists) or caught.value.can_retry
        gone = replace(storage_error(404, "BlobNotFound", "There is no such blob."), **cut)
        with storage_at(gone) as (storage, _), pytest.raises(errors.ServiceError) as caught:
            storage.read_blob("container", "blob", 0, 7)
        assert isinstance(caught.value, errors.NotFound) or caught.value.can_retry

    @pytest.mark.parametrize("cut", CUTS, ids=BY)
    def test_a_list_of_storage_that_is_cut_is_repeated(self, cut: Mapping[str, Any]) -> None:
        page = b"<EnumerationResults><Containers/><NextMarker/></EnumerationResults>"
        answer = replace(Scripted(200, page, {"Content-Type": "application/xml"}), **cut)
        with storage_at(answer) as (storage, _), pytest.raises(errors.ServiceError) as caught:
            storage.list_containers()
        assert caught.value.can_retry

    @pytest.mark.parametrize("reset", [False, True])
    def test_the_answer_to_storage_is_cut(self, reset: bool) -> None:
        with storage_at(replace(CUT_BLOB, reset=reset)) as (storage, _), pytest.raises(errors.Unreachable):
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

    @pytest.mark.parametrize("body", [b"", b"<html>Not found</html>"])
    def test_what_is_not_there_is_told_by_the_service_alone(self, body: bytes) -> None:
        with storage_at(Scripted(404, body, {"Content-Type": "text/html"})) as (storage, _):
            with pytest.raises(errors.ServiceFault, match="makes no sense"):
                storage.get_container("container")
            with pytest.raises(errors.ServiceFault, match="makes no sense"):
                storage.read_blob("container", "blob", 0, 7)

    def test_a_missing_blob_has_no_body_and_still_a_code(self) -> None:
        answer = Scripted(404, b"", {"x-ms-error-code": "BlobNotFound"})
        with storage_at(answer) as (storage, _):
            assert storage.get_blob("container", "blob") is None

    @pytest.mark.parametrize("body", [b"<html>Welcome</html>", b"<html><body>&nbsp;", b"", b"{}"])
    def test_an_answer_that_makes_no_sense_is_the_services_fault(self, body: bytes) -> None:
        """What is not read as a list must not be read as an empty one: all that a run made would seem gone."""
        with storage_at(Scripted(200, body, {"Content-Type": "application/xml"})) as (storage, _):
            for ask in (
                lambda: storage.get_container("container"),
                lambda: storage.get_blob("container", "blob"),
                lambda: storage.read_blob("container", "blob", 0, 7),
                lambda: storage.list_containers(),
                lambda: tuple(storage.list_blobs("container")),
                lambda: storage.create_container("container", {}),
                lambda: storage.delete_container("container"),
                lambda: storage.put_blob("container", "blob", b"content", bytes(16)),
                lambda: storage.put_block("container", "blob", "QQ==", b"content"),
                lambda: storage.commit_blocks("container", "blob", ["QQ=="], bytes(16)),
                lambda: storage.delete_blob("container", "blob"),
            ):
                with pytest.raises(errors.ServiceError) as caught:
                    ask()
                assert caught.value.can_retry

    @pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
    @pytest.mark.parametrize("body", [b"<html>Welcome</html>", b"", DEEP])
    def test_what_a_sas_is_answered_with_is_no_crash_either(self, body: bytes) -> None:
        """The check of an account writes and reads by itself what a node would."""
        made = Scripted(201, b"", {"ETag": '"1"', "Last-Modified": formatdate(0, usegmt=True)})
        for answers in ((made, Scripted(200, body)), (made, made, Scripted(200, body))):
            with scripted(*answers) as service, pytest.raises(errors.ServiceFault, match="makes no sense"):
                AccountProbeGateway(account_at(service.url)).try_shared_access()
        gc.collect()  # the library leaves a download that it cannot begin unclosed

    def test_nobody_listens(self) -> None:
        storage = open_storage(account_at("http://127.0.0.1:1"))
        with pytest.raises(errors.Unreachable) as caught:
            storage.list_containers()
        storage.close()
        assert caught.value.what == "listing the containers: 127.0.0.1:1 refuses the connection"


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
        assert [retry_after_s({"Retry-After": text}) for text in ("1e309", "nan", "-inf")] == [None] * 3
        assert retry_after_s({"Retry-After": f"Mon, 01 Jan {'9' * 30} 00:00:00 GMT"}) is None
        assert retry_after_s({}) is None
