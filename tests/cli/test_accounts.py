"""`batch-tui accounts`, and which account a run goes to."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from tests.cli.conftest import Machine
from tests.cli.process import called
from tests.cli.texts import write_texts

BATCH_KEY = "YmF0Y2gga2V5IGJhdGNoIGtleSBiYXRjaCBrZXkh"
STORAGE_KEY = "c3RvcmFnZSBrZXkgc3RvcmFnZSBrZXkgc3RvcmFnZQ=="
SCRIPT = f"""
_BATCH_ACCOUNT_NAME = 'mybatch'
_BATCH_ACCOUNT_KEY = '{BATCH_KEY}'
_BATCH_ACCOUNT_URL = 'https://mybatch.westeurope.batch.azure.com'
_STORAGE_ACCOUNT_NAME = 'mystore'
_STORAGE_ACCOUNT_KEY = '{STORAGE_KEY}'
"""


def listed() -> dict[str, dict[str, object]]:
    return {account["name"]: account for account in json.loads(called("accounts", "list", "--json").stdout)}


def test_what_a_tutorial_s_script_says_becomes_the_current_account(own_home: Path) -> None:
    added = called("accounts", "add", "work", pasted=SCRIPT)
    assert (added.code, added.stderr) == (0, "")
    assert "Account work is set up and the current one" in added.stdout
    account = listed()["work"]
    assert (account["is_current"], account["batch_account"], account["storage_account"]) == (True, "mybatch", "mystore")
    profiles = next(own_home.rglob("accounts.json"))
    keys = next(own_home.rglob("keys.json"))
    assert BATCH_KEY not in profiles.read_text()
    assert json.loads(keys.read_text()) == {"work/batch": BATCH_KEY, "work/storage": STORAGE_KEY}
    assert stat.S_IMODE(keys.stat().st_mode) == 0o600
    said = added.stdout + called("accounts").stdout + called("accounts", "list", "--json").stdout
    assert not {BATCH_KEY, STORAGE_KEY} & set(said.split())


def test_what_is_typed_counts_before_what_is_pasted() -> None:
    called("accounts", "add", "other", "--storage-account", "theirstore", pasted=SCRIPT)
    assert listed()["other"]["storage_account"] == "theirstore"


def test_accounts_are_chosen_and_forgotten(own_home: Path) -> None:
    for name in ("one", "two"):
        assert called("accounts", "add", name, pasted=SCRIPT).code == 0
    assert [name for name, account in listed().items() if account["is_current"]] == ["two"]
    assert called("accounts", "use", "one").code == 0
    assert [name for name, account in listed().items() if account["is_current"]] == ["one"]
    assert called("accounts", "remove", "one").code == 2
    assert called("accounts", "remove", "one", "--yes").code == 0
    assert set(listed()) == {"two", "sandbox"}
    assert set(json.loads(next(own_home.rglob("keys.json")).read_text())) == {"two/batch", "two/storage"}


def test_an_account_for_sign_in_needs_no_keys() -> None:
    added = called(
        "accounts", "add", "lab", "--entra", "--batch-endpoint", "mybatch.westeurope.batch.azure.com",
        "--storage-account", "mystore",
    )  # fmt: skip
    assert added.code == 0, added.stderr
    assert (listed()["lab"]["kind"], listed()["lab"]["keys_in"]) == ("entra", "")


@pytest.mark.parametrize(
    ("arguments", "pasted", "words"),
    [
        (["add", "work"], "", ["missing", "--batch-endpoint", "Batch key", "stdin"]),
        (["add", "sandbox"], SCRIPT, ["There is an account 'sandbox' already"]),
        (["add", "environment"], SCRIPT, ["environment"]),
        (["add", "a/b"], SCRIPT, ["up to 40 letters"]),
        (["add", "work"], SCRIPT.replace(STORAGE_KEY, "short"), ["Storage key cannot be used"]),
        (["add", "work"], SCRIPT.replace("https://", "http://"), ["http"]),
        (["use", "nobody"], "", ["There is no account 'nobody'"]),
        (["remove", "nobody", "--yes"], "", ["There is no account 'nobody'"]),
        (["remove", "environment", "--yes"], "", ["Unset"]),
        (["test", "nobody"], "", ["There is no account 'nobody'"]),
        (["use", "environment"], "", ["current one anyway"]),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_what_cannot_be_an_account_is_said(arguments: list[str], pasted: str, words: list[str], own_home: Path) -> None:
    refused = called("accounts", *arguments, pasted=pasted)
    assert (refused.code, refused.stdout) == (2, "")
    assert [word for word in words if word not in refused.stderr] == []
    assert not any(key in refused.stderr for key in (BATCH_KEY, STORAGE_KEY))
    assert [path for path in own_home.rglob("*") if path.is_file()] == []


def test_read_only_leaves_them_to_be_looked_at() -> None:
    for command in ("add", "remove", "use"):
        assert "No such command" in called("--read-only", "accounts", command).stderr


def test_every_check_of_the_sandbox_passes(machine: Machine) -> None:
    tested = called("accounts", "test", "sandbox", environment=machine.environment)
    assert (tested.code, tested.stdout.count("✓")) == (0, 6), tested.stdout + tested.stderr
    assert tested.stdout.endswith("It can be used.\n")


def test_read_only_checks_write_nothing(machine: Machine) -> None:
    tested = called("--read-only", "accounts", "test", "sandbox", "--json", environment=machine.environment)
    states = {check["check"]: check["state"] for check in map(json.loads, tested.stdout.splitlines())}
    assert (tested.code, states["Shared access"], states["Storage access"]) == (0, "not tried", "passed")


def test_a_wrong_key_fails_the_test_with_a_remedy(machine: Machine) -> None:
    wrong = {**machine.account, "AZURE_BATCH_ACCESS_KEY": BATCH_KEY}
    tested = called("accounts", "test", environment=wrong)
    assert tested.code == 3
    assert "✗ Batch access" in tested.stdout
    assert "az batch account keys list" in tested.stdout
    assert BATCH_KEY not in tested.stdout + tested.stderr


def test_a_run_goes_to_the_account_that_is_named_set_or_current(machine: Machine, tmp_path: Path) -> None:
    write_texts(tmp_path, ["a.txt"])
    plan = ("run", "top-words", "a.txt", "--plan-only")
    sandbox = machine.account

    def place(*arguments: str, environment: dict[str, str] | None = None) -> str:
        told = called(*plan, "--json", *arguments, folder=tmp_path, environment=environment)
        return str(json.loads(told.stdout)["plan"]["account"]) if told.code == 0 else told.stderr

    assert "No account was chosen" in place()
    called("accounts", "add", "work", pasted=SCRIPT)
    assert place() == "work"
    assert place(environment=sandbox) == "environment"
    assert place("--account", "work", environment=sandbox) == "work"
    assert place("--account", "work", environment={"AZURE_BATCH_ACCOUNT": "half"}) == "work"
    assert place("--sandbox", environment=machine.environment) == "sandbox"
    assert "The environment names no account" in place("--account", "environment")
    called("accounts", "use", "sandbox", environment=machine.environment)
    assert place(environment=machine.environment) == "sandbox"
