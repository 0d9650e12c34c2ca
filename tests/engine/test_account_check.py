"""The checklist: what runs when, what rests on what, and the words of every failure a person can be met with."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from tests.support.fakes import FakeClock
from tui.core.account_check import Check, Checklist, CheckResult, CheckState
from tui.core.accounts import Account, AccountKind
from tui.core.errors import (
    AccessRefused,
    BatchTuiError,
    Interrupted,
    NotFound,
    ServiceFault,
    Unreachable,
)
from tui.core.redaction import Secret
from tui.engine.account_check import AccountProbe, check_account

KEY = "c2VjcmV0LWtleS1vZi10aGUtYWNjb3VudC0x"
ACCOUNT = Account(
    name="mine",
    kind=AccountKind.SHARED_KEY,
    batch_account="mybatch",
    batch_endpoint="https://mybatch.westeurope.batch.azure.com",
    storage_account="mystore",
    storage_endpoint="https://mystore.blob.core.windows.net",
    batch_key=Secret(KEY),
    storage_key=Secret(KEY),
)
SANDBOX = replace(
    ACCOUNT,
    kind=AccountKind.SANDBOX,
    batch_endpoint="http://127.0.0.1:4001",
    storage_endpoint="http://127.0.0.1:4002/mystore",
)
MINUTE_S = 60.0
PATIENCE_S = 20.0


def nothing_wrong() -> None:
    return


@dataclass
class FakeProbe:
    """Services that are well, but for what a test says; `on` runs before a question is answered."""

    clock: FakeClock
    skew_s: float = 0.0
    tells_time: bool = True
    errors: dict[str, BatchTuiError] = field(default_factory=dict)
    on: dict[str, Callable[[], None]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def _ask(self, question: str) -> None:
        self.asked.append(question)
        self.on.get(question, nothing_wrong)()
        if question in self.errors:
            raise self.errors[question]

    def resolve_batch(self) -> str:
        self._ask("resolve_batch")
        return "resolves to 192.0.2.7"

    def resolve_storage(self) -> str:
        self._ask("resolve_storage")
        return "resolves to 192.0.2.8"

    def _time(self) -> float | None:
        return self.clock.now_s() - self.skew_s if self.tells_time else None

    def batch_time_s(self) -> float | None:
        self._ask("batch_time_s")
        return self._time()

    def storage_time_s(self) -> float | None:
        self._ask("storage_time_s")
        return self._time()

    def count_pools(self) -> int:
        self._ask("count_pools")
        return 2

    def count_containers(self) -> int:
        self._ask("count_containers")
        return 1

    def try_shared_access(self) -> None:
        self._ask("try_shared_access")


class Examination:
    """One run of the checklist on a fake, with everything it told."""

    def __init__(self, account: Account = ACCOUNT) -> None:
        self.account = account
        self.clock = FakeClock()
        self.probe = FakeProbe(self.clock)
        self.stop = threading.Event()
        self.told: list[CheckResult] = []

    def run(self) -> Checklist:
        probe: AccountProbe = self.probe
        return check_account(self.account, probe, self.clock, self.stop, self.told.append)

    def states(self) -> dict[Check, CheckState]:
        return {check: result.state for check, result in self.run().results.items()}


@pytest.fixture
def examination() -> Examination:
    return Examination()


def refused(code: str, title: str, *details: tuple[str, str], status: int = 403) -> AccessRefused:
    return AccessRefused(title, "asking: it said no", "a hint", status=status, code=code, details=details)


class TestCourse:
    def test_all_well(self, examination: Examination) -> None:
        checklist = examination.run()
        assert checklist.is_good
        assert [result.detail for result in checklist.results.values()] == [
            "resolves to 192.0.2.7",
            "resolves to 192.0.2.8",
            "agrees with the service's",
            "granted; the account has 2 pools",
            "granted; the account has 1 container",
            "a SAS wrote and read a file in a container of ours, deleted again",
        ]

    def test_each_check_is_told_when_it_begins_and_when_it_ends(self, examination: Examination) -> None:
        examination.run()
        for check in Check:
            states = [result.state for result in examination.told if result.check is check]
            assert states == [CheckState.RUNNING, CheckState.PASSED]

    def test_batch_and_storage_are_asked_at_the_same_time(self, examination: Examination) -> None:
        both = threading.Barrier(2)
        for question in ("count_pools", "count_containers"):
            examination.probe.on[question] = lambda: void(both.wait(PATIENCE_S))
        assert examination.run().is_good

    def test_a_result_is_told_before_the_slower_ones_are_there(self, examination: Examination) -> None:
        storage_settled = threading.Event()
        told = examination.told.append

        def report(result: CheckResult) -> None:
            told(result)
            if result == CheckResult(Check.STORAGE_ADDRESS, CheckState.PASSED, "resolves to 192.0.2.8"):
                storage_settled.set()

        examination.probe.on["resolve_batch"] = lambda: void(storage_settled.wait(PATIENCE_S))
        checklist = check_account(ACCOUNT, examination.probe, examination.clock, examination.stop, report)
        assert storage_settled.is_set()
        assert checklist.is_good

    def test_what_rests_on_a_failed_check_is_not_tried(self, examination: Examination) -> None:
        examination.probe.errors["resolve_storage"] = Unreachable("x", "there is no such host")
        states = examination.states()
        assert states[Check.STORAGE_ADDRESS] is CheckState.FAILED
        assert states[Check.STORAGE_ACCESS] is states[Check.SHARED_ACCESS] is CheckState.NOT_TRIED
        assert states[Check.BATCH_ACCESS] is CheckState.PASSED
        assert not {"count_containers", "try_shared_access"} & set(examination.probe.asked)
        untried = [result.detail for result in examination.told if result.state is CheckState.NOT_TRIED]
        assert untried == ["not tried: “Storage address” has to be mended first"] * 2

    def test_a_silent_service_is_given_up_at_the_limit_and_may_answer_too_late(self, examination: Examination) -> None:
        begun, released = threading.Event(), threading.Event()

        def silence() -> None:
            begun.set()
            released.wait(PATIENCE_S)

        def report(result: CheckResult) -> None:
            examination.told.append(result)
            if result.check is Check.STORAGE_ACCESS and result.state is CheckState.PASSED:
                begun.wait(PATIENCE_S)
                examination.clock.advance(11)

        examination.probe.on["count_pools"] = silence
        examination.probe.on["try_shared_access"] = lambda: void(examination.probe.asked)
        checklist = check_account(ACCOUNT, examination.probe, examination.clock, examination.stop, report)
        released.set()
        result = checklist.results[Check.BATCH_ACCESS]
        assert (result.state, result.detail) == (CheckState.FAILED, "no answer within 10 s")
        assert "firewall" in result.remedy
        assert checklist.results[Check.SHARED_ACCESS].state is CheckState.PASSED

    def test_stops_at_once_though_a_call_is_under_way(self, examination: Examination) -> None:
        released = threading.Event()

        def silence() -> None:
            examination.stop.set()
            released.wait(PATIENCE_S)

        examination.probe.on["count_pools"] = silence
        with pytest.raises(Interrupted):
            examination.run()
        released.set()

    def test_read_only_writes_nothing_and_is_good_without(self, examination: Examination) -> None:
        probe = examination.probe
        checklist = check_account(
            ACCOUNT, probe, examination.clock, examination.stop, examination.told.append, may_write=False
        )
        assert checklist.is_good
        assert checklist.results[Check.SHARED_ACCESS].state is CheckState.NOT_TRIED
        assert "try_shared_access" not in probe.asked

    def test_a_defect_reaches_the_caller(self, examination: Examination) -> None:
        def defect() -> None:
            raise ZeroDivisionError

        examination.probe.on["count_pools"] = defect
        with pytest.raises(ZeroDivisionError):
            examination.run()


class TestNamedFailures:
    """One cause, one ✗, and it says which."""

    def only_failure(self, examination: Examination) -> CheckResult:
        failed = examination.run().failed
        assert len(failed) == 1
        assert failed[0].remedy
        return failed[0]

    def test_wrong_key(self, examination: Examination) -> None:
        examination.probe.errors["count_pools"] = refused(
            "AuthenticationFailed",
            "Batch does not accept the account key",
            (
                "AuthenticationErrorDetail",
                "The MAC signature found in the HTTP request is not the same as any computed",
            ),
        )
        failure = self.only_failure(examination)
        assert failure.check is Check.BATCH_ACCESS
        assert failure.detail == "the Batch key is not the key of account mybatch"
        assert "az batch account keys list" in failure.remedy

    def test_wrong_account_name_where_the_service_tells(self) -> None:
        examination = Examination(SANDBOX)
        examination.probe.errors["count_pools"] = refused(
            "AuthenticationFailed",
            "Batch does not accept the account key",
            ("AuthenticationErrorDetail", "The specified account does not exist."),
        )
        assert self.only_failure(examination).detail == "Batch knows no account mybatch at this address"

    def test_wrong_account_name_where_the_address_tells(self) -> None:
        examination = Examination(replace(ACCOUNT, batch_account="other"))
        failure = self.only_failure(examination)
        assert failure.check is Check.BATCH_ADDRESS
        assert failure.detail == "the address is that of account mybatch, the account name given is other"
        assert "resolve_batch" not in examination.probe.asked

    def test_key_or_name_where_nobody_tells(self, examination: Examination) -> None:
        examination.probe.errors["count_pools"] = refused(
            "AuthenticationFailed", "Batch does not accept the account key"
        )
        failure = self.only_failure(examination)
        assert "which of the two" in failure.remedy

    def test_wrong_url(self, examination: Examination) -> None:
        examination.probe.errors["resolve_batch"] = Unreachable("x", "there is no such host as nowhere.azure.com")
        failure = self.only_failure(examination)
        assert failure.check is Check.BATCH_ADDRESS
        assert failure.detail == "there is no such host as nowhere.azure.com"
        assert "account name mybatch" in failure.remedy

    @pytest.mark.parametrize(
        "error",
        [NotFound("x", "y", status=404), ServiceFault("Batch gave an answer that makes no sense", "y")],
        ids=["404", "nonsense"],
    )
    def test_url_of_something_else(self, examination: Examination, error: BatchTuiError) -> None:
        examination.probe.errors["count_pools"] = error
        assert "it is not the Batch service" in self.only_failure(examination).detail

    def test_service_down(self) -> None:
        examination = Examination(SANDBOX)
        down = Unreachable("Batch cannot be reached", "asking: 127.0.0.1:4001 refuses the connection", "Start it.")
        examination.probe.errors |= {"batch_time_s": down, "count_pools": down}
        failure = self.only_failure(examination)
        assert failure.detail == "Batch does not answer: 127.0.0.1:4001 refuses the connection"
        assert failure.remedy == "Start it."
        # The clock is compared with the service that does answer.
        assert CheckResult(Check.CLOCK, CheckState.PASSED, "agrees with the service's") in examination.told

    def test_storage_down(self, examination: Examination) -> None:
        examination.probe.errors["count_containers"] = Unreachable(
            "x", "asking: mystore did not answer in time", "Wait."
        )
        failure = self.only_failure(examination)
        assert failure.check is Check.STORAGE_ACCESS
        assert failure.detail == "Storage does not answer: mystore did not answer in time"

    def test_clock_off(self, examination: Examination) -> None:
        examination.probe.skew_s = -42 * MINUTE_S
        failure = self.only_failure(examination)
        assert failure.check is Check.CLOCK
        assert failure.detail == "this machine's clock is 42 min 00 s behind the service's"
        assert "count_pools" not in examination.probe.asked

    def test_a_clock_that_was_set_since_we_started_is_judged_as_it_is_now(self, examination: Examination) -> None:
        examination.clock.set_by_s = 42 * MINUTE_S
        assert self.only_failure(examination).detail == "this machine's clock is 42 min 00 s ahead of the service's"

    def test_everything_down_is_said_of_both_services_and_the_clock_is_unknown(self, examination: Examination) -> None:
        down = Unreachable("x", "asking: no answer", "Look at the network.")
        for question in ("batch_time_s", "storage_time_s", "count_pools", "count_containers"):
            examination.probe.errors[question] = down
        assert examination.states() == {
            Check.BATCH_ADDRESS: CheckState.PASSED,
            Check.STORAGE_ADDRESS: CheckState.PASSED,
            Check.CLOCK: CheckState.NOT_TRIED,
            Check.BATCH_ACCESS: CheckState.FAILED,
            Check.STORAGE_ACCESS: CheckState.FAILED,
            Check.SHARED_ACCESS: CheckState.NOT_TRIED,
        }

    def test_sas_refused(self, examination: Examination) -> None:
        examination.probe.errors["try_shared_access"] = refused("AuthorizationFailure", "x")
        failure = self.only_failure(examination)
        assert failure.check is Check.SHARED_ACCESS
        assert "SAS" in failure.remedy

    def test_a_service_without_a_clock_stands_in_nobodys_way(self, examination: Examination) -> None:
        examination.probe.tells_time = False
        checklist = examination.run()
        assert checklist.is_good
        assert checklist.results[Check.CLOCK].detail == "not known: no service told the time"

    def test_no_word_shows_a_key(self, examination: Examination) -> None:
        examination.probe.errors["count_pools"] = refused(
            "AuthenticationFailed", "Batch does not accept the account key"
        )
        examination.run()
        assert KEY not in repr(examination.told)


def void(_value: object) -> None:
    """A callback's result that nobody wants."""
