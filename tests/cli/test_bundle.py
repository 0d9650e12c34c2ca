"""`batch-tui info --bundle`: what helps is in it, and nothing of anybody."""

from __future__ import annotations

import json
import os
import socket
import stat
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.cli.canned import RUN_ID, plan
from tests.cli.process import called
from tests.cli.test_accounts import SCRIPT
from tui.console.journal_digest import digest_lines
from tui.console.pseudonyms import Pseudonyms
from tui.core.plan_codec import plan_to_json

STORED = ("YmF0Y2gga2V5IGJhdGNoIGtleSBiYXRjaCBrZXkh", "c3RvcmFnZSBrZXkgc3RvcmFnZSBrZXkgc3RvcmFnZQ==")
SET = ("ZW52aXJvbm1lbnQrYmF0Y2gva2V5K2Vudmlyb25tZW50", "ZW52aXJvbm1lbnQrc3RvcmFnZS9rZXkrZW52aXJvbg==")
SIGNATURE = "bWFya2VkK3NpZ25hdHVyZS9tYXJrZWQ="
UNKNOWN = "dW5rbm93biBrZXkgdW5rbm93biBrZXkgdW5rbm93biBrZXkh" + "Zm9yIGEgbG9uZyB0aW1lCg=="
NAMES = (
    "privatebatch",
    "privatestore",
    "mybatch",
    "mystore",
    "contoso",
    "taxes",
    "divorce",
    "10.1.2.3",
    "ann@example.com",
)
ENVIRONMENT = {
    "AZURE_BATCH_ACCOUNT": "privatebatch",
    "AZURE_BATCH_ACCESS_KEY": SET[0],
    "AZURE_BATCH_ENDPOINT": "https://privatebatch.westeurope.batch.azure.com",
    "AZURE_STORAGE_ACCOUNT": "privatestore",
    "AZURE_STORAGE_KEY": SET[1],
}


@pytest.fixture
def lived_in(own_home: Path) -> Path:
    """A home with accounts, a damaged journal, settings and a crash report, secrets and names in all of them."""
    assert called("accounts", "add", "contoso", pasted=SCRIPT).code == 0
    described = json.loads(called("info", "--json").stdout)["paths"]
    url = f"https://privatestore.blob.core.windows.net/c/b?sv=1&sig={quote(SIGNATURE, safe='')}"
    texts = (
        f'Traceback (most recent call last):\n  File "{own_home}/taxes/x.py", line 3\n'
        f"ValueError: {STORED[0]} {quote(STORED[1], safe='')} {SET[0]} {url} AccountKey={UNKNOWN};\n"
        f"the host contoso.batch.azure.com at 10.1.2.3 of {socket.gethostname()}, ann@example.com, key {UNKNOWN}\n"
    )
    crash = Path(described["log"]) / "crash-20261120T100000-1.txt"
    crash.parent.mkdir(parents=True)
    crash.write_text(texts)
    told = plan_to_json(plan())
    told["inputs"] = [["taxes 2026.txt", 12, f"{own_home}/divorce/taxes 2026.txt"]]
    told |= {
        "account": "contoso",
        "destination": "/srv/divorce/out",
        "pool": {"kind": "existing", "id": "contoso-pool"},
    }
    records = [
        {"at": 1_795_168_800.0, "kind": "plan", "plan": told},
        {
            "at": 1_795_168_801.0,
            "kind": "step",
            "step": "upload",
            "state": "failed",
            "summary": "taxes 2026.txt has gone",
        },
        {"at": 1_795_168_802.0, "kind": "note", "text": f"refused {url}"},
        {
            "at": 1_795_168_802.0,
            "kind": "transferred",
            "direction": "up",
            "name": "taxes 2026.txt",
            "size": 12,
            "md5": "",
        },
    ]
    journal = Path(described["journals"]) / f"{RUN_ID}.jsonl"
    journal.parent.mkdir(parents=True)
    journal.write_text("".join(json.dumps(record) + "\n" for record in records) + '{"torn": "divorce')
    settings = {"folder": "/srv/divorce", "choices": {"vm_size": "Standard_D2s_v3", "pool_id": "contoso-pool"}}
    (Path(described["config"]) / "last-choices.json").write_text(json.dumps(settings))
    return own_home


def test_it_helps_and_tells_nothing_of_anybody(lived_in: Path, tmp_path: Path) -> None:
    written = called("info", "--bundle", "report.txt", folder=tmp_path, environment=ENVIRONMENT)
    assert (written.code, written.stderr) == (0, "")
    report = tmp_path / "report.txt"
    text = report.read_text()
    secrets = [form for secret in (*STORED, *SET, SIGNATURE, UNKNOWN) for form in (secret, quote(secret, safe=""))]
    assert [secret for secret in secrets if secret in text] == []
    assert [name for name in (*NAMES, str(lived_in)) if name in text] == []
    for helpful in (
        "textual: ", "Traceback", "ValueError", "Standard_D2s_v3", '"inputs": 1', "has gone",
        "AZURE_BATCH_ACCESS_KEY is set",
        "(a record of 17 bytes that cannot be read)", "in all, 1 files, 12 bytes up", "<account-1>", "~/",
    ):  # fmt: skip
        assert helpful in text
    assert stat.S_IMODE(report.stat().st_mode) == 0o600


@pytest.mark.usefixtures("lived_in")
def test_a_bundle_on_stdout_is_the_same() -> None:
    shown = called("info", "--bundle", "-").stdout
    assert "## journals" in shown
    assert not any(name in shown for name in NAMES)


def test_it_overwrites_nothing(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("mine")
    (tmp_path / "link").symlink_to("elsewhere")
    for name in ("there", "link"):
        refused = called("info", "--bundle", name, folder=tmp_path)
        assert (refused.code, "exists" in refused.stderr) == (2, True)
    assert called("info", "--bundle", "there/below", folder=tmp_path).code == 2
    assert (sorted(os.listdir(tmp_path)), (tmp_path / "there").read_text()) == (["link", "there"], "mine")


def test_the_same_name_has_the_same_stand_in() -> None:
    names = Pseudonyms([("/home/user", "~")])
    names.add("account", "lab")
    assert names(
        "lab, label and lab: ~ /home/user/x /srv/a/b '/srv/a b/c' https://shop.example.org/x 10.0.0.1 127.0.0.1"
    ) == ("<account-1>, label and <account-1>: ~ ~/x <path-1> '<path-2>' https://<host-1>/x <address-1> 127.0.0.1")
    assert names("10.0.0.1 and /srv/a/b") == "<address-1> and <path-1>"


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe\n", b"[" * 100_000, b'{"at": 1e400, "kind": "plan"}\n', b"null\n3\n"]
)
def test_any_journal_can_be_told(content: bytes) -> None:
    assert all("cannot be read" in line for line in digest_lines(content))


def test_the_account_of_a_run_is_not_named() -> None:
    (line,) = digest_lines(b'{"at": 1, "kind": "account", "storage": "privatestore"}\n')
    assert line.endswith(" account")
