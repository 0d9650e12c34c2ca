"""The lines of a tree of inputs, from top to bottom: what stands in open folders, without what the filter hides.

Invariant: the rows are always those of the tree as it was at the last `refresh`, and the cursor is on one of them
wherever there is one: on its own node, or on the nearest folder above it that is still shown.
"""

from __future__ import annotations

from tui.core.input_tree import FileNode, FolderNode, InputTree, Node


class InputRows:
    """A flat list, so that a line on screen is an index; the root is no row of its own."""

    def __init__(self, tree: InputTree) -> None:
        self.tree = tree
        self._rows: list[Node] = []
        self._cursor: Node | None = None
        self._position = 0
        self.refresh()

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, position: int) -> Node:
        return self._rows[position]

    @property
    def cursor(self) -> Node | None:
        return self._cursor

    @property
    def position(self) -> int:
        """Of the cursor; 0 where there is no row."""
        return self._position

    def position_of(self, node: Node) -> int | None:
        """Where a node is shown; None while it is not."""
        try:
            return self._rows.index(node)
        except ValueError:
            return None

    def refresh(self) -> None:
        """Takes over what the tree holds now."""
        rows: list[Node] = []
        waiting: list[tuple[FolderNode, bool]] = [(self.tree.root, False)]
        while waiting:
            folder, has_passed_folders = waiting.pop()
            if has_passed_folders:
                rows.extend([file for file in folder.files if self._shows_file(file)])
                continue
            if folder is not self.tree.root:
                rows.append(folder)
            if folder.is_open:
                waiting.append((folder, True))
                waiting.extend((child, False) for child in reversed(folder.folders) if self._shows_folder(child))
        self._rows = rows
        self._settle()

    def _shows_file(self, file: FileNode) -> bool:
        return file.is_offered or (bool(file.trouble) and self.tree.passes(file))

    def _shows_folder(self, folder: FolderNode) -> bool:
        """Every folder while the reading goes on, so that nothing jumps; then those that have something to offer."""
        if folder.is_left_out:
            return False
        if self.tree.filter.is_empty or not self.tree.is_settled:
            return True
        return bool(folder.offered_count or folder.unread_count or folder.trouble)

    def _settle(self) -> None:
        """Puts the cursor back on its node, or on what is nearest to it."""
        if not self._rows:
            self._position = 0  # and the cursor's node is remembered: it may come back
            return
        node = self._cursor
        if self._position < len(self._rows) and self._rows[self._position] is node:
            return
        while node is not None:
            position = self.position_of(node)
            if position is not None:
                self._position, self._cursor = position, node
                return
            node = node.parent
        self.move_to(self._position)

    # Moving

    def move_to(self, position: int) -> None:
        """Puts the cursor on a row, or as near as there is one."""
        if self._rows:
            self._position = min(max(position, 0), len(self._rows) - 1)
            self._cursor = self._rows[self._position]

    def span(self, first: int, last: int) -> list[Node]:
        """The rows from one position to another, both included."""
        low, high = sorted((first, last))
        return self._rows[low : high + 1]

    # Opening

    def open(self, folder: FolderNode) -> None:
        folder.is_open = True
        self.refresh()

    def close(self, folder: FolderNode) -> None:
        """Closes it; a cursor within goes to the folder itself."""
        folder.is_open = False
        self.refresh()
