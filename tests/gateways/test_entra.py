"""Microsoft Entra ID: tokens over TLS, user delegation SAS that open what they say, and sign-ins that fail in words."""

from __future__ import annotations

import json
import math
import os
import stat
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from azure.core.credentials import AccessToken, TokenCredential
from azure.core.exceptions import ClientAuthenticationError

from tests.gateways.entra_services import (
    DELEGATION_KEY,
    POWERLESS_TOKEN,
    STORAGE_NAME,
    TOKEN,
    EntraServices,
    entra_services,
    make_certificate,
)
from tui.core.account_check import Check, Checklist
from tui.core.accounts import Account, AccountKind, checked_account
from tui.core.errors import AccessRefused, InputError, ServiceFault, Unreachable
from tui.core.planning import MAXIMUM_TIMEOUT_S, FileChoice, RunOptions, build_plan
from tui.core.redaction import MASK, redact
from tui.engine.account_check import check_account
from tui.engine.clock import SystemClock
from tui.gateways.account_probe import AccountProbeGateway
from tui.gateways.connect import open_batch, open_storage
from tui.gateways.entra import (
    LONGEST_KEY_S,
    LONGEST_SAS_S,
    DelegationSigner,
    SignIn,
    default_credential,
    sign_in_refused,
)

AN_HOUR_S = 3_600
A_DAY_S = 86_400


class FakeCredential:
    """Hands out one token, or refuses; counts how often it is asked."""

    def __init__(self, token: str = TOKEN, refusal: str = "", lasts_s: float = AN_HOUR_S) -> None:
        self.asked: list[tuple[str, ...]] = []
        self._token = token
        self._refusal = refusal
        self._lasts_s = lasts_s

    def get_token(self, *scopes: str, **_options: Any) -> AccessToken:
        self.asked.append(scopes)
        if self._refusal:
            raise ClientAuthenticationError(self._refusal)
        return AccessToken(self._token, int(time.time() + self._lasts_s))


def signed_in(credential: FakeCredential) -> SignIn:
    def make() -> TokenCredential:
        return credential

    return SignIn(make)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def services(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EntraServices]:
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(certificate))
    with entra_services(certificate) as running:
        yield running


@pytest.fixture
def account(services: EntraServices) -> Account:
    return checked_account(
        name="work",
        kind=AccountKind.ENTRA,
        batch_account="mybatch",
        batch_endpoint=services.url,
        storage_account=STORAGE_NAME,
        storage_endpoint=f"{services.url}/{STORAGE_NAME}",
    )


def examined(account: Account, sign_in: TokenCredential) -> Checklist:
    probe = AccountProbeGateway(account, sign_in)
    return check_account(account, probe, SystemClock(), threading.Event(), lambda _: None)


class TestOverTls:
    def test_no_redirect_is_followed(self, account: Account, services: EntraServices) -> None:
        services.redirects_to = f"{services.url}/elsewhere"
        with closing(open_storage(account, signed_in(FakeCredential()))) as storage:
            with pytest.raises(ServiceFault, match="a redirect, which is not followed"):
                storage.sign("container", "r", time.time() + AN_HOUR_S)
            with pytest.raises(ServiceFault, match="a redirect, which is not followed"):
                storage.get_container("container")
        assert len(services.asked) == 2

    def test_a_signed_in_person_passes_every_check(self, account: Account, services: EntraServices) -> None:
        credential = FakeCredential()
        checklist = examined(account, signed_in(credential))
        assert checklist.is_good, checklist.failed
        assert services.deleted == [name for name in services.deleted if name.startswith("batch-tui-check-")] != []
        assert services.containers == {}
        assert sorted(set(credential.asked)) == [
            ("https://batch.core.windows.net//.default",),
            ("https://storage.azure.com/.default",),
        ]

    def test_both_services_share_what_was_signed_in_once(self, account: Account) -> None:
        credential = FakeCredential()
        sign_in = signed_in(credential)
        for _ in range(3):
            with closing(open_batch(account, sign_in)) as batch, closing(open_storage(account, sign_in)) as storage:
                assert batch.list_pools() == ()
                assert storage.list_containers() == ()
        assert len(credential.asked) == 2

    def test_without_rights_both_services_name_the_role(self, account: Account) -> None:
        checklist = examined(account, signed_in(FakeCredential(POWERLESS_TOKEN)))
        assert [result.check for result in checklist.failed] == [Check.BATCH_ACCESS, Check.STORAGE_ACCESS]
        assert all("Data Contributor" in result.remedy for result in checklist.failed)

    def test_nobody_signed_in_is_said_with_the_command(self, account: Account) -> None:
        checklist = examined(account, signed_in(FakeCredential(refusal="AzureCliCredential: Please run 'az login'")))
        assert [result.detail for result in checklist.failed] == [
            "Nobody is signed in: the Azure CLI knows no account"
        ] * 2
        assert {result.remedy for result in checklist.failed} == {"Run `az login`."}

    def test_an_unknown_certificate_is_not_trusted(
        self, account: Account, certificate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert make_certificate(tmp_path).read_bytes() != certificate.read_bytes()
        monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(tmp_path / "service.pem"))
        credential = FakeCredential()
        checklist = examined(account, signed_in(credential))
        assert all("no trusted TLS connection" in result.detail for result in checklist.failed)
        assert len(checklist.failed) == 2

    def test_a_token_never_travels_in_the_clear(self, account: Account) -> None:
        endpoint = account.batch_endpoint.replace("https", "http")
        with pytest.raises(InputError, match="must be https"):
            checked_account(
                name="work",
                kind=AccountKind.ENTRA,
                batch_account="mybatch",
                batch_endpoint=endpoint,
                storage_account=STORAGE_NAME,
            )
        credential = FakeCredential()
        clear = replace(account, batch_endpoint=endpoint)
        with closing(open_batch(clear, signed_in(credential))) as batch, pytest.raises(Unreachable):
            batch.list_pools()
        assert credential.asked == []


