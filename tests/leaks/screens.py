"""The interface on a terminal while its service refuses, quoting what it was sent: screen, clipboard and exports.

Once the run has ended, as it must each time, a person looks at everything there is to look at, copies and exports.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from tests.cli.test_terminal import Terminal
from tests.faults.bench import opened
from tests.faults.matrix import Verdict
from tests.leaks.hunt import Hunt, hunt_at
from tests.leaks.marks import Marks, copied, files_below, plain, watched_processes
from tests.leaks.sweep import Refused, every_operation, signatures_in
from tests.support.faults import Fault, FaultKind, FaultPlan

_LOOKED_AT = (b"\r", b"l", b"l", b"\x1b", b"w", b"\x1b", b"g", b"y", b"\x1b", b"n", b"y", b"\x1b", b"y", b"t", b"\x1b")
_EXPORTED = (b"e", b"\r", b"\x1b", b"d", b"\r", b"c", b"\x1b", b"\x1b", b"?", b"\x1b", b"\x1b")
_AT_HOME = (b"\x1b", b"r", b"c", b"\x1b", b"a", b"t", b"\x1b", b"\x1b")
_LOOK_S = 0.3
_CHECKED_WITHIN_S = 1.0
_READY_WITHIN_S = 60.0
_WATCHED_FOR_S = 8.0
"""A run that is refused its way may try for long."""
_READY = b"Nothing has been created yet"
_OVER = (b"goes on from here", b"tasks succeeded", b"tasks failed")
_WATCHED_EVERY_S = 0.05


class Looking(Terminal):
    """A terminal at which somebody looks at everything for a moment."""

    def look(self, seconds: float = _LOOK_S) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until and self._read(max(0.0, until - time.monotonic())):
            pass

    def look_until(self, *texts: bytes, seconds: float) -> None:
        """Until one of them has come, too."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and not any(text in self.shown for text in texts) and self._read(0.1):
            pass

    def end(self) -> int:
        """By a signal: whatever is open has no say. What it prints on its way out is read."""
        self._process.terminate()
        return self.exit_code()

    def press(self, *keys: bytes) -> None:
        for key in keys:
            self.type(key)
            self.look()


def verdicts() -> Iterator[Verdict]:
    """One a refused operation and kind of refusal."""
    with ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="batch-tui-leaks-")))
        hunt = stack.enter_context(hunt_at(root))
        (root / "bench").mkdir()
        bench = stack.enter_context(opened(hunt.sandbox, root / "bench"))
        bench.learn()
        for case in every_operation(bench):
            if case.kind in (FaultKind.FORBIDDEN, FaultKind.INTERNAL_ERROR):
                yield refuse_on_screen(hunt, case)
                bench.sweep()


def refuse_on_screen(hunt: Hunt, case: Refused) -> Verdict:
    """The demo, on a service that refuses one operation whenever it is asked for."""
    plan, before, quoted = FaultPlan(hunt.sandbox), hunt.leaks(), ""
    fault = Fault(case.kind, operation=case.operation, quotes=True)
    terminal = Looking(["demo", "--delay", "0"], hunt.folder, hunt.environment)
    try:
        with watched_processes(_WATCHED_EVERY_S) as processes:
            terminal.look_until(_READY, seconds=_READY_WITHIN_S)
            plan.put(fault)
            terminal.press(b"r")  # what is looked at before the run may be refused, too
            terminal.look(_CHECKED_WITHIN_S)
            quoted += _quoted(plan)
            plan.clear()
            terminal.press(b"r")
            terminal.look(_CHECKED_WITHIN_S)
            plan.put(fault)
            terminal.press(b"\r")
            terminal.look_until(*_OVER, seconds=_WATCHED_FOR_S)
            terminal.press(*_LOOKED_AT, *_EXPORTED, *_AT_HOME)
            quoted += _quoted(plan)
            terminal.end()
    finally:
        plan.clear()
        terminal.close()
    secrets = hunt.marks().secrets | {f"request {one[:6]}…": one for one in signatures_in(quoted)}
    shown = b"\n".join((terminal.shown, plain(terminal.shown), copied(terminal.shown)))
    hits = [f"shown: {name}" for name in Marks(secrets).hits(shown)]
    hits += [leak for leak in hunt.leaks() if leak not in before] + processes.leaks(Marks(secrets))
    size_bytes = len(shown) + sum(path.stat().st_size for path in files_below(hunt.root))
    return Verdict(f"{case.kind.value} on the screen", case.operation, bool(quoted.strip()), tuple(hits), size_bytes)


def _quoted(plan: FaultPlan) -> str:
    """All that was said back since the plan was put."""
    return "\n".join(seen.quoted for seen in plan.log())
