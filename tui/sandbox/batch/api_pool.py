"""Pool operations."""

from __future__ import annotations

from tui.sandbox.batch.allocation import Deallocation
from tui.sandbox.batch.body import Body
from tui.sandbox.batch.errors import ServiceError, invalid_property, missing_property
from tui.sandbox.batch.http import Call, Reply, element
from tui.sandbox.batch.images import SUPPORTED_IMAGES
from tui.sandbox.batch.listing import list_of, list_reply, parse_list_filter, read_token, sorted_rows
from tui.sandbox.batch.odata import EQUALITY, FilterField
from tui.sandbox.batch.records import AllocationState, Pool, PoolState, Wire, key_of
from tui.sandbox.batch.wire_common import Properties, render
from tui.sandbox.batch.wire_pool import (
    POOL_FIELDS,
    POOL_PROPERTIES,
    node_counts_wire,
    parse_pool,
    parse_resize_timeout,
    parse_targets,
    patch_pool,
    replace_pool_properties,
)

_MAX_REMOVED = 100
_DEALLOCATIONS: tuple[Deallocation, ...] = ("requeue", "terminate", "taskcompletion", "retaineddata")


def deallocation_option(body: Body, name: str = "nodeDeallocationOption") -> Deallocation:
    value = body.choice(name, _DEALLOCATIONS, "requeue")
    return next(option for option in _DEALLOCATIONS if option == value)


def create_pool(call: Call) -> Reply:
    body, service = call.body(), call.service
    pool_id, spec = parse_pool(body)
    dedicated, low_priority = parse_targets(body)
    resize_timeout = parse_resize_timeout(body)
    existing = service.state.pools.get(key_of(pool_id))
    if existing is not None:
        raise ServiceError("PoolBeingDeleted" if existing.state is PoolState.DELETING else "PoolExists")
    now = service.clock.tick()
    pool = Pool(
        id=pool_id,
        spec=spec,
        created=now,
        modified=now,
        state=PoolState.ACTIVE,
        state_time=now,
        allocation_state=AllocationState.RESIZING,
        allocation_state_time=now,
        resize_timeout=resize_timeout,
        target_dedicated=dedicated,
        target_low_priority=low_priority,
    )
    service.state.add_pool(pool)
    service.allocation.start_first_resize(pool)
    return Reply(201, modified=now, acts=True, location=f"{call.base_url}/pools/{pool_id}")


def list_pools(call: Call) -> Reply:
    rows = sorted_rows(call, call.service.state.pools.values(), lambda pool: pool.id)
    where = parse_list_filter(call, POOL_FIELDS)
    return list_reply(call, "pools", rows, lambda pool: pool.id, properties=POOL_PROPERTIES, where=where)


def get_pool(call: Call) -> Reply:
    pool = call.service.state.pool(call.path["pool_id"])
    call.check_conditions(pool.modified)
    wire = render(pool, POOL_PROPERTIES, call.base_url, call.select())
    return element(call, "pools/@Element", wire, pool.modified)


def head_pool(call: Call) -> Reply:
    pool = call.service.state.pool(call.path["pool_id"])
    call.check_conditions(pool.modified)
    return Reply(modified=pool.modified)


def _changeable(call: Call) -> Pool:
    pool = call.service.state.changeable_pool(call.path["pool_id"])
    call.check_conditions(pool.modified)
    return pool


def _modified(call: Call, pool: Pool, status: int) -> Reply:
    pool.modified = call.service.clock.tick()
    call.service.state.journal.save(pool)
    return Reply(status, modified=pool.modified, acts=True)


def update_pool(call: Call) -> Reply:
    pool = _changeable(call)
    pool.spec = patch_pool(call.body(), pool.spec)
    return _modified(call, pool, 200)


def update_pool_properties(call: Call) -> Reply:
    pool = _changeable(call)
    pool.spec = replace_pool_properties(call.body(), pool.spec)
    return _modified(call, pool, 204)


