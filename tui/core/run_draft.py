"""What a person has typed and chosen for a new run, word for word, before it is a plan.

A draft keeps text that cannot be used as readily as text that can: nothing typed is lost, and `problems` says of every
field why it is not usable yet. What nobody touched is None and follows the workload.
"""

from __future__ import annotations

import os.path
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import TypeVar

from tui.core import ids, planning, units
from tui.core.errors import InputError
from tui.core.images import UBUNTU_LTS, ImageChoice
from tui.core.plan import DeletePart, RunPlan
from tui.core.planning import FileChoice, Problem, RunOptions
from tui.core.workloads import TOP_WORDS, WORKLOADS, Workload, workload_named

DEFAULT_VM_SIZE = RunOptions(TOP_WORDS.name, ()).vm_size

_NOTHING = "nothing is given"

ValueT = TypeVar("ValueT")


@dataclass(frozen=True, slots=True)
class LastChoices:
    """What the last run chose and the next one may begin with: never an id, never an input. All text as typed."""

    workload: str = TOP_WORDS.name
    parameters: Mapping[str, str] = field(default_factory=dict)
    pool_id: str = ""
    """The existing pool it ran on; empty where it made its own."""
    vm_size: str = DEFAULT_VM_SIZE
    image: ImageChoice = UBUNTU_LTS
    dedicated: str | None = None
    spot: str | None = None
    slots: str = "1"
    timeout: str | None = None
    delete_after: frozenset[DeletePart] = frozenset()


@dataclass(frozen=True)
class RunDraft:
    """The whole form. Change it with `dataclasses.replace`; `options` and `plan` are what becomes of it."""

    suggested_ids: Mapping[str, str]
    """A name of the run for each workload, so that another workload does not change the rest of the name."""
    working_folder: str
    """Absolute; a destination that nobody chose is below it."""
    workload_name: str = TOP_WORDS.name
    parameters: Mapping[str, str] = field(default_factory=dict)
    """By name, as typed; what is absent has its default."""
    files: tuple[FileChoice, ...] = ()
    existing_input_container: str | None = None
    typed_run_id: str | None = None
    uses_existing_pool: bool = False
    pool_id: str = ""
    """The existing pool that was picked; kept while a new one is shaped instead."""
    typed_new_pool_id: str | None = None
    vm_size: str = DEFAULT_VM_SIZE
    image: ImageChoice = UBUNTU_LTS
    typed_dedicated: str | None = None
    typed_spot: str | None = None
    slots: str = "1"
    typed_timeout: str | None = None
    priority: str = "0"
    retries: str = "0"
    typed_destination: str | None = None
    delete_after: frozenset[DeletePart] = frozenset()

    @property
    def workload(self) -> Workload:
        return workload_named(self.workload_name)

    # What a field shows: the typed text, or what stands for it while nobody typed any

    @property
    def run_id(self) -> str:
        return _typed(self.typed_run_id, self.suggested_ids[self.workload_name])

    @property
    def new_pool_id(self) -> str:
        return _typed(self.typed_new_pool_id, self.run_id)

    @property
    def dedicated(self) -> str:
        return _typed(self.typed_dedicated, str(self.workload.default_dedicated))

    @property
    def spot(self) -> str:
        return _typed(self.typed_spot, str(self.workload.default_spot))

    @property
    def timeout(self) -> str:
        return _typed(self.typed_timeout, typed_duration(self.workload.default_timeout_s))

    @property
    def destination(self) -> str:
        return _typed(self.typed_destination, os.path.join(self.working_folder, self.run_id))

    def parameter(self, name: str) -> str:
        default = self.workload.parameter_defaults()[name]
        return self.parameters.get(name, f"{default:g}")

    # What becomes of it

    @cached_property
    def _read(self) -> tuple[RunOptions, tuple[Problem, ...]]:
        return _Reading(self).result()

    @property
    def options(self) -> RunOptions:
        """The form as the planner takes it; text that cannot be read is replaced by the default, and a problem."""
        return self._read[0]

    @cached_property
    def problems(self) -> tuple[Problem, ...]:
        """Everything that keeps this from being a plan; text that cannot be read comes first."""
        unreadable = self._read[1]
        told = {problem.option for problem in unreadable}
        if "name" in told and self.typed_new_pool_id is None:
            told.add("pool")  # it is called what the run is called, and one complaint of that is enough
        return (*unreadable, *(problem for problem in planning.problems(self.options) if problem.option not in told))

    def plan(self, created_s: float, account: str) -> RunPlan:
        """The plan; InputError while there are problems."""
        if self.problems:
            first = self.problems[0]
            raise InputError("This run cannot be planned", f"{first.option}: {first.what}", first.hint)
        return planning.build_plan(self.options, self.run_id, created_s, account)

    def choices(self) -> LastChoices:
        """What the next run may begin with."""
        return LastChoices(
            workload=self.workload_name,
            parameters=dict(self.parameters),
            pool_id=self.pool_id if self.uses_existing_pool else "",
            vm_size=self.vm_size,
            image=self.image,
            dedicated=self.typed_dedicated,
            spot=self.typed_spot,
            slots=self.slots,
            timeout=self.typed_timeout,
            delete_after=self.delete_after,
        )


