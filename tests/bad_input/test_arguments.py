"""Bad input: what is typed after the program's name, and what the environment says of an account."""

from __future__ import annotations

from pathlib import Path

from tests.bad_input.table import Row, check, file, rows

RUN = ("run", "top-words", "a.txt", "--sandbox", "--plan-only")
ON_ENVIRONMENT = ("run", "top-words", "a.txt", "--plan-only")
KEY = "YmF0Y2gga2V5IGJhdGNoIGtleSBiYXRjaCBrZXkh"
ACCOUNT = {
    "AZURE_BATCH_ACCOUNT": "mybatch",
    "AZURE_BATCH_ACCESS_KEY": KEY,
    "AZURE_BATCH_ENDPOINT": "https://mybatch.westeurope.batch.azure.com",
    "AZURE_STORAGE_ACCOUNT": "mystore",
    "AZURE_STORAGE_KEY": KEY,
}
CONNECTION = {name: value for name, value in ACCOUNT.items() if "STORAGE" not in name}

TYPED = rows(
    Row("an unknown command", ("fly",), "No such command 'fly'"),
    Row("an unknown option", (*RUN, "--fast"), "No such option"),
    Row("control sequences in a command", ("\x1b[2Jfly",), "No such command"),
    Row("a command of 100,000 characters", ("x" * 100_000,), "No such command"),
    Row("no workload", ("run",), "Missing argument"),
    Row("an unknown workload", ("run", "top-hats", "a.txt", "--sandbox"), "Unknown workload"),
    Row("a workload that climbs", ("run", "../../etc/passwd", "a.txt", "--sandbox"), "Unknown workload"),
    Row("an option without its value", (*RUN, "--nodes"), "--nodes"),
    Row("nodes that are no number", (*RUN, "--nodes", "many"), "'many' is not a valid integer"),
    Row("nodes below zero", (*RUN, "--nodes", "-1"), "-1 nodes cannot be asked for"),
    Row("no nodes at all", (*RUN, "--nodes", "0"), "a pool without nodes runs nothing"),
    Row("too many nodes", (*RUN, "--nodes", "1000000"), "from 0 to 2,500"),
    Row("a number of 5,000 digits", (*RUN, "--nodes", "9" * 5_000), "--nodes"),
    Row("no slots", (*RUN, "--slots", "0"), "from 1 to 256"),
    Row("a VM size that is none", (*RUN, "--vm-size", "big; rm -rf /"), "is not a VM size"),
    Row("a pool id that is none", (*RUN, "--pool", "my pool"), "cannot be the id of a pool"),
    Row("a pool id with a path in it", (*RUN, "--pool", "../jobs/x"), "cannot be the id of a pool"),
    Row("a timeout that is none", (*RUN, "--timeout", "soon"), "not a duration: 'soon'"),
    Row("a timeout below a minute", (*RUN, "--timeout", "5s"), "from one minute to 6 d 22 h"),
    Row("a timeout without end", (*RUN, "--timeout", "9" * 400), "timeout"),
    Row("a timeout below zero", (*RUN, "--timeout", "-5m"), "not a duration"),
    Row("words that are no number", (*RUN, "--words", "many"), "'many'"),
    Row("half a word", (*RUN, "--words", "1.5"), "whole number"),
    Row("a delay that is not a number", (*RUN, "--delay", "nan"), "'nan'"),
    Row("a delay without end", (*RUN, "--delay", "inf"), "'inf'"),
    Row("an option of another workload", ("run", "ffmpeg-mp3", "c.mp4", "--sandbox", "--words", "3"), "no --words",
        prepare=file("c.mp4")),
    Row("a part that no run has", (*RUN, "--delete", "everything"), "'everything' is no part of a run"),
    Row("deleting and keeping", (*RUN, "--delete", "job", "--keep"), "contradict"),
    Row("deleting a pool that is not ours", (*RUN, "--pool", "p", "--delete", "pool"), "only the pool that it made"),
    Row("two accounts at once", (*RUN, "--account", "work"), "contradict"),
    Row("an account that is not there", (*ON_ENVIRONMENT, "--account", "work"), "There is no account 'work'"),
    Row("no account anywhere", ON_ENVIRONMENT, ("No account was chosen", "--sandbox")),
    Row("an output that is a file", (*RUN, "--output", "a.txt"), "a.txt is not a folder"),
    Row("an output below a file", (*RUN, "--output", "a.txt/b/c"), "a.txt is not a folder"),
    Row("an output that is a device", (*RUN, "--output", "/dev/null"), "/dev/null is not a folder"),
    Row("an output with a NUL", (*RUN, "--output", "a\0b"), "output"),
    Row("a run id that climbs", ("runs", "show", "../../etc/passwd"), "Not a run id"),
    Row("a run id of 300 characters", ("runs", "show", "x" * 300), "Not a run id"),
    Row("a run that is not there", ("runs", "clean", "top-words-20261120-abc"), "No such run"),
    Row("a download of nothing", ("runs", "download", "top-words-20261120-abc"), "No such run"),
    Row("nobody to ask", ("sandbox", "reset"), "say --yes"),
    Row("a bundle where a file is", ("info", "--bundle", "a.txt"), "a.txt exists"),
    Row("a bundle in no folder", ("info", "--bundle", "no/b.txt"), "no such file"),
    Row("a bundle with a NUL", ("info", "--bundle", "a\0b"), "cannot be written"),
    Row("a changing command while reading only", ("--read-only", *RUN), "No such command 'run'"),
)  # fmt: skip

