"""What a person reads for each error: by the service's code, else by the kind of error. `{service}` is filled in.

Codes: https://learn.microsoft.com/rest/api/batchservice/batch-status-and-error-codes and
https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes
"""

from __future__ import annotations

from collections.abc import Mapping

TITLES: Mapping[str, str] = {
    # by kind
    "Throttled": "{service} asks to slow down",
    "ServiceFault": "{service} failed",
    "AccessRefused": "{service} refuses access",
    "NotFound": "{service} knows no such thing",
    "AlreadyExists": "That name is taken",
    "Conflict": "{service} cannot do that now",
    "TooLarge": "The request is too large",
    "RequestRefused": "{service} does not accept the request",
    # by code: access
    "AuthenticationFailed": "{service} does not accept the account key",
    "InvalidAuthenticationInfo": "{service} does not accept the account key",
    "AuthorizationFailure": "The storage account refuses this machine",
    "AuthorizationPermissionMismatch": "The account lacks the rights for this",
    "AccountIsDisabled": "The account is disabled",
    "KeyBasedAuthenticationNotPermitted": "The account does not take keys",
    # by code: quotas
    "PoolQuotaReached": "The account's quota of pools is used up",
    "ActiveJobAndScheduleQuotaReached": "The account's quota of active jobs is used up",
    "AccountCoreQuotaReached": "The account's quota of cores is used up",
    # by code: names
    "PoolNotFound": "There is no such pool",
    "JobNotFound": "There is no such job",
    "TaskNotFound": "There is no such task",
    "NodeNotFound": "There is no such node",
    "FileNotFound": "There is no such file on the node",
    "ContainerNotFound": "There is no such container",
    "BlobNotFound": "There is no such blob",
    "PoolExists": "A pool of that id exists",
    "JobExists": "A job of that id exists",
    "TaskExists": "A task of that id exists",
    "ContainerAlreadyExists": "A container of that name exists",
    "BlobAlreadyExists": "A blob of that name exists",
    # by code: states
    "PoolBeingDeleted": "The pool is being deleted",
    "PoolBeingResized": "The pool is being resized",
    "JobBeingDeleted": "The job is being deleted",
    "JobBeingTerminated": "The job is being terminated",
    "JobCompleted": "The job is over",
    "TaskCompleted": "The task is over",
    "TaskNotCompleted": "The task is not over yet",
    "TaskSucceeded": "The task succeeded",
    "ContainerBeingDeleted": "The container is being deleted",
    "ConditionNotMet": "It was changed in the meantime",
    "NodeNotReady": "The node is not ready",
    # by code: content
    "Md5Mismatch": "The content was damaged on its way",
    "InvalidMd5": "The content was damaged on its way",
    "RequestBodyTooLarge": "The request is too large",
}

HINTS: Mapping[str, str] = {
    "Throttled": "Wait a little; it goes on by itself where it can.",
    "ServiceFault": "Try again in a moment.",
    "AccessRefused": "Check the account's key and rights: `batch-tui accounts test`.",
    "TooLarge": "Send it in smaller parts.",
    "AuthenticationFailed": "Check the account's name, key and endpoint: `batch-tui accounts test`.",
    "InvalidAuthenticationInfo": "Check the account's name, key and endpoint: `batch-tui accounts test`.",
    "AuthorizationFailure": "Check the storage account's network rules and that the key is its own.",
    "AuthorizationPermissionMismatch": "It needs the role Storage Blob Data Contributor.",
    "KeyBasedAuthenticationNotPermitted": "Use an account of the kind Microsoft Entra ID.",
    "PoolQuotaReached": "Delete a pool you no longer need, or ask for more quota in the portal.",
    "ActiveJobAndScheduleQuotaReached": "End a job you no longer need, or ask for more quota in the portal.",
    "AccountCoreQuotaReached": "Use fewer or smaller nodes, or ask for more quota in the portal.",
    "PoolBeingDeleted": "Choose another id, or wait until it is gone.",
    "JobBeingDeleted": "Choose another id, or wait until it is gone.",
    "ContainerBeingDeleted": "Wait about half a minute until the name is free again.",
    "PoolBeingResized": "Wait until its allocation is steady.",
    "FileNotFound": "It appears once the task runs, and goes with the node or the task's retention time.",
    "NodeNotReady": "Its files can be read once it is.",
    "Md5Mismatch": "Try again.",
    "InvalidMd5": "Try again.",
}
