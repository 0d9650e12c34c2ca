"""The inputs a person has chosen: those marked in the tree on screen, and those chosen before under another root.

Invariants: going to another root loses nothing; each path is chosen once, and a link is an input by its own name; the
order is that of the tree, then of the paths of what lies elsewhere, so that the same choice is always the same plan.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tui.core.columns import natural_key
from tui.core.glob_filter import GlobFilter
from tui.core.input_listing import ListingBatch
from tui.core.input_rows import InputRows
from tui.core.input_tree import FileNode, InputTree, Node
from tui.core.planning import FileChoice


@dataclass(frozen=True, slots=True)
class Tally:
    """What is chosen, of how much."""

    chosen_count: int
    chosen_bytes: int
    offered_count: int
    """In the tree on screen."""
    offered_bytes: int
    elsewhere_count: int
    """Of the chosen ones, those not in the tree on screen."""
    left_out_count: int
    """Marked, and kept from being chosen by the filter or because they cannot be read."""


class InputSelection:
    """A tree, its rows and what is chosen; `root` is a folder of this machine, or empty for a container's blobs."""

    def __init__(
        self,
        root: str,
        filter_: GlobFilter | None = None,
        *,
        shows_hidden: bool = False,
        chosen: Iterable[FileChoice] = (),
    ) -> None:
        """`chosen` was chosen before, below this root or elsewhere: blobs for a container, files for a folder."""
        self._elsewhere = {_name_of(choice): choice for choice in chosen}
        self._files: tuple[FileChoice, ...] | None = None
        self.read_prefix = ""
        """Only what begins so is read: of the rest nothing is known, and nothing of it is taken for gone."""
        self.vanished: tuple[str, ...] = ()
        """Chosen before, and no longer there."""
        self.tree = InputTree(root, filter_=filter_, shows_hidden=shows_hidden)
        self.rows = InputRows(self.tree)

    # What is read

    def take(self, batch: ListingBatch) -> None:
        """Folds one batch in: one unit of work, whatever is in it."""
        for listing in batch.listings:
            if self._elsewhere:
                self.tree.add(listing, self._was_chosen)
            else:
                self.tree.add(listing)
        if batch.is_over:
            self.tree.is_settled = True
            self._drop_vanished()
        self._changed()

    def _was_chosen(self, file: FileNode) -> bool:
        return self._elsewhere.pop(file.path, None) is not None

    def _drop_vanished(self) -> None:
        gone = []
        for path in self._elsewhere:
            folder = self.tree.folder_at(posixpath.dirname(path))
            if folder is not None and folder.is_read and path.startswith(self.read_prefix):
                gone.append(path)
        for path in gone:
            del self._elsewhere[path]
        self.vanished = (*self.vanished, *gone)

    def resume(self) -> None:
        """The reading goes on."""
        self.tree.is_settled = False

    def go_to(self, root: str) -> None:
        """Another root, nothing of it read yet; what is chosen stays chosen."""
        tree = self.tree
        for node in tree.chosen():
            self._elsewhere[node.path] = self._choice(node)
        self.tree = InputTree(root, filter_=tree.filter, shows_hidden=tree.shows_hidden)
        self.rows = InputRows(self.tree)
        self.vanished = ()
        self._files = None

    def let_through(self, filter_: GlobFilter, *, shows_hidden: bool) -> None:
        self.tree.let_through(filter_, shows_hidden=shows_hidden)
        self._changed()

    # What a person marks

    def toggle(self, node: Node) -> None:
        self.tree.toggle(node)
        self._files = None

    def mark_rows(self, nodes: Iterable[Node]) -> None:
        self.tree.mark_rows(nodes)
        self._files = None

    def mark_all(self) -> None:
        self.tree.mark_all()
        self._files = None

    def invert(self) -> None:
        self.tree.invert()
        self._files = None

    def clear(self) -> None:
        """Nothing is chosen any more, here or elsewhere."""
        self.tree.clear()
        self._elsewhere.clear()
        self._files = None

    def _changed(self) -> None:
        self.rows.refresh()
        self._files = None

    # What is chosen

    @property
    def files(self) -> tuple[FileChoice, ...]:
        if self._files is None:
            self._files = tuple(self._chosen())
        return self._files

    def _chosen(self) -> Iterator[FileChoice]:
        """What was found in the tree is no longer elsewhere: nothing is told twice."""
        yield from map(self._choice, self.tree.chosen())
        for path in sorted(self._elsewhere, key=natural_key):
            yield self._elsewhere[path]

    def _choice(self, node: FileNode) -> FileChoice:
        if node.choice is None:
            is_blob = not self.tree.root.prefix
            node.choice = FileChoice(node.size_bytes, None if is_blob else node.path, node.path if is_blob else "")
        return node.choice

    @property
    def tally(self) -> Tally:
        root, files = self.tree.root, self.files
        return Tally(
            chosen_count=len(files),
            chosen_bytes=sum(choice.size_bytes for choice in files),
            offered_count=root.offered_count,
            offered_bytes=root.offered_bytes,
            elsewhere_count=len(self._elsewhere),
            left_out_count=self.tree.left_out_count,
        )


def not_of_kind(files: Iterable[FileChoice], extensions: Sequence[str]) -> list[str]:
    """Names of those that do not end in one of `extensions`; none where any file will do."""
    if not extensions:
        return []
    endings = tuple(extensions)
    return [name for name in map(_name_of, files) if not name.lower().endswith(endings)]


def common_folder(files: Iterable[FileChoice]) -> str:
    """The folder of this machine that all of `files` are below; empty where there is none."""
    folders = [posixpath.dirname(choice.local_path) for choice in files if choice.local_path is not None]
    return posixpath.commonpath(folders) if folders else ""


def _name_of(choice: FileChoice) -> str:
    return choice.local_path or choice.blob_name
