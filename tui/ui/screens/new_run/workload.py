"""First step: which workload, and its parameters. The first parameter is in sight, the others are under More."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Collapsible, Input, OptionList
from textual.widgets.option_list import Option

from tui.core.planning import Problem
from tui.core.run_draft import RunDraft, with_workload
from tui.core.workloads import WORKLOADS, Parameter, Workload
from tui.ui.screens.new_run.form import FormInput, FormRow
from tui.ui.screens.new_run.step import StepPane
from tui.ui.screens.new_run.words import workload_facts
from tui.ui.text import joined, toned
from tui.ui.widgets.fact_sheet import Fact, FactSheet

_FIELD_WIDTH = 10
_LABEL_WIDTH = 15


class WorkloadList(OptionList):
    """The workload under the cursor is the one that is chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select", "Next", id="workloads.select", tooltip="On with this workload")
    ]


class WorkloadPane(StepPane):
    """Moving in the list chooses; `enter` goes on."""

    title: ClassVar[str] = "Workload"
    options: ClassVar[frozenset[str]] = frozenset(
        parameter.name for workload in WORKLOADS.values() for parameter in workload.parameters
    )

    def __init__(self) -> None:
        super().__init__(id="workload", classes="panel")
        self.border_title = self.title.lower()
        self._names = tuple(WORKLOADS)
        width = max(len(workload.title) for workload in WORKLOADS.values())
        rows = [self._row(workload, width) for workload in WORKLOADS.values()]
        self._list = WorkloadList(*(Option(row) for row in rows), compact=True, markup=False)
        self._facts = FactSheet(_LABEL_WIDTH, classes="facts")
        self._parameters = {name: _ParameterForm(workload) for name, workload in WORKLOADS.items()}

    @staticmethod
    def _row(workload: Workload, width: int) -> Content:
        return joined([toned(f"{workload.title:<{width}}", is_bold=True), Content(workload.summary)], "   ")

    def compose(self) -> ComposeResult:
        yield self._list
        yield self._facts
        yield from self._parameters.values()

    def load(self, draft: RunDraft) -> None:
        self._show_chosen(draft.workload)
        self._list.highlighted = self._names.index(draft.workload_name)
        self._parameters[draft.workload_name].load(draft)

    def apply(self, draft: RunDraft) -> RunDraft:
        index = self._list.highlighted
        draft = with_workload(draft, self._names[index or 0])
        return self._parameters[draft.workload_name].apply(draft)

    def follow(self, draft: RunDraft) -> None:
        if not self._parameters[draft.workload_name].display:
            self._show_chosen(draft.workload)

    def _show_chosen(self, workload: Workload) -> None:
        self._facts.show([Fact(toned(label, "muted"), Content(words)) for label, words in workload_facts(workload)])
        for name, form in self._parameters.items():
            form.display = name == workload.name

    def show_problems(self, problems: Sequence[Problem]) -> None:
        for form in self._parameters.values():
            form.show_problems(problems)

    def focus_first(self) -> None:
        self._list.focus()

    def focus_problem(self, problem: Problem) -> None:
        for form in self._parameters.values():
            if form.display:
                form.focus_problem(problem)

    @on(OptionList.OptionHighlighted)
    def _on_moved(self, message: OptionList.OptionHighlighted) -> None:
        message.stop()
        self.post_message(self.Changed(self))

    @on(Input.Changed)
    def _on_typed(self, message: Input.Changed) -> None:
        message.stop()
        self.post_message(self.Changed(self))

    @on(OptionList.OptionSelected)
    @on(Input.Submitted)
    def _on_done(self, message: OptionList.OptionSelected | Input.Submitted) -> None:
        message.stop()
        self.post_message(self.NextRequested(self))


class _ParameterForm(Vertical):
    """The parameters of one workload."""

    def __init__(self, workload: Workload) -> None:
        super().__init__(classes="parameters")
        self._rows = {parameter.name: self._row(parameter) for parameter in workload.parameters}
        self._more = Collapsible(*list(self._rows.values())[1:], title="More")

    @staticmethod
    def _row(parameter: Parameter) -> FormRow:
        kind = "" if parameter.is_whole else " fractions too"
        note = f"from {parameter.minimum:,.0f} to {parameter.maximum:,.0f}{',' if kind else ''}{kind}"
        return FormRow(parameter.title, FormInput(parameter.name, width=_FIELD_WIDTH), note=note)

    def compose(self) -> ComposeResult:
        yield from list(self._rows.values())[:1]
        if len(self._rows) > 1:
            yield self._more

    def load(self, draft: RunDraft) -> None:
        for name, row in self._rows.items():
            row.fields[0].show(draft.parameter(name))

    def apply(self, draft: RunDraft) -> RunDraft:
        typed = {
            name: row.fields[0].value
            for name, row in self._rows.items()
            if name in draft.parameters or row.fields[0].value != draft.parameter(name)
        }
        return replace(draft, parameters={**draft.parameters, **typed})

    def show_problems(self, problems: Sequence[Problem]) -> None:
        for row in self._rows.values():
            row.show_problems(problems)

    def focus_problem(self, problem: Problem) -> None:
        row = self._rows.get(problem.option)
        if row is not None:
            self._more.collapsed = self._more.collapsed and row is next(iter(self._rows.values()))
            self.call_after_refresh(row.fields[0].focus)
