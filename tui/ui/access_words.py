"""Refused access in words: which account it was, what can be done with one of its kind, what becomes of the run."""

from __future__ import annotations

from tui.core.accounts import ENVIRONMENT_NAME, SANDBOX_NAME, AccountKind
from tui.core.events import Step, StepState
from tui.core.plan import RunPlan
from tui.core.run_view import RunView
from tui.core.saved_accounts import SavedAccount

NOTHING_CHANGED = "Nothing was changed by what was refused. Once access is back, it is tried again."


def account_words(name: str, saved: SavedAccount | None) -> str:
    """What can be done; `saved` is None where there is no such account any more."""
    if name == SANDBOX_NAME:
        return (
            "The sandbox makes its keys by itself; they are read anew with the next attempt. If it was reset, what "
            "this run had made there is gone."
        )
    if name == ENVIRONMENT_NAME:
        return (
            "The account is that of this terminal's environment variables, which no form can change. If their keys "
            "are no longer right: leave, quit, set them anew, and start batch-tui again."
        )
    if saved is None:
        return f"There is no account {name!r} on this machine any more. Add it under this name, then try again."
    if saved.kind is AccountKind.ENTRA:
        return (
            f"Account {name} signs in with Microsoft Entra ID. Sign in again in another terminal (`az login`), "
            "then try again."
        )
    return f"It was account {name}: Batch {saved.batch_account}, storage {saved.storage_account}."


def enter_words(saved: SavedAccount) -> str:
    return "Enter its keys instead" if saved.kind is AccountKind.ENTRA else "Enter the credentials again"


def again_words(saved: SavedAccount | None) -> str:
    is_entra = saved is not None and saved.kind is AccountKind.ENTRA
    return "I have signed in: try again" if is_entra else "Try again as it is"


def run_words(view: RunView) -> str:
    """Where a run that was refused stands, and how it is come back to later."""
    current = view.current_step
    where = f" at “{current.step.value}”" if current is not None else ""
    text = f"Nothing is lost: the run stopped{where} and goes on from there."
    if view.steps[Step.TASKS].state is StepState.DONE and not _is_done(view, Step.MONITOR):
        text += " Its tasks are submitted and go on by themselves."
    return f"{text} Later, r on Home goes on with it, or\nbatch-tui runs resume {view.plan.run_id}"


def watch_words(plan: RunPlan) -> str:
    """Of a job that is only looked at."""
    return f"Nothing is lost: job {plan.job_id} goes on by itself; it is only not looked at any more."


def _is_done(view: RunView, step: Step) -> bool:
    return view.steps[step].state is StepState.DONE
