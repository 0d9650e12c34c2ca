"""How a run ended, said truly: from its journal and, where something stopped it, from what that was."""

from __future__ import annotations

from pathlib import Path

from tui.core.download_choice import log_owner
from tui.core.errors import BatchTuiError, Interrupted, RunGone
from tui.core.events import RunSummary
from tui.core.plan import LOG_PREFIX
from tui.core.records import TaskCounts
from tui.core.redaction import redact
from tui.core.units import count_text
from tui.engine.failures import with_last_words
from tui.engine.run_record import Ending, RunRecord, TasksOutcome
from tui.engine.steps.clean_up import deleted_parts


def summarise(
    record: RunRecord, ended_s: float, problem: BatchTuiError | None = None, seen: TaskCounts | None = None
) -> RunSummary:
    """The summary of a run as its journal has it; `seen` are the newest counts where the watching did not end."""
    outcome = record.outcome
    counts = outcome.counts if outcome is not None else seen or TaskCounts()
    moved = [item for (direction, _), item in record.files_moved.items() if direction == "down"]
    exit_code, sentence, hint = _ended(record) if problem is None else _stopped(record, problem)
    return RunSummary(
        run_id=record.plan.run_id,
        started_s=record.started_s,
        ended_s=ended_s,
        counts=counts,
        downloaded_files=len(moved),
        downloaded_bytes=sum(item.size_bytes for item in moved),
        destination=record.plan.destination,
        leftovers=record.leftovers,
        deleted=deleted_parts(record.plan, record),
        exit_code=exit_code,
        outcome=redact(sentence),
        hint=redact(hint),
        failures=with_last_words(record),
    )


def interrupted(record: RunRecord, ended_s: float, seen: TaskCounts | None = None) -> RunSummary:
    """The summary of a run that is left while a call of it hangs."""
    return summarise(record, ended_s, Interrupted("Stopped"), seen)


def _ended(record: RunRecord) -> tuple[int, str, str]:
    outcome = record.outcome
    if outcome is None:
        return 0, "nothing was to be done", ""
    total = count_text(outcome.counts.total, "task")
    if outcome.ending is Ending.JOB_ENDED:
        return 1, f"{outcome.counts.succeeded:,} of {total} succeeded: {outcome.reason}", _logs(record, outcome)
    if outcome.counts.failed:
        why = f": {outcome.reason}" if outcome.reason else ""
        return 1, f"{outcome.counts.failed:,} of {total} failed{why}", _logs(record, outcome)
    return 0, f"{'the task' if outcome.counts.total == 1 else f'all {total}'} succeeded", ""


def _logs(record: RunRecord, outcome: TasksOutcome) -> str:
    """Where the logs of the failed tasks are; a task that never started has none."""
    moved = (name for direction, name in record.files_moved if direction == "down" and name.startswith(LOG_PREFIX))
    logged = {log_owner(name) for name in moved} & set(outcome.failed)
    if not logged:
        return ""
    folder = Path(record.plan.destination, LOG_PREFIX)
    if len(logged) < len(outcome.failed):
        return f"the logs of {len(logged):,} of them are in {folder}"
    return f"{'its logs are' if len(logged) == 1 else 'their logs are'} in {folder}"


def _stopped(record: RunRecord, problem: BatchTuiError) -> tuple[int, str, str]:
    resume = f"`batch-tui runs resume {record.plan.run_id}` goes on from here"
    if isinstance(problem, Interrupted):
        if record.tasks_are_submitted and record.outcome is None:
            return problem.exit_code, "stopped watching: the tasks are submitted and the run goes on by itself", resume
        where = f" at: {problem.what}" if problem.what else ""
        return problem.exit_code, f"stopped{where}", resume
    if isinstance(problem, RunGone):
        return problem.exit_code, str(problem), problem.hint
    return problem.exit_code, str(problem), f"{problem.hint.rstrip('.')}; {resume}" if problem.hint else resume
