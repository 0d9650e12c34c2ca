"""The tasks of a run: the live table, what it is filtered by, and a title that says how many of how many are shown.

Rows come in through `replace` and `apply`; while they are only part of a first list the title says so. What is typed
becomes a filter as it is typed, and while it cannot be read the last one that could stays in force and the line below
says what is expected.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.suggester import Suggester
from textual.timer import Timer
from textual.widgets import Input, Static

from tui.core.plan import RunPlan
from tui.core.records import TaskRow
from tui.core.table_model import TableModel
from tui.core.task_filter import FIELDS, FilterError, Surroundings, TaskFilter, complete, explain, parse_filter
from tui.core.task_listing import TaskListing
from tui.core.task_table import input_names, is_failed, is_live, new_task_table
from tui.core.units import count_text, duration_text
from tui.core.view_columns import ColumnChoice, chosen
from tui.ui.screens.columns import ColumnsDialog
from tui.ui.services import Clock, ViewStore
from tui.ui.text import safe, toned
from tui.ui.widgets.virtual_table import VirtualTable

_VIEW = "tasks"
_LARGE = 20_000
_TYPING_PAUSE_S = 0.12
"""Among more than `_LARGE` rows a filter is tried once the typing rests: each trial looks at all of them."""
_VALUES_OFFERED = 200
_VALUE_OF: dict[str, Callable[[TaskRow], str]] = {
    "exit": lambda row: "" if row.exit_code is None else str(row.exit_code),
    "node": lambda row: row.node_id,
    "code": lambda row: "" if row.failure is None else row.failure.code,
    "category": lambda row: "" if row.failure is None else row.failure.category,
}
"""Fields whose values are few enough to be offered."""


class TaskList(Vertical):
    """Table, filter and title; the screen feeds it and asks it which tasks a person means."""

    DEFAULT_CSS = """
    TaskList {
        & > #filter { display: none; height: 1; padding: 0 2; border: none; }
        & > #filter-hint { display: none; height: 1; padding: 0 2; text-wrap: nowrap; text-overflow: ellipsis; }
        &.-filtering > #filter, &.-filtering > #filter-hint { display: block; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", key_display="/", id="run.filter", tooltip="Show rows that match"),
        Binding("f", "failed_only", "Failed only", id="run.failed", tooltip="Show failed tasks only, or all again"),
        Binding("s", "sort", "Sort", id="run.sort", tooltip="Sort by the next column"),
        Binding("y", "copy", "Copy ids", show=False, id="run.copy", tooltip="Ids of the marked tasks, or of this one"),
        Binding("o", "columns", "Columns", show=False, id="run.columns", tooltip="Choose columns, order and widths"),
        Binding("S", "reverse_sort", "Reverse", show=False, id="run.reverse", tooltip="Sort the other way round"),
    ]

    def __init__(
        self,
        plan: RunPlan,
        clock: Clock,
        views: ViewStore | None = None,
        *,
        id: str | None = None,  # noqa: A002
    ) -> None:
        super().__init__(id=id)
        self._clock = clock
        self._slow_from_s: float | None = None
        self._views = views
        self._columns: tuple[ColumnChoice, ...] = () if views is None else views.columns(_VIEW)
        self._around = Surroundings(clock.now_s, input_names(plan))
        self.table: VirtualTable[TaskRow] = VirtualTable(
            new_task_table(plan, clock.now_s, lambda: self._slow_from_s), is_live=is_live, id="tasks", classes="panel"
        )
        self._filter: TaskFilter | None = None
        self._group: tuple[str, frozenset[str]] | None = None
        self._is_failed_only = False
        self._are_added, self._counted = False, 0
        self.listing = TaskListing()
        """How complete the rows are; `show_title` says it."""
        self._trying: Timer | None = None
        self._read_s: float | None = None
        self._input = Input(
            placeholder="text  !text  /regex/  state:failed  exit!=0  duration>5m",
            id="filter",
            compact=True,
            suggester=_Suggestions(self._values),
        )
        self._hint = Static("", id="filter-hint")

    def compose(self) -> ComposeResult:
        yield self.table

    def on_mount(self) -> None:
        if self._columns:
            self._show_columns(self._columns)

    # Verbs

    @property
    def model(self) -> TableModel[TaskRow]:
        return self.table.model

    @property
    def cursor_row(self) -> TaskRow | None:
        return None if self.table.cursor_id is None else self.model.get(self.table.cursor_id)

    @property
    def chosen(self) -> tuple[TaskRow, ...]:
        """The marked tasks, hidden ones included."""
        marked = self.model.marked
        return tuple(row for row in self.model.rows if row.id in marked) if marked else ()

    @property
    def is_narrowed(self) -> bool:
        """Whether `show_all` would change anything."""
        return self.has_class("-filtering") or self.model.is_filtered

    def replace(self, rows: Iterable[TaskRow]) -> None:
        """The full list; `refresh_rows` shows it."""
        self.model.replace(rows)

    def apply(self, rows: Iterable[TaskRow]) -> None:
        """Changed rows; `refresh_rows` shows them."""
        self.model.apply(rows)

    def refresh_rows(self) -> None:
        self.table.refresh_rows()
        self.show_title()

    def tick(self, running: Mapping[str, TaskRow]) -> None:
        """What the clock alone changes: durations of `running` tasks, and with them order and filter."""
        order = self.model.sort_order
        is_sorted_by_time = order is not None and order.column_key == "duration"
        if running and (is_sorted_by_time or (self._filter is not None and self._filter.follows_clock)):
            self.model.apply(running.values())
            self.table.refresh_rows()
        self.table.tick()

    def show_age(self, read_s: float | None) -> None:
        """When the newest list came; the title's counterpart below the table tells its age."""
        self._read_s = read_s
        self.table.border_subtitle = (
            "" if read_s is None else f"{duration_text(max(0.0, self._clock.now_s() - read_s))} ago"
        )

    def mark_slow(self, from_s: float | None) -> None:
        """Durations from `from_s` on stand out; rows are painted anew once it has moved enough to matter."""
        before = self._slow_from_s
        if (before is None) is (from_s is None) and abs((from_s or 0.0) - (before or 0.0)) <= (before or 0.0) / 8:
            return
        self._slow_from_s = from_s
        self.table.repaint()

    def filter_by(self, text: str) -> None:
        """As if `text` had been typed; raises FilterError where it cannot be read."""
        parse_filter(text, self._around)
        self._open_filter()
        self._input.value = text
        self._try(text)
        self.table.focus()

    def show_group(self, name: str, task_ids: Collection[str]) -> None:
        """Only these tasks, under this name, until `show_all`."""
        self._group = (name, frozenset(task_ids))
        self._narrow()
        self.table.focus()

    def mark(self, task_ids: Collection[str]) -> None:
        """These tasks and no others."""
        self.model.clear_marks()
        self.model.mark(task_ids)
        self.refresh_rows()

    def show_all(self) -> None:
        """Drops every filter and closes its line."""
        self.remove_class("-filtering")
        self._filter, self._group, self._is_failed_only = None, None, False
        self._input.value = ""
        self._narrow()
        self.table.focus()

    def await_tasks(self, *, are_added: bool, counted: int = 0) -> None:
        """Whether the tasks are there already, and only have not been read; `counted` of them, where that is known."""
        self._are_added, self._counted = are_added, counted
        self.listing.count(counted)

    def says_it_is_partial(self) -> bool:
        """Whether there may be tasks that are missing here; that is said, then, in place of what needs them all."""
        if self.listing.is_partial:
            text = f"{self.listing.so_far(self.model.total)}: this needs all of them."
            self.notify(text, title="Tasks are still being listed", timeout=5)
        return self.listing.is_partial

    def show_title(self) -> None:
        """How many of how many, by what they are filtered and sorted, and how many are marked."""
        model = self.model
        words = self.listing.words(len(model), model.total, is_filtered=model.is_filtered)
        if self._is_failed_only:
            words.append("failed only")
        if self._group is not None:
            words.append(safe(self._group[0]))
        if self._filter is not None:
            words.append(f"“{safe(self._filter.text)}”")
        if (order := model.sort_order) is not None:
            words.append(f"by {order.column_key} {'▼' if order.is_descending else '▲'}")
        if self.table.is_arranging:
            words.append("working it out…")
        if model.marked:
            hidden = f" ({model.hidden_mark_count:,} hidden)" if model.hidden_mark_count else ""
            words.append(f"{len(model.marked):,} marked{hidden}")
        self.table.border_title = Content(" · ".join(words))
        reading = f"Reading {count_text(self._counted, 'task')}…" if self._counted else "Reading the tasks…"
        waiting = reading if self._are_added else "Tasks appear here once they are added."
        none = "No task that is listed yet matches" if self.listing.is_partial else "No task matches"
        self.table.show_empty_text(f"{none}; esc shows all again." if model.total else waiting)

    # What a person does

    def action_sort(self) -> None:
        self.table.sort_by_next_column()

    def action_reverse_sort(self) -> None:
        self.table.reverse_sort()

    def action_copy(self) -> None:
        row = self.cursor_row
        rows = self.chosen or (() if row is None else (row,))
        if rows:
            self.app.copy_to_clipboard("\n".join(row.id for row in rows))
            self.notify(f"{count_text(len(rows), 'id')} copied", timeout=3)

    def action_columns(self) -> None:
        def keep(choice: tuple[ColumnChoice, ...] | None) -> None:
            if choice is not None:
                self._columns = choice
                if self._views is not None:
                    self._views.remember_columns(_VIEW, choice)

        self.app.push_screen(ColumnsDialog(self.model.columns, self._columns, self._show_columns), keep)

    def _show_columns(self, choice: tuple[ColumnChoice, ...]) -> None:
        self.table.show_columns(chosen(self.model.columns, choice))

    def action_failed_only(self) -> None:
        self._is_failed_only = not self._is_failed_only
        self._narrow()

    def action_filter(self) -> None:
        self._open_filter()
        self._say_hint()
        self._input.focus()

    @on(VirtualTable.SortRequested)
    def _on_sort_requested(self, message: VirtualTable.SortRequested) -> None:
        self.table.sort_by(message.column_key)

    @on(VirtualTable.MarksChanged)
    @on(VirtualTable.Rearranged)
    def _on_title_changed(self) -> None:
        self.show_title()

    @on(Input.Changed, "#filter")
    def _on_typed(self, message: Input.Changed) -> None:
        if self._trying is not None:
            self._trying.stop()
            self._trying = None
        if self.model.total <= _LARGE:
            self._try(message.value)
        else:
            self._trying = self.set_timer(_TYPING_PAUSE_S, lambda: self._try(self._input.value))

    @on(Input.Submitted, "#filter")
    def _on_submitted(self) -> None:
        self._try(self._input.value)
        if not self._input.value:
            self.remove_class("-filtering")
        self.table.focus()

    # Filtering

    def _open_filter(self) -> None:
        """Its line is made when it is first wanted: most lists are never filtered."""
        if not self._input.is_attached:
            self.mount(self._input, self._hint)
        self.add_class("-filtering")

    def _try(self, text: str) -> None:
        """Filters by what was typed, if it can be read and is not in force already."""
        try:
            found = parse_filter(text, self._around) if text.strip() else None
        except FilterError as problem:
            self._hint.update(toned(f"✗ {explain(safe(text), problem)}", "error"))
            return
        self._say_hint()
        if (found and found.text) != (self._filter and self._filter.text):
            self._filter = found
            self._narrow()

    def _narrow(self) -> None:
        """Puts everything that narrows the list in force together."""
        group = self._group
        conditions = [
            *([is_failed] if self._is_failed_only else []),
            *([lambda row: row.id in group[1]] if group is not None else []),
            *([self._filter.accepts] if self._filter is not None else []),
        ]
        if len(conditions) > 1:
            self.table.show_only(lambda row: all(condition(row) for condition in conditions))
        else:
            self.table.show_only(conditions[0] if conditions else None)
        self.show_title()

    def _say_hint(self) -> None:
        text = self._input.value
        offers = complete(text, self._values)
        if offers:
            cut = max(text.rfind(" ") + 1, 0)
            words = "→ completes: " + "  ".join(offer[cut:] for offer in offers[:12])
        else:
            words = "→ completes   esc all   ! not   fields: " + " ".join(field.name for field in FIELDS)
        self._hint.update(toned(safe(words), "muted"))

    def _values(self, field: str) -> tuple[str, ...]:
        """Values that the tasks have in a field, the most frequent ones being of no more use than others."""
        value_of = _VALUE_OF.get(field)
        if value_of is None:
            return ()
        found = {value_of(row) for row in self.model.rows}
        return tuple(sorted(found - {""}))[:_VALUES_OFFERED]


class _Suggestions(Suggester):
    """Completes the last term behind the cursor."""

    def __init__(self, values_of: Callable[[str], tuple[str, ...]]) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._values_of = values_of

    async def get_suggestion(self, value: str) -> str | None:
        offers = complete(value, self._values_of)
        return offers[0] if offers else None
