"""`python -m tui.sandbox up | down | status | env | reset | serve`."""

from __future__ import annotations

import argparse
import atexit
import gc
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

from tui.sandbox.errors import PortTakenError, SandboxError

_STATE_DIR_VARIABLE = "BATCH_TUI_SANDBOX_STATE"

_COLLECTOR_THRESHOLDS = (10_000, 10, 10)
"""Neither imports nor requests make cycles to speak of; with Python's own thresholds its collector runs fifteen times
as often. At the end it would look at everything once more, and free nothing that the system does not."""


def main() -> int:
    arguments = _parser().parse_args()
    if arguments.state_dir is None:
        sys.stderr.write(f"--state-dir (or {_STATE_DIR_VARIABLE}) says where the sandbox keeps its state\n")
        return 2
    try:
        return _serve(arguments) if arguments.command == "serve" else _control(arguments)
    except SandboxError as error:
        sys.stderr.write(f"{error.title}: {error}\n  {error.hint}\n")
        return 3


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tui.sandbox", description="A local Batch and Blob service.")
    parser.add_argument("command", choices=("up", "down", "status", "env", "reset", "serve"))
    parser.add_argument("--state-dir", type=Path, default=os.environ.get(_STATE_DIR_VARIABLE))
    parser.add_argument("--json", action="store_true", help="env: one object instead of shell exports")
    parser.add_argument("--idle-exit-s", type=float, help="leave after so long without a request or a running task")
    parser.add_argument("--latency-ms", type=float, default=0.0, help="add a network's latency to every answer")
    parser.add_argument("--allow-faults", action="store_true", help="let tests plan faults on the wire")
    parser.add_argument("--patience-s", type=float, help=argparse.SUPPRESS)
    parser.add_argument("--detach", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--ready-fd", type=int, help=argparse.SUPPRESS)
    return parser


def _control(arguments: argparse.Namespace) -> int:
    # The server's process does without it.
    from tui.sandbox import control

    state_dir = Path(arguments.state_dir)
    if arguments.command == "env":
        environment = control.endpoint_environment(state_dir)
        text = json.dumps(environment) + "\n" if arguments.json else control.shell_exports(environment)
        sys.stdout.write(text)
        return 0
    if arguments.command == "up":
        control.up(
            state_dir,
            idle_exit_s=arguments.idle_exit_s,
            latency_ms=arguments.latency_ms,
            allow_faults=arguments.allow_faults,
            patience_s=arguments.patience_s,
        )
    elif arguments.command == "down":
        control.down(state_dir)
    elif arguments.command == "reset":
        control.reset(state_dir)
    found = control.status(state_dir)
    state = f"up: batch {found.batch_endpoint}, blob {found.blob_endpoint}" if found.is_up else "down"
    sys.stdout.write(f"The sandbox is {state}\n")
    for warning in found.warnings if found.is_up else ():
        sys.stderr.write(f"{warning}\n")
    return 0


def _serve(arguments: argparse.Namespace) -> int:
    if arguments.detach and os.fork():
        # Leaves the server to itself: no parent to wait for it, no terminal to lose.
        os._exit(0)
    gc.set_threshold(*_COLLECTOR_THRESHOLDS)
    atexit.register(gc.freeze)
    # Half of the time of a start goes into these imports; the fork comes before them.
    from tui.sandbox import bounds, server

    patience_s = arguments.patience_s
    options = server.ServerOptions(
        latency_s=arguments.latency_ms / 1000,
        idle_exit_s=arguments.idle_exit_s,
        allows_faults=arguments.allow_faults,
        bounds=bounds.Bounds() if patience_s is None else bounds.Bounds.within(patience_s),
    )
    return server.run(Path(arguments.state_dir), options, _reporter(arguments.ready_fd))


def _reporter(ready_fd: int | None) -> Callable[[SandboxError | None], None]:
    """Hands readiness, or what prevents it, to whoever started the server."""

    def report(error: SandboxError | None) -> None:
        if ready_fd is None:
            if error is not None:
                raise error
            return
        line: dict[str, object] = {"ready": error is None}
        if isinstance(error, PortTakenError):
            line["port_taken"] = error.port
        elif error is not None:
            line["error"] = str(error)
        with open(ready_fd, "w", encoding="utf-8") as ready:
            ready.write(json.dumps(line) + "\n")

    return report


if __name__ == "__main__":
    sys.exit(main())
