"""The failures a node reports, in the service's own categories, codes and, where recorded, words."""

from __future__ import annotations

from typing import Final, Literal

from tui.sandbox.nodes.records import Failure

BLOB_CODES: Final = ("BlobNotFound", "BlobAccessDenied", "BlobDownloadTimedOut", "BlobDownloadMiscError")
CONTAINER_CODES: Final = (
    "ResourceContainerNotFound",
    "ResourceContainerAccessDenied",
    "ResourceContainerListTimedOut",
    "ResourceContainerListMiscError",
)
UPLOAD_CODES: Final = (
    "FileUploadContainerNotFound",
    "FileUploadAccessDenied",
    "FileUploadTimedOut",
    "FileUploadMiscError",
)

_SERVER_CODES = frozenset(
    {
        "BlobDownloadTimedOut",
        "BlobDownloadMiscError",
        "ResourceDirectoryCreateFailed",
        "ResourceFileCreateFailed",
        "ResourceFileWriteFailed",
        "DiskFull",
        "Unknown",
    }
)
"""The codes the documentation lists as the server's fault; every other one is the user's."""

_MESSAGES = {
    "BlobNotFound": "One of the specified Azure Blob(s) is not found",
    "BlobAccessDenied": "Access for one of the specified Azure Blob(s) is denied",
    "BlobDownloadTimedOut": "Downloading one of the specified Azure Blob(s) timed out",
    "BlobDownloadMiscError": "An error was met downloading one of the specified Azure Blob(s)",
    "ResourceContainerNotFound": "One of the specified Azure container(s) is not found",
    "ResourceContainerAccessDenied": "Access for one of the specified Azure container(s) is denied",
    "ResourceContainerListTimedOut": "Listing one of the specified Azure container(s) timed out",
    "ResourceContainerListMiscError": "An error was met listing one of the specified Azure container(s)",
    "ResourceDirectoryCreateFailed": "A directory for one of the resource files could not be created",
    "ResourceFileCreateFailed": "One of the resource files could not be created",
    "ResourceFileWriteFailed": "One of the resource files could not be written",
    "FileUploadContainerNotFound": "The container of one of the output files is not found",
    "FileUploadAccessDenied": "Access to the container of one of the output files is denied",
    "FileUploadTimedOut": "Uploading one of the output files timed out",
    "FileUploadConflict": "One of the output files conflicts with a blob that is there",
    "FileUploadMiscError": "An error was met uploading one of the output files",
    "DiskFull": "There is not enough disk space",
}

Category = Literal["UserError", "ServerError"]


def failure(code: str, *details: tuple[str, str]) -> Failure:
    """The failure of `code` with its documented category."""
    category: Category = "ServerError" if code in _SERVER_CODES else "UserError"
    return Failure(category, code, _MESSAGES.get(code, code), details)


def exit_code_failure() -> Failure:
    return Failure(
        "UserError",
        "FailureExitCode",
        "The task exited with an exit code representing a failure",
        (
            ("Message", "The task process exited with an unexpected exit code"),
            ("AdditionalErrorCode", "FailureExitCode"),
        ),
    )


def program_not_found(program: str) -> Failure:
    return Failure(
        "UserError",
        "CommandProgramNotFound",
        "The specified command program is not found",
        (("Message", f"{program}: no such program on the node"),),
    )


def launch_failed(reason: str) -> Failure:
    return Failure("UserError", "CommandLaunchFailed", "The command line could not be started", (("Message", reason),))


def ended_by_user() -> Failure:
    return Failure("UserError", "TaskEnded", "Task Was Ended by User Request")


def wall_clock_expired() -> Failure:
    return Failure(
        "UserError",
        "TaskEnded",
        "The task was ended by user request",
        (
            ("Message", "The maximum execution time configured on the task was exceeded"),
            ("AdditionalErrorCode", "FailureExitCode"),
        ),
    )
