"""Tasks as real processes: outcomes, environment, wall clocks, and that nothing outlives its supervisor."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import pytest

from tests.sandbox.nodes.conftest import Node, Witness
from tui.sandbox.batch.ports import AgentLost
from tui.sandbox.nodes.host import LocalNodeHost
from tui.sandbox.nodes.layout import ROOT_FOLDERS

LINGERING = "(trap '' TERM; sleep 30) & setsid sleep 30 & echo up >&3; wait"
"""A task that leaves one process deaf to SIGTERM in its group and one outside of it, all holding descriptor 3."""


async def test_output_and_exit_code_of_a_task(node: Node) -> None:
    launch = node.launch("/bin/sh -c 'pwd; echo oops >&2; read line || echo no input; exit 3'")
    outcome = await node.run(launch)
    assert outcome.exit_code == 3
    assert outcome.failure is not None
    assert (outcome.failure.category, outcome.failure.code) == ("UserError", "FailureExitCode")
    assert (launch.directory / "stdout.txt").read_text() == f"{launch.directory}/wd\nno input\n"
    assert (launch.directory / "stderr.txt").read_text() == "oops\n"


async def test_a_task_that_succeeds(node: Node) -> None:
    outcome = await node.run(node.launch("true"))
    assert outcome.succeeded
    assert outcome.failure is None


@pytest.mark.parametrize(
    ("command_line", "exit_code", "code"),
    [
        ("no-such-program --x", None, "CommandProgramNotFound"),
        ("/bin/sh -c 'kill -9 $$'", -9, "FailureExitCode"),
        ("echo 'open", None, "CommandLaunchFailed"),
        ("echo " + "x" * 300_000, None, "CommandLaunchFailed"),
    ],
)
async def test_commands_that_fail(node: Node, command_line: str, exit_code: int | None, code: str) -> None:
    outcome = await node.run(node.launch(command_line))
    assert outcome.exit_code == exit_code
    assert outcome.failure is not None
    assert (outcome.failure.category, outcome.failure.code) == ("UserError", code)


async def test_the_environment_is_made_from_scratch(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_STORAGE_KEY", "mine")
    monkeypatch.setenv("SSH_AUTH_SOCK", "/mine")
    monkeypatch.setenv("https_proxy", "http://mine")
    other = await node.host.create("pool", "node-2")
    try:
        launch = node.launch("python3 -c 'import json, os; print(json.dumps(dict(os.environ)))'")
        await other.run(launch)
    finally:
        await other.close()
    environment = json.loads((launch.directory / "stdout.txt").read_text())
    environment.pop("LC_CTYPE", None)  # Python's own
    environment.pop("__CF_USER_TEXT_ENCODING", None)  # macOS's own
    assert set(environment) == {*launch.environment, "PATH", "HOME", "LANG", "TMPDIR"}
    assert environment["LANG"] == "C.UTF-8"


async def test_a_task_inherits_no_descriptor(node: Node) -> None:
    script = "import os; print([n for n in range(3, 256) if os.path.exists(f'/dev/fd/{n}')])"
    listing = await node.output_of(f'python3 -c "{script}"')
    assert len(json.loads(listing)) <= 1  # listing them takes one itself on some systems


async def test_the_real_layout(node: Node) -> None:
    await node.output_of("true")
    assert sorted(os.listdir(node.root)) == sorted(ROOT_FOLDERS)
    assert (node.root / "startup" / "wd").is_dir()


async def test_slots_run_side_by_side(node: Node, tmp_path: Path) -> None:
    """Each of two tasks waits for the other."""
    os.mkfifo(tmp_path / "meeting")
    reader = node.launch(f"cat '{tmp_path}/meeting'")
    writer = node.launch(f"/bin/sh -c \"echo met > '{tmp_path}/meeting'\"")
    outcomes = await asyncio.gather(node.run(reader), node.run(writer))
    assert [outcome.succeeded for outcome in outcomes] == [True, True]
    assert (reader.directory / "stdout.txt").read_text() == "met\n"


async def test_wall_clock(node: Node) -> None:
    outcome = await node.run(node.launch("sleep 30", max_wall_clock_s=0.1))
    assert outcome.exit_code == -signal.SIGTERM
    assert outcome.failure is not None
    assert outcome.failure.code == "TaskEnded"
    assert "maximum execution time" in dict(outcome.failure.details)["Message"]


async def test_terminate_ends_the_whole_group(node: Node, witness: Witness) -> None:
    launch = node.launch(witness.command(LINGERING.replace("setsid", "")))
    running = asyncio.create_task(node.run(launch))
    await witness.opened()
    node.agent.terminate("another")
    node.agent.terminate(launch.key)
    outcome = await running
    await witness.closed()
    assert outcome.exit_code == -signal.SIGTERM
    assert outcome.failure is not None
    assert outcome.failure.message == "Task Was Ended by User Request"


async def test_a_task_deaf_to_sigterm_is_killed(node: Node, witness: Witness) -> None:
    launch = node.launch(witness.command("trap '' TERM; echo up >&3; sleep 30"))
    running = asyncio.create_task(node.run(launch))
    await witness.opened()
    node.agent.terminate(launch.key)
    assert (await running).exit_code == -signal.SIGKILL


async def test_what_a_task_leaves_in_its_group_ends_with_it(node: Node, witness: Witness) -> None:
    running = asyncio.create_task(node.run(node.launch(witness.command("sleep 30 & echo up >&3"))))
    await witness.opened()
    assert (await running).succeeded
    await witness.closed()


async def test_cancelling_a_run_ends_the_task(node: Node, witness: Witness) -> None:
    running = asyncio.create_task(node.run(node.launch(witness.command("echo up >&3; sleep 30"))))
    await witness.opened()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await witness.closed()


async def test_closing_the_node_ends_everything_on_it(node: Node, witness: Witness) -> None:
    running = asyncio.create_task(node.run(node.launch(witness.command(LINGERING))))
    await witness.opened()
    await node.agent.close()
    with pytest.raises(AgentLost):
        await running
    await witness.closed()
    with pytest.raises(AgentLost):
        await node.run(node.launch("true"))


async def test_a_killed_agent_takes_its_tasks_along_and_is_replaced(node: Node, witness: Witness) -> None:
    launch = node.launch(witness.command("echo $PPID; echo up >&3; sleep 30"))
    running = asyncio.create_task(node.run(launch))
    await witness.opened()
    os.kill(int((launch.directory / "stdout.txt").read_text()), signal.SIGKILL)
    with pytest.raises(AgentLost):
        await running
    assert await node.output_of("echo again") == "again\n"
    await witness.closed()


@pytest.mark.timeout(30)
async def test_tasks_that_come_at_once_after_the_agent_died_share_one_new_agent(node: Node) -> None:
    agent = int(await node.output_of("/bin/sh -c 'echo $PPID'"))
    running = asyncio.create_task(node.run(node.launch("sleep 30")))
    os.kill(agent, signal.SIGKILL)
    with pytest.raises(AgentLost):
        await running
    parents = await asyncio.gather(*(node.output_of("/bin/sh -c 'echo $PPID'") for _ in range(4)))
    assert len(set(parents)) == 1
    assert int(parents[0]) != agent


@pytest.mark.timeout(30)
async def test_a_task_terminated_while_a_new_agent_starts_never_begins(node: Node, tmp_path: Path) -> None:
    agent = int(await node.output_of("/bin/sh -c 'echo $PPID'"))
    running = asyncio.create_task(node.run(node.launch("sleep 30")))
    os.kill(agent, signal.SIGKILL)
    with pytest.raises(AgentLost):
        await running
    launch = node.launch(f"/bin/sh -c 'touch {tmp_path}/begun; sleep 60'")
    waiting = asyncio.create_task(node.run(launch))
    await asyncio.sleep(0)  # it is under way now, and the agent is not there yet
    node.agent.terminate(launch.key)
    outcome = await waiting
    assert outcome.failure is not None
    assert (outcome.exit_code, outcome.failure.code) == (None, "TaskEnded")
    assert await node.output_of("echo next") == "next\n"
    assert not (tmp_path / "begun").exists()


async def test_a_killed_sandbox_leaves_no_task_behind(tmp_path: Path, witness: Witness) -> None:
    """SIGKILL gives the service no chance; the agents see their input close."""
    program = f"""
