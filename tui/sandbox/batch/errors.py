"""The service's refusals: one exception that carries a code, its status and the values of the error envelope."""

from __future__ import annotations

from collections.abc import Iterable

_INVALID_PROPERTY = "The value provided for one of the properties in the request body is invalid."
_INVALID_QUERY = "Value for one of the query parameters specified in the request URI is invalid."

_CATALOGUE: dict[str, tuple[int, str]] = {
    "InvalidPropertyValue": (400, _INVALID_PROPERTY),
    "MissingRequiredProperty": (400, "A required property was not specified in the request body."),
    "InvalidRequestBody": (400, "The specified Request Body is not syntactically valid."),
    "InvalidQueryParameterValue": (400, _INVALID_QUERY),
    "MissingRequiredQueryParameter": (400, "A query parameter that's mandatory for this request is not specified."),
    "UnsupportedRequestVersion": (400, "The specified version of the Batch REST API is not supported."),
    "InvalidHeaderValue": (400, "The value for one of the HTTP headers is not in the correct format."),
    "MultipleConditionHeadersNotSupported": (400, "Multiple condition headers are not supported."),
    "TaskDependenciesNotSpecifiedOnJob": (
        400,
        "Job must set usesTaskDependencies to true before tasks can specify dependencies.",
    ),
    "TaskDependencyListTooLong": (400, "The list of task dependencies is too long."),
    "AuthenticationFailed": (
        403,
        "Server failed to authenticate the request. Make sure the value of Authorization header is formed "
        "correctly including the signature.",
    ),
    "Forbidden": (403, "Access is Forbidden"),
    "ResourceNotFound": (404, "The specified resource does not exist."),
    "PoolNotFound": (404, "The specified pool does not exist."),
    "JobNotFound": (404, "The specified job does not exist."),
    "JobScheduleNotFound": (404, "The specified job schedule does not exist."),
    "TaskNotFound": (404, "The specified task does not exist."),
    "NodeNotFound": (404, "The specified node does not exist."),
    "FileNotFound": (404, "The specified file does not exist."),
    "ApplicationNotFound": (404, "The specified application does not exist."),
    "UnsupportedHttpVerb": (405, "The resource doesn't support the specified HTTP verb."),
    "PoolExists": (409, "The specified pool already exists."),
    "JobExists": (409, "The specified job already exists."),
    "TaskExists": (409, "The specified task already exists."),
    "PoolBeingDeleted": (409, "The specified pool has been marked for deletion and is being reclaimed."),
    "PoolBeingResized": (409, "The specified pool is being resized."),
    "JobBeingDeleted": (409, "The specified job has been marked for deletion and is being garbage collected."),
    "JobBeingTerminated": (409, "The specified job is being terminated."),
    "JobCompleted": (409, "The specified job is already in a completed state."),
    "JobNotActive": (409, "The specified job is not in an active state."),
    "JobDisabled": (409, "The specified job is disabled."),
    "JobNotDisabled": (409, "The specified job is not in a disabled state."),
    "TaskCompleted": (409, "The specified task is already in a completed state."),
    "TaskNotCompleted": (409, "The specified task is not in a completed state."),
    "TaskSucceeded": (409, "The specified task has completed successfully."),
    "NodeNotReady": (409, "The node is not ready to perform this operation."),
    "NodeStateUnusable": (409, "The node is in an unusable state."),
    "NodeAlreadyInTargetSchedulingState": (409, "The node is already in the target scheduling state."),
    "OperationNotValidOnNode": (409, "The specified operation is not valid on the node."),
    "OperationInvalidForCurrentState": (
        409,
        "The specified operation is not valid for the current state of the resource.",
    ),
    "JobPreparationTaskOrReleaseTaskNotSpecified": (
        409,
        "The specified job does not have either job preparation task or job release task.",
    ),
    "JobPreparationTaskNotSpecified": (
        400,
        "The specified job has a job release task but no job preparation task.",
    ),
    "InvalidApplicationPackageReferences": (
        409,
        "One or more of the specified application package references are invalid.",
    ),
    "PoolQuotaReached": (409, "The account has reached its pool quota."),
    "ConditionNotMet": (412, "The condition specified using HTTP conditional header(s) is not met."),
    "RequestBodyTooLarge": (413, "The request body is too large and exceeds the maximum permissible limit."),
    "InvalidRange": (416, "The range specified is invalid for the current size of the resource."),
    "NotImplemented": (501, "The requested operation is not implemented on the specified resource."),
    "InternalError": (500, "Server encountered an internal error. Please try again after some time."),
    "ServerBusy": (503, "Server is currently unable to receive requests. Please retry your request."),
}


class ServiceError(Exception):
    """A refusal as the wire shows it. `values` are the envelope's key/value pairs, in order."""

    def __init__(self, code: str, values: Iterable[tuple[str, str]] = ()) -> None:
        status, message = _CATALOGUE[code]
        super().__init__(code)
        self.code = code
        self.status = status
        self.message = message
        self.values = tuple(values)


def missing_property(name: str) -> ServiceError:
    return ServiceError("MissingRequiredProperty", [("PropertyName", name)])


def invalid_property(name: str, value: object, reason: str = _INVALID_PROPERTY) -> ServiceError:
    shown = str(value) if isinstance(value, str | int | float | bool) else ""
    pairs = [("PropertyName", name), ("PropertyValue", shown[:256]), ("Reason", reason)]
    return ServiceError("InvalidPropertyValue", [pair for pair in pairs if pair[1]])


def invalid_query(name: str, value: str, reason: str) -> ServiceError:
    return ServiceError(
        "InvalidQueryParameterValue",
        [("QueryParameterName", name), ("QueryParameterValue", value), ("Reason", reason)],
    )


def authentication_failed(detail: str) -> ServiceError:
    return ServiceError("AuthenticationFailed", [("AuthenticationErrorDetail", detail)])
