"""No key and no signature leaves: not in files, on screens, in arguments and environments, nor when things go wrong."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from textual.screen import Screen

from tests.cli.process import Finished
from tests.cli.test_terminal import Terminal
from tests.faults.bench import Bench, opened
from tests.leaks.hunt import ACCOUNT, Hunt, hunt_at
from tests.leaks.marks import Marks, copied, leaks_in_files, plain, watched_processes
from tests.leaks.sweep import Refused, crash, refuse_for_good, searched
from tests.support.faults import Fault, FaultKind, FaultPlan
from tests.support.runs import FakeSession, new_plan, new_services
from tui.console.errors import write_crash_report
from tui.core.redaction import redact
from tui.sandbox.simulation.request_keys import SignedBy
from tui.ui.app import BatchTui
from tui.ui.screens.run import RunScreen

pytestmark = pytest.mark.slow

RUN = ("run", "top-words", "a.txt", "b c.txt", "--account", ACCOUNT, "--nodes", "1", "--slots", "2")


@pytest.fixture(scope="module")
def hunt(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hunt]:
    with hunt_at(tmp_path_factory.mktemp("hunt")) as made:
        yield made


def shown(*finished: Finished) -> list[str]:
    return [text for one in finished for text in (one.stdout, one.stderr)]


@pytest.mark.parametrize(
    "form",
    [
        "key={secret}",
        "{quoted}",
        "half a line {half}",
        "{base64}",
        '"{secret}"',
    ],
)
def test_the_hunt_finds_what_it_looks_for(form: str, tmp_path: Path) -> None:
    secret = base64.b64encode(bytes(range(64))).decode()
    marks = Marks({"key": secret})
    text = form.format(
        secret=secret,
        quoted=secret.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D"),
        half=secret[5:40],
        base64=base64.b64encode(secret.encode()).decode(),
    )
    assert marks.hits(text.encode()) == ["key"]
    assert marks.hits(b"nothing of it, but a long text of many words and " + b"AAAA" * 100) == []
    assert tmp_path.exists()


def test_a_whole_run_by_a_process_of_its_own(hunt: Hunt) -> None:
    with watched_processes() as processes:
        finished = hunt.process(*RUN, "--delay", "0.3", "--json")
    assert finished.code == 0, finished.stdout + finished.stderr
    marks = hunt.marks()
    assert len(marks.secrets) > 4, "keys and signatures are known"
    assert any(b"top_words.py" in line for line in processes.arguments), "tasks were seen"
    assert any(b"AZ_BATCH_TASK_ID=" in environment for environment in processes.environments)
    assert processes.leaks(marks) == []
    run_id = json.loads(finished.stdout.splitlines()[-1])["run"]
    others = [
        hunt.call("runs", "show", run_id),
        hunt.call("runs", "show", run_id, "--json"),
        hunt.call("runs", "list", "--json"),
        hunt.call("runs", "download", run_id, "--output", "again", "--logs"),
        hunt.call("runs", "clean", run_id, "--yes"),
        hunt.call("accounts", "list", "--json"),
        hunt.call("accounts", "test", ACCOUNT),
        hunt.call("sandbox", "status", "--json"),
        hunt.call(*RUN, "--plan-only", "--json"),
        hunt.call("info", "--bundle", "report.txt"),
    ]
    assert [one.stderr for one in others if one.code] == []
    assert hunt.leaks(*shown(finished, *others)) == []


def test_a_run_on_the_screen(hunt: Hunt) -> None:
    terminal = Terminal(["demo", "--delay", "0.3"], hunt.folder, hunt.environment)
    try:
        with watched_processes() as processes:
            terminal.wait_for(b"Nothing has been created yet")
            terminal.type_until(b"\r", b"monitor")
            terminal.wait_for(b"all 4 tasks succeeded")
            for keys in (b"\r", b"l", b"\x1b", b"y", b"?", b"\x1b", b"q"):
                terminal.type(keys)
            terminal.exit_code_or_quit()
    finally:
        terminal.close()
    assert processes.leaks(hunt.marks()) == []
    assert hunt.leaks(terminal.shown, plain(terminal.shown), copied(terminal.shown)) == []


# Failures on the way: a sample of `python -m tests.leaks`

K = FaultKind
REFUSED_AT: tuple[tuple[SignedBy, str], ...] = (
    ("key", "PUT container"),
    ("key", "PUT blob"),
    ("key", "POST /pools"),
    ("key", "POST /jobs"),
    ("key", "POST /jobs/{job_id}/addtaskcollection"),
    ("key", "GET /jobs/{job_id}/tasks"),
    ("key", "GET blob"),
    ("key", "DELETE /pools/{pool_id}"),
)
"""In the order of a run's steps: each resumes what the one before it ended."""
TROUBLE: dict[str, list[tuple[FaultKind, SignedBy, str]]] = {
    "refusals of the program": [
        (K.INTERNAL_ERROR, "key", "PUT container"),
        (K.UNAVAILABLE, "key", "PUT blob"),
        (K.THROTTLED, "key", "POST /pools"),
        (K.UNAVAILABLE, "key", "POST /jobs/{job_id}/addtaskcollection"),
        (K.THROTTLED, "key", "GET /jobs/{job_id}/tasks"),
        (K.INTERNAL_ERROR, "key", "GET blob"),
        (K.RESET_BEFORE, "key", "DELETE /jobs/{job_id}"),
    ],
    "of the nodes": [
        (K.RESET_AFTER, "key", "POST /jobs"),
        (K.TRUNCATED, "key", "GET /jobs/{job_id}/tasks"),
        (K.TIME_OUT, "key", "GET /jobs/{job_id}/taskcounts"),
        (K.INTERNAL_ERROR, "sas", "GET blob"),
        (K.FORBIDDEN, "sas", "PUT blob"),
    ],
}