ENVIRONMENT = rows(
    Row("half an account", ON_ENVIRONMENT, "AZURE_BATCH_ACCESS_KEY", environment={"AZURE_BATCH_ACCOUNT": "mybatch"}),
    *(
        Row(title, ON_ENVIRONMENT, words, environment={**ACCOUNT, variable: value})
        for title, variable, value, words in (
            ("a Batch key that is no base64", "AZURE_BATCH_ACCESS_KEY", "not!base64", "it is not base64"),
            ("a Batch key that is too short", "AZURE_BATCH_ACCESS_KEY", "QUFB", "it is too short"),
            ("half a key", "AZURE_STORAGE_KEY", KEY[:-3], "storage key cannot be right"),
            ("an account name with capitals", "AZURE_BATCH_ACCOUNT", "MyBatch", "lower-case"),
            ("an account name that climbs", "AZURE_STORAGE_ACCOUNT", "../x", "storage account name cannot be right"),
            ("plain http", "AZURE_BATCH_ENDPOINT", "http://mybatch.batch.azure.com", "must be https"),
            ("another scheme", "AZURE_BATCH_ENDPOINT", "file:///etc/passwd", "is not http"),
            ("a URL without a host", "AZURE_BATCH_ENDPOINT", "https://", "no host name"),
            ("a URL with a port that is none", "AZURE_BATCH_ENDPOINT", "https://a.b:99999", "is not an address"),
            ("a URL with a name in it", "AZURE_BATCH_ENDPOINT", "https://me:pw@a.b", "more than an address"),
            ("a URL with a SAS in it", "AZURE_BATCH_ENDPOINT", "https://a.b?sig=x", "more than an address"),
            ("a host of control characters", "AZURE_BATCH_ENDPOINT", "https://a\x1b[2Jb", "is not an address"),
            ("loopback by another name", "AZURE_BATCH_ENDPOINT", "http://127.0.0.1.example.org", "must be https"),
        )
    ),
    *(
        Row(title, ON_ENVIRONMENT, words, environment={**CONNECTION, "AZURE_STORAGE_CONNECTION_STRING": value})
        for title, value, words in (
            ("a connection string that is none", "hello", "no name=value"),
            ("a connection string without a key", "AccountName=mystore", "AccountKey is missing"),
            ("a connection string over http", f"DefaultEndpointsProtocol=http;AccountName=m;AccountKey={KEY}", "https"),
        )
    ),
)


@TYPED
def test_what_is_typed_wrong_is_said(row: Row, tmp_path: Path, own_home: Path) -> None:
    check(row, tmp_path, own_home)


@ENVIRONMENT
def test_a_bad_account_in_the_environment_is_said(row: Row, tmp_path: Path, own_home: Path) -> None:
    finished = check(row, tmp_path, own_home)
    assert KEY not in finished.stderr
    assert KEY[:-3] not in finished.stderr
