"""The lines of a log as rows: every edit leaves what laying all lines out anew would give."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tui.core.log_window import LogEdit
from tui.ui.widgets.log_rows import LogRows

LINES = st.lists(
    st.sampled_from(["", "short", "a line that is longer than the rest", "größer 世界 ✓ und weiter"]), max_size=4
)
EDITS = st.lists(
    st.builds(LogEdit, before=LINES, after=LINES, dropped_first=st.integers(0, 2), dropped_last=st.integers(0, 2)),
    max_size=8,
)


def laid_out(lines: list[str], width: int) -> LogRows:
    rows = LogRows()
    rows.width = width
    rows.apply(LogEdit(is_anew=True, after=lines))
    return rows


@settings(max_examples=50)
@given(EDITS, st.sampled_from([0, 7, 10]))
def test_edits_leave_what_a_fresh_layout_gives_and_tell_how_far_rows_moved(edits: list[LogEdit], width: int) -> None:
    rows = laid_out(["first", "unfinished"], width)
    for edit in edits:
        if edit.dropped_first + edit.dropped_last >= len(rows.lines):
            continue
        kept = rows.rows_of(max(0, edit.dropped_first - len(edit.before)))[0]
        text = rows.rows[kept]
        last = kept >= rows.row_of(len(rows.lines) - 1 - edit.dropped_last)
        moved = rows.apply(edit)
        if not last:
            assert rows.rows[kept + moved] == text
        fresh = laid_out(list(rows.lines), width)
        assert rows.rows == fresh.rows
        assert [rows.row_of(line) for line in range(len(rows.lines))] == [
            fresh.row_of(line) for line in range(len(fresh.lines))
        ]
    assert all(rows.line_of(row) == line for line in range(len(rows.lines)) for row in rows.rows_of(line))


def test_wrapped_rows_lose_nothing_and_are_as_wide_as_they_may_be() -> None:
    line = "plain " * 10 + "世界" * 10
    rows = laid_out([line, ""], 7)
    assert "".join(rows.rows) == line
    rows.lay_out(0)
    assert rows.rows == [line, ""]
    assert (len(rows), rows.widest) == (1, 100)
