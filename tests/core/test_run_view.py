"""Events fold into the state that every front end shows."""

from __future__ import annotations

from tests.support.runs import SUMMARY
from tui.core.errors import AccessRefused
from tui.core.events import (
    PollReport,
    Progress,
    RunEnded,
    RunStarted,
    Step,
    StepChanged,
    StepState,
    TasksChanged,
)
from tui.core.plan import NewPool, PlannedInput, RunPlan
from tui.core.records import FailureInfo, TaskCounts, TaskRow, TaskState, TaskStatus
from tui.core.run_view import RunView

PLAN = RunPlan("run", "top-words", (PlannedInput("a.txt", 1, "/a.txt"),), NewPool("run"), 1_800, "/out")


def row(number: int, state: TaskState = TaskState.ACTIVE, exit_code: int | None = None) -> TaskRow:
    return TaskRow(f"topword-{number:05}", state, f"2026-11-20T10:00:{number:02}Z", exit_code=exit_code)


def test_steps_run_and_end() -> None:
    view = RunView(PLAN)
    view.apply(RunStarted("run", 10.0))
    view.apply(StepChanged(Step.UPLOAD, StepState.RUNNING, 11.0))
    view.apply(Progress(Step.UPLOAD, 1, 3))
    assert view.current_step is view.steps[Step.UPLOAD]
    view.apply(StepChanged(Step.UPLOAD, StepState.DONE, 12.0, "3 files"))
    assert not [step for step in view.steps.values() if step.state is StepState.RUNNING]
    upload = view.steps[Step.UPLOAD]
    assert (upload.started_s, upload.ended_s, upload.summary) == (11.0, 12.0, "3 files")


def test_a_run_that_goes_on_forgets_how_it_ended_and_keeps_its_tasks() -> None:
    view, refusal = RunView(PLAN), AccessRefused("No", "403")
    view.apply(TasksChanged((row(0),), is_full=True, at_s=1.0, server_time_s=1.0))
    view.apply(PollReport(2.0, False, 60.0, 1.0, trouble="403"))
    view.apply(RunEnded(SUMMARY, refusal))
    assert (view.is_over, view.problem) == (True, refusal)
    view.apply(RunStarted("run", 10.0, is_resumed=True))
    assert (view.is_over, view.problem, view.poll) == (False, None, None)
    assert view.counts == TaskCounts(active=1)


def test_rows_are_merged_and_a_full_list_drops_what_it_lacks() -> None:
    view = RunView(PLAN)
    view.apply(TasksChanged((row(0), row(1)), is_full=True, at_s=1.0, server_time_s=1.0))
    view.apply(TasksChanged((row(1, TaskState.COMPLETED, 0),), is_full=False, at_s=2.0, server_time_s=2.0))
    assert view.counts == TaskCounts(active=1, succeeded=1)
    view.apply(TasksChanged((row(1, TaskState.COMPLETED, 1),), is_full=True, at_s=3.0, server_time_s=3.0))
    assert view.counts == TaskCounts(failed=1)
    assert view.tasks_read_s == 3.0


def test_exit_code_zero_with_a_failure_is_a_failure() -> None:
    failure = FailureInfo("UserError", "FileUploadContainerNotFound", "gone")
    task = TaskRow("t", TaskState.COMPLETED, "2026-11-20T10:00:00Z", exit_code=0, failure=failure, succeeded=False)
    assert task.status is TaskStatus.FAILED
