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
from tests.leaks.sweep import REFUSALS, Refused, every_operation, signatures_in
from tests.support.faults import Fault, FaultKind, FaultPlan

_LOOKED_AT = (b"\r", b"l", b"l", b"\x1b", b"w", b"\x1b", b"g", b"y", b"\x1b", b"n", b"y", b"\x1b", b"y", b"t", b"\x1b")
_EXPORTED = (b"e", b"\r", b"\x1b", b"d", b"\r", b"c", b"\x1b", b"\x1b", b"?", b"\x1b", b"\x1b")
_AT_HOME = (b"\x1b", b"r", b"c", b"\x1b", b"a", b"t", b"\x1b", b"\x1b")
_LOOK_S = 0.3
_ENDS_WITHIN_S = 60.0
_OVER = (b"resume", b"succeeded", b"failed", b"refuse")
"""What the end of a run says, however it ends."""
_WATCHED_EVERY_S = 0.05


class Looking(Terminal):
    """A terminal at which somebody looks at everything for a moment."""

    def look(self, seconds: float = _LOOK_S) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until and self._read(max(0.0, until - time.monotonic())):
            pass

    def wait_for_any(self, texts: tuple[bytes, ...]) -> bool:
        """Whether one of them came while the program lived."""
        until = time.monotonic() + _ENDS_WITHIN_S
        while not any(text in self.shown for text in texts):
            if time.monotonic() > until or not self._read(0.1):
                return False
        return True

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
    """The demo, on a service that refuses one operation for good."""
    assert case.kind in REFUSALS
    plan, before = FaultPlan(hunt.sandbox), hunt.leaks()
    plan.put(Fault(case.kind, operation=case.operation, quotes=True))
    quoted = ""
    terminal = Looking(["demo", "--delay", "0"], hunt.folder, hunt.environment)
    try:
        with watched_processes(_WATCHED_EVERY_S) as processes:
            if terminal.wait_for_any((b"Nothing has been created yet",)):
                terminal.press(b"\r")
                terminal.wait_for_any(_OVER)
                terminal.press(*_LOOKED_AT, *_EXPORTED)
                quoted = "".join(seen.quoted for seen in plan.log())
                terminal.press(*_AT_HOME)
            terminal.end()
    finally:
        plan.clear()
        terminal.close()
    secrets = hunt.marks().secrets | {f"request {one[:6]}…": one for one in signatures_in(quoted)}
    shown = b"\n".join((terminal.shown, plain(terminal.shown), copied(terminal.shown)))
    hits = [f"shown: {name}" for name in Marks(secrets).hits(shown)]
    hits += [leak for leak in hunt.leaks() if leak not in before] + processes.leaks(Marks(secrets))
    size_bytes = len(shown) + sum(path.stat().st_size for path in files_below(hunt.root))
    return Verdict(f"{case.kind.value} on the screen", case.operation, bool(quoted), tuple(hits), size_bytes)
