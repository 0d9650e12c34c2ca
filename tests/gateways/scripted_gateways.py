"""Our gateways before a scripted service."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate

from tests.gateways.scripted_service import Scripted, ScriptedService, scripted
from tui.core.accounts import Account, AccountKind, checked_account
from tui.core.ports import BatchPort, StoragePort
from tui.gateways.connect import open_batch, open_storage

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
