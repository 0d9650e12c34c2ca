"""Accounts: what is accepted, and what each mistake is told as."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tui.core.accounts import (
    AccountKind,
    account_of_environment,
    checked_account,
    endpoint_of,
    is_loopback,
    parse_connection_string,
)
from tui.core.errors import InputError

KEY = base64.b64encode(b"k" * 64).decode()
OTHER_KEY = base64.b64encode(b"o" * 64).decode()
ENVIRONMENT = {
    "AZURE_BATCH_ACCOUNT": "mybatch",
    "AZURE_BATCH_ACCESS_KEY": KEY,
    "AZURE_BATCH_ENDPOINT": "mybatch.westeurope.batch.azure.com",
    "AZURE_STORAGE_ACCOUNT": "myblobs",
    "AZURE_STORAGE_KEY": OTHER_KEY,
}


def fields(**changes: Any) -> dict[str, Any]:
    return {
        "name": "work",
        "kind": AccountKind.SHARED_KEY,
        "batch_account": "mybatch",
        "batch_endpoint": "https://mybatch.westeurope.batch.azure.com/",
        "batch_key": KEY,
        "storage_account": "myblobs",
        "storage_key": OTHER_KEY,
        **changes,
    }


class TestEndpoints:
    @pytest.mark.parametrize(
        ("typed", "endpoint"),
        [
            ("mybatch.westeurope.batch.azure.com", "https://mybatch.westeurope.batch.azure.com"),
            (" https://mybatch.westeurope.batch.azure.com/ \n", "https://mybatch.westeurope.batch.azure.com"),
            ("HTTPS://mybatch.batch.azure.com:443", "https://mybatch.batch.azure.com:443"),
            ("http://127.0.0.1:10000/account/", "http://127.0.0.1:10000/account"),
            ("http://localhost:8080", "http://localhost:8080"),
            ("http://[::1]:8080", "http://[::1]:8080"),
        ],
    )
    def test_are_made_whole(self, typed: str, endpoint: str) -> None:
        assert endpoint_of(typed, "Batch endpoint") == endpoint

    @pytest.mark.parametrize(
        "typed",
        [
            "http://mybatch.westeurope.batch.azure.com",
            "http://127.0.0.1.example.com",
            "http://localhost.example.com",
            "ftp://mybatch.batch.azure.com",
            "https://",
            "https://user@mybatch.batch.azure.com",
            "https://myblobs.blob.core.windows.net/?sv=2020&sig=abc",
            "https://[broken",
            "https://host:port",
            "my batch",
        ],
    )
    def test_are_refused(self, typed: str) -> None:
        with pytest.raises(InputError) as caught:
            endpoint_of(typed, "Batch endpoint")
        assert "Batch endpoint" in caught.value.title

    def test_never_quote_what_was_pasted_in_the_wrong_field(self) -> None:
        with pytest.raises(InputError) as caught:
            endpoint_of(f"/{KEY}", "Batch endpoint")
        assert KEY[:10] not in f"{caught.value} {caught.value.hint}"

    @pytest.mark.parametrize(
        ("host", "is_local"),
        [
            ("127.0.0.1", True),
            ("127.8.9.1", True),
            ("::1", True),
            ("localhost", True),
            ("LOCALHOST", True),
            ("0.0.0.0", False),
            ("10.0.0.1", False),
            ("example.com", False),
            ("", False),
        ],
    )
    def test_loopback(self, host: str, is_local: bool) -> None:
        assert is_loopback(host) is is_local


class TestCheckedAccount:
    def test_is_normalised(self) -> None:
        account = checked_account(**fields(batch_account=" mybatch ", batch_key=f" {KEY[:40]}\n{KEY[40:]} "))
        assert account.batch_account == "mybatch"
        assert account.batch_key.reveal() == KEY
        assert account.batch_endpoint == "https://mybatch.westeurope.batch.azure.com"
        assert account.storage_endpoint == "https://myblobs.blob.core.windows.net"

    def test_shows_no_key(self) -> None:
        shown = repr(checked_account(**fields()))
        assert KEY not in shown
        assert OTHER_KEY not in shown

    @pytest.mark.parametrize(
        ("changes", "title"),
        [
            ({"name": ""}, "own name is missing"),
            ({"name": "../etc"}, "own name cannot be right"),
            ({"batch_account": ""}, "Batch account name is missing"),
            ({"batch_account": "My_Batch"}, "Batch account name cannot be right"),
            ({"storage_account": "ab"}, "storage account name cannot be right"),
            ({"batch_endpoint": " "}, "Batch endpoint is missing"),
            ({"batch_endpoint": "http://example.com"}, "must be https"),
            ({"storage_endpoint": "http://example.com"}, "storage endpoint must be https"),
            ({"batch_key": ""}, "Batch key is missing"),
            ({"batch_key": "not base64!"}, "Batch key cannot be right"),
            ({"batch_key": f"!{KEY}"}, "Batch key cannot be right"),
            ({"batch_key": KEY[:-3]}, "Batch key cannot be right"),
            ({"storage_key": "YWJj"}, "storage key cannot be right"),
            ({"connection_string": "nonsense"}, "connection string cannot be read"),
        ],
    )
    def test_says_what_is_wrong(self, changes: dict[str, str], title: str) -> None:
        with pytest.raises(InputError) as caught:
            checked_account(**fields(**changes))
        assert title in caught.value.title

    def test_never_quotes_a_key(self) -> None:
        wrong = KEY[:-1] + "!"
        for field in ("batch_key", "storage_key", "batch_account", "storage_account"):
            with pytest.raises(InputError) as caught:
                checked_account(**fields(**{field: wrong}))
            assert wrong[:20] not in f"{caught.value} {caught.value.hint}"

    def test_of_entra_needs_no_key_and_keeps_none(self) -> None:
        account = checked_account(**fields(kind=AccountKind.ENTRA, batch_key=KEY, storage_key=""))
        assert not account.batch_key
        assert not account.storage_key

    def test_takes_storage_from_a_connection_string(self) -> None:
        text = (
            f"DefaultEndpointsProtocol=https;AccountName=fromtext;AccountKey={KEY};EndpointSuffix=core.chinacloudapi.cn"
        )
        account = checked_account(**fields(storage_account="", storage_key="", connection_string=text))
        assert account.storage_account == "fromtext"
        assert account.storage_key.reveal() == KEY
        assert account.storage_endpoint == "https://fromtext.blob.core.chinacloudapi.cn"


class TestConnectionStrings:
    def test_of_an_emulator(self) -> None:
        text = (
            f"DefaultEndpointsProtocol=http;AccountName=dev;AccountKey={KEY};BlobEndpoint=http://127.0.0.1:10000/dev;"
        )
        parts = parse_connection_string(f' "{text}" ')
        assert (parts.account, parts.key.reveal(), parts.endpoint) == ("dev", KEY, "http://127.0.0.1:10000/dev")

    def test_over_plain_http_to_azure_is_refused(self) -> None:
        with pytest.raises(InputError, match="must be https"):
            parse_connection_string(f"DefaultEndpointsProtocol=http;AccountName=dev;AccountKey={KEY}")

    @pytest.mark.parametrize(
        ("text", "absent"),
        [(f"AccountKey={KEY}", "AccountName"), ("AccountName=dev", "AccountKey"), ("", "AccountName")],
    )
    def test_that_is_not_whole(self, text: str, absent: str) -> None:
        with pytest.raises(InputError) as caught:
            parse_connection_string(text)
        assert caught.value.what == f"{absent} is missing"


class TestEnvironment:
    def test_makes_a_temporary_account(self) -> None:
        account = account_of_environment({**ENVIRONMENT, "PATH": "/bin"})
        assert account is not None
        assert account.name == "environment"
        assert account.kind is AccountKind.SHARED_KEY
        assert account.batch_endpoint == "https://mybatch.westeurope.batch.azure.com"
        assert account.storage_key.reveal() == OTHER_KEY

    def test_without_batch_variables_makes_none(self) -> None:
        assert account_of_environment({}) is None
        assert account_of_environment({"AZURE_STORAGE_ACCOUNT": "myblobs", "AZURE_BATCH_ACCOUNT": " "}) is None

    def test_takes_storage_from_a_connection_string(self) -> None:
        text = f"AccountName=fromtext;AccountKey={KEY}"
        batch_only = {name: value for name, value in ENVIRONMENT.items() if "BATCH" in name}
        account = account_of_environment({**batch_only, "AZURE_STORAGE_CONNECTION_STRING": text})
        assert account is not None
        assert account.storage_account == "fromtext"

    @pytest.mark.parametrize("absent", sorted(ENVIRONMENT))
    def test_that_names_half_an_account_is_an_error(self, absent: str) -> None:
        with pytest.raises(InputError) as caught:
            account_of_environment({name: value for name, value in ENVIRONMENT.items() if name != absent})
        assert absent in caught.value.what
