"""Processes that leave their task's group, session and environment still end with the task, and no other's do."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.sandbox.nodes.conftest import Node, Witness
from tui.sandbox.nodes.host import LocalNodeHost

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux gives orphans to a reaper of one's own")

LIMIT_S = 15
NOTHING_SHOWN = "env -i setsid sh -c 'cd /; echo up >&3; exec sleep 60' >/dev/null 2>&1 &"
"""Leaves no trace of whose it is but its parent, which ends."""
SHOWN: dict[str, str] = {
    "environment": "setsid sh -c 'cd /; echo up >&3; exec sleep 60' >/dev/null 2>&1 &",
    "directory": "env -i setsid sh -c 'echo up >&3; exec sleep 60' >/dev/null 2>&1 &",
    "output": "env -i setsid sh -c 'cd /; echo up >&3; exec sleep 60' &",
}
TWICE_REMOVED = "env -i setsid sh -c 'cd /; (setsid sleep 60 & echo up >&3; sleep 60) & wait' >/dev/null 2>&1 &"


class Gate:
    """What a task waits at until the test opens it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        os.mkfifo(path)

    @property
    def command(self) -> str:
        return f"read line <'{self._path}'"

    async def open(self) -> None:
        await asyncio.to_thread(self._path.write_text, "go\n")


@pytest.fixture
async def witnesses(tmp_path: Path) -> AsyncIterator[Callable[[str], Witness]]:
    made: list[Witness] = []

    def make(name: str) -> Witness:
        folder = tmp_path / name
        folder.mkdir()
        made.append(Witness(folder))
        return made[-1]

    yield make
    for witness in made:
        witness.close()


ESCAPES = {"nothing": NOTHING_SHOWN, "twice removed": TWICE_REMOVED, **SHOWN}


@pytest.mark.parametrize("escape", ESCAPES.values(), ids=ESCAPES.keys())
async def test_what_escapes_ends_with_its_task(node: Node, witness: Witness, tmp_path: Path, escape: str) -> None:
    gate = Gate(tmp_path / "gate")
    running = asyncio.create_task(node.run(node.launch(witness.command(f"{escape} {gate.command}"))))
    await witness.opened()
    await gate.open()
    assert (await running).succeeded
    await witness.closed()


async def test_what_escapes_ends_when_its_task_is_terminated(node: Node, witness: Witness) -> None:
    launch = node.launch(witness.command(f"{NOTHING_SHOWN} sleep 60"))
    running = asyncio.create_task(node.run(launch))
    await witness.opened()
    node.agent.terminate(launch.key)
    assert (await running).exit_code == -signal.SIGTERM
    await witness.closed()


async def test_what_escapes_ends_with_the_node(node: Node, witness: Witness) -> None:
    launch = node.launch(witness.command(f"{NOTHING_SHOWN} sleep 60"))
    running = asyncio.create_task(node.run(launch))
    await witness.opened()
    await node.agent.close()
    await asyncio.gather(running, return_exceptions=True)
    await witness.closed()


@pytest.mark.parametrize("escape", SHOWN.values(), ids=SHOWN.keys())
async def test_what_shows_whose_it_is_ends_with_that_task_alone(
    node: Node, witnesses: Callable[[str], Witness], tmp_path: Path, escape: str
) -> None:
    ending, staying = witnesses("ending"), witnesses("staying")
    gate = Gate(tmp_path / "gate")
    other = node.launch(staying.command(f"{escape} sleep 60"))
    others = asyncio.create_task(node.run(other))
    running = asyncio.create_task(node.run(node.launch(ending.command(f"{escape} {gate.command}"))))
    await ending.opened()
    await staying.opened()
    await gate.open()
    assert (await running).succeeded
    await ending.closed()
    assert await node.output_of("echo looked") == "looked\n"
    assert staying.is_held()
    node.agent.terminate(other.key)
    await others
    await staying.closed()


