"""Events as a transcript, as live lines and as JSON."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pytest
from rich.console import Console

from tests.cli.canned import EVENTS, RUN_ID, START_S, StoppedClock, plan, row, summary
from tui.console.journal_digest import digest_lines
from tui.console.json_lines import JsonLines
from tui.console.left_runs import left_lines
from tui.console.live import LiveView
from tui.console.plan_text import plan_json, plan_lines
from tui.console.reporter import Reporter
from tui.console.run_list import record_lines, run_table
from tui.console.safe_text import Output
from tui.console.summary import summary_lines
from tui.console.transcript import Transcript
from tui.core import units
from tui.core.events import (
    CountsChanged,
    FailedTask,
    Notice,
    PollReport,
    Progress,
    RunEnded,
    RunEvent,
    Step,
    StepChanged,
    StepState,
    TasksArriving,
    TasksChanged,
)
from tui.core.leftovers import LeftResource, LeftRun
from tui.core.plan_codec import plan_from_json, plan_to_json
from tui.core.records import TaskCounts, TaskState
from tui.core.redaction import redact
from tui.engine.run_record import Ending, RunRecord, TasksOutcome, summary_to_json

SECRET = "c2VjcmV0LWtleS1vZi10aGUtYWNjb3VudA=="


def transcript_of(*events: RunEvent, count: int = 3) -> list[str]:
    stream = io.StringIO()
    reporter = Transcript(plan(count), Output(stream), StoppedClock())
    for event in events:
        reporter.show(event)
    return stream.getvalue().splitlines()


def test_the_transcript_has_one_line_a_step_and_names_the_failed_task() -> None:
    lines = transcript_of(*EVENTS)
    stamp = units.local_clock(START_S + 0.5)
    assert f"{stamp}  containers  done: 3 made  (0.5 s)" in lines
    assert [line for line in lines if "  upload  " in line] == [
        f"{units.local_clock(START_S + 2.5)}  upload      done: 3 files, 5.9 KB  (2.0 s)"
    ]
    assert [line.split("monitor")[1].strip() for line in lines if "topword-00001" in line] == [
        "topword-00001 failed with exit code 3 (taskdata2.txt)"
    ]
    assert any(line.endswith("clean up    skipped: everything is kept") for line in lines)


def test_a_failed_task_is_named_once_and_a_thousand_are_not_all_named() -> None:
    rows = tuple(row(index, 9) for index in range(1_000))
    lines = transcript_of(
        *(TasksChanged(rows, is_full=True, at_s=START_S, server_time_s=START_S) for _ in range(3)), count=1_000
    )
    assert len([line for line in lines if "failed with exit code 9" in line]) == 10
    assert len(lines) == 11


@pytest.mark.parametrize("was_in_trouble", [True, False])
def test_why_a_run_stopped_is_told_once(was_in_trouble: bool) -> None:
    why = "Batch cannot be reached: 127.0.0.1 refuses the connection"
    trouble = [PollReport(START_S, False, 60.0, 1.0, trouble=why)] if was_in_trouble else []
    failed = StepChanged(Step.MONITOR, StepState.FAILED, START_S, why)
    lines = transcript_of(*trouble, failed, RunEnded(summary(outcome=why, exit_code=3)))
    assert sum(why in line for line in lines) == 1
    assert any("monitor     FAILED" in line for line in lines)
    assert "stopped at: monitor" in lines


def test_trouble_that_was_over_does_not_stand_for_what_came_later() -> None:
    why = "Batch cannot be reached"
    lines = transcript_of(
        PollReport(START_S, False, 60.0, 1.0, trouble=why),
        PollReport(START_S, True, 60.0, 1.0),
        StepChanged(Step.DOWNLOAD, StepState.FAILED, START_S, why),
        RunEnded(summary(outcome="The run was ended meanwhile", exit_code=3)),
    )
    assert f"{units.local_clock(START_S)}  download    FAILED: {why}" in lines
    assert "The run was ended meanwhile" in lines


def test_a_long_step_says_how_far_it_is_now_and_then() -> None:
    stream, clock = io.StringIO(), StoppedClock()
    reporter = Transcript(plan(), Output(stream), clock)
    reporter.show(StepChanged(Step.UPLOAD, StepState.RUNNING, START_S))
    for done in range(100):
        clock.elapsed_s += 1
        reporter.show(Progress(Step.UPLOAD, done, 100))
    said = stream.getvalue().splitlines()
    assert [line.split()[-2] for line in said] == ["14/100", "29/100", "44/100", "59/100", "74/100", "89/100"]


def test_the_summary_says_when_what_where_and_what_is_left() -> None:
    lines = summary_lines(summary())
    text = "\n".join(lines)
    assert "1 of 3 tasks failed." in lines
    assert f"  Start    {units.local_date_time(START_S)}" in lines
    assert "  Elapsed  1 min 02 s" in lines
    assert "  Tasks    3 tasks: 2 succeeded, 1 failed" in lines
    assert "  Outputs  2 files, 2.0 KB, in /outputs" in lines
    assert f"pool {RUN_ID}: its nodes cost by the hour until it is deleted" in text
    assert lines[-1] == f"Delete them with: batch-tui runs clean {RUN_ID}"


EMPTY = FailedTask("topword-00001", "poem.txt", 3, "FailureExitCode", "it failed", "it is empty", "/outputs/stderr.txt")
UNSTARTED = FailedTask("topword-00002", "tides.txt", None, "BlobNotFound", "The blob does not exist")


def test_the_summary_says_why_tasks_failed_and_where_their_logs_are() -> None:
    lines = summary_lines(summary(failures=(EMPTY, UNSTARTED), counts=TaskCounts(failed=12)))
    start = lines.index("  Failed   topword-00001 failed with exit code 3 (poem.txt): it is empty")
    assert lines[start + 1 : start + 4] == [
        "           /outputs/stderr.txt",
        "           topword-00002 failed (tides.txt): BlobNotFound, The blob does not exist",
        "           and 10 more",
    ]
    assert not any("Failed" in line or "more" in line for line in summary_lines(summary()))


@pytest.mark.parametrize("is_over", [True, False])
def test_a_run_that_is_shown_names_its_failed_tasks(is_over: bool) -> None:
    counts = TaskCounts(succeeded=2, failed=1)
    outcome = TasksOutcome(Ending.ALL_DONE, counts, (EMPTY.task_id,), failures=(EMPTY,))
    ended = summary(failures=(EMPTY,)) if is_over else None
    text = "\n".join(record_lines(RunRecord(plan(), START_S, summary=ended, outcome=outcome)))
    assert text.count("topword-00001 failed with exit code 3 (poem.txt): it is empty") == 1


def test_a_digest_has_neither_words_nor_places_of_a_failed_task() -> None:
    hint = f"its logs are in {plan().destination}/task-logs"
    ended = summary_to_json(summary(failures=(EMPTY,), hint=hint))
    records = [{"at": 1, "kind": "plan", "plan": plan_to_json(plan())}, {"at": 2, "kind": "ended", "summary": ended}]
    told = "\n".join(digest_lines("\n".join(map(json.dumps, records)).encode()))
    assert "FailureExitCode" in told
    for private in ("it is empty", "poem.txt", "/outputs", plan().destination):
        assert private not in told


def test_a_cleaned_run_says_that_nothing_is_left() -> None:
    lines = summary_lines(summary(leftovers=(), deleted=("job", "pool", "containers"), hint=""))
    assert lines[-2:] == ["  Deleted  job, pool, containers", "  Left     nothing of this run exists or costs any more"]


def json_of(*events: RunEvent) -> list[dict[str, object]]:
    stream = io.StringIO()
    reporter = JsonLines(plan(), Output(stream), Output(io.StringIO()), StoppedClock())
    for event in events:
        reporter.show(event)
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_every_event_is_one_object_with_its_time_and_its_run() -> None:
    objects = json_of(*EVENTS)
    assert len(objects) == len(EVENTS)
    assert all(set(item) >= {"event", "at", "run"} and item["run"] == RUN_ID for item in objects)
    assert {item["event"] for item in objects} == {
        "started", "step", "progress", "pool", "tasks", "poll", "notice", "summary",
    }  # fmt: skip
    assert objects[0]["at"] == units.timestamp(START_S)
    assert "at_s" not in json.dumps(objects)


def test_the_last_object_is_the_summary() -> None:
    last = json_of(*EVENTS)[-1]
    assert last["event"] == "summary"
    assert last["tasks"] == {"active": 0, "running": 0, "succeeded": 2, "failed": 1}
    assert last["exit_code"] == 1
    assert last["elapsed_s"] == 62


def test_the_summary_as_json_says_why_tasks_failed() -> None:
    (told,) = json_of(RunEnded(summary(failures=(EMPTY, UNSTARTED))))
    assert told["failures"] == [
        {
            "task": "topword-00001",
            "input": "poem.txt",
            "exit_code": 3,
            "code": "FailureExitCode",
            "message": "it failed",
            "stderr_last_line": "it is empty",
            "stderr_path": "/outputs/stderr.txt",
        },
        {
            "task": "topword-00002",
            "input": "tides.txt",
            "exit_code": None,
            "code": "BlobNotFound",
            "message": "The blob does not exist",
            "stderr_last_line": "",
            "stderr_path": None,
        },
    ]


def test_tasks_as_json_name_their_input_and_their_failure() -> None:
    tasks = json_of(EVENTS[10])[0]["tasks"]
    assert isinstance(tasks, list)
    assert (tasks[0]["id"], tasks[0]["status"], tasks[0]["exit_code"], tasks[0]["input"]) == (
        "topword-00001", "failed", 3, "taskdata2.txt",
    )  # fmt: skip
    assert tasks[0]["failure"]["code"] == "FailureExitCode"
    assert tasks[1]["failure"] is None


def test_a_long_list_tells_how_far_it_is_and_no_task_of_a_part() -> None:
    part = TasksArriving((row(0), row(1, 3)), listed=2, at_s=START_S)
    (told,) = json_of(part)
    assert told == {"event": "listing", "at": units.timestamp(START_S), "run": RUN_ID, "listed": 2}
    clock, stream = StoppedClock(), io.StringIO()
    reporter = Transcript(plan(), Output(stream), clock)
    reporter.show(part)
    assert stream.getvalue() == ""
    clock.elapsed_s += 20
    reporter.show(part)
    assert stream.getvalue().endswith("monitor     listing the tasks: 2 so far\n")


def test_what_is_said_to_a_person_is_not_on_stdout_with_json() -> None:
    stdout, stderr = io.StringIO(), io.StringIO()
    JsonLines(plan(), Output(stdout), Output(stderr), StoppedClock()).say("Stopping.")
    assert (stdout.getvalue(), stderr.getvalue()) == ("", "Stopping.\n")


def live_console(width: int = 80) -> tuple[Console, io.StringIO]:
    stream = io.StringIO()
    console = Console(
        file=stream, force_terminal=True, width=width, height=24, color_system=None, highlight=False, markup=False
    )
    return console, stream


def test_live_lines_move_below_the_transcript_and_leave_nothing_behind() -> None:
    console, stream = live_console()
    clock = StoppedClock()
    reporter = LiveView(plan(), console, clock)
    for event in EVENTS:
        clock.elapsed_s += 1
        reporter.show(event)
    reporter.close()
    text = stream.getvalue()
    assert "1/3 files" in text
    assert "nodes  1 running" in text
    assert "containers  done: 3 made" in text
    assert text.rstrip().endswith(f"runs clean {RUN_ID}")
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h") == 1


def test_live_lines_count_as_the_service_does_until_the_tasks_are_listed() -> None:
    console, stream = live_console()
    clock = StoppedClock()
    reporter = LiveView(plan(), console, clock)
    for event in (
        StepChanged(Step.MONITOR, StepState.RUNNING, START_S),
        CountsChanged(TaskCounts(active=0, running=1, succeeded=0, failed=2), START_S),
        TasksArriving((row(0),), listed=1, at_s=START_S),
        TasksChanged((row(0), row(1), row(2)), is_full=True, at_s=START_S, server_time_s=START_S),
    ):
        clock.elapsed_s += 1
        reporter.show(event)
    reporter.close()
    before, listed = stream.getvalue().split("3 succeeded")[:2]
    assert "2 failed" in before
    assert "1 succeeded" not in before
    assert "2 failed" not in listed


def test_live_lines_are_drawn_ten_times_a_second_at_most() -> None:
    console, stream = live_console()
    clock = StoppedClock()
    reporter = LiveView(plan(), console, clock)
    reporter.show(StepChanged(Step.UPLOAD, StepState.RUNNING, START_S))
    before = len(stream.getvalue())
    for done in range(1_000):
        reporter.show(Progress(Step.UPLOAD, done, 1_000))
    assert len(stream.getvalue()) == before
    clock.elapsed_s += 0.2
    reporter.tick()
    assert "999/1,000 files" in stream.getvalue()
    reporter.close()


@pytest.mark.parametrize("width", [20, 40, 200])
def test_live_lines_never_wrap(width: int) -> None:
    console, stream = live_console(width)
    clock = StoppedClock()
    reporter = LiveView(plan(), console, clock)
    reporter.show(StepChanged(Step.POOL, StepState.RUNNING, START_S))
    clock.elapsed_s += 1
    reporter.show(Progress(Step.POOL, 1, 3, "nodes", note="waiting for the pool: 2 nodes starting " * 5))
    assert "…" in stream.getvalue()
    reporter.close()


def test_the_bar_gives_way_to_the_words() -> None:
    console, stream = live_console(72)
    clock = StoppedClock()
    reporter = LiveView(plan(), console, clock)
    reporter.show(StepChanged(Step.MONITOR, StepState.RUNNING, START_S))
    clock.elapsed_s += 1
    reporter.show(TasksChanged((row(0), row(1, exit_code=3), row(2, None, TaskState.ACTIVE)), True, START_S, START_S))
    assert "3 tasks: 1 succeeded, 1 failed, 1 waiting" in stream.getvalue()
    reporter.close()


def reporters() -> list[tuple[Reporter, io.StringIO]]:
    console, live = live_console()
    lines, objects = io.StringIO(), io.StringIO()
    return [
        (Transcript(plan(), Output(lines), StoppedClock()), lines),
        (LiveView(plan(), console, StoppedClock()), live),
        (JsonLines(plan(), Output(objects), Output(io.StringIO()), StoppedClock()), objects),
    ]


def test_no_reporter_lets_a_secret_or_a_control_sequence_out() -> None:
    redact.register(SECRET)
    nasty = f"\x1b]0;owned\x07 key {SECRET} https://x/y?sv=1&sig=abcdefgh%3D \x9b31m"
    for reporter, stream in reporters():
        reporter.show(StepChanged(Step.UPLOAD, StepState.FAILED, START_S, nasty))
        reporter.show(Notice(nasty, is_warning=True))
        reporter.close()
        text = stream.getvalue()
        assert "owned" in text
        assert SECRET not in text
        assert "abcdefgh" not in text
        assert "\x1b]" not in text
        assert "\x9b" not in text
        assert "\x07" not in text


def test_the_plan_in_lines_names_everything_it_would_create() -> None:
    text = "\n".join(plan_lines(plan(5), "http://127.0.0.1:41233"))
    for name in (f"{RUN_ID}-application", f"{RUN_ID}-input", f"{RUN_ID}-output", "topword-00000 … topword-00004 (5)"):
        assert name in text
    assert "--filepath=taskdata1.txt" in text
    assert "and 2 more" in text
    assert "http://127.0.0.1:41233" in text


def test_a_plan_says_what_it_costs_where_it_costs() -> None:
    on_azure = "\n".join(plan_lines(replace(plan(), account="work"), "https://x.batch.azure.com"))
    assert "at most 1 node-hour " in on_azure
    assert "costs by the hour" in on_azure
    on_sandbox = "\n".join(plan_lines(plan(), "http://127.0.0.1:41233"))
    assert "hour " not in on_sandbox.partition("Uses")[2]
    assert "nothing costs money on the sandbox" in on_sandbox


def test_the_plan_as_json_gives_the_plan_back() -> None:
    made = plan()
    assert plan_from_json(plan_json(made, "http://127.0.0.1:41233")["plan"]) == made


def test_the_list_of_runs_fits_eighty_columns() -> None:
    record = RunRecord(plan(), started_s=START_S, summary=summary())
    assert max(len(line) for line in run_table([record])) <= 80


def test_what_is_left_of_an_account_says_how_many_pools_cost() -> None:
    pools = tuple(LeftResource("pool", name, costs=True) for name in ("a", "b"))
    assert left_lines([LeftRun(RUN_ID, resources=pools)], "mybatch")[-1] == (
        "2 things left over, 2 pools of it cost by the hour."
    )
    assert left_lines([LeftRun(RUN_ID, resources=pools[:1])], "mybatch")[-1] == (
        "1 thing left over, 1 pool of it costs by the hour."
    )


def test_a_step_that_a_person_stopped_has_not_failed() -> None:
    record = RunRecord(plan(), started_s=START_S, steps={Step.MONITOR: StepState.FAILED})
    record.step_summaries[Step.MONITOR] = "stopped"
    assert "    monitor     stopped" in record_lines(record)
    record.step_summaries[Step.MONITOR] = "The pool is gone"
    assert "    monitor     failed: The pool is gone" in record_lines(record)
