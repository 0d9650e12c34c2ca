"""A download in words: what is wanted, how far it is, what became of it."""

from __future__ import annotations

from textual.content import Content

from tui.core.columns import Tone
from tui.core.download_choice import DownloadReport, WantedFile
from tui.core.events import Progress
from tui.core.units import count_text, duration_text, local_date_time, size_text
from tui.ui.text import safe, toned

FAILURES_SHOWN = 200


def progress_words(progress: Progress, elapsed_s: float) -> str:
    """`12 of 40 files · 1.2 MB of 3.4 MB · 480 KB/s`."""
    words = [f"{progress.done:,} of {count_text(progress.total, 'file')}"]
    if progress.total_bytes:
        words.append(f"{size_text(progress.done_bytes)} of {size_text(progress.total_bytes)}")
    if elapsed_s >= 1 and progress.done_bytes:
        words.append(f"{size_text(round(progress.done_bytes / elapsed_s))}/s")
    return " · ".join(words)


def ending_words(report: DownloadReport) -> tuple[str, Tone]:
    if report.stopped_by == "stopped":
        return "– stopped: what is not there yet can be fetched later", "warning"
    if report.refusal is not None:
        return f"✗ access was refused: {report.refusal.title}", "error"
    if report.stopped_by:
        return f"✗ ended early: {report.stopped_by}", "error"
    if report.ended("failed"):
        return f"✗ {count_text(len(report.ended('failed')), 'file')} failed", "error"
    if not report.results:
        return "– there is nothing of that to download", "warning"
    return "✓ everything is there, and verified", "success"


def report_lines(report: DownloadReport, took_s: float) -> list[Content]:
    """Counts by what became of the files, then every file that did not arrive or lies elsewhere."""
    lines = []
    done = report.ended("downloaded")
    rows: list[tuple[str, int, str, Tone]] = [
        ("downloaded", len(done), f"{size_text(report.moved_bytes)} in {duration_text(took_s)}", "success"),
        ("there already", len(report.ended("there already")), "the same content", "muted"),
        ("kept", len(report.ended("kept")), "another file of that name stays", "warning"),
        ("failed", len(report.ended("failed")), "", "error"),
        ("not fetched", len(report.ended("left")), "", "warning"),
    ]
    for name, count, note, tone in rows:
        if count:
            lines.append(toned(f"{name:<14}", "muted") + toned(f"{count:>7,}", tone) + toned(f"  {note}", "muted"))
    lines.append(toned(f"{'in':<14}", "muted") + safe(report.destination))
    beside = [result for result in done if result.path != result.file.path]
    lines += [
        toned("! ", "warning") + safe(f"{result.file.blob.name} lies beside another file: {result.path}")
        for result in beside[:FAILURES_SHOWN]
    ]
    return lines + [
        toned("✗ ", "error") + safe(f"{result.file.blob.name}: {result.detail}")
        for result in report.ended("failed")[:FAILURES_SHOWN]
    ]


def conflict_lines(file: WantedFile) -> list[Content]:
    """The two files that want one name."""
    found = file.in_the_way
    assert found is not None
    blob = file.blob
    return [
        Content(safe(file.path)),
        Content(""),
        toned(f"{'there now':<12}", "muted") + f"{size_text(found.size_bytes):>8}  {local_date_time(found.modified_s)}",
        toned(f"{'download':<12}", "muted")
        + f"{size_text(blob.size_bytes):>8}  {local_date_time(blob.last_modified_s)}",
    ]
