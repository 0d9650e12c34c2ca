"""What pools, jobs and tasks have in common on the wire: files, settings, identities, failures; and rendering.

A resource is described by a `Properties` table, wire name to reader in the order the service sends them; reads, lists
and `$select` all render from it. Readers return None for what is absent.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeAlias, TypeVar

from tui.sandbox.batch.body import Body, without_absent
from tui.sandbox.batch.errors import ServiceError, invalid_property, missing_property
from tui.sandbox.batch.records import RunInfo, Wire
from tui.sandbox.batch.times import format_time
from tui.sandbox.nodes.records import Failure

T = TypeVar("T")
Properties: TypeAlias = Mapping[str, Callable[[T, str], Any]]
"""Wire name to reader; the reader's second argument is the account's URL."""

NO_LIMIT = "P10675199DT2H48M5.4775807S"
_SEVEN_DAYS = "P7D"


def render(record: T, properties: Properties[T], base_url: str, select: Collection[str] | None = None) -> Wire:
    """The wire object of a record, or those properties of it that `$select` names."""
    if select is None:
        return {name: value for name, read in properties.items() if (value := read(record, base_url)) is not None}
    return {
        name: value
        for name, read in properties.items()
        if name in select and (value := read(record, base_url)) is not None
    }


def optional_time(ticks: int | None) -> str | None:
    return None if ticks is None else format_time(ticks)


def result_text(succeeded: bool | None) -> str | None:
    return None if succeeded is None else ("success" if succeeded else "failure")


def failure_wire(failure: Failure | None) -> Wire | None:
    if failure is None:
        return None
    wire: Wire = {"category": failure.category, "code": failure.code, "message": failure.message}
    if failure.details:
        wire["details"] = [{"name": name, "value": value} for name, value in failure.details]
    return wire


def run_info_wire(info: RunInfo | None, root: Wire | None = None) -> Wire | None:
    """A start, preparation or release task's execution on a node."""
    if info is None:
        return None
    is_over = info.end_time is not None
    return without_absent(
        {
            "state": "completed" if is_over else "running",
            "startTime": format_time(info.start_time),
            "endTime": optional_time(info.end_time),
            **(root or {}),
            "exitCode": info.exit_code,
            "failureInfo": failure_wire(info.failure),
            "result": result_text(info.succeeded) if is_over else None,
            "retryCount": info.retry_count,
            "lastRetryTime": optional_time(info.last_retry_time),
        }
    )


def parse_name_values(body: Body, name: str) -> list[Wire] | None:
    """Metadata and environment settings: a list of name and value."""
    items = body.children(name)
    if not items:
        return None
    return [without_absent({"name": item.required_text("name"), "value": item.text("value")}) for item in items]


def parse_environment(body: Body, name: str = "environmentSettings") -> list[Wire] | None:
    settings = parse_name_values(body, name)
    for setting in settings or ():
        if "=" in setting["name"]:
            raise invalid_property("name", setting["name"], "A variable's name cannot contain '='.")
    return settings


def parse_resource_files(body: Body) -> list[Wire] | None:
    items = body.children("resourceFiles")
    return [_resource_file(item) for item in items] if items else None


def _resource_file(item: Body) -> Wire:
    sources = ("autoStorageContainerName", "storageContainerUrl", "httpUrl")
    given = [name for name in sources if item.has(name)]
    if len(given) != 1:
        reason = "Exactly one of autoStorageContainerName, storageContainerUrl and httpUrl must be specified."
        raise invalid_property("resourceFiles", "", reason)
    if given[0] == "autoStorageContainerName":
        reason = "The account has no auto-storage account."
        raise invalid_property(given[0], item.text(given[0]), reason)
    if given[0] == "httpUrl" and not item.has("filePath"):
        raise missing_property("filePath")
    return without_absent(
        {
            given[0]: item.text(given[0]),
            "blobPrefix": item.text("blobPrefix"),
            "filePath": item.text("filePath"),
            "fileMode": item.text("fileMode"),
            "identityReference": item.raw("identityReference"),
        }
    )


_CONDITIONS = ("TaskSuccess", "TaskFailure", "TaskCompletion")


def parse_output_files(body: Body) -> list[Wire] | None:
    items = body.children("outputFiles")
    return [_output_file(item) for item in items] if items else None


def _output_file(item: Body) -> Wire:
    destination, options = item.child("destination"), item.child("uploadOptions")
    if destination is None:
        raise missing_property("destination")
    if options is None:
        raise missing_property("uploadOptions")
    container = destination.child("container")
    if container is None:
        raise missing_property("container")
    return {
        "filePattern": item.required_text("filePattern"),
        "destination": {
            "container": without_absent(
                {
                    "path": container.text("path"),
                    "containerUrl": container.required_text("containerUrl"),
                    "identityReference": container.raw("identityReference"),
                    "uploadHeaders": container.raw("uploadHeaders"),
                }
            )
        },
        "uploadOptions": {"uploadCondition": options.choice("uploadCondition", _CONDITIONS, "TaskCompletion")},
    }


def parse_user_identity(body: Body) -> Wire:
    identity = body.child("userIdentity")
    if identity is not None and identity.has("username"):
        return {"username": identity.required_text("username")}
    auto = (identity.child("autoUser") if identity else None) or Body({})
    return {
        "autoUser": {
            "scope": auto.choice("scope", ("task", "pool"), "pool"),
            "elevationLevel": auto.choice("elevationLevel", ("nonadmin", "admin"), "nonadmin"),
        }
    }


def parse_command_line(body: Body) -> str:
    return body.required_text("commandLine")


def parse_constraints(body: Body, default_retries: int) -> Wire:
    """A task's constraints; what is omitted takes the service's default, retries the job's."""
    given = body.child("constraints") or Body({})
    return {
        "maxWallClockTime": given.duration("maxWallClockTime", NO_LIMIT),
        "retentionTime": given.duration("retentionTime", _SEVEN_DAYS),
        "maxTaskRetryCount": given.integer("maxTaskRetryCount", default_retries, -1, 1 << 30),
    }


def require_some(items: list[Body] | None, name: str) -> list[Body]:
    if items is None:
        raise missing_property(name)
    if not items:
        raise invalid_property(name, "", "The list must not be empty.")
    return items


def refuse_packages(body: Body) -> None:
    """No application package exists here, so a reference to one is the service's own conflict."""
    for reference in body.children("applicationPackageReferences") or ():
        raise ServiceError(
            "InvalidApplicationPackageReferences",
            [(reference.required_text("applicationId"), "The specified application package does not exist.")],
        )
