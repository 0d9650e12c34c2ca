"""Stand-ins for what is outside the Batch service: nodes that play scripted commands, and a loop that skips waiting."""

from __future__ import annotations

import asyncio
import selectors
import shutil
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

from tui.sandbox.batch.ports import AgentLost, NodeAgent, NodeHost
from tui.sandbox.nodes.records import Failure, TaskLaunch, TaskOutcome

COMMAND_NOT_FOUND = Failure("UserError", "CommandProgramNotFound", "The specified command program is not found")


class FakeAgent:
    """Plays command lines: `true`, `exit N`, `echo TEXT`, `missing`, `wait` (until terminated or let go)."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.launches: list[TaskLaunch] = []
        self.running: dict[str, asyncio.Future[TaskOutcome]] = {}
        self.most_at_once = 0
        self.is_closed = False
        self._at_once = 0

    async def run(self, launch: TaskLaunch) -> TaskOutcome:
        assert not self.is_closed
        assert launch.key not in self.running, "a key names one attempt under way"
        self.launches.append(launch)
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            return await self._play(launch)
        finally:
            self._at_once -= 1

    async def _play(self, launch: TaskLaunch) -> TaskOutcome:
        word, _, rest = launch.command_line.partition(" ")
        if word == "missing":
            return TaskOutcome(None, COMMAND_NOT_FOUND)
        (launch.directory / "wd").mkdir(parents=True, exist_ok=True)
        (launch.directory / "stdout.txt").write_text(rest + "\n" if word == "echo" else "")
        (launch.directory / "stderr.txt").write_text("")
        if word == "wait":
            self.running[launch.key] = asyncio.get_running_loop().create_future()
            try:
                return await self.running[launch.key]
            finally:
                del self.running[launch.key]
        await asyncio.sleep(0)
        return TaskOutcome(int(rest), None) if word == "exit" else TaskOutcome(0, None)

    def let_go(self, key: str, exit_code: int = 0) -> None:
        self.running[key].set_result(TaskOutcome(exit_code, None))

    def terminate(self, key: str) -> None:
        future = self.running.get(key)
        if future is not None and not future.done():
            future.set_result(TaskOutcome(-9, None))

    def crash(self) -> None:
        for future in self.running.values():
            future.set_exception(AgentLost())

    async def close(self) -> None:
        self.is_closed = True
        for key in list(self.running):
            self.terminate(key)


class FakeHost:
    """Nodes below a folder; `refuses` makes creation fail."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.agents: dict[str, FakeAgent] = {}
        self.created: list[str] = []
        self.removed: list[str] = []
        self.refuses = False

    async def create(self, pool_id: str, node_id: str) -> FakeAgent:
        if self.refuses:
            raise OSError("no room")
        root = self.root(pool_id, node_id)
        for name in ("applications", "fsmounts", "shared", "startup/wd", "volatile", "workitems"):
            (root / name).mkdir(parents=True, exist_ok=True)
        self.created.append(node_id)
        self.agents[node_id] = FakeAgent(root)
        return self.agents[node_id]

    async def remove(self, pool_id: str, node_id: str) -> None:
        self.removed.append(node_id)
        shutil.rmtree(self.root(pool_id, node_id), ignore_errors=True)

    def root(self, pool_id: str, node_id: str) -> Path:
        return self.folder / pool_id / node_id

    @property
    def launches(self) -> list[TaskLaunch]:
        return [launch for agent in self.agents.values() for launch in agent.launches]


_AGENT: Callable[[Path], NodeAgent] = FakeAgent
_HOST: Callable[[Path], NodeHost] = FakeHost


class SkippingLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps to the next timer when nothing else is to do."""

    def __init__(self) -> None:
        super().__init__(selectors.SelectSelector())
        self._jumped_s = 0.0
        self._threads_busy = 0
        select = self._selector.select  # type: ignore[attr-defined]

        def jump(timeout: float | None = None) -> object:
            if timeout and not self._threads_busy:
                self._jumped_s += timeout
                timeout = 0
            return select(timeout)

        self._selector.select = jump  # type: ignore[attr-defined]

    def time(self) -> float:
        return super().time() + self._jumped_s

    def run_in_executor(  # type: ignore[override]
        self, executor: Executor | None, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """While a thread works, time passes as it does."""
        self._threads_busy += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._thread_over)
        return future

    def _thread_over(self, _: asyncio.Future[Any]) -> None:
        self._threads_busy -= 1

    def unix_ns(self) -> int:
        """Wall-clock time that jumps along."""
        return 1_780_000_000_000_000_000 + int(self.time() * 1e9)


def run_skipping(work: Callable[[SkippingLoop], Awaitable[None]]) -> None:
    """Run a coroutine on a loop that never waits for a timer."""
    loop = SkippingLoop()
    try:
        loop.run_until_complete(asyncio.ensure_future(work(loop), loop=loop))
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        loop.close()


async def time_passes(seconds: float) -> None:
    """Let the loop's clock reach a later time; a jumping clock gets there at once."""
    over = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_later(seconds, over.set_result, None)
    await over


async def until(is_true: Callable[[], bool], what: str, timeout_s: float = 600.0, step_s: float = 0.05) -> None:
    """Wait for a predicate on the loop's own (jumping) time."""
    loop = asyncio.get_running_loop()
    end = loop.time() + timeout_s
    while not is_true():
        assert loop.time() < end, f"never happened: {what}"
        await time_passes(step_s)
