"""What the Blob service refuses, in its own codes.

Every refusal a client can see is a `ServiceError` with one `ErrorCode`; status and code stand as in the storage
service's documentation (learn.microsoft.com/rest/api/storageservices/blob-service-error-codes).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum


class ErrorCode(Enum):
    """Code, HTTP status and the sentence a client reads."""

    AUTHENTICATION_FAILED = (
        "AuthenticationFailed",
        403,
        "The request could not be authenticated: check the signature in the Authorization header or in the URL.",
    )
    AUTHORIZATION_FAILURE = ("AuthorizationFailure", 403, "This request may not perform this operation.")
    AUTHORIZATION_PERMISSION_MISMATCH = (
        "AuthorizationPermissionMismatch",
        403,
        "The shared access signature does not carry the permission this operation needs.",
    )
    AUTHORIZATION_PROTOCOL_MISMATCH = (
        "AuthorizationProtocolMismatch",
        403,
        "The shared access signature does not allow this protocol.",
    )
    AUTHORIZATION_RESOURCE_TYPE_MISMATCH = (
        "AuthorizationResourceTypeMismatch",
        403,
        "The shared access signature does not cover this type of resource.",
    )
    AUTHORIZATION_SERVICE_MISMATCH = (
        "AuthorizationServiceMismatch",
        403,
        "The shared access signature does not cover the Blob service.",
    )
    AUTHORIZATION_SOURCE_IP_MISMATCH = (
        "AuthorizationSourceIPMismatch",
        403,
        "The shared access signature does not allow the address this request comes from.",
    )
    BLOB_ALREADY_EXISTS = ("BlobAlreadyExists", 409, "The blob already exists.")
    BLOB_NOT_FOUND = ("BlobNotFound", 404, "The blob does not exist.")
    BLOCK_LIST_TOO_LONG = ("BlockListTooLong", 400, "A block list holds at most 50,000 blocks.")
    CONDITION_NOT_MET = ("ConditionNotMet", 412, "A condition in the request's headers is not met.")
    NOT_MODIFIED = ("ConditionNotMet", 304, "A condition in the request's headers is not met.")
    CONTAINER_ALREADY_EXISTS = ("ContainerAlreadyExists", 409, "The container already exists.")
    CONTAINER_NOT_FOUND = ("ContainerNotFound", 404, "The container does not exist.")
    CORS_NOT_ALLOWED = ("CorsPreflightFailure", 403, "Requests from web pages are not served.")
    EMPTY_METADATA_KEY = ("EmptyMetadataKey", 400, "A metadata header has no name.")
    INTERNAL_ERROR = ("InternalError", 500, "The server met an internal error.")
    INVALID_AUTHENTICATION_INFO = (
        "InvalidAuthenticationInfo",
        401,
        "The Authorization header is not in a form this service accepts.",
    )
    INVALID_BLOB_OR_BLOCK = (
        "InvalidBlobOrBlock",
        400,
        "The block id differs in length from the blob's other block ids.",
    )
    INVALID_BLOCK_LIST = ("InvalidBlockList", 400, "The block list names a block that does not exist.")
    INVALID_HEADER_VALUE = ("InvalidHeaderValue", 400, "A header has a value the service does not accept.")
    INVALID_MD5 = ("InvalidMd5", 400, "An MD5 in the request is not a base64 encoded 16 byte digest.")
    INVALID_METADATA = ("InvalidMetadata", 400, "A metadata name holds characters that are not allowed.")
    INVALID_QUERY_PARAMETER_VALUE = (
        "InvalidQueryParameterValue",
        400,
        "A query parameter has a value the service does not accept.",
    )
    INVALID_RANGE = ("InvalidRange", 416, "The range lies outside the blob.")
    INVALID_RESOURCE_NAME = ("InvalidResourceName", 400, "The resource name holds characters that are not allowed.")
    INVALID_URI = ("InvalidUri", 400, "The URI does not name a resource of this service.")
    INVALID_XML_DOCUMENT = ("InvalidXmlDocument", 400, "The request body is not the XML this operation takes.")
    LEASE_NOT_PRESENT = (
        "LeaseNotPresentWithBlobOperation",
        412,
        "There is no lease on the resource.",
    )
    MD5_MISMATCH = ("Md5Mismatch", 400, "The MD5 in the request differs from the one of the content received.")
    METADATA_TOO_LARGE = ("MetadataTooLarge", 400, "The metadata is larger than 8 KB.")
    MISSING_CONTENT_LENGTH = ("MissingContentLengthHeader", 411, "The Content-Length header is missing.")
    MISSING_REQUIRED_HEADER = ("MissingRequiredHeader", 400, "A header this operation needs is missing.")
    MISSING_REQUIRED_QUERY_PARAMETER = (
        "MissingRequiredQueryParameter",
        400,
        "A query parameter this operation needs is missing.",
    )
    NO_AUTHENTICATION_INFORMATION = (
        "NoAuthenticationInformation",
        401,
        "The request carries neither an Authorization header nor a shared access signature.",
    )
    OUT_OF_RANGE_INPUT = ("OutOfRangeInput", 400, "The length of the resource name is out of range.")
    OUT_OF_RANGE_QUERY_PARAMETER_VALUE = (
        "OutOfRangeQueryParameterValue",
        400,
        "A query parameter has a value out of its range.",
    )
    REQUEST_BODY_TOO_LARGE = ("RequestBodyTooLarge", 413, "The request body is larger than this operation takes.")
    UNAUTHORIZED_BLOB_OVERWRITE = (
        "UnauthorizedBlobOverwrite",
        403,
        "The shared access signature allows creating a blob, not replacing one.",
    )
    UNSUPPORTED_HEADER = ("UnsupportedHeader", 400, "A header asks for a feature that is not served here.")
    UNSUPPORTED_HTTP_VERB = ("UnsupportedHttpVerb", 405, "The resource does not take this HTTP verb.")

    def __init__(self, code: str, status: int, message: str) -> None:
        self.code = code
        self.status = status
        self.message = message


class ServiceError(Exception):
    """A refusal. `details` become elements of the XML answer beside Code and Message."""

    def __init__(
        self,
        error: ErrorCode,
        details: Mapping[str, str] | None = None,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        super().__init__(error.code)
        self.error = error
        self.details = details or {}
        self.headers = headers


def invalid_header(name: str, value: str) -> ServiceError:
    return ServiceError(ErrorCode.INVALID_HEADER_VALUE, {"HeaderName": name, "HeaderValue": value})


def missing_header(name: str) -> ServiceError:
    return ServiceError(ErrorCode.MISSING_REQUIRED_HEADER, {"HeaderName": name})


def unsupported_header(name: str) -> ServiceError:
    return ServiceError(ErrorCode.UNSUPPORTED_HEADER, {"HeaderName": name})


def invalid_query(name: str, value: str) -> ServiceError:
    return ServiceError(
        ErrorCode.INVALID_QUERY_PARAMETER_VALUE, {"QueryParameterName": name, "QueryParameterValue": value}
    )