def new_draft(day: date, chooser: random.Random, working_folder: str, last: LastChoices | None = None) -> RunDraft:
    """An empty form: names of `day`, and what the last run chose."""
    last = last or LastChoices()
    draft = RunDraft(
        suggested_ids={name: ids.new_run_id(name, day, chooser) for name in WORKLOADS}, working_folder=working_folder
    )
    if last.workload not in WORKLOADS:
        return draft
    return replace(
        draft,
        workload_name=last.workload,
        parameters=dict(last.parameters),
        uses_existing_pool=bool(last.pool_id),
        pool_id=last.pool_id,
        vm_size=last.vm_size,
        image=last.image,
        typed_dedicated=last.dedicated,
        typed_spot=last.spot,
        slots=last.slots,
        typed_timeout=last.timeout,
        delete_after=last.delete_after,
    )


def with_workload(draft: RunDraft, name: str) -> RunDraft:
    """The draft for another workload: what only fitted the old one goes back to the new one's own."""
    if name == draft.workload_name:
        return draft
    return replace(draft, workload_name=workload_named(name).name, typed_dedicated=None, typed_spot=None)


def typed_duration(seconds: float) -> str:
    """`20m`, `1h30m`: a duration as a person types it, which `units.parse_typed_duration` reads back."""
    whole = round(seconds)
    parts = ((whole // 3_600, "h"), (whole % 3_600 // 60, "m"), (whole % 60, "s"))
    return "".join(f"{value}{unit}" for value, unit in parts if value) or "0s"


def _typed(typed: str | None, default: str) -> str:
    return default if typed is None else typed


class _Reading:
    """Reads every text field once, and keeps what could not be read."""

    def __init__(self, draft: RunDraft) -> None:
        self._draft = draft
        self._problems: list[Problem] = []

    def result(self) -> tuple[RunOptions, tuple[Problem, ...]]:
        draft, workload = self._draft, self._draft.workload
        parameters = self._parameters()
        self._names()
        shapes_pool = not draft.uses_existing_pool
        dedicated = self._whole("nodes", draft.dedicated, workload.default_dedicated, "from 0 to 2,500", shapes_pool)
        spot = self._whole("spot", draft.spot, workload.default_spot, "from 0 to 2,500", shapes_pool)
        slots = self._whole("slots", draft.slots, 1, "from 1 to 256", shapes_pool)
        options = RunOptions(
            workload=workload.name,
            files=draft.files,
            existing_input_container=draft.existing_input_container,
            pool_id=draft.pool_id.strip() if draft.uses_existing_pool else None,
            new_pool_id=None if draft.uses_existing_pool else draft.new_pool_id.strip(),
            dedicated=dedicated,
            spot=spot,
            vm_size=draft.vm_size.strip(),
            slots_per_node=slots,
            image=draft.image,
            timeout_s=self._timeout_s(),
            priority=self._whole("priority", draft.priority, 0, "from -1000 to 1000"),
            max_task_retry_count=self._whole("retries", draft.retries, 0, "from 0 to 100, or -1 for no limit"),
            parameters=parameters,
            destination=self._destination(),
            delete_after=draft.delete_after - {"pool"} if draft.uses_existing_pool else draft.delete_after,
        )
        return options, tuple(self._problems)

    def _say(self, option: str, what: str, hint: str = "") -> None:
        self._problems.append(Problem(option, what, hint))

    def _parameters(self) -> dict[str, float]:
        """Those of the workload; what was typed for another workload waits for it."""
        values = {}
        for parameter in self._draft.workload.parameters:
            text = self._draft.parameter(parameter.name).strip()
            try:
                values[parameter.name] = parameter.parse(text)
            except InputError as refusal:
                self._say(parameter.name, f"{text!r} cannot be used" if text else _NOTHING, refusal.hint)
        return values

    def _names(self) -> None:
        draft = self._draft
        if not ids.is_run_id(draft.run_id):
            what = f"{draft.run_id!r} cannot name a run" if draft.run_id else "a run needs a name"
            self._say("name", what, "lower-case letters, digits and single hyphens, at most 40")
        if draft.uses_existing_pool and not draft.pool_id.strip():
            self._say("pool", "no pool was picked", "pick one of the list, or make a new one")

    def _whole(self, option: str, text: str, default: int, hint: str, matters: bool = True) -> int:
        return self._value(option, text, int, default, "a whole number", hint) if matters else default

    def _timeout_s(self) -> float:
        default_s = self._draft.workload.default_timeout_s
        hint = "like 30m, 1h30m or 90s"
        return self._value("timeout", self._draft.timeout, units.parse_typed_duration, default_s, "a duration", hint)

    def _value(
        self, option: str, text: str, read: Callable[[str], ValueT], default: ValueT, kind: str, hint: str
    ) -> ValueT:
        try:
            return read(text.strip())
        except ValueError:
            self._say(option, f"{text!r} is not {kind}" if text.strip() else _NOTHING, hint)
            return default

    def _destination(self) -> str:
        draft = self._draft
        if not draft.destination.strip():
            self._say("destination", "no folder is given", "where the outputs go")
            return ""
        path = os.path.expanduser(draft.destination.strip())
        return os.path.normpath(os.path.join(draft.working_folder, path))
