"""The live checklist: each check runs as soon as nothing holds it up, and is told the moment it is settled.

Checks run on daemon threads, because a call under way cannot be cancelled; all results are told from the caller's
thread. No check is waited for longer than its limit, and a set stop signal ends the wait at once.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from tui.core.account_check import (
    Check,
    Checklist,
    CheckResult,
    CheckState,
    blocked,
    judge_address,
    judge_clock,
    judge_error,
    not_tried,
    passed,
    timed_out,
)
from tui.core.accounts import Account
from tui.core.errors import BatchTuiError, Interrupted
from tui.core.ports import ClockPort, StopSignal
from tui.core.units import count_text

CHECK_LIMIT_S = 10.0

_STOP_CHECK_S = 0.1
"""How long the wait for a result overlooks the stop signal and the limits."""


class AccountProbe(Protocol):
    """One account's services, asked one small question at a time; from several threads at once.

    Every method blocks, and raises only errors of `tui.core.errors`.
    """

    def resolve_batch(self) -> str:
        """Where the Batch endpoint is found, in words: `resolves to 20.50.4.5`."""
        ...

    def resolve_storage(self) -> str: ...

    def batch_time_s(self) -> float | None:
        """The service's clock in Unix seconds, as any of its answers tells it, a refusal too; None where none does."""
        ...

    def storage_time_s(self) -> float | None: ...

    def count_pools(self) -> int: ...

    def count_containers(self) -> int: ...

    def try_shared_access(self) -> None:
        """Writes and reads a blob with SAS made here, in a container made for it and deleted afterwards."""
        ...


@dataclass(frozen=True, slots=True)
class _Settled:
    """A check's last word; `defect` is what nobody foresaw."""

    check: Check
    result: CheckResult | None = None
    defect: BaseException | None = None


def check_account(
    account: Account,
    probe: AccountProbe,
    clock: ClockPort,
    stop: StopSignal,
    report: Callable[[CheckResult], None],
    *,
    may_write: bool = True,
    limit_s: float = CHECK_LIMIT_S,
) -> Checklist:
    """Every check settled, each told to `report` when it begins and when it ends. Interrupted once `stop` is set.

    Where it may not write, shared access is not tried: that takes a container of its own.
    """
    return _Examination(account, probe, clock, stop, report, limit_s).run(may_write)


class _Examination:
    """One run of the checklist."""

    def __init__(
        self,
        account: Account,
        probe: AccountProbe,
        clock: ClockPort,
        stop: StopSignal,
        report: Callable[[CheckResult], None],
        limit_s: float,
    ) -> None:
        self._questions = _questions(account, probe, clock)
        self._account = account
        self._clock = clock
        self._stop = stop
        self._report = report
        self._limit_s = limit_s
        self._list = Checklist()
        self._deadlines: dict[Check, float] = {}
        self._mailbox: queue.SimpleQueue[_Settled] = queue.SimpleQueue()

    def run(self, may_write: bool) -> Checklist:
        if not may_write:
            self._tell(not_tried(Check.SHARED_ACCESS, "it writes, and this program was started read-only"))
        self._begin_ready()
        while not self._list.is_over:
            if self._stop.is_set():
                raise Interrupted("The check was stopped")
            try:
                settled = self._mailbox.get(timeout=_STOP_CHECK_S)
            except queue.Empty:
                self._give_up_late()
            else:
                if settled.defect is not None:
                    raise settled.defect
                # A check that was given up may still answer; what was told stays.
                if settled.result is not None and settled.check in self._deadlines:
                    self._settle(settled.result)
            self._begin_ready()
        return self._list

    def _begin_ready(self) -> None:
        while ready := self._list.ready:
            for check in ready:
                obstacle = self._list.obstacle(check)
                if obstacle is not None:
                    self._settle(blocked(check, obstacle))
                else:
                    self._begin(check)

    def _begin(self, check: Check) -> None:
        self._tell(CheckResult(check, CheckState.RUNNING))
        self._deadlines[check] = self._clock.monotonic_s() + self._limit_s
        threading.Thread(target=self._ask, args=(check,), name=f"check {check}", daemon=True).start()

    def _ask(self, check: Check) -> None:
        try:
            self._mailbox.put(_Settled(check, self._answer(check)))
        except BaseException as defect:  # outermost of its thread: handed to the caller, which raises it
            self._mailbox.put(_Settled(check, defect=defect))

    def _answer(self, check: Check) -> CheckResult:
        try:
            return self._questions[check]()
        except BatchTuiError as error:
            return judge_error(check, self._account, error)

    def _give_up_late(self) -> None:
        now_s = self._clock.monotonic_s()
        for check in [check for check, deadline_s in self._deadlines.items() if now_s >= deadline_s]:
            self._settle(timed_out(check, self._limit_s))

    def _settle(self, result: CheckResult) -> None:
        self._deadlines.pop(result.check, None)
        self._tell(result)

    def _tell(self, result: CheckResult) -> None:
        self._list = self._list.with_result(result)
        self._report(result)


def _questions(account: Account, probe: AccountProbe, clock: ClockPort) -> Mapping[Check, Callable[[], CheckResult]]:
    """What each check asks, and how it reads the answer."""

    def batch_address() -> CheckResult:
        mismatch = judge_address(Check.BATCH_ADDRESS, account)
        return mismatch or passed(Check.BATCH_ADDRESS, probe.resolve_batch())

    def storage_address() -> CheckResult:
        mismatch = judge_address(Check.STORAGE_ADDRESS, account)
        return mismatch or passed(Check.STORAGE_ADDRESS, probe.resolve_storage())

    def service_clock() -> CheckResult:
        for ask in (probe.batch_time_s, probe.storage_time_s):
            try:
                theirs_s = ask()
            except BatchTuiError:
                continue  # a service that does not answer is the next checks' to tell
            if theirs_s is not None:
                return judge_clock(clock.wall_s(), theirs_s)
        return judge_clock(clock.wall_s(), None)

    def batch_access() -> CheckResult:
        return passed(Check.BATCH_ACCESS, f"granted; the account has {count_text(probe.count_pools(), 'pool')}")

    def storage_access() -> CheckResult:
        found = count_text(probe.count_containers(), "container")
        return passed(Check.STORAGE_ACCESS, f"granted; the account has {found}")

    def shared_access() -> CheckResult:
        probe.try_shared_access()
        return passed(Check.SHARED_ACCESS, "a SAS wrote and read a file in a container of ours, deleted again")

    return {
        Check.BATCH_ADDRESS: batch_address,
        Check.STORAGE_ADDRESS: storage_address,
        Check.CLOCK: service_clock,
        Check.BATCH_ACCESS: batch_access,
        Check.STORAGE_ACCESS: storage_access,
        Check.SHARED_ACCESS: shared_access,
    }
