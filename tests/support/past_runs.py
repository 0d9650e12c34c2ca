"""Canned runs of earlier days, and a runs service in memory that records what is asked of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from tests.support.runs import NOW_S, SUMMARY, FakeSession, new_plan, new_pool, succeeded
from tui.core.deletion import (
    DeletionResult,
    DeletionState,
    FileTally,
    Remains,
    ResourceKind,
    RunResource,
)
from tui.core.download_choice import (
    ConflictPolicy,
    DownloadChoice,
    DownloadList,
    DownloadReport,
    FileEnd,
    FileInTheWay,
    FileResult,
    WantedFile,
)
from tui.core.errors import AccessRefused, BatchTuiError, InputError
from tui.core.events import Leftover, Progress, Step
from tui.core.plan import RunPlan
from tui.core.ports import Publish, StopSignal
from tui.core.presence import Presence
from tui.core.records import BlobRecord, JobRecord, NodeFile, TaskCounts, TaskDetail
from tui.core.run_line import RunLine, RunState
from tui.core.task_reading import TaskAction, TaskReading
from tui.ui.run_services import RunsService
from tui.ui.services import RunSession


def plan_of(run_id: str, account: str = "work") -> RunPlan:
    plan = new_plan()
    return replace(plan, run_id=run_id, pool=replace(plan.pool, id=run_id), account=account)


def leftovers_of(plan: RunPlan) -> tuple[Leftover, ...]:
    containers = tuple(Leftover("container", name, False) for name in plan.containers)
    return (Leftover("job", plan.job_id, False), Leftover("pool", plan.pool.id, True), *containers)


def line_of(run_id: str, state: RunState, age_s: float = 3_600.0, **changes: object) -> RunLine:
    plan = plan_of(run_id)
    line = RunLine(
        plan=plan,
        started_s=NOW_S - age_s,
        last_s=NOW_S - age_s + 300,
        journaled_state=state,
        reached=Step.DOWNLOAD,
        journaled_counts=TaskCounts(succeeded=7, failed=1),
        leftovers=leftovers_of(plan),
        summary=replace(SUMMARY, run_id=run_id),
    )
    return replace(line, **changes)  # type: ignore[arg-type]  # fields by name


ENDED = line_of("top-words-20261119-aaa", RunState.TASKS_FAILED)
LEFT = line_of("top-words-20261120-bbb", RunState.GOING_ON, 240, journaled_counts=None, summary=None)
GONE = line_of("top-words-20261101-ccc", RunState.SUCCEEDED, 19 * 86_400, leftovers=())
LINES = (LEFT, ENDED, GONE)


def remains_of(line: RunLine, **changes: object) -> Remains:
    """Everything exists; the outputs are not here, two nodes cost."""
    plan = line.plan
    remains = Remains(
        run_id=plan.run_id,
        read_s=NOW_S,
        resources=(
            RunResource("job", plan.job_id, Presence.PRESENT),
            RunResource("pool", plan.pool.id, Presence.PRESENT),
            *(RunResource("container", name, Presence.PRESENT) for name in plan.containers),
        ),
        counts=TaskCounts(succeeded=7, failed=1),
        job=JobRecord(plan.job_id, "active" if line.summary is None else "completed", plan.pool.id, 0, NOW_S - 300),
        pool=replace(new_pool(2, 2), id=plan.pool.id),
        stored=FileTally(40, 3_400_000),
        not_downloaded=FileTally(7, 45_678),
        stored_logs=8,
    )
    return replace(remains, **changes)  # type: ignore[arg-type]  # fields by name


def wanted(number: int, is_in_the_way: bool = False) -> WantedFile:
    blob = BlobRecord(f"taskdata{number}_OUTPUT.txt", 1_000, NOW_S - 60, "0x1", b"0" * 16)
    found = FileInTheWay(77, NOW_S - 86_400) if is_in_the_way else None
    return WantedFile("output", blob, f"/home/user/results/{blob.name}", found)


@dataclass
class FakeRuns:
    """`RunsService` over canned values; what it was asked is in `asked`."""

    lines: tuple[RunLine, ...] = LINES
    remains_by_id: dict[str, Remains] = field(default_factory=lambda: {line.run_id: remains_of(line) for line in LINES})
    files: tuple[WantedFile, ...] = (wanted(1), wanted(2), wanted(3))
    failing: dict[str, int] = field(default_factory=dict)
    """How many more times each resource or file fails."""
    refusing: dict[str, AccessRefused] = field(default_factory=dict)
    """Where the account is refused: at which kind of resource, or at which file."""
    reading: TaskReading | None = None
    trouble: BatchTuiError | None = None
    """Raised by whatever asks the service."""
    sessions: dict[str, FakeSession] = field(default_factory=dict)
    asked: list[tuple[object, ...]] = field(default_factory=list)

    def _ask(self, *what: object) -> None:
        self.asked.append(what)
        if self.trouble is not None:
            raise self.trouble

    def _fails(self, name: str) -> bool:
        left = self.failing.get(name, 0)
        self.failing[name] = left - 1
        return left > 0

    def list_runs(self) -> tuple[tuple[RunLine, ...], tuple[str, ...]]:
        return self.lines, ()

    def line(self, run_id: str) -> RunLine:
        for line in self.lines:
            if line.run_id == run_id:
                return line
        raise InputError("No such run", run_id)

    def glance(self, run_id: str, stop: StopSignal) -> Remains:  # noqa: ARG002 - the Protocol's
        self._ask("glance", run_id)
        return replace(self.remains_by_id[run_id], counts_files=False)

    def remains(self, run_id: str, stop: StopSignal) -> Remains:  # noqa: ARG002
        self._ask("remains", run_id)
        return self.remains_by_id[run_id]

    def delete(
        self,
        run_id: str,
        resources: Collection[tuple[ResourceKind, str]],
        stop: StopSignal,  # noqa: ARG002
        report: Callable[[DeletionResult], None],
    ) -> tuple[DeletionResult, ...]:
        self._ask("delete", run_id, tuple(resources))
        results: list[DeletionResult] = []
        refused: AccessRefused | None = None
        for kind, name in resources:
            result = DeletionResult(kind, name, DeletionState.DELETED)
            if refused is not None:
                result = DeletionResult(kind, name, DeletionState.LEFT, "not begun: access was refused")
            elif kind in self.refusing:
                refused = self.refusing[kind]
                result = DeletionResult(kind, name, DeletionState.FAILED, str(refused), 3, refused)
            elif self._fails(kind):
                result = DeletionResult(kind, name, DeletionState.FAILED, "The service failed", 3)
            report(result)
            results.append(result)
        return tuple(results)

    def release_nodes(self, run_id: str, stop: StopSignal) -> None:  # noqa: ARG002
        self._ask("release", run_id)

    def list_download(self, run_id: str, choice: DownloadChoice, stop: StopSignal) -> DownloadList:  # noqa: ARG002
        self._ask("list", run_id, choice)
        return DownloadList(choice, self.files)

    def fetch(
        self,
        run_id: str,
        files: Sequence[WantedFile],
        destination: str,
        policy: ConflictPolicy,
        policies: Mapping[str, ConflictPolicy],
        stop: StopSignal,  # noqa: ARG002
        publish: Publish,
    ) -> DownloadReport:
        names = tuple(file.blob.name for file in files)
        self._ask("fetch", run_id, names, destination, policy, dict(policies))
        publish(Progress(Step.DOWNLOAD, len(files), len(files)))
        refused = next((self.refusing[name] for name in names if name in self.refusing), None)
        if refused is not None:
            end = next(index for index, name in enumerate(names) if name in self.refusing)
            ends: list[FileEnd] = ["downloaded" if index < end else "left" for index in range(len(files))]
            left = tuple(FileResult(file, end) for file, end in zip(files, ends, strict=True))
            return DownloadReport(destination, left, str(refused), 3, refused)
        results = tuple(
            FileResult(file, "failed", detail="The service failed", exit_code=3)
            if self._fails(file.blob.name)
            else FileResult(file, "downloaded", file.path)
            for file in files
        )
        return DownloadReport(destination, results)

    def read_task(self, plan: RunPlan, task_id: str) -> TaskReading:
        self._ask("read task", plan.run_id, task_id)
        return self.reading or TaskReading(NOW_S, None, None)

    def act_on_task(self, plan: RunPlan, task_id: str, action: TaskAction) -> None:  # noqa: ARG002
        self._ask(action, task_id)

    def start(self, plan: RunPlan) -> RunSession:
        return self._session("start", plan)

    def watch(self, plan: RunPlan) -> RunSession:
        return self._session("watch", plan)

    def revisit(self, plan: RunPlan) -> RunSession:
        return self._session("revisit", plan)

    def _session(self, kind: str, plan: RunPlan) -> RunSession:
        self.asked.append((kind, plan.run_id))
        return self.sessions.get(plan.run_id) or FakeSession()


def is_a_runs_service(runs: FakeRuns) -> RunsService:
    """Accepted by mypy only while the fake is what the screens ask for."""
    return runs


def detail(**changes: object) -> TaskDetail:
    """A task that succeeded."""
    found = TaskDetail(
        row=succeeded(0),
        command_line="/bin/sh -c 'python3 \"$AZ_BATCH_NODE_SHARED_DIR/top_words.py\" --filepath=taskdata1.txt'",
        creation_time_s=NOW_S - 90,
        previous_state="running",
        environment=(
            ("BATCH_TUI_OUTPUT_CONTAINER_URL", "https://store/x-output?sp=cw&sig=abcdefghijklmnop"),
            ("API_KEY", "hunter2-hunter2"),
        ),
        resource_file_paths=("taskdata1.txt",),
        max_retry_count=1,
        retention_s=604_800.0,
    )
    return replace(found, **changes)  # type: ignore[arg-type]  # fields by name


def reading(found: TaskDetail | None = None, job_state: str = "active") -> TaskReading:
    job = JobRecord(ENDED.plan.job_id, job_state, ENDED.plan.pool.id, 0, NOW_S - 300)
    files = (NodeFile("wd", True), NodeFile("stdout.txt", False, 310, NOW_S - 30))
    return TaskReading(NOW_S, found or detail(), job, files)
