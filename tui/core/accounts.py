"""An account: where Batch and Storage are and what opens them; checked here, so that a gateway never meets a bad one.

Keys are `Secret`s and never part of an error's text. Endpoints are https, or http on this machine.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlsplit

from tui.core.errors import InputError
from tui.core.redaction import Secret

DEFAULT_ENDPOINT_SUFFIX = "core.windows.net"

BATCH_ACCOUNT = "AZURE_BATCH_ACCOUNT"
BATCH_KEY = "AZURE_BATCH_ACCESS_KEY"
BATCH_ENDPOINT = "AZURE_BATCH_ENDPOINT"
STORAGE_ACCOUNT = "AZURE_STORAGE_ACCOUNT"
STORAGE_KEY = "AZURE_STORAGE_KEY"
STORAGE_CONNECTION_STRING = "AZURE_STORAGE_CONNECTION_STRING"

ENVIRONMENT_NAME = "environment"
"""Name of the temporary account that environment variables make."""

SANDBOX_NAME = "sandbox"
"""Name of the account that this machine's sandbox is; no other can have it."""

_BATCH_NAME = re.compile(r"[a-z0-9]{3,24}")
_STORAGE_NAME = re.compile(r"[a-z0-9]{3,24}")
_PROFILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_LONGEST_NAME = 40
"""A longer text is no mistyped name but, say, a key in the wrong field, and is not quoted."""
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")


class AccountKind(StrEnum):
    SANDBOX = "sandbox"
    SHARED_KEY = "shared-key"
    ENTRA = "entra"


@dataclass(frozen=True, slots=True)
class Account:
    """A checked account. Make one with `checked_account`, `account_of_environment` or a profile."""

    name: str
    kind: AccountKind
    batch_account: str
    batch_endpoint: str
    """`https://…` without a slash at the end."""
    storage_account: str
    storage_endpoint: str
    """The Blob endpoint; on a local emulator it ends with the account's name."""
    batch_key: Secret = field(default=Secret(""))
    """Empty for an Entra account."""
    storage_key: Secret = field(default=Secret(""))


@dataclass(frozen=True, slots=True)
class StorageParts:
    """What a storage connection string says."""

    account: str
    key: Secret
    endpoint: str


def is_billed(account: str) -> bool:
    """Whether what is made on the account of that name costs money; nothing does on the sandbox."""
    return account != SANDBOX_NAME


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine by its very name: a literal loopback address or `localhost`."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def endpoint_of(text: str, what: str) -> str:
    """A typed or pasted address as an endpoint: `https://` added, the slash at its end dropped.

    What was typed is not quoted in the InputError: it may be a key, or a URL with a SAS, put in the wrong field.
    """
    text = text.strip()
    address = text if "://" in text else f"https://{text}"
    try:
        parts = urlsplit(address)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        raise InputError(f"The {what} is not an address", "it cannot be read", _endpoint_hint(what)) from None
    if parts.scheme not in ("http", "https"):
        raise InputError(f"The {what} is not an address", f"{parts.scheme}:// is not http", _endpoint_hint(what))
    if not host or not (_HOST.fullmatch(host) or is_loopback(host)):
        raise InputError(f"The {what} is not an address", "it has no host name", _endpoint_hint(what))
    if parts.username is not None or parts.query or parts.fragment:
        raise InputError(f"The {what} has more than an address", "give scheme and host only", _endpoint_hint(what))
    if parts.scheme == "http" and not is_loopback(host):
        raise InputError(
            f"The {what} must be https", f"plain http to {host} would show everything on the way", "Write https://"
        )
    return f"{parts.scheme}://{parts.netloc}{parts.path}".rstrip("/")


def checked_account(
    *,
    name: str,
    kind: AccountKind,
    batch_account: str,
    batch_endpoint: str,
    batch_key: str = "",
    storage_account: str = "",
    storage_key: str = "",
    storage_endpoint: str = "",
    connection_string: str = "",
) -> Account:
    """The account of these fields, or an InputError that names the first field that is wrong.

    A connection string counts for storage where the single fields are empty. Without an endpoint, storage is where
    Azure keeps an account of that name.
    """
    if connection_string.strip():
        parts = parse_connection_string(connection_string)
        storage_account = storage_account or parts.account
        storage_key = storage_key or parts.key.reveal()
        storage_endpoint = storage_endpoint or parts.endpoint
    _check_name(name, _PROFILE_NAME, "account's own name", "up to 40 letters, digits, dots and hyphens")
    batch_account, storage_account = batch_account.strip(), storage_account.strip()
    _check_name(batch_account, _BATCH_NAME, "Batch account name", "3 to 24 lower-case letters and digits")
    _check_name(storage_account, _STORAGE_NAME, "storage account name", "3 to 24 lower-case letters and digits")
    if not batch_endpoint.strip():
        raise InputError("The Batch endpoint is missing", "", _endpoint_hint("Batch endpoint"))
    batch_endpoint = endpoint_of(batch_endpoint, "Batch endpoint")
    storage_endpoint = endpoint_of(
        storage_endpoint or f"https://{storage_account}.blob.{DEFAULT_ENDPOINT_SUFFIX}", "storage endpoint"
    )
    takes_keys = kind is not AccountKind.ENTRA
    if not takes_keys:
        _check_takes_tokens(batch_endpoint, "Batch endpoint")
        _check_takes_tokens(storage_endpoint, "storage endpoint")
    return Account(
        name=name,
        kind=kind,
        batch_account=batch_account,
        batch_endpoint=batch_endpoint,
        storage_account=storage_account,
        storage_endpoint=storage_endpoint,
        batch_key=_checked_key(batch_key, "Batch key") if takes_keys else Secret(""),
        storage_key=_checked_key(storage_key, "storage key") if takes_keys else Secret(""),
    )


