"""Ends every process that belongs to nodes below a directory, whoever its parent is by now.

A node's processes carry AZ_BATCH_NODE_ROOT_DIR in the environment they were started with, so those that outlived a
killed agent or left their process group are still found; on Linux so are those that emptied it and still write to their
task's stdout.txt or stderr.txt. Nothing is kept per task for it. What did away with both is the agent's to end, and
outlives an agent that is killed.
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
_OUTPUTS = ("/stdout.txt", "/stderr.txt")
_DELETED = " (deleted)"
"""What the system adds to the name of an open file that has none any more."""


def end_processes_below(directory: Path) -> None:
    """SIGKILL every process, other than this one, of the nodes below `directory`; return once they are gone, or
    after a second."""
    marker = f"AZ_BATCH_NODE_ROOT_DIR={directory}/".encode()
    for _ in range(_ROUNDS):
        found = [
            pid
            for pid, environment in _environments()
            if pid != os.getpid() and (marker in environment or _writes_below(pid, directory))
        ]
        if not found:
            return
        for pid in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(_PAUSE_S)


def _writes_below(pid: int, directory: Path) -> bool:
    """Whether its output goes where a task's does; a shell or a pager somebody has in there has its own elsewhere."""
    for descriptor in (1, 2):
        with contextlib.suppress(OSError):
            place = os.readlink(f"/proc/{pid}/fd/{descriptor}").removesuffix(_DELETED)
            if place.startswith(f"{directory}/") and place.endswith(_OUTPUTS):
                return True
    return False


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
