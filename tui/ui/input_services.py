"""What choosing inputs is given: this machine's folders and the account's containers, read on threads of others.

The defaults read this machine and know no account, so that files can be chosen without one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tui.core.input_listing import PublishBatch, ScanRequest
from tui.core.records import ContainerRecord
from tui.core.workloads import Workload
from tui.engine.folder_scan import complete_folder, start_scan

Stop = Callable[[], None]
"""Ends a reading; whatever is on its way may still arrive."""


@dataclass(frozen=True, slots=True)
class InputServices:
    """Readers publish from threads of their own; what says so blocks, and raises `core.errors`."""

    start_scan: Callable[[ScanRequest, PublishBatch], Stop] = start_scan
    """Reads folders; returns at once."""
    complete_folder: Callable[[str, str], str | None] = complete_folder
    """What was typed, and the folder it is relative to; blocks."""
    list_containers: Callable[[], tuple[ContainerRecord, ...]] = lambda: ()
    """Blocks."""
    start_blob_listing: Callable[[str, str, PublishBatch], Stop] | None = None
    """Reads the blobs of a container that begin with a prefix; None where there is no account to read from."""
    sample_folder: Callable[[Workload], str] | None = None
    """Where the bundled inputs for a workload are; returns at once."""
    last_folder: str = ""
    """Where files were chosen last; absolute."""
    remember_folder: Callable[[str], object] = lambda _: None
    """Called when files were chosen in another folder; returns at once."""
