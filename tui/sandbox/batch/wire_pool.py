"""Pools on the wire: what a client may send, what it gets back, what it may filter on."""

from __future__ import annotations

from collections.abc import Iterable

from tui.sandbox.batch.body import Body, without_absent
from tui.sandbox.batch.errors import invalid_property, missing_property
from tui.sandbox.batch.odata import EQUALITY, ORDER, PREFIX, FilterField
from tui.sandbox.batch.records import Node, NodeState, Pool, PoolSpec, Wire
from tui.sandbox.batch.times import etag_of, format_duration, format_time, parse_duration
from tui.sandbox.batch.wire_common import (
    Properties,
    parse_command_line,
    parse_environment,
    parse_name_values,
    parse_resource_files,
    parse_user_identity,
    refuse_packages,
)

MAX_NODES = 200
"""Nodes of one pool: each is a directory, an environment and a process on this machine."""

_MAX_SLOTS = 256
_SHORTEST_RESIZE = "PT5M"
_AUTO_SCALE = "The sandbox has no automatic scaling."


def parse_pool(body: Body) -> tuple[str, PoolSpec]:
    """A pool's id and spec from a PoolAddParameter, completed with the service's defaults."""
    identifier = body.identifier()
    configuration = body.child("virtualMachineConfiguration")
    if body.flag("enableAutoScale", False):
        raise invalid_property("enableAutoScale", True, _AUTO_SCALE)
    if configuration is None:
        raise missing_property("virtualMachineConfiguration")
    policy = body.child("taskSchedulingPolicy") or Body({})
    slots = body.integer("taskSlotsPerNode", body.integer("maxTasksPerNode", 1, 1, _MAX_SLOTS), 1, _MAX_SLOTS)
    vm_size = body.required_text("vmSize").lower()
    wire = {
        "displayName": body.text("displayName", 1024),
        "vmSize": vm_size,
        "enableInterNodeCommunication": body.flag("enableInterNodeCommunication", False),
        "startTask": parse_start_task(body),
        "userAccounts": _user_accounts(body),
        "metadata": parse_name_values(body, "metadata"),
        "taskSlotsPerNode": slots,
        "taskSchedulingPolicy": {
            "nodeFillType": policy.choice("nodeFillType", ("Spread", "Pack"), "Spread"),
            "jobDefaultOrder": policy.choice("jobDefaultOrder", ("none", "creationtime"), "none"),
        },
        "virtualMachineConfiguration": _virtual_machine(configuration),
        "networkConfiguration": body.raw("networkConfiguration"),
        "mountConfiguration": body.raw("mountConfiguration"),
    }
    refuse_packages(body)
    return identifier, PoolSpec.from_wire(without_absent(wire))


def patch_pool(body: Body, spec: PoolSpec) -> PoolSpec:
    """PATCH: start task and metadata are replaced where they are named; a start task is removed by an empty one."""
    wire = dict(spec.wire)
    if body.has("displayName"):
        wire["displayName"] = body.text("displayName", 1024)
    if body.has("metadata"):
        wire["metadata"] = parse_name_values(body, "metadata")
    if body.has("startTask"):
        wire["startTask"] = parse_start_task(body)
    if body.has("taskSlotsPerNode"):
        wire["taskSlotsPerNode"] = body.integer("taskSlotsPerNode", 1, 1, _MAX_SLOTS)
    refuse_packages(body)
    return PoolSpec.from_wire(without_absent(wire))


def replace_pool_properties(body: Body, spec: PoolSpec) -> PoolSpec:
    """updateproperties: metadata is required, a start task that is not named is removed."""
    for name in ("applicationPackageReferences", "metadata"):
        if not body.has(name):
            raise missing_property(name)
    wire = dict(spec.wire)
    wire["metadata"] = parse_name_values(body, "metadata")
    wire["startTask"] = parse_start_task(body)
    refuse_packages(body)
    return PoolSpec.from_wire(without_absent(wire))


def parse_resize_timeout(body: Body) -> int:
    return parse_duration(body.duration("resizeTimeout", "PT15M", _SHORTEST_RESIZE)) or 0


def parse_targets(body: Body, dedicated: int = 0, low_priority: int = 0) -> tuple[int, int]:
    """How many dedicated and Spot nodes the pool is to have."""
    wanted = (
        body.integer("targetDedicatedNodes", dedicated, 0, (1 << 31) - 1),
        body.integer("targetLowPriorityNodes", low_priority, 0, (1 << 31) - 1),
    )
    if sum(wanted) > MAX_NODES:
        reason = f"The sandbox makes at most {MAX_NODES} nodes a pool."
        raise invalid_property("targetDedicatedNodes", wanted[0], reason)
    return wanted


def parse_start_task(body: Body) -> Wire | None:
    task = body.child("startTask")
    if task is None or not task.text("commandLine"):
        return None
    return without_absent(
        {
            "commandLine": parse_command_line(task),
            "containerSettings": task.raw("containerSettings"),
            "resourceFiles": parse_resource_files(task),
            "environmentSettings": parse_environment(task),
            "userIdentity": parse_user_identity(task),
            "maxTaskRetryCount": task.integer("maxTaskRetryCount", 0, -1, 1 << 30),
            "waitForSuccess": task.flag("waitForSuccess", True),
        }
    )


