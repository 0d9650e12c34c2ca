"""Microsoft Entra ID: who is signed in on this machine, and access handed on by user delegation SAS.

Nothing here asks a person for a password or opens a browser: an `az login`, the environment or a managed identity is
used as it is found, through azure-identity's DefaultAzureCredential. Its failures become `AccessRefused` in words.
"""

from __future__ import annotations

import functools
import re
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from azure.core.credentials import AccessToken, TokenCredential
from azure.core.exceptions import ClientAuthenticationError
from azure.storage.blob import BlobServiceClient, UserDelegationKey, generate_container_sas

from tui.core.errors import AccessRefused, InputError
from tui.core.redaction import Secret, redact
from tui.core.specs import Permissions
from tui.core.terminal_text import neutralise
from tui.gateways.errors import service_errors
from tui.gateways.http import transport_to
from tui.gateways.sas import CONTAINER_PERMISSIONS

LONGEST_KEY_S = 7 * 86_400
"""The service makes no user delegation key, and so no SAS, that lasts longer.
https://learn.microsoft.com/rest/api/storageservices/get-user-delegation-key"""

_CLOCK_MARGIN_S = 15 * 60
"""A key begins this long before now, so that it is in force by the clock of a service that is behind ours."""

LONGEST_SAS_S = LONGEST_KEY_S - _CLOCK_MARGIN_S

_TOKEN_MARGIN_S = 5 * 60
"""A token that ends sooner is not handed out again: the request it is for takes time."""

_PROCESS_TIMEOUT_S = 8
"""How long `az` and its kind may take to give a token."""

_KEPT_SIGNATURES = 256

_ATTEMPT = re.compile(r"^\s*(?P<name>\w+Credential): (?P<words>.+)$", re.MULTILINE)
_PROTOCOL_ERROR = re.compile(r"AADSTS(?P<number>\d+):?[^\n]*")
_EXPIRED = frozenset({"50078", "50089", "50173", "70008", "70043", "70044", "700081", "700082", "700084"})
_SECOND_FACTOR = frozenset({"50072", "50074", "50076", "50079"})
_LONGEST_REASON = 240


class SignIn:
    """A credential that loads azure-identity when first asked, keeps its tokens, and fails with `AccessRefused`.

    One is shared by every client of the program: a token costs a process of `az` each time it is not kept.
    """

    def __init__(
        self, make: Callable[[], TokenCredential] | None = None, now_s: Callable[[], float] = time.time
    ) -> None:
        self._make = make or default_credential
        self._now_s = now_s
        self._credential: TokenCredential | None = None
        self._tokens: dict[tuple[str, ...], AccessToken] = {}
        self._lock = threading.Lock()

    def get_token(
        self, *scopes: str, claims: str | None = None, tenant_id: str | None = None, **options: Any
    ) -> AccessToken:
        """A token of at least five minutes; a challenge (`claims`) or another tenant is always asked for anew."""
        is_plain = claims is None and tenant_id is None
        with self._lock:
            kept = self._tokens.get(scopes)
            if is_plain and kept is not None and kept.expires_on - self._now_s() > _TOKEN_MARGIN_S:
                return kept
            credential = self._credential = self._credential or self._make()
            try:
                token = credential.get_token(*scopes, claims=claims, tenant_id=tenant_id, **options)
            except ClientAuthenticationError as error:
                # The cause is dropped: its text may hold what a token request said.
                raise sign_in_refused(str(error.message)) from None
            redact.register(token.token)
            self._tokens[scopes] = token
            return token

    def forget(self) -> None:
        """Someone may have signed in anew: the next token is asked for from the beginning. Waits for no call."""
        self._credential, self._tokens = None, {}


@functools.cache
def shared_sign_in() -> SignIn:
    """The program's one sign-in."""
    return SignIn()


def default_credential() -> TokenCredential:
    """Environment, workload and managed identity, then the sign-ins of `az`, PowerShell and `azd`."""
    # Loads azure-identity and MSAL, which take a fifth of a second and only an Entra account needs.
    from azure.identity import DefaultAzureCredential

    return DefaultAzureCredential(
        exclude_interactive_browser_credential=True,
        exclude_broker_credential=True,
        exclude_shared_token_cache_credential=True,
        exclude_visual_studio_code_credential=True,
        process_timeout=_PROCESS_TIMEOUT_S,
    )


