"""The inputs of a run: files of this machine, or blobs of a container, marked in a tree.

The pane shows the source that is looked at, and what is chosen of it; what a person does moves, filters or marks it.
"""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input, Static

from tui.core.errors import BatchTuiError
from tui.core.glob_filter import GlobFilter
from tui.core.input_selection import common_folder
from tui.core.planning import FileChoice, Problem
from tui.core.run_draft import RunDraft
from tui.core.units import duration_text
from tui.ui.input_services import InputServices
from tui.ui.screens.access import asking
from tui.ui.screens.new_run.form import Choice, FormRow, Pick, Tick, word
from tui.ui.screens.new_run.inputs_container import ContainerPicker
from tui.ui.screens.new_run.inputs_fields import FolderInput, FolderSuggester, PrefixInput, TreeFilterInput
from tui.ui.screens.new_run.inputs_reading import InputsReading
from tui.ui.screens.new_run.inputs_words import KindJudge, filter_text, instead_of_rows, tally_text
from tui.ui.services import AppServices
from tui.ui.text import safe
from tui.ui.widgets.input_tree_view import InputTreeView

FILES, BLOBS = 0, 1
"""The sources in the order of the switch."""

_AGE_EVERY_S = 1.0
"""The pace of the age on the border."""


class InputsPane(InputsReading):
    """A switch, a place, a filter, the tree, and a line that says what is chosen."""

    title: ClassVar[str] = "Inputs"
    options: ClassVar[frozenset[str]] = frozenset({"inputs"})
    DEFAULT_CSS = """
    InputsPane {
        &.panel { padding: 0 1; }
        & .for-blobs { display: none; }
        &.-blobs .for-blobs { display: block; }
        &.-blobs .for-files { display: none; }
        & FormRow > .form-label { width: 11; }
        & FormRow > FormInput { max-width: 100%; }
        & FormRow > Tick { margin: 0 0 0 2; }
        & PrefixInput { max-width: 30; }
        & InputTreeView { margin-top: 1; }
        & #inputs-status { height: 1; text-wrap: nowrap; text-overflow: ellipsis; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "switch", "Switch", show=False, id="inputs.switch", tooltip="This machine, or a container"),
        Binding("slash", "filter", "Filter", key_display="/", id="inputs.filter", tooltip="Choose by patterns"),
        Binding("backspace", "up", "Up", key_display="⌫", id="inputs.parent", tooltip="Show the folder above"),
        Binding("s", "samples", "Samples", id="inputs.samples", tooltip="Use the bundled samples"),
        Binding(
            "full_stop",
            "hidden",
            "Hidden",
            key_display=".",
            show=False,
            id="inputs.hidden",
            tooltip="Show hidden files, or not",
        ),
        Binding("r", "read_again", "Read again", show=False, id="inputs.reread", tooltip="Read it all again"),
    ]

    def __init__(self, services: AppServices, inputs: InputServices) -> None:
        super().__init__(services, inputs, classes="panel")
        self.border_title = self.title.lower()
        self._from = Choice(("files of this machine", "an existing container"))
        self._folder = FolderInput(FolderSuggester(inputs, services.run_blocking))
        self._container = Pick()
        self._prefix = PrefixInput()
        self._only = TreeFilterInput()
        self._hidden = Tick("hidden files")
        self._view = InputTreeView(self._files.selection)
        self._status = Static("", id="inputs-status", markup=False)
        self._applied: tuple[FileChoice, ...] | None = None
        self._judge = KindJudge()

    def compose(self) -> ComposeResult:
        yield FormRow("From", self._from, note="c switches")
        yield FormRow("Folder", self._folder, classes="for-files")
        yield FormRow("Container", self._container, word("begins with"), self._prefix, classes="for-blobs")
        yield FormRow("Only", self._only, self._hidden)
        yield self._view
        yield self._status

    # The draft

    def load(self, draft: RunDraft) -> None:
        if self._applied is None or draft.files != self._applied:
            self._take_over(draft)
        if self._workload is not draft.workload:
            is_untouched = self._workload is None or self._only.value == filter_text(self._workload)
            self._workload = draft.workload
            if is_untouched:
                self._only.show(filter_text(draft.workload))
                self._let_through()
        self._show()

    def _take_over(self, draft: RunDraft) -> None:
        """Shows a draft that was not made here."""
        self._applied = draft.files
        container = draft.existing_input_container or ""
        folder = common_folder(draft.files) or self._inputs.last_folder or draft.working_folder
        self._files.start_at(folder, () if container else draft.files)
        self._blobs.start_at(container, draft.files if container else ())
        self._from.index = BLOBS if container else FILES
        self._folder.show_folder(folder)
        self._view.show(self._source.selection)

    def apply(self, draft: RunDraft) -> RunDraft:
        if self._applied is None:
            return draft
        self._applied = self._source.selection.files
        container = self._blobs.container if self._is_blobs else ""
        return replace(draft, files=self._applied, existing_input_container=container or None)

    @property
    def _is_blobs(self) -> bool:
        return self._from.index == BLOBS

    # Problems and focus

    @property
    def problems(self) -> Sequence[Problem]:
        if self._workload is None:
            return ()
        if self._is_blobs and not self._blobs.container:
            return [Problem("inputs", "no container was chosen", "space on Container lists them")]
        kind = self._judge.problems(self._source.selection.files, self._workload)
        awaited = self._source.selection.tree.awaits_marks
        if awaited is not None:
            name = awaited.name or awaited.path
            ending = "is still being read" if self._source.reading.is_under_way else "was not read to its end"
            return [Problem("inputs", f"{safe(name)}/ {ending}"), *kind]
        return kind

    def focus_first(self) -> None:
        """The step is on screen: from here on somebody sees what is read."""
        self._view.focus()
        self._read_on()

    def focus_problem(self, problem: Problem) -> None:  # noqa: ARG002 - all are mended in the tree
        (self._container if self._is_blobs and not self._blobs.container else self._view).focus()

    # What is shown

    def on_mount(self) -> None:
        self.set_interval(_AGE_EVERY_S, self._show_age)

    def show_problems(self, problems: Sequence[Problem]) -> None:
        is_ready = bool(self._source.selection.files) and not problems and not self.problems
        self._view.let_enter_open(not is_ready)

    def _show(self) -> None:
        self.set_class(self._is_blobs, "-blobs")
        self._container.text = self._blobs.container or "choose one"
        self._hidden.display = not self._is_blobs
        self._show_found()
        self.refresh_bindings()

    def _show_found(self) -> None:
        self._view.refresh_rows()
        self._show_status()

    def _show_age(self) -> None:
        read_s = self._source.read_s
        age_s = 0.0 if read_s is None else max(0.0, self._services.clock.now_s() - read_s)
        self.border_subtitle = "" if read_s is None else f"read {duration_text(age_s)} ago"

    def _show_status(self) -> None:
        self._show_age()
        source = self._source
        samples_key = "s" if self._has_samples else ""
        tally = source.selection.tally
        if self._is_blobs and not self._blobs.container:
            self._view.show_instead([("Choose a container above: space lists them.", "")])
            self._status.update("", layout=False)
            return
        vanished = source.selection.vanished
        words = tally_text(tally, source.reading, noun=source.noun, samples_key=samples_key, vanished=vanished)
        self._status.update(words, layout=False)
        self._view.show_instead(
            instead_of_rows(source.selection.tree, source.reading, place=source.place, samples_key=samples_key)
        )

    @property
    def _has_samples(self) -> bool:
        return self._inputs.sample_folder is not None and not self._is_blobs

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        if action == "samples":
            return self._has_samples
        return action not in ("up", "hidden") or not self._is_blobs

    # What a person does

    @on(InputTreeView.Marked)
    def _on_marked(self, message: InputTreeView.Marked) -> None:
        message.stop()
        if not self._is_blobs and self._files.selection.files:
            self._inputs.remember_folder(self._files.selection.tree.root.path)
        self._tell()

    @on(InputTreeView.Opened)
    def _on_opened(self, message: InputTreeView.Opened) -> None:
        """A folder that lies beyond the reader's limit is read when it is opened."""
        message.stop()
        if self._source is self._files and not message.folder.is_read:
            self._files.read_below(message.folder.path)
            self._show()

    @on(Choice.Changed)
    def _on_source(self, message: Choice.Changed) -> None:
        message.stop()
        self._show_anew()

    @on(Input.Changed)
    def _on_typed(self, message: Input.Changed) -> None:
        message.stop()
        if message.input is self._only:
            self._let_through()

    @on(Tick.Changed)
    def _on_hidden(self, message: Tick.Changed) -> None:
        message.stop()
        self._let_through()
        self._read_on()

    def _let_through(self) -> None:
        self._filter(GlobFilter.parse(self._only.value), shows_hidden=self._hidden.value)
        if self.is_attached:
            self._show()
            self._tell()

    @on(Input.Submitted)
    def _on_submitted(self, message: Input.Submitted) -> None:
        message.stop()
        if message.input is self._folder:
            self._go_to(self._folder.typed_folder)
        elif message.input is self._prefix:
            self._blobs.narrow(self._prefix.value)
            self._show_anew()
        self._view.focus()

    def _go_to(self, folder: str) -> None:
        self._files.go_to(folder)
        self._folder.show_folder(folder)
        self._show_anew()

    def action_up(self) -> None:
        """The folder above, with the cursor on the one we come from."""
        root = self._files.selection.tree.root.path
        above = posixpath.dirname(root)
        if above != root:
            self._came_from = root
            self._go_to(above)

    def action_switch(self) -> None:
        """The other source; where no container is chosen yet, the list of them."""
        self._from.action_move(1)
        if self._is_blobs and not self._blobs.container:
            self._container.action_pick()

    def action_filter(self) -> None:
        self._only.focus()

    def action_hidden(self) -> None:
        self._hidden.value = not self._hidden.value

    def action_samples(self) -> None:
        """The bundled inputs of the workload, all of them, and nothing else."""
        if self._inputs.sample_folder is None or self._workload is None:
            return
        try:
            folder = self._inputs.sample_folder(self._workload)
        except BatchTuiError as error:
            self.notify(safe(str(error)), severity="error", markup=False)
            return
        self._only.show(filter_text(self._workload))
        self._files.selection.clear()
        self._go_to(folder)
        self._files.selection.mark_all()
        self._view.focus()

    def action_read_again(self) -> None:
        self._source.read_again()
        self._show_anew()

    @on(Pick.Requested)
    def _on_pick(self, message: Pick.Requested) -> None:
        message.stop()
        services = self._services
        picker = ContainerPicker(
            self._inputs.list_containers, asking(self, services), services.clock, self._blobs.container
        )
        self.app.push_screen(picker, self._take_container)

    def _take_container(self, name: str | None) -> None:
        if name is not None and name != self._blobs.container:
            self._blobs.start_at(name)
            self._show_anew()
        self._view.focus()

    def _show_anew(self) -> None:
        """Another place is looked at: from its top, and read from its start."""
        self._view.show(self._source.selection)
        self._read_on()
        self._show()
        self._tell()