def delete_pool(call: Call) -> Reply:
    call.service.allocation.delete(_changeable(call))
    return Reply(202)


def resize_pool(call: Call) -> Reply:
    pool, body = _changeable(call), call.body()
    if not body.has("targetDedicatedNodes") and not body.has("targetLowPriorityNodes"):
        raise missing_property("targetDedicatedNodes")
    dedicated, low_priority = parse_targets(body, pool.target_dedicated, pool.target_low_priority)
    timeout, option = parse_resize_timeout(body), deallocation_option(body)
    call.service.allocation.resize(pool, dedicated, low_priority, option)
    pool.resize_timeout = timeout
    return Reply(202, modified=pool.modified, acts=True)


def stop_resize(call: Call) -> Reply:
    pool = _changeable(call)
    call.service.allocation.stop_resize(pool)
    return Reply(202, modified=pool.modified, acts=True)


def remove_nodes(call: Call) -> Reply:
    pool, body = _changeable(call), call.body()
    names = body.texts("nodeList")
    if not names:
        raise missing_property("nodeList")
    if len(names) > _MAX_REMOVED:
        reason = f"At most {_MAX_REMOVED} nodes can be removed at once."
        raise invalid_property("nodeList", len(names), reason)
    nodes = {name: call.service.state.node(pool.id, name) for name in names}
    call.service.allocation.remove_nodes(pool, list(dict.fromkeys(nodes.values())), deallocation_option(body))
    return Reply(202, modified=pool.modified, acts=True)


def no_automatic_scaling(call: Call) -> Reply:
    _changeable(call)
    raise ServiceError("NotImplemented", [("Reason", "The sandbox has no automatic scaling.")])


# what belongs to the account

_COUNT_FIELDS: dict[str, FilterField[Pool]] = {"poolId": FilterField("text", EQUALITY, lambda pool: pool.id)}
_COUNT_PROPERTIES: Properties[Pool] = {
    name: lambda pool, _, name=name: node_counts_wire(pool)[name]  # type: ignore[misc]
    for name in ("poolId", "dedicated", "lowPriority")
}


def list_node_counts(call: Call) -> Reply:
    rows = sorted_rows(call, call.service.state.pools.values(), lambda pool: pool.id)
    where = parse_list_filter(call, _COUNT_FIELDS)
    return list_reply(call, "poolnodecounts", rows, lambda pool: pool.id, properties=_COUNT_PROPERTIES, where=where)


_IMAGE_FIELDS: dict[str, FilterField[Wire]] = {
    "osType": FilterField("text", EQUALITY, lambda image: image["osType"]),
    "verificationType": FilterField("text", EQUALITY, lambda image: image["verificationType"]),
    "nodeAgentSKUId": FilterField("text", EQUALITY, lambda image: image["nodeAgentSKUId"]),
}
_IMAGE_PROPERTIES: Properties[Wire] = {
    name: lambda image, _, name=name: image.get(name)  # type: ignore[misc]
    for name in (
        "imageReference",
        "verificationType",
        "nodeAgentSKUId",
        "capabilities",
        "batchSupportEndOfLife",
        "osType",
    )
}


def _image_id(image: Wire) -> str:
    reference = image["imageReference"]
    return f"{reference['publisher']}/{reference['offer']}/{reference['sku']}"


def list_supported_images(call: Call) -> Reply:
    after, images = read_token(call), list(SUPPORTED_IMAGES)
    names = [_image_id(image) for image in images]
    start = names.index(after) + 1 if after in names else 0
    where = parse_list_filter(call, _IMAGE_FIELDS)
    return list_reply(call, "supportedimages", images[start:], _image_id, properties=_IMAGE_PROPERTIES, where=where)


def list_applications(call: Call) -> Reply:
    return list_of(call, "listapplicationsummariesresponses", [])


def get_application(_: Call) -> Reply:
    raise ServiceError("ApplicationNotFound")
