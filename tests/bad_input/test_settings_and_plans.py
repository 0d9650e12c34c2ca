"""Bad input: the files of accounts and keys, and plans, cut, corrupted, of another version or not files at all."""

from __future__ import annotations

import json
from pathlib import Path

from tests.bad_input.table import Place, Prepare, Row, check, file, rows, write

ON_CURRENT = ("run", "top-words", "a.txt", "--plan-only")
LIST = ("accounts",)
PLAN = ("run", "plan.toml", "--sandbox", "--plan-only")
KEY = "YmF0Y2gga2V5IGJhdGNoIGtleSBiYXRjaCBrZXkh"
PROFILE = {
    "name": "work",
    "kind": "shared-key",
    "batch_account": "mybatch",
    "batch_endpoint": "https://mybatch.westeurope.batch.azure.com",
    "storage_account": "mystore",
    "storage_endpoint": "https://mystore.blob.core.windows.net",
    "keys_in": "file",
}
KEYS = json.dumps({"work/batch": KEY, "work/storage": KEY})
SCRIPT = f"""batch_account_name = "mybatch"; batch_account_key = "{KEY}"; storage_account_name = "mystore"
batch_account_url = "https://mybatch.westeurope.batch.azure.com"; storage_account_key = "{KEY}" """


def accounts(content: bytes | str | None = None, keys: bytes | str = KEYS, **changed: object) -> Prepare:
    """The two files of a set-up account, one of them as given."""
    whole = json.dumps({"version": 1, "current": "work", "accounts": [{**PROFILE, **changed}]})

    def make(place: Place) -> None:
        write(place.config / "accounts.json", whole if content is None else content)
        write(place.config / "keys.json", keys)

    return make


def in_the_way(*names: str) -> Prepare:
    """Folders where files should be."""

    def make(place: Place) -> None:
        for name in names:
            (place.config / name).mkdir(parents=True)

    return make


def config_is_a_file(place: Place) -> None:
    write(place.config, "")


def plan(content: bytes | str) -> Prepare:
    return file("plan.toml", content)


def plan_folder(place: Place) -> None:
    (place.folder / "plan.toml").mkdir()


DAMAGED = "The file of accounts cannot be read"
GONE = "The keys of account work are gone"

SETTINGS = rows(
    *(
        Row(f"accounts that are {title}", LIST, DAMAGED, prepare=accounts(content))
        for title, content in (
            ("empty", ""),
            ("cut", '{"version": 1, "accounts": [{"na'),
            ("no UTF-8", b"\xff\xfe\x00"),
            ("of a later version", '{"version": 2, "accounts": []}'),
            ("a list", "[]"),
            ("a number", "3"),
            ("null", "null"),
            ("nested without end", "[" * 100_000),
            ("half a profile", '{"version": 1, "accounts": [{"name": "work"}]}'),
            ("a profile that is a text", '{"version": 1, "accounts": ["work"]}'),
            ("of a number beyond reading", '{"version": ' + "9" * 5_000 + "}"),
        )
    ),
    Row("an account of an unknown kind", LIST, DAMAGED, prepare=accounts(kind="carrier-pigeon")),
    Row("keys in an unknown place", LIST, DAMAGED, prepare=accounts(keys_in="a drawer")),
    Row("a folder in the place of the accounts", LIST, "accounts.json", prepare=in_the_way("accounts.json")),
    Row("a file in the place of the folder", LIST, "not a directory", prepare=config_is_a_file),
    Row("a profile over plain http", ON_CURRENT, "must be https", prepare=accounts(batch_endpoint="http://a.b.c")),
    Row("a profile with a name of two lines", ON_CURRENT, "account name", prepare=accounts(batch_account="a\nb")),
    Row("keys that are gone", ON_CURRENT, GONE, prepare=accounts(keys="{}")),
    Row("keys that are cut", ON_CURRENT, "The file of keys cannot be read", prepare=accounts(keys='{"work/b')),
    Row("keys that are a list", ON_CURRENT, "The file of keys cannot be read", prepare=accounts(keys="[]")),
    Row("keys without end", ON_CURRENT, "The file of keys cannot be read", prepare=accounts(keys="[" * 100_000)),
    Row("keys that are no text", ON_CURRENT, "The file of keys cannot be read", prepare=accounts(keys=b"\xff")),
    Row("a key that is no base64", ON_CURRENT, "it is not base64", prepare=accounts(keys=KEYS.replace(KEY, "é" * 30))),
    Row("saving where a folder is", ("accounts", "add", "work"), "keys.json",
        prepare=in_the_way("keys.json"), pasted=SCRIPT),
    Row("saving where the folder is a file", ("accounts", "add", "work"), "not a directory",
        prepare=config_is_a_file, pasted=SCRIPT),
    Row("nothing pasted", ("accounts", "add", "work"), "missing"),
    Row("a megabyte pasted", ("accounts", "add", "work"), "too long", pasted="x" * 1_000_000),
    Row("noise pasted", ("accounts", "add", "work"), "missing", pasted="{[(=;:'\"" * 9_000),
    Row("an account called after a path", ("accounts", "add", "../work"), "cannot be used", pasted=SCRIPT),
)  # fmt: skip

PLANS = rows(
    Row("a plan that is missing", ("run", "gone.toml"), "no such file"),
    Row("a plan that is a folder", PLAN, "not a regular file", prepare=plan_folder),
    Row("a plan that is empty", PLAN, "workload is missing", prepare=plan("")),
    Row("a plan that is no TOML", PLAN, "it is no TOML", prepare=plan("workload: top-words")),
    Row("a plan that is no UTF-8", PLAN, "it is not UTF-8", prepare=plan(b"\xff\xfe")),
    Row("a plan with a byte order mark", PLAN, "it is no TOML", prepare=plan('\ufeffworkload = "top-words"')),
    Row("a plan with control sequences", PLAN, "is no key", prepare=plan('"\\u001b[2J" = 1\nworkload = "top-words"')),
    Row("a plan with a misspelt key", PLAN, "'input' is no key", prepare=plan('workload = "top-words"\ninput = ["a"]')),
    Row("a plan with a table", PLAN, "'pools' is no key", prepare=plan('workload = "top-words"\n[pools]\nid = 1')),
    Row("a plan with a NUL in a name", PLAN, "a list of texts",
        prepare=plan('workload = "top-words"\ninputs = ["a\\u0000b"]')),
    Row("a plan whose inputs are gone", PLAN, "does not exist", prepare=plan('workload = "top-words"\ninputs = ["b"]')),
)  # fmt: skip


@SETTINGS
def test_damaged_settings_are_one_message(row: Row, tmp_path: Path, own_home: Path) -> None:
    finished = check(row, tmp_path, own_home)
    assert KEY not in finished.stderr


@PLANS
def test_a_plan_that_cannot_be_used_is_one_message(row: Row, tmp_path: Path, own_home: Path) -> None:
    check(row, tmp_path, own_home)