import asyncio, sys
from pathlib import Path
from tui.sandbox.nodes.host import LocalNodeHost
from tui.sandbox.nodes.records import TaskLaunch

async def main():
    host = LocalNodeHost(Path({str(tmp_path / "nodes")!r}))
    agent = await host.create("pool", "node-1")
    root = host.root("pool", "node-1")
    environment = {{"AZ_BATCH_NODE_ROOT_DIR": str(root)}}
    await agent.run(TaskLaunch("task", root / "workitems/job", {witness.command(LINGERING)!r}, environment))

asyncio.run(main())
"""
    service = await asyncio.create_subprocess_exec(sys.executable, "-c", program)
    await witness.opened()
    service.kill()
    await service.wait()
    await witness.closed()


async def test_leftovers_of_a_sandbox_and_its_agents_killed_together_are_ended(
    tmp_path: Path, witness: Witness
) -> None:
    host = LocalNodeHost(tmp_path / "nodes")
    environment = {"AZ_BATCH_NODE_ROOT_DIR": str(host.root("pool", "node-1")), "PATH": os.environ["PATH"]}
    orphan = await asyncio.create_subprocess_exec(
        "/bin/sh", "-c", f"exec 3>'{witness.path}'; echo up >&3; sleep 30", env=environment
    )
    await witness.opened()
    await asyncio.to_thread(LocalNodeHost(tmp_path / "other-nodes").end_leftovers)
    assert orphan.returncode is None
    await asyncio.to_thread(host.end_leftovers)
    await witness.closed()
    assert await orphan.wait() == -signal.SIGKILL


async def test_a_second_attempt_finds_an_empty_or_a_kept_working_directory(node: Node) -> None:
    command = "/bin/sh -c 'ls; touch made'"
    first = node.launch(command)
    await node.run(first)
    stdout = first.directory / "stdout.txt"
    for keep, listing in ((True, "made\n"), (False, "")):
        await node.run(node.launch(command, directory=first.directory, keep_working_directory=keep))
        assert stdout.read_text() == listing


async def test_a_node_found_again_keeps_its_files_and_a_removed_one_does_not(node: Node) -> None:
    launch = node.launch("echo kept")
    await node.run(launch)
    await node.agent.close()
    again = await node.host.create("pool", "node-1")
    await again.close()
    assert (launch.directory / "stdout.txt").read_text() == "kept\n"
    await node.host.remove("pool", "node-1")
    assert not node.root.exists()
    await node.host.remove("pool", "node-1")
