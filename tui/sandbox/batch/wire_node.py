"""Compute nodes on the wire: what a client gets back and what it may filter on."""

from __future__ import annotations

from collections.abc import Callable

from tui.sandbox.batch.odata import EQUALITY, ORDER, PREFIX, FilterField
from tui.sandbox.batch.records import Node, Pool, RunInfo, Wire
from tui.sandbox.batch.times import format_time
from tui.sandbox.batch.wire_common import Properties, failure_wire, optional_time, result_text, run_info_wire
from tui.sandbox.batch.wire_task import execution_wire, task_url

AGENT_VERSION = "1.12.7"
_FIRST_PORT = 50_000


def node_url(node: Node, base_url: str) -> str:
    return f"{base_url}/pools/{node.pool_id}/nodes/{node.id}"


def node_address(node: Node) -> str:
    """The node's private address; every node is this machine, the numbers tell them apart."""
    high, low = divmod(node.number + 4, 256)
    return f"10.0.{high}.{low}"


def _recent_tasks(node: Node, base_url: str) -> list[Wire] | None:
    return [
        {
            "taskUrl": task_url(task, base_url),
            "jobId": task.job_id,
            "taskId": task.id,
            "taskState": task.state,
            "executionInfo": execution_wire(task),
        }
        for task in reversed(node.recent_tasks)
    ] or None


def _errors(node: Node, _: str) -> list[Wire] | None:
    if node.error is None:
        return None
    wire = failure_wire(node.error) or {}
    error: Wire = {"code": wire["code"], "message": wire["message"]}
    if "details" in wire:
        error["errorDetails"] = wire["details"]
    return [error]


def _endpoints(node: Node, _: str) -> Wire | None:
    if node.boot_time is None:
        return None
    return {
        "inboundEndpoints": [
            {
                "name": f"SSHRule.{node.number}",
                "protocol": "tcp",
                "publicIPAddress": "127.0.0.1",
                "publicFQDN": "localhost",
                "frontendPort": _FIRST_PORT + node.number,
                "backendPort": 22,
            }
        ]
    }


def _agent(node: Node, _: str) -> Wire | None:
    if node.boot_time is None:
        return None
    return {"lastUpdateTime": format_time(node.boot_time), "version": AGENT_VERSION}


def node_properties(pool: Pool) -> Properties[Node]:
    """The properties of the pool's nodes; some are the pool's own."""
    image = pool.spec.wire["virtualMachineConfiguration"]["imageReference"]
    if "publisher" in image:
        image = {**image, "exactVersion": image["version"]}
    return {
        "id": lambda node, _: node.id,
        "url": node_url,
        "state": lambda node, _: node.state,
        "schedulingState": lambda node, _: "enabled" if node.scheduling_enabled else "disabled",
        "stateTransitionTime": lambda node, _: format_time(node.state_time),
        "lastBootTime": lambda node, _: optional_time(node.boot_time),
        "allocationTime": lambda node, _: format_time(node.allocation_time),
        "ipAddress": lambda node, _: node_address(node),
        "affinityId": lambda node, _: f"TVM:{node.id}",
        "vmSize": lambda _node, _: pool.spec.wire["vmSize"],
        "totalTasksRun": lambda node, _: node.tasks_run,
        "totalTasksSucceeded": lambda node, _: node.tasks_succeeded,
        "runningTasksCount": lambda node, _: len(node.attempts),
        "runningTaskSlotsCount": lambda node, _: node.used_slots,
        "recentTasks": _recent_tasks,
        "startTask": lambda node, _: node.start_task,
        "startTaskInfo": lambda node, _: run_info_wire(node.start_task_info),
        "errors": _errors,
        "isDedicated": lambda node, _: node.is_dedicated,
        "endpointConfiguration": _endpoints,
        "nodeAgentInfo": _agent,
        "virtualMachineInfo": lambda _node, _: {"imageReference": image},
    }


def _of_start_task(read: Callable[[RunInfo], int | None]) -> Callable[[Node], int | None]:
    return lambda node: None if node.start_task_info is None else read(node.start_task_info)


def _start_state(node: Node) -> str | None:
    info = node.start_task_info
    return None if info is None else ("running" if info.end_time is None else "completed")


def _start_result(node: Node) -> str | None:
    info = node.start_task_info
    return None if info is None or info.end_time is None else result_text(info.succeeded)


NODE_FIELDS: dict[str, FilterField[Node]] = {
    "id": FilterField("text", PREFIX, lambda node: node.id),
    "state": FilterField("text", EQUALITY, lambda node: node.state),
    "stateTransitionTime": FilterField("time", ORDER, lambda node: node.state_time),
    "lastBootTime": FilterField("time", ORDER, lambda node: node.boot_time),
    "allocationTime": FilterField("time", ORDER, lambda node: node.allocation_time),
    "isDedicated": FilterField("flag", EQUALITY, lambda node: node.is_dedicated),
    "startTaskInfo/state": FilterField("text", EQUALITY, _start_state),
    "startTaskInfo/result": FilterField("text", EQUALITY, _start_result),
    "startTaskInfo/exitCode": FilterField("number", ORDER, _of_start_task(lambda info: info.exit_code)),
    "startTaskInfo/startTime": FilterField("time", ORDER, _of_start_task(lambda info: info.start_time)),
    "startTaskInfo/endTime": FilterField("time", ORDER, _of_start_task(lambda info: info.end_time)),
}
