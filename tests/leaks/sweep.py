"""A failure at each call of a run, for once and for good, and a crash at each record; all that got out is searched.

A service that refuses says back all it was sent: signatures, signed URLs, authorization headers, bodies. Of every run
are searched its journal, its outputs, its crash report, what each front end makes of it, and every process's arguments.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from urllib.parse import unquote

from azure.core.credentials import AzureNamedKeyCredential

from tests.faults import calls, kills
from tests.faults.bench import TIMEOUTS, Bench, Trial
from tests.faults.matrix import Campaign, Verdict
from tests.leaks.marks import Marks, SeenProcesses, files_below, leaks_in_files, watched_processes
from tests.leaks.told import printed, shown_again
from tests.support.faults import Fault, FaultKind, FaultPlan, Seen, with_fault
from tui.console.errors import error_json, error_lines, write_crash_report
from tui.console.safe_text import shown
from tui.core.accounts import account_of_environment
from tui.core.errors import BatchTuiError
from tui.core.redaction import Secret
from tui.core.specs import Permissions
from tui.engine.journal import append
from tui.engine.patience import Patience
from tui.gateways.sas import SasSigner, key_signer
from tui.gateways.storage import BlobGateway

REFUSALS = (FaultKind.FORBIDDEN, FaultKind.INTERNAL_ERROR, FaultKind.UNAVAILABLE, FaultKind.THROTTLED)
_SHORT_OF_PATIENCE = Patience(step_s=2.0, watch_s=2.0)
_CLIENT_GIVES_UP_S = 10.0
_NODE_WAITS_S = 2.0
_WATCHED_EVERY_S = 0.05
_AUTHORIZATION = re.compile(r"SharedKey(?:Lite)? [^:\s]+:([A-Za-z0-9+/]{43}=)")
_SIGNATURE = re.compile(r"sig=([A-Za-z0-9%+/]{43,}(?:=|%3D|%253D))")


class RememberingStorage(BlobGateway):
    """Storage that knows every signature it gave."""

    def __init__(self, account_name: str, key: Secret, endpoint: str) -> None:
        self.signed: set[str] = set()
        credential = AzureNamedKeyCredential(account_name, key.reveal())
        super().__init__(account_name, endpoint, credential, self._remembering(account_name, key, endpoint), TIMEOUTS)

    def _remembering(self, account_name: str, key: Secret, endpoint: str) -> SasSigner:
        sign = key_signer(account_name, key, endpoint)

        def remembered(container: str, permissions: Permissions, expires_s: int) -> Secret:
            query = sign(container, permissions, expires_s)
            self.signed |= signatures_in(query.reveal())
            return query

        return remembered


def signatures_in(text: str) -> set[str]:
    """The signatures of SAS and of requests that stand in `text`, in their plain form."""
    found = {unquote(unquote(match)) for match in _SIGNATURE.findall(text)}
    return found | set(_AUTHORIZATION.findall(text))


@dataclass(slots=True)
class Searched:
    """One run and all that is known to get out of it."""

    bench: Bench
    trial: Trial
    storage: RememberingStorage
    processes: SeenProcesses
    signatures: set[str] = field(default_factory=set)
    said: list[str] = field(default_factory=list)

    def learn(self, log: Sequence[Seen]) -> bool:
        """Takes the signatures that refusals quoted for secrets, too; whether anything failed."""
        for seen in log:
            self.signatures |= signatures_in(seen.quoted)
        return any(seen.fault is not None for seen in log)

    def marks(self) -> Marks:
        secrets = {"batch key": self.bench.sandbox.batch_key, "storage key": self.bench.sandbox.storage_key}
        for number, signature in enumerate(sorted(self.signatures | self.storage.signed)):
            secrets[f"signature {number}"] = signature
        return Marks(secrets)

    def verdict(self, group: str, case: str, was_met: bool) -> Verdict:
        """What was found, and in how much."""
        trial, marks = self.trial, self.marks()
        self.said += [printed(trial.plan, trial.events), shown_again(trial.journals, trial.plan.run_id)]
        told = "\n".join(self.said).encode("utf-8", "surrogateescape")
        hits = [f"shown: {name}" for name in marks.hits(told)]
        hits += leaks_in_files(marks, [trial.folder], ())
        hits += self.processes.leaks(marks)
        size_bytes = len(told) + sum(path.stat().st_size for path in files_below(trial.folder))
        size_bytes += sum(map(len, self.processes.arguments | self.processes.environments))
        self.bench.sweep()
        self.bench.close(trial, [])
        return Verdict(group, case, was_met, tuple(hits), size_bytes)


@contextmanager
def searched(bench: Bench) -> Iterator[Searched]:
    """A run to be, whose signatures are remembered and beside which every process is looked at."""
    account = account_of_environment(bench.sandbox.environment)
    assert account is not None
    storage = RememberingStorage(account.storage_account, account.storage_key, account.storage_endpoint)
    try:
        with watched_processes(_WATCHED_EVERY_S) as processes:
            remembering = replace(bench, storage=storage)
            yield Searched(remembering, remembering.new_trial(), storage, processes)
    finally:
        storage.close()


# For once


def fail_once(bench: Bench, case: calls.Case) -> Verdict:
    """One request fails, and the run is resumed where that ended it."""
    key, kind = case
    with searched(bench) as search:
        trial = search.trial
        delay_s = _CLIENT_GIVES_UP_S if key.signed_by == "key" else _NODE_WAITS_S
        names = {trial.plan.run_id: "{run}"}
        with with_fault(bench.sandbox, key, kind, names, delay_s=delay_s, retry_after_s=1.0, quotes=True) as fault:
            summary = search.bench.execute(trial)
            was_met = search.learn(fault.log())
        if summary.exit_code == 3:
            search.bench.execute(trial)
        return search.verdict(kind.value, str(key), was_met)


# For good


@dataclass(frozen=True, slots=True)
class Refused:
    """An operation that is refused however often it is asked for."""

    operation: str
    kind: FaultKind


def every_operation(bench: Bench) -> Sequence[Refused]:
    operations = sorted({key.operation for key in calls.calls_of_a_run(bench)})
    cases = [Refused(operation, kind) for operation in operations for kind in REFUSALS]
    random.Random(0).shuffle(cases)
    return cases


def refuse_for_good(bench: Bench, case: Refused) -> Verdict:
    """The run gives up, saying why."""
    with searched(bench) as search:
        plan = FaultPlan(bench.sandbox)
        plan.put(Fault(case.kind, operation=case.operation, retry_after_s=1.0, quotes=True))
        search.bench.execute(search.trial, patience=_SHORT_OF_PATIENCE)
        was_met = search.learn(plan.log())
        try:
            search.bench.storage.list_containers()
            search.bench.batch.list_pools()
        except BatchTuiError as problem:  # as a command says it that is no run
            search.said += [*map(shown, error_lines(problem)), shown(json.dumps(error_json(problem)))]
            search.learn(plan.log())
        plan.clear()
        return search.verdict(f"{case.kind.value} for good", case.operation, was_met)


# Crashes


def every_record(bench: Bench) -> Sequence[int]:
    """But the first, before which a run knows and has nothing."""
    return range(2, kills.records_of_a_run(bench) + 1)


class Defect(Exception):
    """What nobody foresaw."""


def crash(bench: Bench, number: int) -> Verdict:
    """The program itself fails at a record, with everything in hand that it works with."""
    with searched(bench) as search:
        written = 0

        def write(file: int, content: bytes, durable: bool) -> None:
            nonlocal written
            written += 1
            if written == number:
                _fail_with_secrets(search)
            append(file, content, durable)

        try:
            search.bench.execute(search.trial, write)
        except Defect as problem:
            report = write_crash_report(problem, search.trial.folder / "log", "now")
            assert report is not None
            search.said.append(report.read_text())
        return search.verdict("crash", f"record {number}", written >= number)


def _fail_with_secrets(search: Searched) -> None:
    sandbox, container = search.bench.sandbox, search.trial.plan.input_container
    url = search.storage.sign(container, "r", 2_000_000_000.0, "a.txt").reveal()
    try:
        raise OSError(5, f"{url}: {sandbox.batch_key}", url)
    except OSError as cause:
        nested = json.dumps({"url": url, "as text": json.dumps([sandbox.storage_key, url])})
        raise Defect(nested, {"AccountKey": sandbox.storage_key}) from cause


CALLS = Campaign("a failure at every call", calls.full_matrix, fail_once)
FOR_GOOD = Campaign("an operation refused for good", every_operation, refuse_for_good)
CRASHES = Campaign("a crash at every record", every_record, crash)
