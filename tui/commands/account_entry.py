"""An account's fields from a person: asked one by one at a terminal, keys hidden, or found in what was pasted.

No key is ever an argument: arguments are in the shell's history and in everybody's list of processes.
"""

from __future__ import annotations

import sys
from collections.abc import Collection
from dataclasses import replace

import click

from tui.console.safe_text import Output
from tui.core.account_draft import FIELDS, KEY_FIELDS, AccountDraft, AccountField
from tui.core.accounts import Account
from tui.core.errors import InputError
from tui.core.pasted import LONGEST_PASTE, parse_pasted
from tui.core.redaction import redact

_QUESTIONS = {
    AccountField.BATCH_ENDPOINT: "Batch endpoint, as in mybatch.westeurope.batch.azure.com",
    AccountField.BATCH_ACCOUNT: "Batch account name",
    AccountField.BATCH_KEY: "Batch key (not shown)",
    AccountField.STORAGE_ACCOUNT: "Storage account name",
    AccountField.STORAGE_KEY: "Storage key (not shown)",
    AccountField.STORAGE_ENDPOINT: "Blob endpoint",
    AccountField.NAME: "Name of this account",
}
_OPTIONS = {
    AccountField.BATCH_ENDPOINT: "--batch-endpoint",
    AccountField.BATCH_ACCOUNT: "--batch-account",
    AccountField.STORAGE_ACCOUNT: "--storage-account",
    AccountField.NAME: "NAME",
}
_PASTE_HINT = (
    "Give the script of a tutorial, exports, `az batch account keys list` or a connection string on stdin, as in\n"
    "`batch-tui accounts add NAME < credentials.txt`"
)


def account_of_paste(draft: AccountDraft, taken: Collection[str]) -> Account:
    """The account that `draft` and what stands on stdin make together; what is in `draft` counts first."""
    text = _stdin_text()
    pasted = parse_pasted(text)
    redact.register(pasted.batch_key, pasted.storage_key)
    filled = draft.with_pasted(pasted)
    typed = {one.value: draft.text(one) for one in AccountField if one not in KEY_FIELDS and draft.text(one)}
    filled = replace(filled, **typed)  # type: ignore[arg-type]  # the fields of keys are left out: these are texts
    missing = filled.missing()
    if missing:
        names = ", ".join(_field_words(one) for one in missing)
        raise InputError("The account is not whole", f"missing: {names}", _PASTE_HINT)
    return _checked(filled, taken)


def account_of_questions(draft: AccountDraft, taken: Collection[str]) -> Account:
    """The account asked for field by field; a field that cannot be right is asked for again."""
    aside = Output(sys.stderr)
    for one in FIELDS[draft.kind]:
        while not draft.text(one):
            draft = draft.with_text(one, _ask(draft, one))
            problem = draft.problems(taken).get(one, "")
            if problem:
                aside.line(f"  {problem}")
                draft = draft.with_text(one, "")
            elif not draft.text(one) and one not in draft.missing():
                break  # left empty, and something else tells what it is
    redact.register(draft.batch_key, draft.storage_key)
    return _checked(draft, taken)


def _ask(draft: AccountDraft, one: AccountField) -> str:
    proposed = draft.effective(one)
    is_optional = one is AccountField.STORAGE_ENDPOINT
    question = _QUESTIONS[one] + (" (empty for Azure's own)" if is_optional else "")
    default = "" if is_optional else proposed or None
    answer = click.prompt(
        question,
        default=default,
        show_default=bool(proposed) and one not in KEY_FIELDS,
        hide_input=one in KEY_FIELDS,
        err=True,
    )
    assert isinstance(answer, str)
    return answer.strip()


def _checked(draft: AccountDraft, taken: Collection[str]) -> Account:
    for one, problem in draft.problems(taken).items():
        raise InputError(f"{_field_words(one)} cannot be used", problem, _PASTE_HINT if one in KEY_FIELDS else "")
    return draft.account()


def _field_words(one: AccountField) -> str:
    words = _QUESTIONS[one].partition(",")[0].partition(" (")[0]
    option = _OPTIONS.get(one)
    return f"{words} ({option})" if option else words


def _stdin_text() -> str:
    if sys.stdin is None:
        raise InputError("Nothing could be read from stdin", "it is closed", _PASTE_HINT)
    try:
        text = sys.stdin.read(LONGEST_PASTE + 1)
    except (OSError, ValueError) as problem:  # not readable, closed, or no text
        raise InputError("Nothing could be read from stdin", type(problem).__name__, _PASTE_HINT) from None
    if len(text) > LONGEST_PASTE:
        raise InputError("What was pasted is too long", f"more than {LONGEST_PASTE:,} characters", _PASTE_HINT)
    return text
