"""`batch-tui runs download`: what a run made, fetched at any time, without the user interface."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from tui import wiring
from tui.console.interruption import Interruption
from tui.console.safe_text import Output
from tui.core.download_choice import ConflictPolicy, DownloadChoice, DownloadReport, Selection
from tui.core.errors import InputError
from tui.core.events import Notice, RunEvent
from tui.core.paths import changed_names
from tui.core.units import count_text, size_text
from tui.engine.download_run import fetch_files, list_download

CONFLICT_POLICIES: tuple[ConflictPolicy, ...] = get_args(ConflictPolicy)

_SHOWN_FAILURES = 20


def typed_choice(run_id: str, output: str | None, succeeded: bool, tasks: Sequence[str], logs: bool) -> DownloadChoice:
    """What `runs download` was asked for."""
    if succeeded and tasks:
        raise InputError("--succeeded and --task contradict each other", hint="give one of them")
    destination = wiring.journals(wiring.clock()).read(run_id).plan.destination if output is None else output
    selection: Selection = "marked" if tasks else "succeeded" if succeeded else "all"
    return DownloadChoice(str(Path(destination).absolute()), selection, frozenset(tasks), logs)


def download(run_id: str, choice: DownloadChoice, policy: ConflictPolicy) -> int:
    """Fetches `choice`; 0 once all of it is there, else the exit code of what failed first.

    Raises AccessRefused once it has said what is there, where the account was refused.
    """
    output, clock = Output(sys.stdout), wiring.clock()
    record = wiring.journals(clock).read(run_id)
    target = wiring.choose_target(record.plan.account, on_sandbox=False)
    with Interruption() as interruption, wiring.connected(target) as connection:
        tools = wiring.run_tools(connection, clock, wiring.unattended_patience(connection.account))
        wanted = list_download(tools, record, choice, interruption.stop)
        if not wanted.files:
            output.line(f"There is nothing to download of {run_id}.")
            return 0

        output.lines(changed_names(file.mapped for file in wanted.files if file.mapped is not None))

        def tell(event: RunEvent) -> None:
            if isinstance(event, Notice):
                output.line(event.text)

        report = fetch_files(tools, record.plan, wanted.files, choice.destination, policy, interruption.stop, tell)
    output.lines(_report_lines(report))
    if report.refusal is not None:
        raise report.refusal
    return report.exit_code or next((result.exit_code for result in report.ended("failed")), 0)


def _report_lines(report: DownloadReport) -> list[str]:
    done, there, kept = report.ended("downloaded"), report.ended("there already"), report.ended("kept")
    failed, left = report.ended("failed"), report.ended("left")
    words = [f"{count_text(len(done), 'file')} downloaded, {size_text(report.moved_bytes)}"]
    words += [f"{len(there):,} there already"] if there else []
    words += [f"{len(kept):,} kept as they were"] if kept else []
    words += [f"{len(failed):,} failed"] if failed else []
    words += [f"{len(left):,} not fetched"] if left else []
    lines = [f"{', '.join(words)}: {report.destination}"]
    lines += [
        f"  {result.file.path} is another file: {result.path}" for result in done if result.path != result.file.path
    ]
    lines += [f"  {result.file.blob.name}: {result.detail}" for result in failed[:_SHOWN_FAILURES]]
    ended_early = report.stopped_by and report.refusal is None
    return [*lines, f"Ended early: {report.stopped_by}"] if ended_early else lines
