"""The one error tree of the product; every foreign exception becomes one of these at the gateway that met it.

    BatchTuiError
    ├── InputError             what a person gave us cannot be used                       exit 2
    ├── LocalError             this machine refuses: permission, disk full, lock          exit 2
    ├── ServiceError           the service refused or could not be reached                exit 3
    │   ├── Unreachable        no answer: connection, name, time-out                      retry helps
    │   ├── Throttled          429 or 503; `retry_after_s` says when                      retry helps
    │   ├── ServiceFault       500 and the like; whether the service acted is unknown     retry helps
    │   ├── AccessRefused      401 or 403: key, clock, rights
    │   ├── NotFound           404
    │   ├── AlreadyExists      409 and the id is taken
    │   ├── Conflict           409 for another reason, 412
    │   ├── TooLarge           413: the request must be split
    │   └── RequestRefused     400 and anything else the service will never accept
    ├── RunFailed              a step of a run cannot go on                               exit 3
    ├── RunTimedOut            the run's limit passed                                     exit 4
    └── Interrupted            a person or a signal stopped us                            exit 130

An error is readable by itself: `title` names it, `what` says what happened and where, `hint` what to do next.
"""

from __future__ import annotations

from typing import ClassVar


class BatchTuiError(Exception):
    """Base of every error shown to a person."""

    exit_code: ClassVar[int] = 3
    can_retry: ClassVar[bool] = False
    """Whether doing the same again, later, may succeed."""

    def __init__(self, title: str, what: str = "", hint: str = "") -> None:
        super().__init__(title)
        self.title = title
        self.what = what
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.title}: {self.what}" if self.what else self.title


class InputError(BatchTuiError):
    """What a person gave us cannot be used."""

    exit_code = 2


class LocalError(BatchTuiError):
    """This machine refuses: a permission, a full disk, a lock held by another process."""

    exit_code = 2


class ServiceError(BatchTuiError):
    """Batch or Storage refused, failed or could not be reached."""

    exit_code = 3

    def __init__(
        self,
        title: str,
        what: str = "",
        hint: str = "",
        *,
        status: int | None = None,
        code: str = "",
        request_id: str = "",
        details: tuple[tuple[str, str], ...] = (),
    ) -> None:
        super().__init__(title, what, hint)
        self.status = status
        """HTTP status, absent where no answer came."""
        self.code = code
        """The service's own error code, such as `PoolQuotaReached`."""
        self.request_id = request_id
        self.details = details
        """The service's name and value pairs, such as `PropertyName`."""


class Unreachable(ServiceError):
    """No answer came; a change that was asked for may or may not have happened."""

    can_retry = True


class Throttled(ServiceError):
    """The service asks us to slow down; nothing was done."""

    can_retry = True
    retry_after_s: float | None = None


class ServiceFault(ServiceError):
    """The service failed; a change that was asked for may or may not have happened."""

    can_retry = True


class AccessRefused(ServiceError):
    """The key, the clock or the rights are not accepted."""


class NotFound(ServiceError):
    """What was asked for does not exist."""


class AlreadyExists(ServiceError):
    """The id is taken."""


class Conflict(ServiceError):
    """The state of the resource does not allow this now."""


class TooLarge(ServiceError):
    """The request body is over the service's limit."""


class RequestRefused(ServiceError):
    """The request itself is not acceptable."""


class RunFailed(BatchTuiError):
    """A step of a run cannot go on, such as a pool that cannot allocate."""


class RunGone(RunFailed):
    """What the run had made and still needs was deleted; it cannot be resumed."""


class RunTimedOut(BatchTuiError):
    """The run's own time limit has passed."""

    exit_code = 4


class Interrupted(BatchTuiError):
    """A person or a signal stopped us; what was made stays and is journaled."""

    exit_code = 130


_LACKS_RIGHT = frozenset({"AuthorizationPermissionMismatch", "InsufficientAccountPermissions"})
"""Codes of a service that knows who asks, and does not let them do this one thing.

https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes and
https://learn.microsoft.com/rest/api/batchservice/batch-status-and-error-codes
"""


def account_refusal(problem: BaseException | None) -> AccessRefused | None:
    """`problem`, where the account as such is refused, so that whatever else it asks would be refused too.

    None for everything else, also where only the right to one thing is lacking. A refusal of an unknown code is the
    account's: to ask on and on with a key that is refused would be the worse mistake.
    """
    return problem if isinstance(problem, AccessRefused) and problem.code not in _LACKS_RIGHT else None
