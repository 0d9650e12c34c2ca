"""What a run still has, in lines, before it is deleted: what exists, what would be lost, what would no longer cost."""

from __future__ import annotations

from tui.core.deletion import Remains, losses, savings


def remains_lines(remains: Remains) -> list[str]:
    """As the service has it now; what cannot be deleted is named with the reason."""
    lines = [f"{remains.run_id} left:"]
    lines += [f"  {item.kind} {item.name}: {item.presence.value}" for item in remains.resources]
    lost = losses(remains, remains.parts)
    if lost:
        lines += ["Deleting it loses", *(f"  {loss.text}" for loss in lost)]
    saved = savings(remains, remains.parts)
    if saved:
        lines += ["and saves" if lost else "Deleting it saves", *(f"  {text}" for text in saved)]
    return lines
