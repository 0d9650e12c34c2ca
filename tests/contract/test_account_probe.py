"""The checklist against the sandbox over sockets: a good account passes, and each thing that is wrong is named."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.support.fakes import FakeClock
from tui.core.account_check import Check, Checklist
from tui.core.accounts import Account
from tui.core.redaction import Secret
from tui.engine.account_check import check_account
from tui.engine.clock import SystemClock
from tui.gateways.account_probe import CONTAINER_PREFIX, AccountProbeGateway
from tui.gateways.connect import open_storage

OTHER_KEY = Secret("QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=")


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that is taken and answers nobody: connecting is refused."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def examined(account: Account) -> Checklist:
    return check_account(account, AccountProbeGateway(account), SystemClock(), threading.Event(), lambda _: None)


def failures(account: Account) -> dict[Check, str]:
    return {result.check: result.detail for result in examined(account).failed}


def test_a_good_account_passes_and_keeps_nothing_of_the_trial(account: Account) -> None:
    checklist = examined(account)
    assert checklist.is_good
    assert checklist.results[Check.BATCH_ADDRESS].detail == "resolves to 127.0.0.1"
    storage = open_storage(account)
    assert storage.list_containers(CONTAINER_PREFIX) == ()
    storage.close()


def test_wrong_batch_key(account: Account) -> None:
    assert failures(replace(account, batch_key=OTHER_KEY)) == {
        Check.BATCH_ACCESS: f"the Batch key is not the key of account {account.batch_account}"
    }


def test_wrong_batch_account_name(account: Account) -> None:
    assert failures(replace(account, batch_account="someoneelse")) == {
        Check.BATCH_ACCESS: "Batch knows no account someoneelse at this address"
    }


def test_wrong_storage_key(account: Account) -> None:
    found = failures(replace(account, storage_key=OTHER_KEY))
    assert list(found) == [Check.STORAGE_ACCESS]
    assert "the key is not its own" in found[Check.STORAGE_ACCESS]


def test_wrong_storage_account_name(account: Account) -> None:
    found = failures(replace(account, storage_account="someoneelse"))
    assert list(found) == [Check.STORAGE_ADDRESS]
    assert "the account name given is someoneelse" in found[Check.STORAGE_ADDRESS]


def test_batch_down(account: Account, closed_port: int) -> None:
    found = failures(replace(account, batch_endpoint=f"http://127.0.0.1:{closed_port}"))
    assert found == {Check.BATCH_ACCESS: f"Batch does not answer: 127.0.0.1:{closed_port} refuses the connection"}


def test_storage_down(account: Account, closed_port: int) -> None:
    endpoint = f"http://127.0.0.1:{closed_port}/{account.storage_account}"
    found = failures(replace(account, storage_endpoint=endpoint))
    assert found == {Check.STORAGE_ACCESS: f"Storage does not answer: 127.0.0.1:{closed_port} refuses the connection"}


def test_unknown_host(account: Account) -> None:
    def no_such_host(host: str, port: int) -> str:
        raise socket.gaierror(f"{host}:{port}")

    # The storage service is down for this one as well: its address is not resolved either.
    probe = AccountProbeGateway(account, resolve=no_such_host)
    checklist = check_account(account, probe, SystemClock(), threading.Event(), lambda _: None)
    assert [result.check for result in checklist.failed] == [Check.BATCH_ADDRESS, Check.STORAGE_ADDRESS]
    assert checklist.failed[0].detail == "there is no such host as 127.0.0.1"


def test_behind_a_proxy_a_name_need_not_resolve(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    far = replace(account, batch_endpoint="https://mine.westeurope.batch.azure.com")
    assert AccountProbeGateway(far).resolve_batch() == "is left to the proxy proxy.example"


def test_clock_off(account: Account) -> None:
    clock = FakeClock()
    probe = AccountProbeGateway(account)
    checklist = check_account(account, probe, clock, threading.Event(), lambda _: None)
    skew_s = abs(clock.now_s() - time.time())
    assert skew_s > 3_600, "the fake clock has met the real one"
    assert [result.check for result in checklist.failed] == [Check.CLOCK]


def test_a_failed_trial_leaves_no_container_and_tells_what_failed(account: Account) -> None:
    class Unsigned(AccountProbeGateway):
        def _blob(self, url: Secret):  # type: ignore[no-untyped-def]  # the parent's type, spoiled
            return super()._blob(Secret(url.reveal().replace("sig=", "sig=A")))

    checklist = check_account(account, Unsigned(account), SystemClock(), threading.Event(), lambda _: None)
    assert [result.check for result in checklist.failed] == [Check.SHARED_ACCESS]
    assert "refused" in checklist.failed[0].detail
    storage = open_storage(account)
    assert storage.list_containers(CONTAINER_PREFIX) == ()
    storage.close()