class TestDelegation:
    def signer(self, services: EntraServices, now_s: list[float]) -> DelegationSigner:
        endpoint = f"{services.url}/{STORAGE_NAME}"
        return DelegationSigner(STORAGE_NAME, endpoint, signed_in(FakeCredential()), lambda: now_s[0])

    def test_one_key_signs_until_it_is_too_short(self, services: EntraServices) -> None:
        now_s = [time.time()]
        sign = self.signer(services, now_s)
        for container in ("a", "b", "a"):
            sign(container, "r", int(now_s[0] + A_DAY_S))
        assert len(services.keys_given) == 1
        now_s[0] += 6.5 * A_DAY_S
        sign("a", "r", int(now_s[0] + A_DAY_S))
        assert len(services.keys_given) == 2

    def test_the_same_access_is_signed_once(self, services: EntraServices) -> None:
        now_s = [time.time()]
        sign = self.signer(services, now_s)
        expires_s = int(now_s[0] + AN_HOUR_S)
        assert sign("a", "cw", expires_s) is sign("a", "cw", expires_s)
        assert sign("a", "cw", expires_s) != sign("a", "r", expires_s)

    def test_a_key_lasts_no_longer_than_the_service_allows_and_a_sas_no_longer_than_its_key(
        self, services: EntraServices
    ) -> None:
        now_s = [time.time()]
        signed = self.signer(services, now_s)("a", "r", int(now_s[0] + LONGEST_SAS_S))
        ((start, expiry),) = services.keys_given
        starts_s, ends_s = datetime.fromisoformat(start).timestamp(), datetime.fromisoformat(expiry).timestamp()
        assert ends_s - starts_s == LONGEST_KEY_S
        assert starts_s < now_s[0]
        assert "spr=https" in signed.reveal()

    def test_the_longest_run_can_be_signed_for(self, services: EntraServices) -> None:
        options = RunOptions("top-words", (FileChoice(1, "/t/a.txt"),), timeout_s=MAXIMUM_TIMEOUT_S)
        plan, now_s = build_plan(options, "longest", 0.0, "entra"), [time.time()]
        assert self.signer(services, now_s)("a", "r", math.ceil(now_s[0] + plan.sas_lifetime_s))

    def test_more_than_seven_days_are_refused_before_anything_is_asked(self, services: EntraServices) -> None:
        now_s = [time.time()]
        with pytest.raises(InputError, match="7 days at most"):
            self.signer(services, now_s)("a", "r", int(now_s[0] + 8 * A_DAY_S))
        assert services.keys_given == []

    def test_its_key_is_masked_from_then_on(self, services: EntraServices) -> None:
        now_s = [time.time()]
        self.signer(services, now_s)("a", "r", int(now_s[0] + AN_HOUR_S))
        assert redact(f"key {DELEGATION_KEY}") == f"key {MASK}"


