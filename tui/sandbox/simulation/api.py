"""The sandbox's own operations on the Batch port: seed, trouble and, for tests, faults. Signed like all others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from typing import Any

from tui.sandbox.batch.errors import ServiceError, invalid_property
from tui.sandbox.batch.http import Call, Handler, Reply
from tui.sandbox.simulation.faults import Fault, FaultDesk, FaultKind, FaultPlan
from tui.sandbox.simulation.recipe import Recipe
from tui.sandbox.simulation.seeder import Seeder
from tui.sandbox.simulation.trouble import TroubleDesk

Operations = Mapping[str, Mapping[str, Handler]]


def seed_operations(seeder: Seeder, changed: Callable[[], None]) -> Operations:
    """`changed` is told once the seeded job is there."""

    async def seed(call: Call) -> Reply:
        recipe = Recipe.of_request(dict(call.body().wire))
        await seeder.seed(recipe)
        changed()
        return Reply(201, {**recipe.to_wire(), "pool_id": recipe.pool_id})

    return {"/sandbox/seed": {"POST": seed}}


def trouble_operations(desk: TroubleDesk, changed: Callable[[], None]) -> Operations:
    def show(_: Call) -> Reply:
        return Reply(content=desk.to_wire())

    def change(call: Call) -> Reply:
        desk.change(dict(call.body().wire))
        changed()
        return show(call)

    def clear(call: Call) -> Reply:
        desk.clear()
        return show(call)

    return {"/sandbox/trouble": {"GET": show, "PUT": change, "DELETE": clear}}


def fault_operations(desk: FaultDesk) -> Operations:
    """A plan is put as `{"faults": [...], "names": {...}, "seed": 0}`; getting it gives the log since then."""

    def show(_: Call) -> Reply:
        log = [asdict(seen) for seen in list(desk.plan.log)]
        return Reply(content={"log": log})

    def change(call: Call) -> Reply:
        desk.plan = _plan(dict(call.body().wire))
        return Reply(content={})

    return {"/sandbox/faults": {"GET": show, "PUT": change}}


_FAULT_FIELDS = {field.name for field in fields(Fault)}


def _plan(wire: dict[str, Any]) -> FaultPlan:
    try:
        faults = tuple(_fault(dict(item)) for item in wire.get("faults", ()))
        names = {str(text): str(name) for text, name in dict(wire.get("names", {})).items()}
        return FaultPlan(faults, names, int(wire.get("seed", 0)))
    except (TypeError, ValueError) as problem:
        raise invalid_property("faults", "", str(problem)) from None


def _fault(wire: dict[str, Any]) -> Fault:
    unknown = wire.keys() - _FAULT_FIELDS
    if unknown:
        raise ValueError(f"no such field of a fault: {', '.join(sorted(unknown))}")
    if wire.get("kind") not in set(FaultKind):
        raise ServiceError("InvalidPropertyValue", [("PropertyName", "kind")])
    return Fault(**{**wire, "kind": FaultKind(wire["kind"])})
