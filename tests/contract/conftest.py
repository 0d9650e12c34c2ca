"""What the tests of the gateways share: a sandbox a module, the gateway to it, and the SDK's own client."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from azure.batch import BatchClient
from azure.core.credentials import AzureNamedKeyCredential

from tests.contract.gateway_services import served_account
from tui.core.accounts import Account
from tui.core.ports import BatchPort
from tui.gateways.connect import open_batch


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with served_account(tmp_path_factory.mktemp("sandbox")) as made:
        yield made


@pytest.fixture(scope="module")
def batch(account: Account) -> Iterator[BatchPort]:
    port: BatchPort = open_batch(account)
    yield port
    port.close()


@pytest.fixture(scope="module")
def typed(account: Account) -> Iterator[BatchClient]:
    """Another client: the SDK's own."""
    credential = AzureNamedKeyCredential(account.batch_account, account.batch_key.reveal())
    with BatchClient(account.batch_endpoint, credential, use_env_settings=False) as client:
        yield client
