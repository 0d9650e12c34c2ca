"""The one place that names concrete classes: from what a command wants to the objects that do it.

What is expensive to import (Azure, journals, the sandbox's control) is imported in the function that needs it: all of
it together takes longer than the interface's first frame, which needs none of it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from tui.bundled import node_script
from tui.core.accounts import ENVIRONMENT_NAME, SANDBOX_NAME, Account, AccountKind, account_of_environment
from tui.core.errors import InputError, LocalError
from tui.engine.clock import SystemClock
from tui.engine.patience import Patience
from tui.gateways.accounts import AccountBook, open_account_book
from tui.sandbox.errors import SandboxError

if TYPE_CHECKING:
    from tui.core.account_check import Checklist, CheckResult
    from tui.core.ports import BatchPort, ClockPort, StopSignal, StoragePort
    from tui.engine.journal import JournalFolder
    from tui.engine.run import RunEngine
    from tui.engine.run_tools import RunTools
    from tui.gateways.account_desk import AccountDesk

SANDBOX = SANDBOX_NAME

NOT_STARTED = "not started yet"


@dataclass(frozen=True, slots=True)
class Paths:
    """Every folder this program writes to, besides the outputs of a run."""

    config: Path
    state: Path
    cache: Path
    log: Path

    @property
    def runs(self) -> Path:
        return self.state / "runs"

    @property
    def sandbox(self) -> Path:
        return self.state / "sandbox"

    def described(self) -> dict[str, str]:
        """By what is kept there."""
        return {
            "config": str(self.config),
            "state": str(self.state),
            "journals": str(self.runs),
            "sandbox": str(self.sandbox),
            "cache": str(self.cache),
            "log": str(self.log),
        }


def paths() -> Paths:
    """The places that this system gives a program of a person."""
    folders = platformdirs.PlatformDirs("batch-tui", appauthor=False)
    return Paths(folders.user_config_path, folders.user_state_path, folders.user_cache_path, folders.user_log_path)


def clock() -> ClockPort:
    return SystemClock()


def journals(ticking: ClockPort) -> JournalFolder:
    from tui.engine.journal import JournalFolder  # plans and all that is in them, which the first frame does not need

    return JournalFolder(paths().runs, ticking)


@dataclass(frozen=True, slots=True)
class Target:
    """Where a run goes: an account, or the sandbox, which may have to be started first."""

    name: str
    account: Account | None
    """None while the sandbox is down."""

    @property
    def must_start(self) -> bool:
        return self.account is None

    @property
    def endpoint(self) -> str:
        return NOT_STARTED if self.account is None else self.account.batch_endpoint


def choose_target(name: str | None, *, on_sandbox: bool) -> Target:
    """The account called `name`, or the sandbox; without either the environment's account, or else the current one."""
    if on_sandbox and name is not None:
        raise InputError("--sandbox and --account contradict each other", hint="give one of them")
    if on_sandbox or name == SANDBOX:
        return Target(SANDBOX, sandbox_account())
    book = account_book()
    if name in (None, ENVIRONMENT_NAME):
        account = account_of_environment(os.environ)
        if account is not None:
            return Target(account.name, account)
    if name is None:
        return _current_target(book)
    if name == ENVIRONMENT_NAME:
        raise InputError(
            "The environment names no account",
            "none of the AZURE_BATCH_* variables is set",
            "`batch-tui accounts` lists the others",
        )
    return Target(name, book.account(name))


def _current_target(book: AccountBook) -> Target:
    current = book.current()
    if current is None:
        raise InputError(
            "No account was chosen",
            "neither --account nor the AZURE_BATCH_* variables name one, and none is set up",
            "--sandbox runs it on this machine, without any account; `batch-tui accounts add` sets one up",
        )
    if current.kind is AccountKind.SANDBOX:
        return Target(SANDBOX, sandbox_account())
    return Target(current.name, book.account(current.name))


def account_book() -> AccountBook:
    return open_account_book(paths().config)


def account_desk(*, may_write: bool = True) -> AccountDesk:
    """Accounts as they are listed, set up and tested; where it may not write, a test does not either."""
    from tui.gateways.account_desk import AccountDesk  # as above

    return AccountDesk(account_book(), paths().config, os.environ, start_sandbox, partial(_examine, may_write))


def _examine(may_write: bool, account: Account, stop: StopSignal, report: Callable[[CheckResult], None]) -> Checklist:
    # Loads Azure's libraries: only when something is asked of a service.
    from tui.engine.account_check import check_account
    from tui.gateways.account_probe import AccountProbeGateway  # as above

    return check_account(account, AccountProbeGateway(account), clock(), stop, report, may_write=may_write)


@contextmanager
def sandbox_errors() -> Iterator[None]:
    """What goes wrong with the sandbox as a process is this machine's refusal, and reads like every other error."""
    try:
        yield
    except SandboxError as problem:
        raise LocalError(problem.title, str(problem), problem.hint) from problem


def sandbox_account() -> Account | None:
    """The running sandbox as an account; None while it is down."""
    from tui.sandbox import control  # starts processes, which the first frame does not wait for

    with sandbox_errors():
        if not control.status(paths().sandbox).is_up:
            return None
        return _account_of_sandbox(control.endpoint_environment(paths().sandbox))


def start_sandbox(idle_exit_s: float | None = None) -> Account:
    """Brings the sandbox up where it is down; the account it is."""
    from tui.sandbox import control  # as above

    with sandbox_errors():
        control.up(paths().sandbox, idle_exit_s=idle_exit_s)
        return _account_of_sandbox(control.endpoint_environment(paths().sandbox))


def _account_of_sandbox(environment: dict[str, str]) -> Account:
    account = account_of_environment(environment)
    assert account is not None
    return replace(account, name=SANDBOX, kind=AccountKind.SANDBOX)


@dataclass(frozen=True, slots=True)
class Connection:
    """An account's two services, open."""

    account: Account
    batch: BatchPort
    storage: StoragePort

    @property
    def name(self) -> str:
        return self.account.name

    @property
    def endpoint(self) -> str:
        return self.account.batch_endpoint


@contextmanager
def connected(target: Target, *, idle_exit_s: float | None = None) -> Iterator[Connection]:
    """The target's services, the sandbox started where it has to be; closed afterwards."""
    # Loads Azure's libraries, which take longer than anything before the first request.
    from tui.gateways.connect import open_batch, open_storage

    account = target.account or start_sandbox(idle_exit_s)
    batch, storage = open_batch(account), open_storage(account)
    try:
        yield Connection(account, batch, storage)
    finally:
        batch.close()
        storage.close()


SANDBOX_PATIENCE = Patience(step_s=3.0, watch_s=3.0)
"""Where nobody watches who could start it again: a process of this machine that is silent for so long has died."""


def unattended_patience(account: Account) -> Patience:
    """How long a run without an interface waits for a service that is away; a network may come back."""
    return SANDBOX_PATIENCE if account.kind is AccountKind.SANDBOX else Patience()


def engine(connection: Connection, ticking: ClockPort, patience: Patience) -> RunEngine:
    """What executes plans on an open account."""
    from tui.engine.run import RunEngine  # every step of a run, which the first frame does not wait for

    return RunEngine(connection.batch, connection.storage, ticking, journals(ticking), node_script, patience)


def run_tools(connection: Connection, ticking: ClockPort, patience: Patience) -> RunTools:
    """What acts on runs outside their execution, on an open account."""
    from tui.engine.run_tools import RunTools  # as above

    return RunTools(connection.batch, connection.storage, ticking, journals(ticking), patience)
