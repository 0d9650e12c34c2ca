"""Ends every process that belongs to nodes below a directory, whoever its parent is by now.

A node's processes carry AZ_BATCH_NODE_ROOT_DIR in the environment they were started with, so those that outlived a
killed agent or left their process group are still found; nothing is kept per task for it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

_ROUNDS = 200
_PAUSE_S = 0.005
"""A killed process takes a moment to go, and may have forked between being listed and being killed."""


def end_processes_below(directory: Path) -> None:
    """SIGKILL every process, other than this one, of the nodes below `directory`; return once they are gone, or
    after a second."""
    marker = f"AZ_BATCH_NODE_ROOT_DIR={directory}/".encode()
    for _ in range(_ROUNDS):
        found = [pid for pid, environment in _environments() if marker in environment and pid != os.getpid()]
        if not found:
            return
        for pid in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(_PAUSE_S)


def _environments() -> Iterator[tuple[int, bytes]]:
    """Process ids with the environment each was started with, of the processes we may look into."""
    if os.path.isdir("/proc/self"):
        for name in os.listdir("/proc"):
            if name.isdigit():
                with contextlib.suppress(OSError), open(f"/proc/{name}/environ", "rb") as file:
                    yield int(name), file.read()
        return
    command = ["/bin/ps", "-axEww", "-o", "pid=,command="]
    listing = subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL)
    for line in listing.stdout.splitlines():
        pid, _, rest = line.strip().partition(b" ")
        if pid.isdigit():
            yield int(pid), rest