def _virtual_machine(body: Body) -> Wire:
    reference = body.child("imageReference")
    if reference is None:
        raise missing_property("imageReference")
    agent = body.required_text("nodeAgentSKUId")
    if reference.has("virtualMachineImageId"):
        image = {"virtualMachineImageId": reference.text("virtualMachineImageId")}
    else:
        image = {name: reference.required_text(name) for name in ("publisher", "offer", "sku")}
        image["version"] = reference.text("version") or "latest"
    if "windows" in agent.lower():
        raise invalid_property("nodeAgentSKUId", agent, "The sandbox runs tasks on this machine, not on Windows.")
    others = (
        "windowsConfiguration",
        "dataDisks",
        "licenseType",
        "containerConfiguration",
        "diskEncryptionConfiguration",
        "nodePlacementConfiguration",
        "extensions",
        "osDisk",
        "securityProfile",
        "serviceArtifactReference",
    )
    return without_absent(
        {"imageReference": image, "nodeAgentSKUId": agent, **{name: body.raw(name) for name in others}}
    )


def _user_accounts(body: Body) -> list[Wire] | None:
    """Accounts come back without their passwords."""
    return [
        without_absent(
            {
                "name": account.required_text("name"),
                "elevationLevel": account.choice("elevationLevel", ("nonadmin", "admin"), "nonadmin"),
            }
        )
        for account in body.children("userAccounts") or ()
    ] or None


def _resize_errors(pool: Pool, _: str) -> list[Wire] | None:
    return [{"code": error.code, "message": error.message} for error in pool.resize_errors] or None


POOL_PROPERTIES: Properties[Pool] = {
    "id": lambda pool, _: pool.id,
    "displayName": lambda pool, _: pool.spec.wire.get("displayName"),
    "url": lambda pool, base_url: f"{base_url}/pools/{pool.id}",
    "eTag": lambda pool, _: etag_of(pool.modified),
    "lastModified": lambda pool, _: format_time(pool.modified),
    "creationTime": lambda pool, _: format_time(pool.created),
    "state": lambda pool, _: pool.state,
    "stateTransitionTime": lambda pool, _: format_time(pool.state_time),
    "allocationState": lambda pool, _: pool.allocation_state,
    "allocationStateTransitionTime": lambda pool, _: format_time(pool.allocation_state_time),
    "vmSize": lambda pool, _: pool.spec.wire["vmSize"],
    "resizeTimeout": lambda pool, _: format_duration(pool.resize_timeout),
    "currentDedicatedNodes": lambda pool, _: pool.count(dedicated=True),
    "targetDedicatedNodes": lambda pool, _: pool.target_dedicated,
    "currentLowPriorityNodes": lambda pool, _: pool.count(dedicated=False),
    "targetLowPriorityNodes": lambda pool, _: pool.target_low_priority,
    "resizeErrors": _resize_errors,
    "enableAutoScale": lambda _pool, _: False,
    "enableInterNodeCommunication": lambda pool, _: pool.spec.wire["enableInterNodeCommunication"],
    "startTask": lambda pool, _: pool.spec.start_task,
    "userAccounts": lambda pool, _: pool.spec.wire.get("userAccounts"),
    "metadata": lambda pool, _: pool.spec.wire.get("metadata"),
    "taskSlotsPerNode": lambda pool, _: pool.spec.task_slots_per_node,
    "taskSchedulingPolicy": lambda pool, _: pool.spec.wire["taskSchedulingPolicy"],
    "virtualMachineConfiguration": lambda pool, _: pool.spec.wire["virtualMachineConfiguration"],
    "networkConfiguration": lambda pool, _: pool.spec.wire.get("networkConfiguration"),
    "mountConfiguration": lambda pool, _: pool.spec.wire.get("mountConfiguration"),
}

POOL_FIELDS: dict[str, FilterField[Pool]] = {
    "id": FilterField("text", PREFIX, lambda pool: pool.id),
    "state": FilterField("text", EQUALITY, lambda pool: pool.state),
    "stateTransitionTime": FilterField("time", ORDER, lambda pool: pool.state_time),
    "allocationState": FilterField("text", EQUALITY, lambda pool: pool.allocation_state),
    "allocationStateTransitionTime": FilterField("time", ORDER, lambda pool: pool.allocation_state_time),
    "creationTime": FilterField("time", ORDER, lambda pool: pool.created),
    "lastModified": FilterField("time", ORDER, lambda pool: pool.modified),
    "enableAutoScale": FilterField("flag", EQUALITY, lambda _: False),
    "vmSize": FilterField("text", PREFIX, lambda pool: pool.spec.wire["vmSize"]),
    "enableInterNodeCommunication": FilterField(
        "flag", EQUALITY, lambda pool: pool.spec.wire["enableInterNodeCommunication"]
    ),
}

_COUNTED = {
    "creating": NodeState.CREATING,
    "idle": NodeState.IDLE,
    "leavingPool": NodeState.LEAVING_POOL,
    "offline": NodeState.OFFLINE,
    "preempted": NodeState.PREEMPTED,
    "rebooting": NodeState.REBOOTING,
    "reimaging": None,
    "running": NodeState.RUNNING,
    "starting": NodeState.STARTING,
    "startTaskFailed": NodeState.START_TASK_FAILED,
    "unusable": NodeState.UNUSABLE,
    "unknown": NodeState.UNKNOWN,
    "upgradingOS": None,
    "waitingForStartTask": NodeState.WAITING_FOR_START_TASK,
    "deallocated": None,
    "deallocating": None,
}


def node_counts_wire(pool: Pool) -> Wire:
    return {
        "poolId": pool.id,
        "dedicated": _count(node for node in pool.nodes.values() if node.is_dedicated),
        "lowPriority": _count(node for node in pool.nodes.values() if not node.is_dedicated),
    }


def _count(nodes: Iterable[Node]) -> Wire:
    states = [node.state for node in nodes]
    counts = {name: states.count(state) if state else 0 for name, state in _COUNTED.items()}
    return counts | {"total": len(states)}
