"""The checklist of an account: what is looked at, what rests on what, and what each outcome says. No I/O.

One cause makes one ✗: what rests on a failed check is not tried. Every ✗ says what is wrong and what to do about it,
and neither ever quotes a key.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Literal
from urllib.parse import urlsplit

from tui.core.accounts import Account, AccountKind, is_loopback
from tui.core.errors import (
    AccessRefused,
    BatchTuiError,
    NotFound,
    RequestRefused,
    ServiceError,
    ServiceFault,
    Unreachable,
)
from tui.core.units import duration_text

TOLERATED_SKEW_S = 15 * 60
"""Both services refuse a request that is dated further from their clock."""

_NOTICED_SKEW_S = 60
"""Less than this is no news to anybody."""

_BATCH_HOST = re.compile(r"(?P<account>[a-z0-9]+)\..*\bbatch\.(?:azure|chinacloudapi|usgovcloudapi)\.\w+")
_BLOB_HOST = re.compile(r"(?P<account>[a-z0-9]+)(?:-secondary)?\.(?:[a-z0-9]+\.)?blob\.(?:core|storage)\.[\w.]+")
"""Hosts that Azure names after the account: `<account>.<region>.batch.azure.com`, `<account>.blob.core.windows.net`."""

_UNKNOWN_ACCOUNT = re.compile(r"(?i)account\b[^'\"]*\b(?:not exist|not found|unknown)")


class Check(StrEnum):
    """What is looked at, in the order it is shown."""

    BATCH_ADDRESS = "Batch address"
    STORAGE_ADDRESS = "Storage address"
    CLOCK = "Clock"
    BATCH_ACCESS = "Batch access"
    STORAGE_ACCESS = "Storage access"
    SHARED_ACCESS = "Shared access"


class CheckState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    PASSED = "passed"
    FAILED = "failed"
    NOT_TRIED = "not tried"

    @property
    def is_settled(self) -> bool:
        return self not in (CheckState.WAITING, CheckState.RUNNING)


@dataclass(frozen=True, slots=True)
class CheckResult:
    """Where one check stands."""

    check: Check
    state: CheckState
    detail: str = ""
    """What was found, or what is wrong."""
    remedy: str = ""
    """What to do about it; only a failed check has one."""


@dataclass(frozen=True, slots=True)
class CheckRule:
    """When a check can begin: once `after` are settled, and not at all where one of `needs` failed."""

    question: str
    after: tuple[Check, ...] = ()
    needs: tuple[Check, ...] = ()


RULES: Mapping[Check, CheckRule] = MappingProxyType(
    {
        Check.BATCH_ADDRESS: CheckRule("is well formed and resolves"),
        Check.STORAGE_ADDRESS: CheckRule("is well formed and resolves"),
        Check.CLOCK: CheckRule(
            "is within 15 minutes of the service's", after=(Check.BATCH_ADDRESS, Check.STORAGE_ADDRESS)
        ),
        Check.BATCH_ACCESS: CheckRule(
            "answers to these credentials", after=(Check.CLOCK,), needs=(Check.BATCH_ADDRESS, Check.CLOCK)
        ),
        Check.STORAGE_ACCESS: CheckRule(
            "lists its containers", after=(Check.CLOCK,), needs=(Check.STORAGE_ADDRESS, Check.CLOCK)
        ),
        Check.SHARED_ACCESS: CheckRule(
            "a SAS made here writes and reads, in a temporary container",
            after=(Check.STORAGE_ACCESS,),
            needs=(Check.STORAGE_ADDRESS, Check.CLOCK, Check.STORAGE_ACCESS),
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Checklist:
    """Every check with where it stands; each result makes a new list."""

    results: Mapping[Check, CheckResult] = field(
        default_factory=lambda: MappingProxyType({check: CheckResult(check, CheckState.WAITING) for check in Check})
    )

    def with_result(self, result: CheckResult) -> Checklist:
        return Checklist(MappingProxyType({**self.results, result.check: result}))

    @property
    def ready(self) -> tuple[Check, ...]:
        """Waiting checks that nothing holds up any more."""
        return tuple(
            check
            for check, result in self.results.items()
            if result.state is CheckState.WAITING
            and all(self.results[earlier].state.is_settled for earlier in RULES[check].after)
        )

    def obstacle(self, check: Check) -> Check | None:
        """The failed check that makes trying this one pointless."""
        failed = (need for need in RULES[check].needs if self.results[need].state is CheckState.FAILED)
        return next(failed, None)

    @property
    def is_over(self) -> bool:
        return all(result.state.is_settled for result in self.results.values())

    @property
    def is_good(self) -> bool:
        """Whether nothing stands against using the account: what was not tried rests on nothing that failed."""
        return self.is_over and not self.failed

    @property
    def failed(self) -> tuple[CheckResult, ...]:
        return tuple(result for result in self.results.values() if result.state is CheckState.FAILED)


def passed(check: Check, detail: str) -> CheckResult:
    return CheckResult(check, CheckState.PASSED, detail)


def not_tried(check: Check, why: str) -> CheckResult:
    return CheckResult(check, CheckState.NOT_TRIED, f"not tried: {why}")


def blocked(check: Check, obstacle: Check) -> CheckResult:
    return not_tried(check, f"“{obstacle}” has to be mended first")


def timed_out(check: Check, limit_s: float) -> CheckResult:
    return CheckResult(
        check,
        CheckState.FAILED,
        f"no answer within {limit_s:.0f} s",
        "Something swallows what is sent: look at VPN, firewall and proxy; HTTPS_PROXY names the one to use.",
    )


def judge_address(check: Literal[Check.BATCH_ADDRESS, Check.STORAGE_ADDRESS], account: Account) -> CheckResult | None:
    """The failure where address and account name belong to different accounts; None where they may fit.

    Azure names the host after the account, an emulator ends the path with it. Anything else tells nothing.
    """
    is_batch = check is Check.BATCH_ADDRESS
    endpoint, name = (
        (account.batch_endpoint, account.batch_account)
        if is_batch
        else (account.storage_endpoint, account.storage_account)
    )
    owner = batch_owner(endpoint) if is_batch else storage_owner(endpoint)
    if owner is None or owner == name:
        return None
    place = "the Batch account's page" if is_batch else "the storage account's page"
    return CheckResult(
        check,
        CheckState.FAILED,
        f"the address is that of account {owner}, the account name given is {name}",
        f"Correct the one that is wrong; {place} in the portal shows both.",
    )


def judge_clock(ours_s: float, theirs_s: float | None) -> CheckResult:
    """This machine's clock against a service's, both in Unix seconds; None where no service told its own."""
    if theirs_s is None:
        return CheckResult(Check.CLOCK, CheckState.NOT_TRIED, "not known: no service told the time")
    skew_s = ours_s - theirs_s
    if abs(skew_s) < _NOTICED_SKEW_S:
        return passed(Check.CLOCK, "agrees with the service's")
    direction = "ahead of" if skew_s > 0 else "behind"
    words = f"{duration_text(abs(skew_s))} {direction} the service's"
    if abs(skew_s) <= TOLERATED_SKEW_S:
        return passed(Check.CLOCK, f"{words}; up to 15 minutes are accepted")
    return CheckResult(
        Check.CLOCK,
        CheckState.FAILED,
        f"this machine's clock is {words}",
        "Set it: every signature is refused otherwise. `timedatectl set-ntp true` keeps it right on Linux.",
    )


def judge_error(check: Check, account: Account, error: BatchTuiError) -> CheckResult:
    """What an error means for this check of this account, with the remedy that fits best."""
    detail, remedy = _words(check, account, error)
    return CheckResult(check, CheckState.FAILED, detail, remedy)


def _words(check: Check, account: Account, error: BatchTuiError) -> tuple[str, str]:
    service = "Batch" if check in (Check.BATCH_ADDRESS, Check.BATCH_ACCESS) else "Storage"
    endpoint = account.batch_endpoint if service == "Batch" else account.storage_endpoint
    host = urlsplit(endpoint).hostname or endpoint
    if check in (Check.BATCH_ADDRESS, Check.STORAGE_ADDRESS):
        return _reason(error), error.hint or _unknown_host_remedy(service, account)
    if isinstance(error, AccessRefused):
        return _refusal(check, account, error)
    if isinstance(error, Unreachable):
        return f"{service} does not answer: {_reason(error)}", error.hint
    makes_no_sense = isinstance(error, ServiceFault) and error.status is None
    if (makes_no_sense or isinstance(error, NotFound | RequestRefused)) and check is not Check.SHARED_ACCESS:
        return (
            f"something answers at {host}, but it is not the {service} service of this account",
            f"Check the {service} address of the account.",
        )
    return f"{error.title}: {_reason(error)}" if error.what else error.title, error.hint


def _refusal(check: Check, account: Account, error: AccessRefused) -> tuple[str, str]:
    """A 401 or 403, or credentials that could not be had at all."""
    if account.kind is AccountKind.ENTRA:
        return _entra_refusal(check, account, error)
    if check is Check.SHARED_ACCESS:
        return (
            f"the signature made here was refused: {_reason(error)}",
            "The storage account may allow no SAS, or only from chosen networks: see its Configuration and Networking.",
        )
    if error.code not in ("AuthenticationFailed", "InvalidAuthenticationInfo") or "key" not in error.title:
        return error.title, error.hint
    if check is Check.STORAGE_ACCESS:
        return _wrong_storage_key(account)
    said = " ".join(value for _, value in error.details)
    name = account.batch_account
    if "MAC signature" not in said and _UNKNOWN_ACCOUNT.search(said):
        return (
            f"Batch knows no account {name} at this address",
            "Check the account name; in the portal it stands beside the keys, and begins the address.",
        )
    if "MAC signature" in said:
        return f"the Batch key is not the key of account {name}", _key_remedy("batch account keys list")
    return (
        f"Batch does not accept the key of account {name}",
        "Check the account name and the key: it does not tell which of the two is wrong.",
    )


def _wrong_storage_key(account: Account) -> tuple[str, str]:
    remedy = _key_remedy("storage account keys list")
    if is_loopback(urlsplit(account.storage_endpoint).hostname or ""):
        return f"the storage account {account.storage_account} is not served there, or the key is not its own", remedy
    return f"the storage key is not the key of account {account.storage_account}", remedy


def _entra_refusal(check: Check, account: Account, error: AccessRefused) -> tuple[str, str]:
    if error.status is None:
        return f"{error.title}: {_reason(error)}", error.hint
    if error.status == 401:
        return (
            f"the sign-in is not accepted: {_reason(error)}",
            "Sign in to the directory the account belongs to: `az login --tenant <its tenant>`.",
        )
    if check is Check.BATCH_ACCESS:
        return (
            f"you are signed in, but have no rights on Batch account {account.batch_account}",
            "Ask for the role “Azure Batch Data Contributor” on it; it counts some minutes after it is given.",
        )
    what = "may not sign access to" if check is Check.SHARED_ACCESS else "have no rights on the blobs of"
    return (
        f"you are signed in, but {what} storage account {account.storage_account}",
        "Ask for the role “Storage Blob Data Contributor” on it; Owner or Contributor alone is not enough.",
    )


def _key_remedy(command: str) -> str:
    return f"Copy the key again, whole: the account's keys in the portal, or `az {command}`."


def _unknown_host_remedy(service: str, account: Account) -> str:
    name = account.batch_account if service == "Batch" else account.storage_account
    return f"Check the {service} address and the account name {name}; if both are right, the network."


def _reason(error: BatchTuiError) -> str:
    """What happened, without what was being done: the check's own name says that."""
    reason = error.what.partition(": ")[2] or error.what or error.title
    code = error.code if isinstance(error, ServiceError) else ""
    return f"{reason} ({code})" if code and code not in reason else reason


def batch_owner(endpoint: str) -> str | None:
    """The account that a Batch endpoint of Azure is named after."""
    match = _BATCH_HOST.fullmatch((urlsplit(endpoint).hostname or "").lower())
    return None if match is None else match["account"]


def storage_owner(endpoint: str) -> str | None:
    """The account that a Blob endpoint is named after: in the host on Azure, in the path of an emulator."""
    parts = urlsplit(endpoint)
    match = _BLOB_HOST.fullmatch((parts.hostname or "").lower())
    if match is not None:
        return match["account"]
    path = parts.path.strip("/")
    return path if path and "/" not in path else None