class TestSignIn:
    def test_a_token_is_kept_until_shortly_before_it_ends(self) -> None:
        credential = FakeCredential(lasts_s=AN_HOUR_S)
        now_s = [time.time()]
        sign_in = SignIn(lambda: credential, lambda: now_s[0])
        sign_in.get_token("scope")
        now_s[0] += AN_HOUR_S - 360
        sign_in.get_token("scope")
        assert len(credential.asked) == 1
        now_s[0] += 120
        sign_in.get_token("scope")
        assert len(credential.asked) == 2

    def test_forgotten_it_begins_anew_as_whoever_is_signed_in_then(self) -> None:
        credentials = [FakeCredential(), FakeCredential()]
        made = iter(credentials)
        sign_in = SignIn(lambda: next(made))
        sign_in.get_token("scope")
        sign_in.forget()
        sign_in.get_token("scope")
        assert [len(credential.asked) for credential in credentials] == [1, 1]

    def test_a_challenge_is_never_answered_from_memory(self) -> None:
        credential = FakeCredential()
        sign_in = signed_in(credential)
        sign_in.get_token("scope")
        sign_in.get_token("scope", claims="more")
        assert len(credential.asked) == 2

    def test_a_token_is_masked(self) -> None:
        signed_in(FakeCredential("eyJ-a-token-that-is-shown-nowhere")).get_token("scope")
        assert redact("eyJ-a-token-that-is-shown-nowhere") == MASK

    @pytest.mark.parametrize(
        ("message", "title", "hint"),
        [
            ("Attempted credentials:\n\tEnvironmentCredential: no\n\tAzureCliCredential: Azure CLI not found on path",
             "Nobody is signed in", "Install the Azure CLI"),
            ("Attempted credentials:\n\tAzureCliCredential: Please run 'az login' to set up an account",
             "Nobody is signed in", "`az login`"),
            ("\tAzureCliCredential: ERROR: AADSTS700082: The refresh token has expired due to inactivity.\n\tOther: no",
             "The sign-in has expired", "`az login` again"),
            ("\tAzureCliCredential: AADSTS50076: Due to a configuration change, you must use multi-factor",
             "The sign-in needs a second factor", "`az login` again"),
            ("\tEnvironmentCredential: failed: AADSTS7000215: Invalid client secret provided.",
             "Signing in failed", "AZURE_CLIENT_ID"),
            ("something nobody foresaw", "Signing in failed", "`az login`"),
        ],
        ids=["no CLI", "not logged in", "expired", "second factor", "wrong secret", "unforeseen"],
    )  # fmt: skip
    def test_a_failure_comes_down_to_one_cause_and_one_remedy(self, message: str, title: str, hint: str) -> None:
        error = sign_in_refused(message)
        assert error.title == title
        assert hint in error.hint
        assert len(error.what) < 300


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in for `az` is a script")
class TestAzureCli:
    """The real DefaultAzureCredential, with a stand-in for `az` on the path."""

    @pytest.fixture
    def path(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
        monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "AzureCliCredential")
        return tmp_path

    def put_az(self, path: Path, script: str) -> None:
        executable = path / "az"
        executable.write_text(f"#!/bin/sh\n{script}\n")
        os.chmod(executable, stat.S_IRWXU)

    def test_an_existing_login_is_used(self, path: Path) -> None:
        token = {"accessToken": TOKEN, "expires_on": int(time.time() + AN_HOUR_S), "tokenType": "Bearer"}
        self.put_az(path, f"echo '{json.dumps(token)}'")
        assert SignIn(default_credential).get_token("https://storage.azure.com/.default").token == TOKEN

    def test_no_login(self, path: Path) -> None:
        self.put_az(path, "echo \"ERROR: Please run 'az login' to setup account.\" >&2; exit 1")
        with pytest.raises(AccessRefused) as caught:
            SignIn(default_credential).get_token("https://storage.azure.com/.default")
        assert (caught.value.title, caught.value.hint) == ("Nobody is signed in", "Run `az login`.")

    def test_no_az(self, path: Path) -> None:
        assert not (path / "az").exists()
        with pytest.raises(AccessRefused) as caught:
            SignIn(default_credential).get_token("https://storage.azure.com/.default")
        assert "Install the Azure CLI" in caught.value.hint
