"""What is said of a log of which a part is read."""

from __future__ import annotations

from tui.core.units import size_text
from tui.ui.log_pages import LogPages, Sought, Step


def above_words(pages: LogPages, *, is_reading: bool, trouble: str) -> str:
    """What stands over the first line that is read; empty where that is the log's."""
    size_bytes = pages.before_bytes
    if not size_bytes:
        return ""
    if is_reading:
        return f"▲ reading earlier… {size_text(size_bytes)} before"
    return f"▲ {size_text(size_bytes)} before · {trouble or '↑ reads on · g top'}"


def below_words(pages: LogPages, *, is_reading: bool, trouble: str) -> str:
    """What stands under the last line that is read; empty where the log is followed from there."""
    size_bytes = pages.after_bytes
    if not size_bytes:
        return ""
    if is_reading:
        return f"▼ reading on… {size_text(size_bytes)} after"
    return f"▼ {size_text(size_bytes)} after · {trouble or '↓ reads on · f end'}"


def shown_words(pages: LogPages) -> str:
    """How much of the log can be scrolled through; empty where that is all of it."""
    window = pages.window
    if not pages.before_bytes and not pages.after_bytes:
        return ""
    which = "last " if not pages.after_bytes else "" if pages.before_bytes else "first "
    return f"{which}{size_text(window.end - window.start)}"


def found_words(places: int, pages: LogPages) -> str:
    """After a look at what is read."""
    shown = shown_words(pages)
    if not shown:
        return f"{places:,} found"
    keys = "n, N beyond" if places else "enter searches the rest"
    return f"{places:,} found in the {shown} · {keys}"


def searching_words(searched_bytes: int, all_bytes: int, step: Step) -> str:
    where = "before" if step < 0 else "after"
    return f"searching {size_text(searched_bytes)} of {size_text(all_bytes)} · esc stops · what is {where}"


def sought_words(sought: Sought, step: Step) -> str:
    """After a search that found nothing."""
    key, where, edge = ("N", "before", "beginning") if step < 0 else ("n", "after", "end")
    if not sought.searched_bytes:
        return f"no more: this is the {edge}"
    searched = f"not in the {size_text(sought.searched_bytes)} {where} this"
    if sought.is_exhausted:
        return f"{searched}: {edge} reached"
    return f"{searched} · {key} goes on; a download has it all"


def stopped_words(step: Step) -> str:
    return f"search stopped · {'N' if step < 0 else 'n'} goes on from there"
