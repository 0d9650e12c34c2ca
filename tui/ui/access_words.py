"""Refused access in words: which account it was, what can be done with one of its kind, what becomes of the run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from tui.core.accounts import ENVIRONMENT_NAME, SANDBOX_NAME, AccountKind
from tui.core.deletion import DeletionResult, Remains
from tui.core.download_choice import DownloadReport
from tui.core.events import Step, StepState
from tui.core.plan import RunPlan
from tui.core.run_view import RunView
from tui.core.saved_accounts import SavedAccount
from tui.core.units import count_text

AccessAnswer = Literal["enter", "again"]
"""Enter other credentials first, or try again with what is there."""

LEAVE = "Leave it"
LEAVE_REST = "Leave the rest (it can be tried again)"
LEAVE_RUN = "Leave it (r on Home resumes it later)"
NOTHING_CHANGED = "Nothing was changed by what was refused. Once access is back, it is tried again."

SIGNED_BEFORE = (
    "The storage key is another one. Tasks that were submitted before were given access signed with the old one: those "
    "that need it once it is no longer valid fail, and can be run again (g)."
)


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


def can_be_entered(name: str, saved: SavedAccount | None) -> bool:
    """Whether a form can mend the account: what makes its own keys, or has them from outside, no form changes."""
    return saved is not None and name != SANDBOX_NAME and not saved.is_temporary


def answers(saved: SavedAccount | None, *, can_enter: bool) -> list[tuple[AccessAnswer, str]]:
    """What can be answered and the words for it, what helps most first."""
    again: tuple[AccessAnswer, str] = ("again", again_words(saved))
    if saved is None or not can_enter:
        return [again]
    enter: tuple[AccessAnswer, str] = ("enter", enter_words(saved))
    return [again, enter] if saved.kind is AccountKind.ENTRA else [enter, again]


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
    if has_tasks_waiting(view):
        text += " Its tasks are submitted and go on by themselves."
    return f"{text} To come back to it later:\n  batch-tui runs resume {view.plan.run_id}"


def watch_words(plan: RunPlan) -> str:
    """Of a job that is only looked at."""
    return f"Nothing is lost: job {plan.job_id} goes on by itself; it is only not looked at any more."


def download_words(report: DownloadReport) -> str:
    """What of a download is here, and what becomes of the rest."""
    left, total = len(report.to_retry), count_text(len(report.results), "file")
    rest = "that file is" if left == 1 else f"those {left:,} are"
    return (
        f"Nothing is lost: of {total}, {left:,} {'is' if left == 1 else 'are'} not here yet. Once access is back, only "
        f"{rest} fetched, as was chosen before."
    )


def deletion_words(results: Sequence[DeletionResult]) -> str:
    """What a deletion has not done, and what becomes of that."""
    left = [result.kind for result in results if result.can_retry]
    done, containers = len(results) - len(left), left.count("container")
    rest: list[str] = [kind for kind in left if kind != "container"]
    rest += [count_text(containers, "container")] if containers else []
    if not done:
        return f"Nothing is deleted yet. Once access is back, what was confirmed is: {', '.join(rest)}."
    return (
        f"{done} of {len(results)} deleted or on the way out; nothing further was begun. Once access is back, only the "
        f"rest is deleted: {', '.join(rest)}."
    )


def still_costs_words(remains: Remains, results: Sequence[DeletionResult]) -> str:
    """What goes on costing because the pool is not deleted; empty where nothing does."""
    nodes = remains.costing_nodes
    is_left = any(result.kind == "pool" and result.can_retry for result in results)
    cost = "it costs" if nodes == 1 else "they cost"
    return f"The pool keeps its {count_text(nodes, 'node')}, and {cost} by the hour." if nodes and is_left else ""


def has_tasks_waiting(view: RunView) -> bool:
    """Whether tasks are submitted that nobody has seen the end of."""
    steps = view.steps
    return steps[Step.TASKS].state is StepState.DONE and steps[Step.MONITOR].state is not StepState.DONE
