"""Files of synthetic tasks and nodes: written when somebody looks at them, so that the file API has files to serve."""

from __future__ import annotations

from pathlib import Path

from tui.sandbox import folders
from tui.sandbox.batch.records import Node, NodeState, Task
from tui.sandbox.batch.service import BatchService
from tui.sandbox.batch.times import TICKS_PER_SECOND
from tui.sandbox.batch.wire_task import task_root
from tui.sandbox.simulation.nodes import SIMULATION, SimulatedHost
from tui.sandbox.simulation.output import Output, start_task_output, task_output

_TOP_FOLDERS = ("workitems", "applications", "fsmounts", "shared", "startup/wd", "volatile")


class SimulatedFiles:
    """Brings the files of a simulated node up to date; those of real nodes are their own."""

    def __init__(self, service: BatchService, host: SimulatedHost) -> None:
        self._service = service
        self._host = host

    def bring_up_to_date(self, node: Node, task: Task | None) -> None:
        """Before a look at a task's files, or at a node's own."""
        pool = self._service.state.pool(node.pool_id)
        if SIMULATION not in pool.spec.wire:
            return
        root = self._host.root(node.pool_id, node.id)
        if task is None:
            for folder in _TOP_FOLDERS:
                folders.make(root / folder)
            failed = node.state is NodeState.START_TASK_FAILED
            _write(root / "startup", start_task_output(failed=failed))
        elif task.start_time is not None:
            folders.make(root / task_root(task) / "wd")
            _write(root / task_root(task), self._printed(task, task.start_time))

    def _printed(self, task: Task, start_time: int) -> Output:
        shared = self._host.simulated(task.pool_id or "")
        if shared is None or (task.end_time is not None and task.exit_code is None):
            return Output("", "")
        until = self._service.clock.now() if task.end_time is None else task.end_time
        elapsed_s = (until - start_time) / TICKS_PER_SECOND
        return task_output(shared.recipe, task.job_id, task.id, elapsed_s, exit_code=task.exit_code)


def _write(folder: Path, printed: Output) -> None:
    for name, text in (("stdout.txt", printed.stdout), ("stderr.txt", printed.stderr)):
        path, content = folder / name, text.encode()
        known = _read(path)
        if known == content:
            continue
        if known is not None and content.startswith(known):
            with path.open("ab") as file:
                file.write(content[len(known) :])
        else:
            # Whoever reads the output of the attempt before keeps what he opened.
            with open(folders.create_file(path), "wb") as file:
                file.write(content)


def _read(path: Path) -> bytes | None:
    try:
        descriptor = folders.open_file(path)
    except OSError:
        return None
    with open(descriptor, "rb") as file:
        return file.read()
