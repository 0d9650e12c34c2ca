"""Compute node operations."""

from __future__ import annotations

from tui.sandbox.batch.api_pool import deallocation_option
from tui.sandbox.batch.http import Call, Reply, element
from tui.sandbox.batch.listing import list_reply, parse_list_filter, sorted_rows
from tui.sandbox.batch.records import Node, Pool
from tui.sandbox.batch.wire_common import render
from tui.sandbox.batch.wire_node import NODE_FIELDS, node_properties


def list_nodes(call: Call) -> Reply:
    pool = call.service.state.pool(call.path["pool_id"])
    rows = sorted_rows(call, pool.nodes.values(), lambda node: node.id)
    where = parse_list_filter(call, NODE_FIELDS)
    return list_reply(call, "nodes", rows, lambda node: node.id, properties=node_properties(pool), where=where)


def get_node(call: Call) -> Reply:
    pool, node = _find(call)
    return element(call, "nodes/@Element", render(node, node_properties(pool), call.base_url, call.select()))


def reboot_node(call: Call) -> Reply:
    pool, node = _find(call)
    call.service.allocation.reboot(pool, node, deallocation_option(call.body(), "nodeRebootOption"))
    return Reply(202, acts=True)


def disable_scheduling(call: Call) -> Reply:
    _, node = _find(call)
    option = deallocation_option(call.body(), "nodeDisableSchedulingOption")
    call.service.allocation.set_scheduling(node, False, option)
    return Reply(200, acts=True)


def enable_scheduling(call: Call) -> Reply:
    _, node = _find(call)
    call.service.allocation.set_scheduling(node, True, "taskcompletion")
    return Reply(200, acts=True)


def _find(call: Call) -> tuple[Pool, Node]:
    pool_id = call.path["pool_id"]
    return call.service.state.pool(pool_id), call.service.state.node(pool_id, call.path["node_id"])
