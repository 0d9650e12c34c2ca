"""Third step: where it runs, for how long at most, and what is left afterwards. What is seldom changed is folded away.

Fields that nobody touched follow the others: the pool is called what the run is called, outputs go below its name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.suggester import SuggestFromList
from textual.widgets import Collapsible, Input, OptionList

from tui.core.images import UBUNTU_LTS, ImageChoice
from tui.core.plan import DELETE_PARTS
from tui.core.planning import Problem
from tui.core.run_draft import RunDraft
from tui.core.units import count_text
from tui.ui.screens.access import asking
from tui.ui.screens.new_run.form import Choice, FormInput, FormRow, Pick, Tick, word
from tui.ui.screens.new_run.image_picker import ImagePicker
from tui.ui.screens.new_run.pool_list import PoolList
from tui.ui.screens.new_run.step import StepPane
from tui.ui.screens.new_run.words import limit_text, node_hours_text, set_up_text
from tui.ui.services import AppServices, NewRunServices

VM_SIZES = {
    "Standard_D2s_v3": "2 vCPUs, 8 GiB",
    "Standard_D4s_v3": "4 vCPUs, 16 GiB",
    "Standard_D8s_v3": "8 vCPUs, 32 GiB",
    "Standard_F2s_v2": "2 vCPUs, 4 GiB",
    "Standard_F4s_v2": "4 vCPUs, 8 GiB",
    "Standard_F8s_v2": "8 vCPUs, 16 GiB",
    "Standard_E2s_v3": "2 vCPUs, 16 GiB",
    "Standard_E4s_v3": "4 vCPUs, 32 GiB",
}
"""Suggestions, with what they are: general, computing, memory. Any other size may be typed."""

_NUMBER_WIDTH = 7
_NAME_WIDTH = 32
_ADVANCED = frozenset({"name", "slots", "priority", "retries"})


class PoolJobPane(StepPane):
    """Pool and job."""

    title: ClassVar[str] = "Pool & job"
    options: ClassVar[frozenset[str]] = frozenset(
        {"pool", "nodes", "spot", "vm-size", "timeout", "destination", *_ADVANCED}
    )

    def __init__(self, services: AppServices, new_run: NewRunServices) -> None:
        super().__init__(id="pool-job", classes="panel")
        self.border_title = self.title.lower()
        self._services = services
        self._new_run = new_run
        self._image_choice: ImageChoice = UBUNTU_LTS
        self._which = Choice(("make a new pool", "use an existing one"))
        self._image = Pick(classes="whole-line")
        self._pools = PoolList(new_run.list_pools, asking(self, services), services.clock)
        self._is_loaded = False
        self._fields = {
            "vm-size": FormInput("vm-size", width=26, suggester=SuggestFromList(VM_SIZES, case_sensitive=False)),
            "nodes": FormInput("nodes", width=_NUMBER_WIDTH),
            "spot": FormInput("spot", width=_NUMBER_WIDTH),
            "timeout": FormInput("timeout", width=_NUMBER_WIDTH),
            "destination": FormInput("destination", classes="whole-line"),
            "name": FormInput("name", width=_NAME_WIDTH),
            "pool": FormInput("pool", width=_NAME_WIDTH),
            "slots": FormInput("slots", width=_NUMBER_WIDTH),
            "priority": FormInput("priority", width=_NUMBER_WIDTH),
            "retries": FormInput("retries", width=_NUMBER_WIDTH),
        }
        self._ticks = {part: Tick(part) for part in DELETE_PARTS}
        fields = self._fields
        self._rows = {
            "vm-size": FormRow("VM size", fields["vm-size"]),
            "nodes": FormRow("Nodes", fields["nodes"], word("dedicated"), fields["spot"], word("Spot")),
            "timeout": FormRow("Time limit", fields["timeout"]),
            "destination": FormRow("Outputs", fields["destination"]),
            "name": FormRow("Run name", fields["name"], note="names job and containers too"),
            "pool": FormRow("Pool id", fields["pool"], classes="for-new"),
            "slots": FormRow("Task slots", fields["slots"], note="tasks at once on one node", classes="for-new"),
            "priority": FormRow("Priority", fields["priority"], note="from -1000 to 1000; higher goes first"),
            "retries": FormRow("Retries", fields["retries"], note="of a task that fails"),
        }
        self._set_up = FormRow("Start task", classes="-spoken")
        self._more = Collapsible(
            *(self._rows[name] for name in ("name", "pool", "slots", "priority", "retries")),
            self._set_up,
            FormRow("Job ends", note="by itself, once all its tasks are done: always on", classes="-spoken"),
            title="Advanced",
        )

    def compose(self) -> ComposeResult:
        rows = self._rows
        yield FormRow("Pool", self._which)
        with Vertical(classes="group for-new"):
            yield FormRow("Image", self._image)
            yield rows["vm-size"]
            yield rows["nodes"]
        with Vertical(classes="group for-existing"):
            yield self._pools.status
            yield self._pools
        with Vertical(classes="group"):
            yield rows["timeout"]
            yield rows["destination"]
            yield FormRow("Then delete", *self._ticks.values())
        yield self._more

    # The draft

    def load(self, draft: RunDraft) -> None:
        self._which.index = int(draft.uses_existing_pool)
        self._image_choice = draft.image
        self._pools.highlight(draft.pool_id)
        for part, tick in self._ticks.items():
            tick.value = part in draft.delete_after
        self.follow(draft)
        self._is_loaded = True

    def follow(self, draft: RunDraft) -> None:
        """Shows every field as the draft has it, and what there is to say beside it."""
        for name, text in _texts(draft).items():
            self._fields[name].show(text)
        self._image.text = str(self._image_choice)
        self.set_class(draft.uses_existing_pool, "-existing")
        self._ticks["pool"].display = not draft.uses_existing_pool
        if draft.uses_existing_pool:
            self._pools.load_once()
        self._rows["vm-size"].say(VM_SIZES.get(draft.vm_size, "as your region offers it; → completes"))
        self._rows["nodes"].say("costs less, can be evicted")
        self._rows["timeout"].say(_use_text(draft))
        # On a pool the run did not make, the same work is the job's preparation task.
        self._set_up.label = "Job prepares" if draft.uses_existing_pool else "Start task"
        self._set_up.say(set_up_text(draft.workload))

    def apply(self, draft: RunDraft) -> RunDraft:
        if not self._is_loaded:
            return draft
        shown = _texts(draft)
        value = {name: field.value for name, field in self._fields.items()}
        chosen = self._pools.chosen
        uses_existing = self._which.index == 1

        def touched(name: str, typed: str | None) -> str | None:
            return typed if value[name] == shown[name] else value[name]

        return replace(
            draft,
            uses_existing_pool=uses_existing,
            pool_id=chosen.id if uses_existing and chosen is not None else draft.pool_id,
            image=self._image_choice,
            vm_size=value["vm-size"],
            typed_dedicated=touched("nodes", draft.typed_dedicated),
            typed_spot=touched("spot", draft.typed_spot),
            typed_timeout=touched("timeout", draft.typed_timeout),
            typed_destination=touched("destination", draft.typed_destination),
            typed_run_id=touched("name", draft.typed_run_id),
            typed_new_pool_id=touched("pool", draft.typed_new_pool_id),
            slots=value["slots"],
            priority=value["priority"],
            retries=value["retries"],
            delete_after=frozenset(part for part, tick in self._ticks.items() if tick.value),
        )

    # Problems and focus

    @property
    def problems(self) -> Sequence[Problem]:
        """What the list says against the pool that was picked; nothing while it is not there."""
        if self._which.index != 1 or not self._pools.items:
            return ()
        chosen = self._pools.chosen
        if chosen is None:
            return [Problem("pool", "the pool of the last run is gone", "pick one of the list")]
        if chosen.state == "deleting":
            return [Problem("pool", f"{chosen.id} is being deleted", "pick another")]
        return ()

    def show_problems(self, problems: Sequence[Problem]) -> None:
        for row in self._rows.values():
            row.show_problems(problems)
        hidden = sum(problem.option in self._folded for problem in problems)
        self._more.title = f"Advanced · ✗ {hidden} to mend" if hidden else "Advanced"

    @property
    def _folded(self) -> frozenset[str]:
        return _ADVANCED if self._which.index == 1 else _ADVANCED | {"pool"}

    def focus_first(self) -> None:
        self._which.focus()

    def focus_problem(self, problem: Problem) -> None:
        if problem.option in self._folded:
            self._more.collapsed = False
        if problem.option == "pool" and self._which.index == 1:
            self._pools.focus()
        else:
            self.call_after_refresh(self._fields[problem.option].focus)

    # What a person does

    @on(Input.Changed)
    @on(Choice.Changed)
    @on(Tick.Changed)
    @on(OptionList.OptionHighlighted)
    @on(PoolList.Loaded)
    def _on_changed(self, message: Message) -> None:
        message.stop()
        if self._is_loaded:
            self.post_message(self.Changed(self))

    @on(Input.Submitted)
    @on(OptionList.OptionSelected)
    def _on_done(self, message: Message) -> None:
        message.stop()
        self.post_message(self.NextRequested(self))

    @on(Pick.Requested)
    def _on_pick(self) -> None:
        services = self._services
        picker = ImagePicker(
            self._new_run.list_images, asking(self, services), services.clock, current=self._image_choice
        )
        self.app.push_screen(picker, self._take_image)

    def _take_image(self, choice: ImageChoice | None) -> None:
        if choice is not None:
            self._image_choice = choice
            self.post_message(self.Changed(self))


def _texts(draft: RunDraft) -> dict[str, str]:
    """What each field shows of the draft, by option."""
    return {
        "vm-size": draft.vm_size,
        "nodes": draft.dedicated,
        "spot": draft.spot,
        "timeout": draft.timeout,
        "destination": draft.destination,
        "name": draft.run_id,
        "pool": draft.new_pool_id,
        "slots": draft.slots,
        "priority": draft.priority,
        "retries": draft.retries,
    }


def _use_text(draft: RunDraft) -> str:
    """What the limit comes to."""
    options = draft.options
    limit_s = options.timeout_s or 0.0
    if draft.uses_existing_pool:
        return f"the whole job: it is ended after {limit_text(limit_s)}"
    nodes = (options.dedicated or 0) + (options.spot or 0)
    hours = nodes * limit_s / 3_600
    return f"the whole job; {count_text(nodes, 'node')}: {node_hours_text(hours)} at most"
