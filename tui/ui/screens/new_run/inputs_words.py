"""What the inputs step says: what is chosen, how far the reading is, what would fill an empty tree, by which key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.content import Content

from tui.core.errors import BatchTuiError
from tui.core.glob_filter import GlobFilter
from tui.core.input_selection import Tally, not_of_kind
from tui.core.input_tree import InputTree
from tui.core.planning import FileChoice, Problem
from tui.core.units import count_text, size_text
from tui.core.workloads import Workload
from tui.ui.text import joined, safe, toned
from tui.ui.widgets.input_tree_view import InsteadLine

_NAMED = 2
"""So many names of a kind of trouble, the rest is counted."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How far the tree has been read."""

    is_under_way: bool = False
    is_cut_short: bool = False
    files_read: int = 0
    error: BatchTuiError | None = None


def tally_text(tally: Tally, reading: Reading, *, noun: str, samples_key: str, vanished: Sequence[str] = ()) -> Content:
    """The line below the tree: what is chosen of how much, and whether more is to come."""
    news = _news(tally, reading, noun, vanished)
    if not tally.chosen_count:
        samples = f", {samples_key} takes the samples" if samples_key else ""
        is_idle = bool(news) or not tally.offered_count
        hint = Content("" if is_idle else f": space marks, a takes all{samples}")
        return joined([toned("○ nothing chosen", "muted") + hint, *news], "   ")
    return joined([_chosen(tally, noun), *news], "   ")


def _news(tally: Tally, reading: Reading, noun: str, vanished: Sequence[str]) -> list[Content]:
    parts = []
    if tally.elsewhere_count:
        parts.append(toned(f"{tally.elsewhere_count:,} of them elsewhere", "muted"))
    if tally.left_out_count:
        parts.append(toned(f"! {tally.left_out_count:,} marked, but filtered out", "warning"))
    if vanished:
        more = f" and {len(vanished) - 1:,} more" if len(vanished) > 1 else ""
        verb = "are" if more else "is"
        name = safe(vanished[0].rpartition("/")[2])
        parts.append(toned(f"! {len(vanished):,} chosen before {verb} gone: {name}{more}", "warning"))
    if reading.is_under_way:
        parts.append(toned(f"● reading… {count_text(reading.files_read, noun)}", "running"))
    elif reading.is_cut_short:
        parts.append(toned("! there is more: open a folder to read on", "warning"))
    return parts


def _chosen(tally: Tally, noun: str) -> Content:
    here = tally.chosen_count - tally.elsewhere_count
    of_all = f" of {tally.offered_count:,}" if 0 < here < tally.offered_count else ""
    words = f"✓ {tally.chosen_count:,}{of_all} {noun if tally.chosen_count == 1 and not of_all else noun + 's'} chosen"
    return toned(f"{words}, {size_text(tally.chosen_bytes)}", "success")


def filter_text(workload: Workload) -> str:
    """What the filter begins with."""
    return GlobFilter.of_extensions(workload.input_extensions).text


class KindJudge:
    """Finds files that the workload does not take; the last finding is kept, for many files are judged often."""

    def __init__(self) -> None:
        self._judged: tuple[FileChoice, ...] = ()
        self._workload: Workload | None = None
        self._problems: list[Problem] = []

    def problems(self, files: tuple[FileChoice, ...], workload: Workload) -> list[Problem]:
        if self._judged is not files or self._workload is not workload:
            names = not_of_kind(files, workload.input_extensions)
            self._judged, self._workload = files, workload
            self._problems = _wrong_kind(names, len(files), workload)
        return self._problems


def _wrong_kind(names: Sequence[str], chosen: int, workload: Workload) -> list[Problem]:
    """One problem for all the files that the workload does not take."""
    if not names:
        return []
    shown = ", ".join(name.rpartition("/")[2] for name in names[:_NAMED])
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    kinds = " or ".join(workload.input_extensions)
    verb = "is" if len(names) == 1 else "are"
    of = f"{len(names):,} of these {chosen:,} files" if chosen > 1 else "this file"
    return [Problem("inputs", f"{of} {verb} not {kinds}: {shown}{more}", f"filter by *{workload.input_extensions[0]}")]


def instead_of_rows(tree: InputTree, reading: Reading, *, place: str, samples_key: str) -> list[InsteadLine]:
    """What stands in an empty tree; `place` is where it was looked, in words."""
    if reading.error is not None:
        hint = [(reading.error.hint, "muted")] if reading.error.hint else []
        return [(f"✗ {reading.error}", "trouble"), *hint, ("r  read again", "muted")]
    if reading.is_under_way:
        return [(f"● reading {place}…", "box")]
    if tree.root.trouble:
        return [(f"✗ {place}: {tree.root.trouble}", "trouble"), *_ways_out(tree, samples_key)]
    if tree.filter.is_empty or not reading.files_read:
        return [(f"There is nothing in {place}.", ""), *_ways_out(tree, samples_key)]
    return [(f"Nothing in {place} passes {tree.filter.text.strip()}", ""), *_ways_out(tree, samples_key)]


def _ways_out(tree: InputTree, samples_key: str) -> list[InsteadLine]:
    is_blobs, is_read = not tree.root.prefix, not tree.root.trouble
    ways = [
        ("/", "change the filter", is_read and not tree.filter.is_empty),
        (".", "show hidden files", is_read and not tree.shows_hidden),
        ("⌫", "up one folder", not is_blobs and tree.root.prefix != "/"),
        ("r", "read it again", True),
        (samples_key, "use the samples", bool(samples_key) and not is_blobs),
    ]
    return [("", ""), *((f"{key}  {words}", "muted") for key, words, is_there in ways if is_there)]
