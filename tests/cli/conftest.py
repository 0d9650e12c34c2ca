"""A real sandbox for the tests of a worker, and the program run on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.process import Finished, called
from tests.support.sandbox import RunningSandbox
from tui.sandbox import control


@dataclass(frozen=True, slots=True)
class Machine:
    """A state folder that holds a sandbox; the program finds it there."""

    state_home: Path

    @property
    def sandbox_folder(self) -> Path:
        return self.state_home / "batch-tui" / "sandbox"

    @property
    def environment(self) -> dict[str, str]:
        return {"XDG_STATE_HOME": str(self.state_home)}

    @property
    def account(self) -> dict[str, str]:
        """The variables that name the sandbox as an account."""
        return control.endpoint_environment(self.sandbox_folder)


Program = Callable[..., Finished]


@pytest.fixture(scope="session")
def machine(running_sandbox: RunningSandbox) -> Machine:
    """The machine of the worker's sandbox; tests keep apart by the names of their runs."""
    return Machine(running_sandbox.state_dir.parent.parent)


@pytest.fixture
def program(machine: Machine, tmp_path: Path) -> Program:
    """Runs the program in the test's folder, on the worker's sandbox."""

    def run(*arguments: str, environment: Mapping[str, str] | None = None, folder: Path | None = None) -> Finished:
        return called(*arguments, folder=folder or tmp_path, environment={**machine.environment, **(environment or {})})

    return run
