"""The folders and files that inputs are chosen from, with their marks and what a filter lets through; pure.

Invariants: a file is *offered* when it can be an input, no folder above it is left out, and the filter passes it;
it is *chosen* when it is offered and marked. Every folder knows how many files below it are offered and chosen, and
how many bytes they are. Nothing is marked that was not offered at that moment: a wider filter never chooses more than
a person has seen. A folder that was marked whole also marks what is found in it later, until it is unmarked.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator

from tui.core.glob_filter import GlobFilter
from tui.core.input_listing import Listing
from tui.core.planning import FileChoice


class FileNode:
    """One file; only the tree changes it."""

    __slots__ = ("choice", "is_marked", "is_offered", "name", "parent", "size_bytes", "trouble")

    def __init__(self, parent: FolderNode, name: str, size_bytes: int, trouble: str) -> None:
        self.parent = parent
        self.name = name
        self.size_bytes = size_bytes
        self.trouble = trouble
        """Why it cannot be an input."""
        self.choice: FileChoice | None = None
        """What a run takes, once somebody has asked for it."""
        self.is_marked = False
        self.is_offered = False

    @property
    def path(self) -> str:
        return self.parent.prefix + self.name

    @property
    def depth(self) -> int:
        return self.parent.depth + 1

    @property
    def is_chosen(self) -> bool:
        return self.is_marked and self.is_offered


class FolderNode:
    """One folder and the sums of what is below it; only the tree changes it."""

    __slots__ = (
        "chosen_bytes",
        "chosen_count",
        "depth",
        "files",
        "folders",
        "is_left_out",
        "is_open",
        "is_read",
        "marks_arrivals",
        "name",
        "offered_bytes",
        "offered_count",
        "parent",
        "prefix",
        "trouble",
        "unread_count",
    )

    def __init__(self, parent: FolderNode | None, name: str, prefix: str) -> None:
        self.parent = parent
        self.name = name
        self.prefix = prefix
        """What the path of everything in it begins with, and of nothing else: it names the folder."""
        self.depth: int = 0 if parent is None else parent.depth + 1
        self.folders: list[FolderNode] = []
        self.files: list[FileNode] = []
        self.is_open = False
        self.is_read = False
        """Whether everything directly in it has been told."""
        self.trouble = ""
        """Why it could not be read."""
        self.is_left_out = False
        """Whether it, or a folder above it, is hidden or excluded."""
        self.marks_arrivals = False
        self.offered_count = self.offered_bytes = self.chosen_count = self.chosen_bytes = 0
        self.unread_count = 1
        """Folders not read yet, from here down, but those left out."""

    @property
    def path(self) -> str:
        return self.prefix.rstrip("/") or self.prefix


Node = FolderNode | FileNode


class InputTree:
    """Folders by their path, from one root down."""

    def __init__(self, root: str, *, filter_: GlobFilter | None = None, shows_hidden: bool = False) -> None:
        """`root` is absolute and normalised; of a container it is empty."""
        self.root = FolderNode(None, posixpath.basename(root) or root, _prefix(root))
        self.root.is_open = True
        self._folders = {self.root.prefix: self.root}
        self._filter = filter_ or GlobFilter()
        self._shows_hidden = shows_hidden
        self.is_settled = False
        """Whether the reading is over, so that folders without anything to offer need not be shown."""

    @property
    def filter(self) -> GlobFilter:
        return self._filter

    @property
    def shows_hidden(self) -> bool:
        return self._shows_hidden

    def folder_at(self, path: str) -> FolderNode | None:
        return self._folders.get(_prefix(path))

    # What is found

    def add(self, listing: Listing, is_wanted: Callable[[FileNode], bool] = lambda _: False) -> bool:
        """Takes one piece of a folder in; files that `is_wanted` are marked. False for a folder nobody knows."""
        folder = self._folders.get(_prefix(listing.path))
        if folder is None or folder.is_read:
            return False
        was_unread = folder.unread_count
        self._add_folders(folder, listing.folders)
        known = len(folder.files)
        for file in listing.files:
            node = FileNode(folder, file.name, file.size_bytes, file.trouble)
            node.is_offered = self._offers(node)
            node.is_marked = (folder.marks_arrivals and node.is_offered) or is_wanted(node)
            folder.files.append(node)
        if listing.is_complete:
            folder.is_read, folder.trouble = True, listing.trouble
            folder.unread_count -= not folder.is_left_out
        self._tell_above(folder, _sums(folder.files[known:]), folder.unread_count - was_unread)
        return True

    def _add_folders(self, folder: FolderNode, names: Iterable[str]) -> None:
        for name in names:
            child = FolderNode(folder, name, f"{folder.prefix}{name}/")
            child.is_left_out = folder.is_left_out or self._leaves_out(child)
            child.marks_arrivals = folder.marks_arrivals and not child.is_left_out
            child.unread_count = int(not child.is_left_out)
            folder.unread_count += child.unread_count
            folder.folders.append(child)
            self._folders[child.prefix] = child

    @staticmethod
    def _tell_above(folder: FolderNode, sums: tuple[int, int, int, int], unread: int) -> None:
        """Adds to the sums of `folder` and of all above it; `unread` is in its own already."""
        above: FolderNode | None = folder
        while above is not None:
            above.offered_count += sums[0]
            above.offered_bytes += sums[1]
            above.chosen_count += sums[2]
            above.chosen_bytes += sums[3]
            if above is not folder:
                above.unread_count += unread
            above = above.parent

    def unread_folders(self) -> tuple[str, ...]:
        """Paths of the folders that are not left out and that nobody has read, nearest first."""
        unread = [folder for folder in self._folders.values() if not folder.is_read and not folder.is_left_out]
        return tuple(folder.path for folder in sorted(unread, key=lambda folder: folder.depth))

    @property
    def awaits_marks(self) -> FolderNode | None:
        """A folder that is marked whole and not read to its end: what is in it is not known yet."""
        unread = (folder for folder in self._folders.values() if not folder.is_read and not folder.is_left_out)
        return next((folder for folder in unread if folder.marks_arrivals), None)

    # What is let through

    def let_through(self, filter_: GlobFilter, *, shows_hidden: bool) -> None:
        """Offers what another filter passes; marks stay where they are."""
        self._filter, self._shows_hidden = filter_, shows_hidden
        for folder in self._folders.values():  # parents were added before their folders
            if folder.parent is not None:
                folder.is_left_out = folder.parent.is_left_out or self._leaves_out(folder)
            for file in folder.files:
                file.is_offered = self._offers(file)
        self._sum_below(self.root)

    def _offers(self, file: FileNode) -> bool:
        return not file.trouble and self.passes(file)

    def passes(self, file: FileNode) -> bool:
        """Whether the filter lets the file through, be it an input or not."""
        if file.parent.is_left_out or (file.name.startswith(".") and not self._shows_hidden):
            return False
        if self._filter.is_empty:
            return True
        path = self._relative(file.path) if self._filter.needs_paths else file.name
        return self._filter.accepts_file(file.name, path)

    def _leaves_out(self, folder: FolderNode) -> bool:
        if folder.name.startswith(".") and not self._shows_hidden:
            return True
        return bool(self._filter.excludes) and self._filter.excludes_folder(folder.name, self._relative(folder.path))

    def _relative(self, path: str) -> str:
        return path[len(self.root.prefix) :]

    # Marks

    def toggle(self, node: Node) -> None:
        """Marks a file, or everything offered below a folder; unmarks what is marked whole."""
        if isinstance(node, FileNode):
            self.mark(node, not node.is_marked)
        else:
            self.mark(node, not is_wholly_marked(node))

    def mark(self, node: Node, is_marked: bool = True) -> None:
        """Marks what is offered, or unmarks everything, of a file or below a folder."""
        if isinstance(node, FileNode):
            if node.is_offered and node.is_marked is not is_marked:
                node.is_marked = is_marked
                sign = 1 if is_marked else -1
                self._tell_above(node.parent, (0, 0, sign, sign * node.size_bytes), 0)
            elif not is_marked:
                node.is_marked = False
            return
        for folder in _folders_below(node):
            folder.marks_arrivals = is_marked and not folder.is_left_out
            for file in folder.files:
                file.is_marked = (file.is_marked or file.is_offered) if is_marked else False
        self._sum_again(node)

    def mark_all(self) -> None:
        self.mark(self.root)

    def clear(self) -> None:
        """Drops every mark, also of what is not offered."""
        self.mark(self.root, False)

    def invert(self) -> None:
        """Marks what is offered and unmarked, and the other way round; marks on what is not offered stay."""
        for folder in self._folders.values():
            folder.marks_arrivals = not folder.marks_arrivals and not folder.is_left_out
            for file in folder.files:
                if file.is_offered:
                    file.is_marked = not file.is_marked
        self._sum_below(self.root)

    def mark_rows(self, nodes: Iterable[Node]) -> None:
        """A range of what is on screen: files, and closed folders whole; an open folder's files are rows themselves."""
        for node in nodes:
            if isinstance(node, FileNode) or not node.is_open:
                self.mark(node)

    # Sums

    def _sum_again(self, node: FolderNode) -> None:
        """The sums after marks below `node` have changed."""
        count, size_bytes = node.chosen_count, node.chosen_bytes
        self._sum_below(node)
        if node.parent is not None:
            self._tell_above(node.parent, (0, 0, node.chosen_count - count, node.chosen_bytes - size_bytes), 0)

    @staticmethod
    def _sum_below(node: FolderNode) -> None:
        """The sums of every folder from `node` down, from its files up."""
        for folder in reversed(list(_folders_below(node))):
            offered_count, offered_bytes, chosen_count, chosen_bytes = _sums(folder.files)
            unread = int(not folder.is_read and not folder.is_left_out)
            for child in folder.folders:
                offered_count += child.offered_count
                offered_bytes += child.offered_bytes
                chosen_count += child.chosen_count
                chosen_bytes += child.chosen_bytes
                unread += child.unread_count
            folder.offered_count, folder.offered_bytes = offered_count, offered_bytes
            folder.chosen_count, folder.chosen_bytes = chosen_count, chosen_bytes
            folder.unread_count = unread

    # What is chosen

    def chosen(self) -> Iterator[FileNode]:
        """In the order of the tree: folders before files, names as a person counts."""
        waiting = [(self.root, False)]
        while waiting:
            folder, has_passed_folders = waiting.pop()
            if has_passed_folders:
                yield from (file for file in folder.files if file.is_marked and file.is_offered)
            elif folder.chosen_count:
                waiting.append((folder, True))
                waiting.extend((child, False) for child in reversed(folder.folders))

    @property
    def left_out_count(self) -> int:
        """Files that are marked and that the filter keeps from being chosen."""
        return sum(file.is_marked and not file.is_offered for folder in self._folders.values() for file in folder.files)


def _prefix(path: str) -> str:
    """Folders of this machine are told by their path; of a container by the prefix itself, which ends in a slash."""
    return path if path.endswith("/") or not path else f"{path}/"


def is_wholly_marked(folder: FolderNode) -> bool:
    """Whether everything offered below is marked; of a folder with nothing to offer, whether arrivals would be."""
    if folder.offered_count:
        return folder.chosen_count == folder.offered_count
    return folder.marks_arrivals


def _folders_below(node: FolderNode) -> Iterator[FolderNode]:
    """`node` and every folder below it, each before those in it."""
    waiting = [node]
    while waiting:
        folder = waiting.pop()
        yield folder
        waiting.extend(reversed(folder.folders))


def _sums(files: Iterable[FileNode]) -> tuple[int, int, int, int]:
    offered_count = offered_bytes = chosen_count = chosen_bytes = 0
    for file in files:
        if file.is_offered:
            offered_count += 1
            offered_bytes += file.size_bytes
            if file.is_marked:
                chosen_count += 1
                chosen_bytes += file.size_bytes
    return offered_count, offered_bytes, chosen_count, chosen_bytes
