"""A run in words: its state, what troubles it, how it ended, and what leaving it now would mean."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from tui.core.columns import Tone
from tui.core.errors import BatchTuiError
from tui.core.events import Leftover, RunSummary, Step, StepState
from tui.core.plan import RunPlan
from tui.core.records import TaskRow
from tui.core.run_view import RunView
from tui.core.task_table import NO_VALUE, TONES, duration_s, status_text
from tui.core.units import clock_text, count_text, duration_text, local_clock, local_date_time, size_text
from tui.ui.screens.base import Question
from tui.ui.text import joined, safe, toned

_OUTCOMES: dict[int, tuple[str, Tone]] = {
    0: ("✓ succeeded", "success"),
    1: ("✗ some tasks failed", "error"),
    4: ("✗ timed out", "error"),
    130: ("– stopped", "warning"),
}


def state_words(view: RunView, error: BatchTuiError | None, now_s: float) -> tuple[str, Tone]:
    """`● running 00:04:12`: what the title line says of the run."""
    if view.summary is not None:
        words, tone = _OUTCOMES.get(view.summary.exit_code, ("✗ failed", "error"))
        return f"{words} in {clock_text(view.summary.elapsed_s)}", tone
    if error is not None:
        return f"✗ {error.title.lower()}", "error"
    if view.started_s is None:
        if view.tasks_read_s is not None:
            return "● watched", "running"
        is_there = view.steps[Step.TASKS].state is StepState.DONE
        return ("● reading its tasks", "running") if is_there else ("○ starting", "muted")
    return f"● running {clock_text(now_s - view.started_s)}", "running"


def trouble_lines(
    view: RunView, error: BatchTuiError | None, silent_since_s: float | None, now_s: float
) -> list[Content]:
    """What went wrong and is still so; a resize error of a pool that has all its nodes by now is history."""
    lines: list[Content] = []
    if error is not None:
        lines += _lines(error.title, error.what, error.hint)
    pool = view.pool
    if pool is not None and pool.current_nodes < pool.target_nodes:
        for resize in pool.resize_errors:
            lines += _lines(f"pool {pool.id} cannot allocate: {resize.code}", resize.message)
    lines += _start_task_lines(view)
    poll = view.poll
    if poll is None or view.summary is not None or error is not None:
        return lines  # nobody asks any more
    if poll.throttled_until_s is not None:
        until = f"The service asks us to slow down until {local_clock(poll.throttled_until_s)}"
        if now_s > poll.throttled_until_s:
            until = f"The service asked us to slow down; we ask again since {local_clock(poll.throttled_until_s)}"
        lines += _lines(until, poll.trouble, "the tasks go on; what is shown is as old as it says")
    elif poll.trouble:
        since = f"Nothing heard since {local_clock(silent_since_s)}" if silent_since_s is not None else "No answer"
        lines += _lines(since, poll.trouble, f"trying again every {duration_text(poll.next_in_s)}")
    return lines


def _start_task_lines(view: RunView) -> list[Content]:
    broken = [node for node in view.nodes if node.start_task_failure is not None]
    if not broken:
        return []
    failure, code = broken[0].start_task_failure, broken[0].start_task_exit_code
    assert failure is not None
    words = f"{failure.code}: {failure.message}" + ("" if code is None else f" (exit {code})")
    return _lines(f"start task failed on {len(broken):,} of {count_text(len(view.nodes), 'node')}", words)


def _lines(title: str, what: str, hint: str = "") -> list[Content]:
    lines = [toned(safe(title), "error", is_bold=True) + (f": {_one_line(what)}" if what else "")]
    return [*lines, toned(f"  {_one_line(hint)}", "muted")] if hint else lines


def _one_line(text: str) -> str:
    return safe(" ".join(text.split()))


def summary_lines(summary: RunSummary, next_keys: Sequence[tuple[str, str]]) -> list[Content]:
    """How it ended, where the outputs are, what still exists and costs, and the keys that help now."""
    counts = summary.counts
    tasks: list[tuple[str, Tone]] = [(f"{counts.succeeded:,} succeeded", "success" if counts.succeeded else "muted")]
    if counts.failed:
        tasks.append((f"{counts.failed:,} failed", "error"))
    if counts.active + counts.running:
        tasks.append((f"{counts.active + counts.running:,} not finished", "warning"))
    started, ended = local_clock(summary.started_s), local_clock(summary.ended_s)
    size = size_text(summary.downloaded_bytes)
    files = f"{count_text(summary.downloaded_files, 'file')}, {size}, in {safe(summary.destination)}"
    lines = [
        Content(_one_line(summary.outcome)),
        _fact("tasks", joined((toned(*part) for part in tasks), " · ")),
        _fact("time", Content(f"{started} to {ended}, {duration_text(summary.elapsed_s)}")),
        _fact("outputs", Content(files if summary.downloaded_files else "nothing downloaded")),
        *_leftover_lines(summary),
    ]
    if next_keys:
        keys = (toned(key, "running", is_bold=True) + f" {words}" for key, words in next_keys)
        lines.append(_fact("next", joined(keys, "   ")))
    return lines


def looks_after(summary: RunSummary) -> list[str]:
    """The ids of the keys that tell why not everything succeeded."""
    counts = summary.counts
    return ["run.failures"] * bool(counts.failed) + ["run.why"] * bool(counts.active + counts.running)


def _leftover_lines(summary: RunSummary) -> list[Content]:
    """What still costs, then what else is there; what is to be known of it on a line of its own."""
    if not summary.leftovers:
        return [_fact("left", Content("nothing: all that the run made is deleted"))]
    lines = []
    for costs, title in ((True, "costs"), (False, "left")):
        items = [item for item in summary.leftovers if item.costs is costs]
        if items:
            lines.append(_fact(title, toned(_names(items, summary.run_id), "warning" if costs else "")))
            notes = dict.fromkeys(safe(item.note) for item in items if item.note)
            lines += [_fact("", toned(note, "warning" if costs else "muted")) for note in notes]
    return lines


def _names(items: Sequence[Leftover], run_id: str) -> str:
    """`job, 3 containers`: by name where it is the only one of its kind and called otherwise than the run."""
    kinds: dict[str, list[str]] = {}
    for item in items:
        kinds.setdefault(item.kind, []).append(item.name)
    return ", ".join(
        count_text(len(names), kind) if len(names) > 1 else kind if names[0] == run_id else f"{kind} {safe(names[0])}"
        for kind, names in kinds.items()
    )


def task_facts(row: TaskRow, plan: RunPlan, now_s: float) -> list[Content]:
    """One task: state, result, failure in words, where and when, input, output, command."""
    took_s, item = duration_s(row, now_s), plan.input_of(row.id)
    failure = row.failure
    facts = [
        _fact("state", toned(status_text(row.status), TONES[row.status])),
        _fact("exit", Content(NO_VALUE if row.exit_code is None else str(row.exit_code))),
    ]
    if failure is not None:
        facts.append(_fact("failure", toned(_one_line(f"{failure.code}: {failure.message}"), "error")))
        facts += [_fact("", Content(_one_line(f"{name}: {value}"))) for name, value in failure.details]
    facts += [
        _fact("node", Content(safe(row.node_id) or NO_VALUE)),
        _fact("started", Content(NO_VALUE if row.start_time_s is None else local_date_time(row.start_time_s))),
        _fact("ended", Content(NO_VALUE if row.end_time_s is None else local_date_time(row.end_time_s))),
        _fact("took", Content(NO_VALUE if took_s is None else duration_text(took_s))),
        _fact("retries", Content(f"{row.retry_count}, requeued {row.requeue_count}")),
    ]
    if item is not None:
        index = plan.inputs.index(item)
        facts += [
            _fact("input", Content(f"{safe(item.blob_name)}  {size_text(item.size_bytes)}")),
            _fact("output", Content(safe(plan.output_name(item)))),
            _fact("command", Content(safe(plan.command_text(index)))),
        ]
    return facts


def _fact(name: str, value: Content) -> Content:
    return toned(f"{name:<8}", "muted") + value


def leaving_question(view: RunView, *, says_costs: bool = True) -> Question | None:
    """What quitting now does to the run, truly; None once it is over. `says_costs` adds what its pool costs."""
    if view.summary is not None:
        return None
    plan, current = view.plan, view.current_step
    resume = f"batch-tui runs resume {plan.run_id}"
    step = "start" if current is None else current.step.value
    if view.steps[Step.TASKS].state is not StepState.DONE:
        return Question(
            "the run is not under way by itself yet",
            f"It stops at the step “{step}”. What it has made stays and may cost.\n\nTo go on from there:\n  {resume}",
            confirm="Stop and quit",
            cancel="Stay",
        )
    if current is not None and current.step in (Step.DOWNLOAD, Step.CLEAN_UP):
        text = f"The tasks are done, but “{step}” stops where it is.\n\nTo finish it:\n  {resume}"
    else:
        limit = duration_text(plan.timeout_s).removesuffix(" 00 s").removesuffix(" 00 min")
        text = (
            f"The tasks are submitted: they go on without this program, for {limit} at most. "
            f"Their outputs wait in the container until they are downloaded.\n\nTo come back:\n  {resume}"
        )
    costs = says_costs and plan.makes_pool and plan.is_billed
    cost = f"\n\nPool {plan.pool.id} keeps its nodes, and costs, until it is deleted." if costs else ""
    return Question("leave the run?", text + cost, confirm="Quit", cancel="Stay")
