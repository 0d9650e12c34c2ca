"""The service's end of a node's agent process: launches go down a pipe, outcomes come back as futures."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from pathlib import Path

from tui.sandbox.batch.ports import AgentLost
from tui.sandbox.nodes.failures import ended_by_user
from tui.sandbox.nodes.layout import NodeLayout
from tui.sandbox.nodes.records import TaskLaunch, TaskOutcome
from tui.sandbox.nodes.sweep import end_processes_below
from tui.sandbox.nodes.wire import decode_outcome, encode_run, encode_terminate

CLOSE_TIMEOUT_S = 6.0
_IMPORT_ROOT = Path(__file__).resolve().parents[3]
_BOOTSTRAP = "import sys; sys.path.append(sys.argv.pop()); from tui.sandbox.nodes.agent import main; main()"


class AgentClient:
    """Runs tasks through one agent process, which is started again should it be lost."""

    def __init__(self, layout: NodeLayout) -> None:
        self._layout = layout
        self._under_way: dict[str, asyncio.Future[TaskOutcome]] = {}
        self._unsent: set[str] = set()
        """Of these, the ones that wait for an agent; they are ended here."""
        self._process: _AgentProcess | None = None
        self._starting = asyncio.Lock()
        self._closed = False

    async def start(self) -> None:
        """Start the process, unless it lives; `run` does so too. Of several who ask at once one starts it."""
        async with self._starting:
            if self._closed or (self._process is not None and not self._process.is_lost):
                return
            if self._process is not None:
                # What the lost one left is swept before the next one is there, which would be swept with it.
                lost, self._process = self._process, None
                await lost.close()
                await asyncio.to_thread(end_processes_below, self._layout.base)
            _, process = await asyncio.get_running_loop().subprocess_exec(
                lambda: _AgentProcess(self._under_way),
                sys.executable,
                "-I",
                "-S",
                "-c",
                _BOOTSTRAP,
                str(self._layout.base),
                str(_IMPORT_ROOT),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=None,
                cwd="/",
                env={
                    "LANG": "C.UTF-8",
                    "PATH": os.defpath,
                    # Marks the agent as the node's, so that a sweep after a crash finds it too.
                    "AZ_BATCH_NODE_ROOT_DIR": str(self._layout.root),
                },
                # Its own session: what is sent to the sandbox's process group leaves the agent to wind down in order.
                start_new_session=True,
            )
            self._process = process

    async def run(self, launch: TaskLaunch) -> TaskOutcome:
        """One attempt from its resource files to its output files. Cancelling it ends the attempt.

        Raises:
            AgentLost: The agent ended, by `close` or by itself, before the attempt did.
        """
        outcome: asyncio.Future[TaskOutcome] = asyncio.get_running_loop().create_future()
        self._under_way[launch.key] = outcome
        self._unsent.add(launch.key)
        try:
            if self._process is None or self._process.is_lost:
                await self.start()
            if not outcome.done():
                self._send(launch)
            return await outcome
        except asyncio.CancelledError:
            self.terminate(launch.key)
            raise
        finally:
            self._unsent.discard(launch.key)
            self._under_way.pop(launch.key, None)

    def _send(self, launch: TaskLaunch) -> None:
        if self._closed or self._process is None or self._process.is_lost:
            raise AgentLost
        self._process.send(encode_run(launch))
        self._unsent.discard(launch.key)

    def terminate(self, key: str) -> None:
        """End the attempt's process group; nothing happens when it is over already."""
        outcome = self._under_way.get(key)
        if outcome is None:
            return
        if key in self._unsent:
            if not outcome.done():
                outcome.set_result(TaskOutcome(None, ended_by_user()))
        elif self._process is not None:
            self._process.send(encode_terminate(key))

    async def close(self) -> None:
        """End everything on the node; the runs under way raise `AgentLost`."""
        self._closed = True
        async with self._starting:
            process, self._process = self._process, None
        if process is not None:
            await process.close()
            await asyncio.to_thread(end_processes_below, self._layout.base)


class _AgentProcess(asyncio.SubprocessProtocol):
    """One agent process; its outcomes resolve the futures of `under_way`."""

    def __init__(self, under_way: dict[str, asyncio.Future[TaskOutcome]]) -> None:
        self._under_way = under_way
        self._unread = b""
        self._exited = asyncio.get_running_loop().create_future()
        self._transport: asyncio.SubprocessTransport | None = None
        self._commands: asyncio.WriteTransport | None = None
        self.is_lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.SubprocessTransport)
        self._transport = transport
        commands = transport.get_pipe_transport(0)
        assert isinstance(commands, asyncio.WriteTransport)
        self._commands = commands

    def send(self, line: bytes) -> None:
        if self._commands is not None and not self.is_lost:
            self._commands.write(line)

    def pipe_data_received(self, _fd: int, data: bytes) -> None:
        *lines, self._unread = (self._unread + data).split(b"\n")
        for line in lines:
            key, outcome = decode_outcome(line)
            future = self._under_way.pop(key, None)
            if future is not None and not future.done():
                future.set_result(outcome)

    def connection_lost(self, _error: Exception | None) -> None:
        """The process has ended and every pipe is read to its end."""
        self.is_lost = True
        for key in list(self._under_way):
            future = self._under_way.pop(key)
            if not future.done():
                future.set_exception(AgentLost())
        if not self._exited.done():
            self._exited.set_result(None)

    async def close(self) -> None:
        """Close its input, which makes the agent wind down; kill it if that takes too long."""
        if self._commands is not None:
            self._commands.close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self._exited), CLOSE_TIMEOUT_S)
        if self._transport is not None:
            self._transport.close()
