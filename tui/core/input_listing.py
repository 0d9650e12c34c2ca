"""What a reader of folders, or of a container, tells of what it found: in pieces, each in the order it is shown in.

Invariant: the pieces of one folder come one after the other, each sorting after the one before, folders before files;
the last one says so. A folder is told by its own path before anything below it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tui.core.errors import BatchTuiError


@dataclass(frozen=True, slots=True)
class ListedFile:
    """One file, or what stands among files and cannot be an input."""

    name: str
    """As it is on disk: undecodable bytes as lone surrogates."""
    size_bytes: int = 0
    trouble: str = ""
    """Why it cannot be an input, in words; empty where it can."""


@dataclass(frozen=True, slots=True)
class Listing:
    """A piece of one folder."""

    path: str
    """Absolute and normalised; in a container the prefix of the names in it, such as `a/b/`, and empty at its top."""
    folders: tuple[str, ...] = ()
    """Names, links to folders not among them."""
    files: tuple[ListedFile, ...] = ()
    is_complete: bool = True
    """Whether this is the folder's last piece."""
    trouble: str = ""
    """Why the folder could not be read, in words."""


@dataclass(frozen=True, slots=True)
class ListingBatch:
    """Everything found since the last batch: one unit of work for whoever shows it."""

    listings: tuple[Listing, ...] = ()
    is_over: bool = False
    """Nothing comes after this batch."""
    is_cut_short: bool = False
    """The reader stopped at its limit: folders are left that nobody read."""
    error: BatchTuiError | None = None
    """What ended the reading of a container early."""


PublishBatch = Callable[[ListingBatch], object]
"""Where batches go; called from the reader's thread, returns at once."""


@dataclass(frozen=True, slots=True)
class ScanRequest:
    """Folders to read, absolute, with all that is below them."""

    folders: tuple[str, ...]
    enters_hidden: bool = False
    """Whether folders whose name begins with a dot are read too; they are told in any case."""
