"""Judgements of the checklist: addresses, clocks and refusals, in the words a person reads."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tui.core.account_check import Check, CheckState, judge_address, judge_clock, judge_error
from tui.core.accounts import Account, AccountKind
from tui.core.errors import AccessRefused, BatchTuiError

ACCOUNT = Account(
    name="mine",
    kind=AccountKind.ENTRA,
    batch_account="mybatch",
    batch_endpoint="https://mybatch.westeurope.batch.azure.com",
    storage_account="mystore",
    storage_endpoint="https://mystore.blob.core.windows.net",
)
MINUTE_S = 60.0


def refused(code: str, status: int = 403) -> AccessRefused:
    return AccessRefused("x", "asking: it said no", "a hint", status=status, code=code)


class TestEntra:
    @pytest.mark.parametrize(
        ("check", "error", "detail", "remedy"),
        [
            (Check.BATCH_ACCESS, AccessRefused("Nobody is signed in", "asking for a token: no", "Run `az login`."),
             "Nobody is signed in: no", "Run `az login`."),
            (Check.BATCH_ACCESS, refused("AuthorizationFailure"), "no rights on Batch account mybatch",
             "Azure Batch Data Contributor"),
            (Check.STORAGE_ACCESS, refused("AuthorizationPermissionMismatch"),
             "no rights on the blobs of storage account mystore", "Storage Blob Data Contributor"),
            (Check.SHARED_ACCESS, refused("AuthorizationPermissionMismatch"),
             "may not sign access to storage account mystore", "Storage Blob Data Contributor"),
            (Check.STORAGE_ACCESS, refused("InvalidAuthenticationInfo", status=401),
             "the sign-in is not accepted", "az login --tenant"),
        ],
        ids=["not signed in", "no Batch role", "no blob role", "no delegation", "wrong tenant"],
    )  # fmt: skip
    def test_refusals_name_what_to_ask_for(self, check: Check, error: BatchTuiError, detail: str, remedy: str) -> None:
        result = judge_error(check, ACCOUNT, error)
        assert detail in result.detail
        assert remedy in result.remedy


class TestJudgement:
    @pytest.mark.parametrize(
        ("check", "endpoint"),
        [
            (Check.BATCH_ADDRESS, "https://other.eastus2.batch.azure.com"),
            (Check.BATCH_ADDRESS, "https://other.abc.eastus2.service.batch.azure.com"),
            (Check.BATCH_ADDRESS, "https://other.chinanorth.batch.chinacloudapi.cn"),
            (Check.STORAGE_ADDRESS, "https://other.blob.core.windows.net"),
            (Check.STORAGE_ADDRESS, "https://other.z12.blob.storage.azure.net"),
            (Check.STORAGE_ADDRESS, "http://127.0.0.1:10000/other"),
        ],
    )
    def test_an_address_that_names_another_account(self, check: Check, endpoint: str) -> None:
        account = replace(ACCOUNT, batch_endpoint=endpoint, storage_endpoint=endpoint)
        result = judge_address(check, account)  # type: ignore[arg-type]  # both members are addresses
        assert result is not None
        assert "that of account other" in result.detail

    @pytest.mark.parametrize(
        "endpoint", ["https://batch.example.com", "http://127.0.0.1:4001", "https://10.0.0.4:8443"]
    )
    def test_an_address_that_names_no_account(self, endpoint: str) -> None:
        account = replace(ACCOUNT, batch_endpoint=endpoint, storage_endpoint=endpoint)
        assert judge_address(Check.BATCH_ADDRESS, account) is None
        assert judge_address(Check.STORAGE_ADDRESS, account) is None

    @pytest.mark.parametrize(
        ("skew_s", "state", "words"),
        [
            (30.0, CheckState.PASSED, "agrees"),
            (-15 * MINUTE_S, CheckState.PASSED, "15 min 00 s behind"),
            (7 * MINUTE_S, CheckState.PASSED, "7 min 00 s ahead of"),
            (15 * MINUTE_S + 1, CheckState.FAILED, "ahead of"),
        ],
    )
    def test_clock(self, skew_s: float, state: CheckState, words: str) -> None:
        result = judge_clock(1_000_000.0 + skew_s, 1_000_000.0)
        assert result.state is state
        assert words in result.detail