@pytest.fixture(scope="module")
def bench(hunt: Hunt) -> Iterator[Bench]:
    with opened(hunt.sandbox, hunt.root / "bench") as made:
        made.folder.mkdir()
        yield made


def test_refusals_that_quote_what_they_were_sent(bench: Bench) -> None:
    plan = FaultPlan(bench.sandbox)
    with searched(bench) as search:
        for signed_by, operation in REFUSED_AT:
            plan.put(Fault(K.FORBIDDEN, signed_by=signed_by, operation=operation, times=1, quotes=True))
            assert search.bench.execute(search.trial).exit_code == 3, operation
            quoted = "".join(seen.quoted for seen in plan.log())
            assert search.learn(plan.log())
            assert search.marks().hits(quoted.encode()) != [], "the service said a secret back"
        plan.clear()
        assert search.bench.execute(search.trial).exit_code == 0
        assert search.verdict("", "", was_met=True).problems == ()


@pytest.mark.parametrize("name", TROUBLE)
def test_trouble_on_the_way(name: str, bench: Bench) -> None:
    plan = FaultPlan(bench.sandbox)
    faults = [
        Fault(kind, signed_by=signed_by, operation=operation, times=1, quotes=True, retry_after_s=0.5)
        for kind, signed_by, operation in TROUBLE[name]
    ]
    with searched(bench) as search:
        plan.put(*faults)
        search.bench.execute(search.trial)
        met = {seen.fault for seen in plan.log() if seen.fault is not None}
        search.learn(plan.log())
        plan.clear()
        assert met == {kind for kind, _, _ in TROUBLE[name]}
        assert search.verdict("", "", was_met=True).problems == ()


def test_a_service_that_never_stops_refusing(bench: Bench) -> None:
    verdict = refuse_for_good(bench, Refused("GET container", K.UNAVAILABLE))
    assert verdict.was_met
    assert verdict.problems == ()


def test_a_crash_in_the_middle_of_a_run(bench: Bench) -> None:
    verdict = crash(bench, 12)
    assert verdict.was_met
    assert verdict.problems == ()


_KEY = base64.b64encode(bytes(range(3, 67))).decode()


def _broken_screen() -> Screen[None]:
    key = _KEY
    raise RuntimeError(f"at {key}")


def _run_with_a_defect() -> Screen[None]:
    session = FakeSession(error=RuntimeError(f"at {_KEY}"))
    return RunScreen(new_services(), new_plan(1), session)


@pytest.mark.parametrize("opening", [_broken_screen, _run_with_a_defect])
def test_a_defect_ends_the_interface_and_shows_no_variables(
    opening: Callable[[], Screen[None]], capfd: pytest.CaptureFixture[str]
) -> None:
    app = BatchTui(opening)
    app.run(headless=True, size=(80, 24))
    assert isinstance(app.defect, RuntimeError), "whoever ran it reports what it was"
    printed = capfd.readouterr()
    assert Marks({"key": _KEY}).hits((printed.out + printed.err).encode()) == []


def test_a_wrong_key_is_not_told_either(hunt: Hunt) -> None:
    """The service's refusal quotes what was signed and how."""
    wrong = base64.b64encode(b"a key that is not the account's own, but as long as one is: 64 b").decode()
    pasted = "".join(
        f"{name}={wrong if name == 'AZURE_BATCH_ACCESS_KEY' else value}\n"
        for name, value in hunt.sandbox.environment.items()
        if name != "AZURE_STORAGE_CONNECTION_STRING"
    )
    added = hunt.call("accounts", "add", "wrong", "--storage-endpoint", hunt.sandbox.blob_endpoint, pasted=pasted)
    tested = hunt.call("accounts", "test", "wrong")
    run = hunt.call("run", "top-words", "a.txt", "--account", "wrong")
    assert (added.code, tested.code, run.code) == (0, 3, 3)
    marks = Marks({**hunt.marks().secrets, "wrong key": wrong})
    said = shown(added, tested, run)
    assert [name for text in said for name in marks.hits(text.encode())] == []
    assert hunt.call("accounts", "remove", "wrong", "--yes").code == 0
    assert hunt.leaks(*said) == []


def test_a_crash_with_secrets_in_hand(hunt: Hunt) -> None:
    redact.register(hunt.sandbox.batch_key, hunt.sandbox.storage_key)
    signature = base64.b64encode(hashlib.sha256(b"what only the account's owner can sign").digest()).decode("ascii")
    url = f"https://x.blob.core.windows.net/c?sv=1&sig={signature.replace('+', '%2B').replace('/', '%2F')}&se=2"
    try:
        try:
            raise OSError(f"{url} {hunt.sandbox.batch_key}")
        except OSError as first:
            raise RuntimeError(json.dumps({"url": url, "nested": json.dumps([hunt.sandbox.storage_key])})) from first
    except RuntimeError as problem:
        report = write_crash_report(problem, hunt.root / "state" / "batch-tui" / "log", "now")
    assert report is not None
    assert hunt.call("info", "--bundle", "after the crash.txt").code == 0
    assert hunt.leaks() == []
    assert leaks_in_files(Marks({"signature": signature}), [hunt.root], ()) == []
