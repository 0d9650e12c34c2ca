"""Operations on the account as a whole and on containers."""

from __future__ import annotations

from .calls import Call, metadata_headers, request_metadata, version_headers
from .conditions import Conditions
from .documents import NO_ACCESS_POLICIES, SERVICE_PROPERTIES, blob_listing, container_listing
from .messages import Headers, Response
from .names import check_container_name, marker_for, name_of_marker

XML: Headers = [("content-type", "application/xml")]


async def get_service_properties(_call: Call) -> Response:
    return Response(200, [*XML], SERVICE_PROPERTIES)


async def get_account_information(_call: Call) -> Response:
    headers = [
        ("x-ms-sku-name", "Standard_LRS"),
        ("x-ms-account-kind", "StorageV2"),
        ("x-ms-is-hns-enabled", "false"),
    ]
    return Response(200, headers)


async def list_containers(call: Call) -> Response:
    query = call.request.query
    prefix, limit = query.get("prefix", ""), call.result_limit()
    start = name_of_marker(query.get("marker", ""))
    records, next_name = call.store.list_containers(prefix, start, limit)
    echo = [("Prefix", query.get("prefix")), ("Marker", query.get("marker")), ("MaxResults", query.get("maxresults"))]
    body = container_listing(
        call.service_url,
        echo,
        records,
        marker_for(next_name) if next_name else "",
        with_metadata=call.includes("metadata"),
    )
    return Response(200, [*XML], body)


async def create_container(call: Call) -> Response:
    check_container_name(call.target.container)
    record = call.store.create_container(call.target.container, request_metadata(call.request.headers))
    return Response(201, version_headers(record))


async def get_container_properties(call: Call) -> Response:
    record = call.store.container(call.target.container)
    headers = [
        *version_headers(record),
        *metadata_headers(record.metadata),
        ("x-ms-lease-status", "unlocked"),
        ("x-ms-lease-state", "available"),
        ("x-ms-has-immutability-policy", "false"),
        ("x-ms-has-legal-hold", "false"),
        ("x-ms-default-encryption-scope", "$account-encryption-key"),
        ("x-ms-deny-encryption-scope-override", "false"),
    ]
    return Response(200, headers)


async def get_container_metadata(call: Call) -> Response:
    record = call.store.container(call.target.container)
    return Response(200, [*version_headers(record), *metadata_headers(record.metadata)])


async def set_container_metadata(call: Call) -> Response:
    name = call.target.container
    conditions = Conditions.of(call.request.headers)
    if conditions is not None:
        conditions.check_write(call.store.container(name))
    record = call.store.set_container_metadata(name, request_metadata(call.request.headers))
    return Response(200, version_headers(record))


async def get_container_acl(call: Call) -> Response:
    """No container is public and none has stored policies."""
    record = call.store.container(call.target.container)
    return Response(200, [*XML, *version_headers(record)], NO_ACCESS_POLICIES)


async def delete_container(call: Call) -> Response:
    name = call.target.container
    conditions = Conditions.of(call.request.headers)
    if conditions is not None:
        conditions.check_write(call.store.container(name))
    await call.store.delete_container(name)
    return Response(202)


async def list_blobs(call: Call) -> Response:
    query, container = call.request.query, call.target.container
    start = max(name_of_marker(query.get("marker", "")), query.get("startfrom", ""))
    page = call.store.list_blobs(
        container, query.get("prefix", ""), query.get("delimiter", ""), start, call.result_limit()
    )
    echo = [
        ("Prefix", query.get("prefix")),
        ("Marker", query.get("marker")),
        ("MaxResults", query.get("maxresults")),
        ("Delimiter", query.get("delimiter")),
    ]
    body = blob_listing(
        call.service_url,
        container,
        echo,
        page.entries,
        marker_for(page.next_name) if page.next_name else "",
        with_metadata=call.includes("metadata"),
    )
    return Response(200, [*XML], body)