def sign_in_refused(message: str) -> AccessRefused:
    """What azure-identity's account of its attempts comes down to, and the command that mends it."""
    attempts = {match["name"]: match["words"].strip() for match in _ATTEMPT.finditer(message)}
    protocol_error = _PROTOCOL_ERROR.search(message)
    if protocol_error is not None:
        number = protocol_error["number"]
        if number in _EXPIRED:
            return _refused("The sign-in has expired", protocol_error.group(), "Run `az login` again.")
        if number in _SECOND_FACTOR:
            return _refused(
                "The sign-in needs a second factor", protocol_error.group(), "Run `az login` again and confirm it."
            )
        return _refused(
            "Signing in failed",
            protocol_error.group(),
            "Check AZURE_CLIENT_ID, AZURE_TENANT_ID and secret, or `az login`.",
        )
    said_by_cli = attempts.get("AzureCliCredential", "")
    if "not found" in said_by_cli:
        return _refused(
            "Nobody is signed in",
            "no Azure CLI on the path, no credentials in the environment, no managed identity",
            "Install the Azure CLI and run `az login`, or set AZURE_CLIENT_ID, _TENANT_ID and _CLIENT_SECRET.",
        )
    if "az login" in said_by_cli or "az login" in message:
        return _refused("Nobody is signed in", "the Azure CLI knows no account", "Run `az login`.")
    last = next(reversed(attempts.values()), message)
    return _refused("Signing in failed", last, "Run `az login`, or check the credentials in the environment.")


def _refused(title: str, reason: str, hint: str) -> AccessRefused:
    words = redact(neutralise(" ".join(reason.split())))
    shown = words if len(words) <= _LONGEST_REASON else f"{words[: _LONGEST_REASON - 1]}…"
    return AccessRefused(title, f"asking for a token: {shown}", hint)


class DelegationSigner:
    """SAS of containers signed with a user delegation key, which is fetched once and renewed before it is too short.

    https://learn.microsoft.com/rest/api/storageservices/create-user-delegation-sas
    """

    def __init__(
        self,
        account_name: str,
        endpoint: str,
        credential: TokenCredential,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        self._account_name = account_name
        self._endpoint = endpoint
        self._credential = credential
        self._now_s = now_s
        self._key: UserDelegationKey | None = None
        self._key_ends_s = 0.0
        self._lock = threading.Lock()
        self._signed = functools.lru_cache(maxsize=_KEPT_SIGNATURES)(self._sign)

    def __call__(self, container: str, permissions: Permissions, expires_s: int) -> Secret:
        """InputError where more than seven days are asked for."""
        with self._lock:
            if expires_s > self._key_ends_s:
                self._renew(expires_s)
            return self._signed(container, permissions, expires_s)

    def _renew(self, expires_s: int) -> None:
        now_s = self._now_s()
        if expires_s > now_s + LONGEST_SAS_S:
            raise InputError(
                "Access cannot be signed for so long",
                "with Microsoft Entra ID a shared access signature lasts 7 days at most",
                "Give the run a shorter timeout, or use an account with a shared key.",
            )
        starts_s = now_s - _CLOCK_MARGIN_S
        ends_s = starts_s + LONGEST_KEY_S
        with (
            service_errors("Storage", self._endpoint, "asking for a user delegation key"),
            BlobServiceClient(
                self._endpoint,
                self._credential,
                transport=transport_to(self._endpoint),
                retry_total=0,
                permit_redirects=False,
            ) as service,
        ):
            key = service.get_user_delegation_key(
                datetime.fromtimestamp(starts_s, UTC), datetime.fromtimestamp(ends_s, UTC)
            )
        redact.register(str(key.value))
        self._signed.cache_clear()
        # Whole seconds, and no later than the service says: a SAS must not outlive its key.
        self._key, self._key_ends_s = key, min(int(ends_s), _seconds_of(key.signed_expiry) or int(ends_s))

    def _sign(self, container: str, permissions: Permissions, expires_s: int) -> Secret:
        return Secret(
            generate_container_sas(
                self._account_name,
                container,
                user_delegation_key=self._key,
                permission=CONTAINER_PERMISSIONS[permissions],
                expiry=datetime.fromtimestamp(expires_s, UTC),
                protocol="https",
            )
        )


def _seconds_of(text: str | None) -> float | None:
    try:
        return datetime.fromisoformat(text).timestamp() if text else None
    except ValueError:
        return None
