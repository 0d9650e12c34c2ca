"""What the set-up of an account says: what is still missing, where keys will go, how the test ended."""

from __future__ import annotations

from collections.abc import Mapping

from textual.content import Content

from tui.core.account_check import Checklist
from tui.core.account_draft import AccountDraft, AccountField
from tui.core.accounts import AccountKind
from tui.core.columns import Tone
from tui.core.errors import BatchTuiError
from tui.core.saved_accounts import AccountsOverview
from tui.ui.screens.base import Question
from tui.ui.text import joined, safe, toned
from tui.ui.widgets.account_form import FIELD_NAMES

SANDBOX_WORDS = (
    "Nothing to fill in. The sandbox speaks the Batch and Blob REST APIs on this machine and really runs the tasks: as "
    "you, in folders of their own. It is no security boundary.\n\n"
    "It starts when it is used, and stays up until `batch-tui sandbox down`."
)

CLOSES_ONCE_SAVED = "The account is being saved; this closes once it is."
LEAVE_UNSAVED = Question("Leave without saving?", "What you typed for this account is forgotten.", "Leave", "Stay")
LEAVE_WHILE_SAVING = Question(
    "Leave before it is saved?", "The account is being saved, and may be so all the same.", "Leave", "Stay"
)


def obstacle_words(draft: AccountDraft, problems: Mapping[AccountField, str]) -> str | None:
    """Why the account can be neither tested nor saved yet; None where it can."""
    if problems:
        field, problem = next(iter(problems.items()))
        return f"{FIELD_NAMES[field]}: {problem}"
    missing = draft.missing()
    if not missing:
        return None
    more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
    return f"still missing: {FIELD_NAMES[missing[0]]}{more}"


def where_words(kind: AccountKind, overview: AccountsOverview | None) -> Content:
    """Where the keys will be kept; `overview` is None while it is read."""
    match kind:
        case AccountKind.SANDBOX:
            return toned("No keys to keep: the sandbox has its own, on this machine alone.", "muted")
        case AccountKind.ENTRA:
            return toned("No keys to keep: only names and addresses are saved, in your configuration.", "muted")
    if overview is None:
        return toned("Looking for a place to keep the keys…", "muted")
    place = overview.key_place
    tone: Tone = "muted" if place.is_key_store else "warning"
    glyph = "" if place.is_key_store else "! "
    return toned(f"{glyph}Keys will be kept in {safe(place.words)}.", tone)


def saving_words(kind: AccountKind) -> Content:
    return toned("● starting the sandbox…" if kind is AccountKind.SANDBOX else "● saving…", "running")


def trouble_words(trouble: BatchTuiError) -> Content:
    head = toned(f"✗ {safe(str(trouble))}", "error")
    return joined([head, toned(f"→ {safe(trouble.hint)}")], "\n") if trouble.hint else head


def outcome_words(checklist: Checklist) -> Content:
    if checklist.is_good:
        return toned("✓ everything works", "success")
    return toned(f"✗ {len(checklist.failed)} to mend; saving is possible", "error")
