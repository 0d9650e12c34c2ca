"""What can go wrong with the sandbox as a process, each with its title and a remedy.

SandboxError
├── UnsupportedSystemError   Windows
├── StateFolderError         the state folder cannot be used
├── PortTakenError           a remembered port belongs to someone else
├── StartError               it did not come up
├── StopError                it did not go down
├── NeverStartedError        there are no ports and keys yet
└── RefusedError             it runs, and refuses what was asked of it, or does not answer
"""

from __future__ import annotations

from pathlib import Path


class SandboxError(Exception):
    """`str()` says what happened; `hint` what to do about it."""

    title = "The sandbox failed"
    hint = ""


class UnsupportedSystemError(SandboxError):
    title = "The sandbox does not run on Windows"
    hint = "use it in the Windows Subsystem for Linux, or use an Azure account"

    def __init__(self) -> None:
        super().__init__("its nodes need process groups and file locks of Linux or macOS")


class StateFolderError(SandboxError):
    title = "The sandbox cannot use its state folder"

    def __init__(self, folder: Path, reason: str, hint: str = "") -> None:
        super().__init__(f"{folder}: {reason}")
        self.hint = hint or "make the folder writable, or set XDG_STATE_HOME (or HOME) to one that is"


class PortTakenError(SandboxError):
    title = "A port of the sandbox is taken"

    def __init__(self, port: int) -> None:
        super().__init__(f"another program listens on 127.0.0.1:{port}, which the sandbox's stored addresses contain")
        self.port = port
        self.hint = "stop that program, or give up what the sandbox holds with `batch-tui sandbox reset`"


class StartError(SandboxError):
    title = "The sandbox did not start"

    def __init__(self, reason: str, log: Path) -> None:
        super().__init__(reason)
        self.hint = f"its log is {log}"


class StopError(SandboxError):
    title = "The sandbox did not stop"

    def __init__(self, pid: int | None) -> None:
        """`pid` is unknown while it is still starting, or when it did not say."""
        super().__init__(
            "it runs but does not say as which process" if pid is None else f"process {pid} is still there"
        )
        self.hint = "try again in a moment" if pid is None else f"end it with `kill -9 {pid}`"


class NeverStartedError(SandboxError):
    title = "The sandbox has no addresses and keys yet"
    hint = "start it with `batch-tui sandbox up`"

    def __init__(self) -> None:
        super().__init__("it was never started here, or was reset")


class RefusedError(SandboxError):
    title = "The sandbox refuses"

    def __init__(self, reason: str, hint: str = "") -> None:
        super().__init__(reason)
        self.hint = hint
