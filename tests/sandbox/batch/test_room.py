"""Choosing nodes for tasks: as a look at every node would, without looking at every node."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tui.sandbox.batch.records import Node, NodeState, PoolSpec
from tui.sandbox.batch.scheduler import _Room

SLOTS = 6


def node(number: int, used: int) -> Node:
    made = Node("pool", f"n{number}", True, number, NodeState.IDLE, 0, 0)
    made.used_slots = used
    return made


@given(
    used=st.lists(st.integers(0, SLOTS), min_size=1, max_size=8),
    wanted=st.lists(st.integers(1, SLOTS), max_size=12),
    packs=st.booleans(),
)
def test_the_choice_is_that_of_a_scan(used: list[int], wanted: list[int], packs: bool) -> None:
    nodes = [node(number, slots) for number, slots in enumerate(used)]
    room = _Room(nodes, PoolSpec({}, SLOTS, packs))
    for slots in wanted:
        assert room.most_free == SLOTS - min(node.used_slots for node in nodes)
        if slots > room.most_free:
            continue
        fitting = [node for node in nodes if SLOTS - node.used_slots >= slots]
        expected = (max if packs else min)(fitting, key=lambda node: node.used_slots)
        assert room.take(slots) is expected
        expected.used_slots += slots