def account_of_environment(environment: Mapping[str, str]) -> Account | None:
    """The temporary account of the variables that `az` and the SDKs read; None where none of them is set."""
    names = (BATCH_ACCOUNT, BATCH_KEY, BATCH_ENDPOINT, STORAGE_ACCOUNT, STORAGE_KEY, STORAGE_CONNECTION_STRING)
    given = {name: environment.get(name, "").strip() for name in names}
    if not any(given[name] for name in (BATCH_ACCOUNT, BATCH_KEY, BATCH_ENDPOINT)):
        return None
    missing = [name for name in (BATCH_ACCOUNT, BATCH_KEY, BATCH_ENDPOINT) if not given[name]]
    if not given[STORAGE_CONNECTION_STRING]:
        missing += [name for name in (STORAGE_ACCOUNT, STORAGE_KEY) if not given[name]]
    if missing:
        raise InputError(
            "The environment names half an account",
            f"{', '.join(missing)} not set",
            "Set all of AZURE_BATCH_ACCOUNT, _ACCESS_KEY, _ENDPOINT and a storage account, or none of them.",
        )
    return checked_account(
        name=ENVIRONMENT_NAME,
        kind=AccountKind.SHARED_KEY,
        batch_account=given[BATCH_ACCOUNT],
        batch_endpoint=given[BATCH_ENDPOINT],
        batch_key=given[BATCH_KEY],
        storage_account=given[STORAGE_ACCOUNT],
        storage_key=given[STORAGE_KEY],
        connection_string=given[STORAGE_CONNECTION_STRING],
    )


def parse_connection_string(text: str) -> StorageParts:
    """Account, key and Blob endpoint of `AccountName=…;AccountKey=…;…`; the order does not matter."""
    settings = {}
    for part in filter(None, (piece.strip() for piece in text.strip().strip("'\"").split(";"))):
        setting, equals, value = part.partition("=")
        if not equals:
            raise InputError(
                "The storage connection string cannot be read",
                "a part of it is no name=value",
                "Copy it whole from the storage account's access keys.",
            )
        settings[setting.strip().lower()] = value.strip()
    account, key = settings.get("accountname", ""), settings.get("accountkey", "")
    if not account or not key:
        absent = "AccountName" if not account else "AccountKey"
        raise InputError(
            "The storage connection string is not whole",
            f"{absent} is missing",
            "Copy it whole from the storage account's access keys.",
        )
    scheme = settings.get("defaultendpointsprotocol", "https")
    suffix = settings.get("endpointsuffix", DEFAULT_ENDPOINT_SUFFIX)
    endpoint = settings.get("blobendpoint") or f"{scheme}://{account}.blob.{suffix}"
    return StorageParts(account, Secret(key), endpoint_of(endpoint, "storage endpoint"))


def _check_name(text: str, rule: re.Pattern[str], what: str, words: str) -> None:
    if not text:
        raise InputError(f"The {what} is missing")
    if not rule.fullmatch(text):
        shown = repr(text) if len(text) <= _LONGEST_NAME else "what was given"
        raise InputError(f"The {what} cannot be right", f"{shown} is not {words}")


def _check_takes_tokens(endpoint: str, what: str) -> None:
    """A token is as good as a key to whoever reads it on the way; the libraries send none without TLS."""
    if not endpoint.startswith("https://"):
        raise InputError(f"The {what} must be https", "a sign-in with Microsoft Entra ID travels over TLS alone")


def _checked_key(text: str, what: str) -> Secret:
    """The key, less the white space that copying adds. Its text is never quoted, be it ever so wrong."""
    key = "".join(text.split())
    if not key:
        raise InputError(f"The {what} is missing", "", "Copy it from the account's keys in the portal.")
    try:
        decoded = base64.b64decode(key, validate=True)
    except (binascii.Error, ValueError):
        raise InputError(
            f"The {what} cannot be right",
            "it is not base64; part of it may be missing",
            "Copy it whole from the account's keys in the portal.",
        ) from None
    if len(decoded) < 16:
        raise InputError(f"The {what} cannot be right", "it is too short", "Copy it whole.")
    return Secret(key)


def _endpoint_hint(what: str) -> str:
    if what.startswith("Batch"):
        return "It looks like https://<account>.<region>.batch.azure.com"
    return f"It looks like https://<account>.blob.{DEFAULT_ENDPOINT_SUFFIX}"
