"""The credentials of an account entered again, while something waits for them: the set-up with all else as it was.

What waits is bound to the account's name and to what lies behind its addresses, so these stay. Dismissed with the
account once it is saved; which account is current does not change.
"""

from __future__ import annotations

from tui.core.account_draft import KEY_FIELDS, AccountDraft, AccountField
from tui.core.accounts import AccountKind
from tui.ui.account_services import AccountsService
from tui.ui.screens.set_up import SetUpScreen
from tui.ui.services import AppServices


class ReentryScreen(SetUpScreen):
    """An account with keys may turn to Microsoft Entra ID, and back: keys may have been forbidden."""

    AUTO_FOCUS = "#batch-key"
    offered = (AccountKind.SHARED_KEY, AccountKind.ENTRA)
    fixed = frozenset(AccountField) - KEY_FIELDS
    save_words = "Save and go on"
    becomes_current = False

    def __init__(self, services: AppServices, accounts: AccountsService, draft: AccountDraft) -> None:
        super().__init__(services, accounts, draft=draft, replaces=draft.name)
