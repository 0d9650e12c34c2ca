"""Credentials out of what a person has at hand: a tutorial's script, the output of `az`, exports, a connection string.

Nothing is guessed: a value counts only under a name that says what it is, and a placeholder such as `<your-key>` or an
empty string is not a value. The first value of each kind wins.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tui.core.accounts import parse_connection_string
from tui.core.errors import InputError
from tui.core.redaction import Secret

LONGEST_PASTE = 100_000
"""Characters; what is beyond is not looked at."""

_FIELDS: Mapping[str, str] = {
    "batchaccountname": "batch_account",
    "azurebatchaccount": "batch_account",
    "azurebatchaccountname": "batch_account",
    "batchaccountkey": "batch_key",
    "azurebatchaccesskey": "batch_key",
    "azurebatchaccountkey": "batch_key",
    "batchaccounturl": "batch_endpoint",
    "batchserviceurl": "batch_endpoint",
    "azurebatchendpoint": "batch_endpoint",
    "azurebatchaccounturl": "batch_endpoint",
    "accountendpoint": "batch_endpoint",
    "storageaccountname": "storage_account",
    "azurestorageaccount": "storage_account",
    "storageaccountkey": "storage_key",
    "azurestoragekey": "storage_key",
}
"""Field by name, lower case and without underscores, as scripts, exports and `az` write it."""

_ASSIGNMENT = re.compile(
    r"""(?m)([A-Za-z_][A-Za-z0-9_]{2,60})["']?\s{0,20}[:=]\s{0,20}(?:"([^"\n]*)"|'([^'\n]*)'|([^\s"';,]+))"""
)
_CONNECTION_STRING = re.compile(
    r"(?:(?:DefaultEndpointsProtocol|AccountName|AccountKey|(?:Blob|Queue|Table|File)Endpoint|EndpointSuffix)"
    r"=[^;\s'\"]*;?){2,}"
)
_JSON_START = re.compile(r"[{\[]")
_PLACEHOLDER = re.compile(r"[<>{}…]|\.\.\.|(?i:^your[-_ ]|^xxx+$)")


@dataclass(frozen=True, slots=True)
class PastedCredentials:
    """What was found; the rest is empty."""

    batch_account: str = ""
    batch_key: Secret = field(default=Secret(""))
    batch_endpoint: str = ""
    storage_account: str = ""
    storage_key: Secret = field(default=Secret(""))
    storage_endpoint: str = ""

    @property
    def found(self) -> tuple[str, ...]:
        """Names of the fields that have a value, in the order of the form."""
        values = {
            "batch_account": self.batch_account,
            "batch_key": self.batch_key,
            "batch_endpoint": self.batch_endpoint,
            "storage_account": self.storage_account,
            "storage_key": self.storage_key,
            "storage_endpoint": self.storage_endpoint,
        }
        return tuple(name for name, value in values.items() if value)

    def __bool__(self) -> bool:
        return bool(self.found)


def parse_pasted(text: str) -> PastedCredentials:
    """Every credential that `text` names; never fails, at worst nothing is found."""
    text = text[:LONGEST_PASTE]
    found: dict[str, str] = {}
    for name, value in _values(text):
        value = value.strip()
        if value and not _PLACEHOLDER.search(value):
            found.setdefault(name, value)
    return PastedCredentials(
        batch_account=found.get("batch_account", ""),
        batch_key=Secret(found.get("batch_key", "")),
        batch_endpoint=found.get("batch_endpoint", ""),
        storage_account=found.get("storage_account", ""),
        storage_key=Secret(found.get("storage_key", "")),
        storage_endpoint=found.get("storage_endpoint", ""),
    )


def _values(text: str) -> Iterator[tuple[str, str]]:
    yield from _of_connection_strings(text)
    for document in _json_documents(text):
        yield from _of_json(document)
    for match in _ASSIGNMENT.finditer(text):
        name = _FIELDS.get(match.group(1).replace("_", "").lower())
        if name is not None:
            yield name, next(group for group in match.groups()[1:] if group is not None)


def _of_connection_strings(text: str) -> Iterator[tuple[str, str]]:
    for match in _CONNECTION_STRING.finditer(text):
        if _PLACEHOLDER.search(match.group()):
            continue
        try:
            parts = parse_connection_string(match.group())
        except InputError:
            continue
        yield "storage_account", parts.account
        yield "storage_key", parts.key.reveal()
        yield "storage_endpoint", parts.endpoint


def _json_documents(text: str) -> Iterator[Any]:
    """Each JSON object or list of `text`, be there a prompt before it or another after it."""
    decoder = json.JSONDecoder()
    position = 0
    while (match := _JSON_START.search(text, position)) is not None:
        try:
            document, position = decoder.raw_decode(text, match.start())
        except (ValueError, RecursionError):
            position = match.end()
        else:
            yield document


def _of_json(document: Any) -> Iterator[tuple[str, str]]:
    """`az batch account keys list`, `az batch account show`, `az storage account keys list`."""
    if isinstance(document, list):
        for item in document:
            yield from _of_json(item)
    if not isinstance(document, dict):
        return
    texts = {name: value for name, value in document.items() if isinstance(value, str)}
    if "primary" in texts:
        yield "batch_account", texts.get("accountName", "")
        yield "batch_key", texts["primary"]
    if "accountEndpoint" in texts:
        yield "batch_account", texts.get("name", "")
        yield "batch_endpoint", texts["accountEndpoint"]
    if "keyName" in texts:
        yield "storage_key", texts.get("value", "")
    storage = document.get("autoStorage")
    if isinstance(storage, dict):
        yield "storage_account", str(storage.get("storageAccountId") or "").rpartition("/")[2]
