"""A deletion in words: what there is of a part, what is lost, what stops costing, and what became of each resource."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from textual.content import Content

from tui.core.columns import Tone
from tui.core.deletion import DeletionResult, DeletionState, Remains, losses, refusal_among, savings
from tui.core.plan import DELETE_PARTS, DeletePart
from tui.core.presence import Presence
from tui.core.units import count_text
from tui.ui.text import safe, toned

_GLYPHS: dict[DeletionState, tuple[str, Tone]] = {
    DeletionState.WAITING: ("○", "muted"),
    DeletionState.RUNNING: ("●", "running"),
    DeletionState.DELETED: ("✓", "success"),
    DeletionState.GOING: ("✓", "success"),
    DeletionState.FAILED: ("✗", "error"),
    DeletionState.LEFT: ("–", "warning"),
}
_PART_WIDTH = 12


def part_label(remains: Remains, part: DeletePart) -> Content:
    """`pool         top-words-…  3 nodes`: what the tick box of a part stands for."""
    label = Content(f"{part:<{_PART_WIDTH}}")
    return label + toned(safe(" · ".join(_part_facts(remains, part))), "muted")


def _part_facts(remains: Remains, part: DeletePart) -> Iterable[str]:
    names = [item.name for item in remains.of_part(part)]
    if part == "containers":
        yield count_text(len(names), "container")
        if remains.counts_files:
            yield str(remains.stored)
        return
    yield from names
    if part == "job" and remains.counts.total:
        yield count_text(remains.counts.total, "task")
    if part == "pool" and remains.pool is not None:
        yield count_text(max(remains.pool.current_nodes, remains.pool.target_nodes), "node")


def absent_lines(remains: Remains) -> list[Content]:
    """What is named like the run's and cannot be deleted here, and what is gone by itself."""
    lines = []
    for item in remains.resources:
        if item.presence is Presence.FOREIGN:
            lines.append(toned(safe(f"! {item.kind} {item.name} was not made by this run: it stays"), "warning"))
        elif item.presence is Presence.DELETING:
            lines.append(toned(safe(f"● {item.kind} {item.name} is being deleted"), "running"))
    return lines


def consequence_lines(remains: Remains, parts: Collection[DeletePart]) -> list[Content]:
    """What deleting these parts means."""
    lost, saved = losses(remains, parts), savings(remains, parts)
    lines: list[Content] = []
    if not parts:
        return [toned("Nothing is ticked, so nothing would be deleted.", "muted")]
    final = [toned(f"✗ {safe(loss.text)}", "error") for loss in lost if loss.is_final]
    minor = [toned(f"– {safe(loss.text)}") for loss in lost if not loss.is_final]
    lines += _section("is lost for good", final or [toned("✓ nothing that is not here as well", "success")])
    lines += _section("goes as well", minor)
    lines += _section("stops costing", [toned(f"✓ {safe(text)}", "success") for text in saved])
    still = _still_costs(remains, parts)
    return lines + _section("goes on costing", [toned(f"▲ {safe(text)}", "warning") for text in still])


def _still_costs(remains: Remains, parts: Collection[DeletePart]) -> Sequence[str]:
    kept = [part for part in DELETE_PARTS if part not in parts and remains.of_part(part)]
    return savings(remains, kept)


def _section(title: str, lines: Sequence[Content]) -> list[Content]:
    return [toned(title, "muted"), *(Content("  ") + line for line in lines)] if lines else []


def result_lines(results: Iterable[DeletionResult]) -> list[Content]:
    """One line a resource, its reason below it where it failed."""
    lines = []
    for result in results:
        glyph, tone = _GLYPHS[result.state]
        head = toned(f"{glyph} {result.state.value:<10}", tone)
        lines.append(head + safe(f"{result.kind:<10} {result.name}"))
        if result.detail:
            lines.append(
                toned(f"  {safe(result.detail)}", "error" if result.state is DeletionState.FAILED else "muted")
            )
    return lines


def ending_words(results: Sequence[DeletionResult]) -> tuple[str, Tone]:
    """The whole in a few words."""
    failed = sum(result.state is DeletionState.FAILED for result in results)
    left = sum(result.state is DeletionState.LEFT for result in results)
    going = sum(result.state is DeletionState.GOING for result in results)
    if refusal_among(results) is not None:
        return f"access was refused: {failed + left} not deleted", "error"
    if failed or left:
        words = [f"{failed} failed"] if failed else []
        return ", ".join([*words, *([f"{left} left"] if left else [])]), "error" if failed else "warning"
    return ("all deleted" if not going else f"{going} on the way out: the service finishes it"), "success"
