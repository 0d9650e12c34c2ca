"""Accounts and their checklist as lines and as JSON; a key is in none of them."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from tui.console.safe_text import Json
from tui.core.account_check import CheckResult, CheckState
from tui.core.accounts import AccountKind
from tui.core.saved_accounts import SavedAccount

_HEADINGS = ("", "NAME", "KIND", "BATCH ACCOUNT", "AT", "STORAGE", "KEYS")
_KINDS = {
    AccountKind.SANDBOX: "sandbox",
    AccountKind.SHARED_KEY: "keys",
    AccountKind.ENTRA: "Microsoft Entra ID",
}
_GLYPHS = {CheckState.PASSED: "✓", CheckState.FAILED: "✗", CheckState.NOT_TRIED: "–"}


def account_table(accounts: Sequence[SavedAccount]) -> list[str]:
    """A heading and one line an account, the current one marked; what keeps one from being used stands below it."""
    rows = [_HEADINGS, *(_row(account) for account in accounts)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    troubles = {account.name: account.trouble for account in accounts if account.trouble}
    return [*lines, *(f"   {name}: {trouble}" for name, trouble in troubles.items())]


def _row(account: SavedAccount) -> tuple[str, ...]:
    return (
        "●" if account.is_current else "",
        account.name,
        _KINDS[account.kind],
        account.batch_account or "–",
        urlsplit(account.batch_endpoint).netloc or "–",
        account.storage_account or "–",
        account.keys_in.partition(",")[0] or "–",
    )


def account_json(account: SavedAccount) -> dict[str, Json]:
    return {
        "name": account.name,
        "kind": account.kind.value,
        "is_current": account.is_current,
        "is_temporary": account.is_temporary,
        "batch_account": account.batch_account,
        "batch_endpoint": account.batch_endpoint,
        "storage_account": account.storage_account,
        "storage_endpoint": account.storage_endpoint,
        "keys_in": account.keys_in,
        "trouble": account.trouble,
    }


def check_lines(result: CheckResult) -> list[str]:
    """What a settled check says, with its remedy below; nothing for one that is not settled."""
    if not result.state.is_settled:
        return []
    lines = [f"{_GLYPHS[result.state]} {result.check.value:<16}  {result.detail}"]
    return [*lines, f"  {'':<16}  {result.remedy}"] if result.remedy else lines


def check_json(result: CheckResult) -> dict[str, Json]:
    return {
        "event": "check",
        "check": result.check.value,
        "state": result.state.value,
        "detail": result.detail,
        "remedy": result.remedy,
    }
