"""From a checked account to its two services."""

from __future__ import annotations

from azure.core.credentials import AzureNamedKeyCredential

from tui.core.accounts import Account
from tui.core.redaction import redact
from tui.gateways.batch import BatchGateway
from tui.gateways.batch_calls import BatchCalls
from tui.gateways.sas import key_signer
from tui.gateways.storage import BlobGateway


def open_batch(account: Account) -> BatchGateway:
    """Reaches nothing yet; from here on the account's keys are masked wherever text leaves the program."""
    redact.register(account.batch_key)
    credential = AzureNamedKeyCredential(account.batch_account, account.batch_key.reveal())
    return BatchGateway(BatchCalls(account.batch_endpoint, credential), account.batch_endpoint)


def open_storage(account: Account) -> BlobGateway:
    """Reaches nothing yet; from here on the account's keys are masked wherever text leaves the program."""
    redact.register(account.storage_key)
    return BlobGateway(
        account.storage_account,
        account.storage_endpoint,
        AzureNamedKeyCredential(account.storage_account, account.storage_key.reveal()),
        key_signer(account.storage_account, account.storage_key, account.storage_endpoint),
    )