async def test_what_shows_nothing_waits_for_the_last_task_it_may_be_of(
    node: Node, witnesses: Callable[[str], Witness], tmp_path: Path
) -> None:
    """It is of one of the two that run as it is orphaned; what starts later has nothing to do with it."""
    escaped, later = witnesses("escaped"), witnesses("later")
    gate, beside_gate = Gate(tmp_path / "gate"), Gate(tmp_path / "beside")
    beside = asyncio.create_task(node.run(node.launch(f'/bin/sh -c "{beside_gate.command}"')))
    running = asyncio.create_task(node.run(node.launch(escaped.command(f"{NOTHING_SHOWN} {gate.command}"))))
    await escaped.opened()
    await gate.open()
    assert (await running).succeeded
    latest = node.launch(later.command(f"{NOTHING_SHOWN} sleep 60"))
    lasting = asyncio.create_task(node.run(latest))
    await later.opened()
    assert escaped.is_held()
    await beside_gate.open()
    assert (await beside).succeeded
    await escaped.closed()
    assert later.is_held()
    node.agent.terminate(latest.key)
    await lasting
    await later.closed()


async def test_a_task_that_is_terminated_beside_another_takes_its_offspring_along(
    node: Node, witnesses: Callable[[str], Witness]
) -> None:
    """They show nothing, but their parents were there to be asked."""
    ended, staying = witnesses("ended"), witnesses("staying")
    launches = [node.launch(witness.command(f"{NOTHING_SHOWN} sleep 60")) for witness in (ended, staying)]
    running = [asyncio.create_task(node.run(launch)) for launch in launches]
    await ended.opened()
    await staying.opened()
    node.agent.terminate(launches[0].key)
    await running[0]
    await ended.closed()
    assert staying.is_held()
    node.agent.terminate(launches[1].key)
    await running[1]
    await staying.closed()


async def test_a_service_of_a_start_task_stays_until_the_node_goes(
    node: Node, witness: Witness, tmp_path: Path
) -> None:
    gate = Gate(tmp_path / "gate")
    launch = replace(node.launch(witness.command(f"{NOTHING_SHOWN} {gate.command}")), may_leave_services=True)
    running = asyncio.create_task(node.run(launch))
    await witness.opened()
    await gate.open()
    assert (await running).succeeded
    for _ in range(3):
        assert await node.output_of("echo served") == "served\n"
    assert witness.is_held()
    await node.agent.close()
    await witness.closed()


@pytest.mark.timeout(30)
async def test_orphans_that_end_are_reaped_while_their_task_runs(node: Node) -> None:
    """The task ends once its agent has no child but itself."""
    orphans = "for i in 1 2 3 4 5 6 7 8; do (setsid true &); done"
    wait = "while test $(cat /proc/$PPID/task/*/children | wc -w) -gt 1; do sleep 0.01; done"
    assert await node.output_of(f'/bin/sh -c "{orphans}; {wait}; echo reaped"') == "reaped\n"


async def test_leftovers_that_kept_nothing_but_their_output_are_ended(tmp_path: Path, witness: Witness) -> None:
    """A sandbox and its agents were killed together: nobody is their parent any more."""
    host = LocalNodeHost(tmp_path / "nodes")
    directory = host.root("pool", "node-1") / "workitems" / "job"
    directory.mkdir(parents=True)
    with open(directory / "stdout.txt", "wb") as stdout:  # noqa: ASYNC230  # a child's, nothing is written here
        orphan = await asyncio.create_subprocess_exec(
            "/bin/sh", "-c", f"exec 3>'{witness.path}'; echo up >&3; sleep 60", env={}, stdout=stdout, cwd="/"
        )
    await witness.opened()
    await asyncio.to_thread(LocalNodeHost(tmp_path / "other-nodes").end_leftovers)
    assert orphan.returncode is None
    await asyncio.to_thread(host.end_leftovers)
    assert await orphan.wait() == -signal.SIGKILL


async def test_who_looks_into_a_node_is_no_leftover(tmp_path: Path) -> None:
    """Somebody's shell in a task's directory, reading its output and making notes of it."""
    host = LocalNodeHost(tmp_path / "nodes")
    directory = host.root("pool", "node-1") / "workitems" / "job"
    directory.mkdir(parents=True)
    (directory / "stdout.txt").write_text("read me\n")
    notes = directory / "notes.txt"
    with open(directory / "stdout.txt", "rb") as stdin, open(notes, "wb") as stdout:  # noqa: ASYNC230  # as above
        looking = await asyncio.create_subprocess_exec("sleep", "60", cwd=directory, stdin=stdin, stdout=stdout)
    try:
        await asyncio.to_thread(host.end_leftovers)
        assert looking.returncode is None
    finally:
        looking.kill()
        assert await looking.wait() == -signal.SIGKILL
