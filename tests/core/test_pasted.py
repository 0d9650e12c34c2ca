"""Credentials found in what people paste, and nothing found in what merely looks like it."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.core.pasted import PastedCredentials, parse_pasted

BATCH_KEY = base64.b64encode(b"b" * 64).decode()
STORAGE_KEY = base64.b64encode(b"\xff" * 64).decode()
URL = "https://mybatch.westeurope.batch.azure.com"

TOP_WORDS_SCRIPT = f"""
# Batch and Storage account credentials.
_BATCH_ACCOUNT_NAME = 'mybatch'
_BATCH_ACCOUNT_KEY = '{BATCH_KEY}'
_BATCH_ACCOUNT_URL = '{URL}'

_STORAGE_ACCOUNT_NAME = 'myblobs'
_STORAGE_ACCOUNT_KEY = '{STORAGE_KEY}'

_POOL_ID = 'PythonTutorialPool'
"""
LOWER_CASE_SCRIPT = f"""
batch_account_name = "mybatch";
batch_account_key = "{BATCH_KEY}";
batch_account_url = "{URL}";
storage_account_name = "myblobs";
storage_account_key = "{STORAGE_KEY}";
"""
CONFIG_FILE = f"""
BATCH_ACCOUNT_NAME = "mybatch"
BATCH_ACCOUNT_KEY = "{BATCH_KEY}"
BATCH_ACCOUNT_URL = "{URL}"
STORAGE_ACCOUNT_NAME = "myblobs"
STORAGE_ACCOUNT_KEY = "{STORAGE_KEY}"
STANDARD_OUT_FILE_NAME = "stdout.txt"
"""
EXPORTS = f"""
export AZURE_BATCH_ACCOUNT=mybatch
export AZURE_BATCH_ACCESS_KEY="{BATCH_KEY}"
export AZURE_BATCH_ENDPOINT={URL}
export AZURE_STORAGE_ACCOUNT=myblobs
export AZURE_STORAGE_KEY={STORAGE_KEY}
"""
JSON_OBJECT = json.dumps(
    {
        "AZURE_BATCH_ACCOUNT": "mybatch",
        "AZURE_BATCH_ACCESS_KEY": BATCH_KEY,
        "AZURE_BATCH_ENDPOINT": URL,
        "AZURE_STORAGE_ACCOUNT": "myblobs",
        "AZURE_STORAGE_KEY": STORAGE_KEY,
    }
)


def values(found: PastedCredentials) -> tuple[str, str, str, str, str]:
    return (
        found.batch_account,
        found.batch_key.reveal(),
        found.batch_endpoint,
        found.storage_account,
        found.storage_key.reveal(),
    )


@pytest.mark.parametrize("text", [TOP_WORDS_SCRIPT, LOWER_CASE_SCRIPT, CONFIG_FILE, EXPORTS, JSON_OBJECT])
def test_all_five_of_a_script(text: str) -> None:
    assert values(parse_pasted(text)) == ("mybatch", BATCH_KEY, URL, "myblobs", STORAGE_KEY)


def test_output_of_az_between_prompts() -> None:
    keys = json.dumps({"accountName": "mybatch", "primary": BATCH_KEY, "secondary": STORAGE_KEY}, indent=2)
    shown = json.dumps(
        {
            "accountEndpoint": "mybatch.westeurope.batch.azure.com",
            "autoStorage": {"storageAccountId": "/subscriptions/0/providers/Microsoft.Storage/storageAccounts/myblobs"},
            "name": "mybatch",
        },
        indent=2,
    )
    found = parse_pasted(f"$ az batch account keys list -n mybatch [-g g]\n{keys}\n$ az batch account show\n{shown}\n$")
    assert values(found) == ("mybatch", BATCH_KEY, "mybatch.westeurope.batch.azure.com", "myblobs", "")
    assert found.found == ("batch_account", "batch_key", "batch_endpoint", "storage_account")


def test_storage_keys_of_az() -> None:
    text = json.dumps([{"keyName": "key1", "value": STORAGE_KEY}, {"keyName": "key2", "value": BATCH_KEY}])
    assert parse_pasted(text).storage_key.reveal() == STORAGE_KEY


@pytest.mark.parametrize(
    "frame", ["{}", '"{}"', "export AZURE_STORAGE_CONNECTION_STRING='{}'", '{{"connectionString": "{}"}}']
)
@pytest.mark.parametrize("name", ["", "AZURE_STORAGE_CONNECTION_STRING="])
def test_connection_string(frame: str, name: str) -> None:
    text = (
        f"DefaultEndpointsProtocol=https;AccountName=myblobs;AccountKey={STORAGE_KEY};EndpointSuffix=core.windows.net"
    )
    found = parse_pasted(frame.format(name + text))
    assert (found.storage_account, found.storage_key.reveal()) == ("myblobs", STORAGE_KEY)
    assert found.storage_endpoint == "https://myblobs.blob.core.windows.net"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "BATCH_ACCOUNT_NAME = ''",
        "BATCH_ACCOUNT_NAME = '<batch-account-name>'",
        "BATCH_ACCOUNT_URL = 'https://<account>.<region>.batch.azure.com'",
        "BATCH_ACCOUNT_KEY = 'your-batch-key'",
        'STORAGE_ACCOUNT_KEY = "..."',
        "AccountName=<name>;AccountKey=<key>",
        "[" * 5_000,
        '{"primary": 5, "autoStorage": null, "accountEndpoint": []}',
    ],
)
def test_nothing_in_placeholders_and_noise(text: str) -> None:
    assert not parse_pasted(text)


def test_shows_no_key() -> None:
    assert BATCH_KEY not in repr(parse_pasted(TOP_WORDS_SCRIPT))


@given(st.text(max_size=300))
def test_never_fails(text: str) -> None:
    parse_pasted(text)
