"""A run that its own machine left behind, gone on with by one that never saw it, through the command line alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Machine
from tests.cli.process import called, start
from tests.cli.texts import counted, independent_count, outputs_below, wait_for_tasks, write_texts

pytestmark = pytest.mark.slow


@pytest.fixture
def elsewhere(machine: Machine, tmp_path: Path) -> dict[str, str]:
    """Another machine: a state folder of its own, and the account in its environment."""
    return {**machine.account, "XDG_STATE_HOME": str(tmp_path / "other-state")}


def _killed_run(machine: Machine, folder: Path) -> str:
    """A run whose program is killed once its tasks are submitted."""
    folder.mkdir()
    write_texts(folder, ["a.txt", "b c.txt"])
    arguments = ["run", "top-words", "a.txt", "b c.txt", "--sandbox", "--nodes", "1", "--json"]
    with start([*arguments, "--delete", "job,pool,containers"], folder, machine.environment) as process:
        run_id = wait_for_tasks(process)
        process.kill()
    return run_id


def test_a_machine_that_never_saw_the_run_ends_it(machine: Machine, elsewhere: dict[str, str], tmp_path: Path) -> None:
    run_id = _killed_run(machine, tmp_path / "first")
    second = tmp_path / "second"
    second.mkdir()
    resumed = called("runs", "resume", run_id, "--json", folder=second, environment=elsewhere)
    assert resumed.code == 0, resumed.stdout + resumed.stderr
    summary = json.loads(resumed.stdout.splitlines()[-1])
    assert (summary["exit_code"], summary["leftovers"]) == (0, [])
    outputs = outputs_below(second / run_id)
    assert [path.name for path in outputs] == ["a_OUTPUT.txt", "b c_OUTPUT.txt"]
    for name, output in zip(("a.txt", "b c.txt"), outputs, strict=True):
        assert counted(output) == independent_count(tmp_path / "first" / name, 3)
    listed = json.loads(called("runs", "list", "--json", environment=elsewhere).stdout)
    assert [(run["run"], run["state"]) for run in listed] == [(run_id, "succeeded")]
    late = called("runs", "resume", run_id, folder=tmp_path, environment=machine.environment)
    assert late.code == 3, "the first machine comes back to a run that the second one ended"
    assert "The run was ended meanwhile: its job, its pool and 3 containers were deleted" in late.stdout
    assert "runs resume" not in late.stdout
    assert "nothing of this run exists or costs any more" in late.stdout


def test_what_no_account_has_is_said(elsewhere: dict[str, str], tmp_path: Path) -> None:
    finished = called("runs", "resume", "top-words-20261120-zzz", folder=tmp_path, environment=elsewhere)
    assert finished.code == 2
    assert "has a run called top-words-20261120-zzz" in finished.stderr
    assert list(tmp_path.glob("top-words-*")) == []


def test_a_journal_of_this_machine_is_not_overruled(machine: Machine, tmp_path: Path) -> None:
    run_id = _killed_run(machine, tmp_path / "first")
    for option in (["--account", "another"], ["--output", "elsewhere"]):
        finished = called("runs", "resume", run_id, *option, folder=tmp_path, environment=machine.environment)
        assert finished.code == 2, option
        assert "The run " in finished.stderr
    cleaned = called("runs", "clean", run_id, "--yes", folder=tmp_path, environment=machine.environment)
    assert cleaned.code == 0, cleaned.stdout + cleaned.stderr
