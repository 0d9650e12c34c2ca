"""From a checked account to its two services."""

from __future__ import annotations

from azure.core.credentials import AzureNamedKeyCredential, TokenCredential

from tui.core.accounts import Account, AccountKind
from tui.core.redaction import redact
from tui.gateways.batch import BatchGateway
from tui.gateways.batch_calls import BatchCalls
from tui.gateways.entra import DelegationSigner, shared_sign_in
from tui.gateways.http import USUAL_TIMEOUTS, Timeouts
from tui.gateways.sas import SasSigner, key_signer
from tui.gateways.storage import BlobGateway


def open_batch(
    account: Account, sign_in: TokenCredential | None = None, timeouts: Timeouts = USUAL_TIMEOUTS
) -> BatchGateway:
    """Reaches nothing yet; from here on the account's keys are masked wherever text leaves the program.

    An Entra account asks `sign_in` for its tokens: whoever is signed in on this machine, where nothing is given.
    """
    redact.register(account.batch_key)
    credential: AzureNamedKeyCredential | TokenCredential
    if account.kind is AccountKind.ENTRA:
        credential = sign_in or shared_sign_in()
    else:
        credential = AzureNamedKeyCredential(account.batch_account, account.batch_key.reveal())
    return BatchGateway(BatchCalls(account.batch_endpoint, credential, timeouts), account.batch_endpoint)


def open_storage(
    account: Account, sign_in: TokenCredential | None = None, timeouts: Timeouts = USUAL_TIMEOUTS
) -> BlobGateway:
    """Reaches nothing yet; from here on the account's keys are masked wherever text leaves the program."""
    redact.register(account.storage_key)
    name, endpoint = account.storage_account, account.storage_endpoint
    credential: AzureNamedKeyCredential | TokenCredential
    signer: SasSigner
    if account.kind is AccountKind.ENTRA:
        credential = sign_in or shared_sign_in()
        signer = DelegationSigner(name, endpoint, credential)
    else:
        credential = AzureNamedKeyCredential(name, account.storage_key.reveal())
        signer = key_signer(name, account.storage_key, endpoint)
    return BlobGateway(name, endpoint, credential, signer, timeouts)
