"""The tree of inputs against a naive model: marks, sums, rows, whatever arrives in between."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from tui.core.glob_filter import GlobFilter
from tui.core.input_listing import ListedFile, Listing
from tui.core.input_rows import InputRows
from tui.core.input_tree import FileNode, FolderNode, InputTree, Node, is_wholly_marked

ROOT = "/r"
FOLDERS = ("/r", "/r/a", "/r/b", "/r/.h", "/r/a/c", "/r/.h/d")
NAMES = ("x.txt", "y.txt", "x.mp4", ".z.txt")
FILTERS = ("", "*.txt", "!a", "x*, !*.mp4", "a/**")


def parent_of(path: str) -> str:
    return path.rpartition("/")[0]


def listing_of(folder: str) -> Listing:
    below = tuple(path.rpartition("/")[2] for path in FOLDERS if path != ROOT and parent_of(path) == folder)
    files = tuple(
        ListedFile(name, 1 + index, "broken" if name == "y.txt" and folder == "/r/b" else "")
        for index, name in enumerate(NAMES)
    )
    return Listing(folder, below, files)


@dataclass
class Naive:
    """The same, worked out from scratch at each question."""

    filter: GlobFilter = field(default_factory=GlobFilter)
    shows_hidden: bool = False
    files: dict[str, ListedFile] = field(default_factory=dict)
    marked: set[str] = field(default_factory=set)
    folders: dict[str, bool] = field(default_factory=lambda: {ROOT: False})
    """Whether each marks what arrives in it."""

    def leaves_out(self, folder: str) -> bool:
        while folder != ROOT:
            name = folder.rpartition("/")[2]
            if name.startswith(".") and not self.shows_hidden:
                return True
            if self.filter.excludes_folder(name, folder[len(ROOT) + 1 :]):
                return True
            folder = parent_of(folder)
        return False

    def offers(self, path: str) -> bool:
        name = path.rpartition("/")[2]
        if (
            self.files[path].trouble
            or self.leaves_out(parent_of(path))
            or (name.startswith(".") and not self.shows_hidden)
        ):
            return False
        return self.filter.accepts_file(name, path[len(ROOT) + 1 :])

    def arrive(self, listing: Listing) -> None:
        for name in listing.folders:
            path = f"{listing.path}/{name}"
            self.folders[path] = self.folders[listing.path] and not self.leaves_out(path)
        for file in listing.files:
            path = f"{listing.path}/{file.name}"
            self.files[path] = file
            if self.folders[listing.path] and self.offers(path):
                self.marked.add(path)

    def below(self, folder: str) -> list[str]:
        return [path for path in self.files if path.startswith(folder + "/")]

    def mark(self, path: str, is_marked: bool) -> None:
        if path in self.files:
            concerned = [path]
        else:
            concerned = self.below(path)
            for folder in self.folders:
                if folder == path or folder.startswith(path + "/"):
                    self.folders[folder] = is_marked and not self.leaves_out(folder)
        for file in concerned:
            if is_marked and self.offers(file):
                self.marked.add(file)
            elif not is_marked:
                self.marked.discard(file)

    def toggle(self, path: str) -> None:
        if path in self.files:
            is_whole = path in self.marked
        else:
            offered = [file for file in self.below(path) if self.offers(file)]
            is_whole = set(offered) <= self.marked if offered else self.folders[path]
        self.mark(path, not is_whole)

    def invert(self) -> None:
        for folder, marks in self.folders.items():
            self.folders[folder] = not marks and not self.leaves_out(folder)
        self.marked ^= {path for path in self.files if self.offers(path)}

    def chosen(self) -> set[str]:
        return {path for path in self.marked if self.offers(path)}


ACTIONS = st.one_of(
    st.tuples(st.just("arrive"), st.just("")),
    st.tuples(
        st.just("toggle"), st.sampled_from([*FOLDERS, *(f"{folder}/{name}" for folder in FOLDERS for name in NAMES)])
    ),
    st.tuples(st.just("filter"), st.sampled_from(FILTERS)),
    st.tuples(st.sampled_from(["hidden", "all", "clear", "invert"]), st.just("")),
)


def node_at(tree: InputTree, path: str) -> Node | None:
    folder = tree.folder_at(path)
    if folder is not None:
        return folder
    above = tree.folder_at(parent_of(path))
    return next((file for file in above.files if file.path == path), None) if above else None


def every_folder(tree: InputTree) -> list[FolderNode]:
    return [found for path in FOLDERS if (found := tree.folder_at(path)) is not None]


@settings(max_examples=250)
@given(st.lists(ACTIONS, max_size=25))
def test_marks_and_sums_are_those_of_a_naive_model(actions: list[tuple[str, str]]) -> None:
    tree, naive, waiting = InputTree(ROOT), Naive(), list(FOLDERS)
    for name, argument in [*actions, *[("arrive", "")] * len(FOLDERS)]:
        if name == "arrive" and waiting:
            listing = listing_of(waiting.pop(0))
            assert tree.add(listing)
            naive.arrive(listing)
        elif name == "toggle" and (node := node_at(tree, argument)) is not None:
            tree.toggle(node)
            naive.toggle(argument)
        elif name in ("filter", "hidden"):
            naive.filter = GlobFilter.parse(argument) if name == "filter" else naive.filter
            naive.shows_hidden ^= name == "hidden"
            tree.let_through(naive.filter, shows_hidden=naive.shows_hidden)
        elif name in ("all", "clear"):
            tree.mark_all() if name == "all" else tree.clear()
            naive.mark(ROOT, name == "all")
        elif name == "invert":
            tree.invert()
            naive.invert()
        assert {file.path for file in tree.chosen()} == naive.chosen()
        assert tree.left_out_count == len(naive.marked - naive.chosen())
        for folder in every_folder(tree):
            offered = [path for path in naive.below(folder.path) if naive.offers(path)]
            chosen = naive.chosen() & set(offered)
            assert (folder.offered_count, folder.chosen_count) == (len(offered), len(chosen))
            assert folder.offered_bytes == sum(naive.files[path].size_bytes for path in offered)
            assert folder.chosen_bytes == sum(naive.files[path].size_bytes for path in chosen)
            unread = [
                at
                for at in every_folder(tree)
                if at.prefix.startswith(folder.prefix) and not at.is_read and not at.is_left_out
            ]
            assert folder.unread_count == len(unread)


def read_tree() -> InputTree:
    tree = InputTree(ROOT)
    for folder in FOLDERS:
        tree.add(listing_of(folder))
    return tree


def names(rows: InputRows) -> list[str]:
    return [f"{'  ' * rows[index].depth}{rows[index].name}" for index in range(len(rows))]


def folder_named(tree: InputTree, path: str) -> FolderNode:
    found = tree.folder_at(path)
    assert found is not None
    return found


def test_rows_are_what_open_folders_hold_and_the_filter_lets_through() -> None:
    tree = read_tree()
    rows = InputRows(tree)
    assert names(rows) == ["  a", "  b", "  x.txt", "  y.txt", "  x.mp4"]
    rows.open(folder_named(tree, "/r/a"))
    assert names(rows)[:5] == ["  a", "    c", "    x.txt", "    y.txt", "    x.mp4"]
    tree.is_settled = True
    tree.let_through(GlobFilter.parse("*.mp4, !c"), shows_hidden=False)
    rows.refresh()
    assert names(rows) == ["  a", "    x.mp4", "  b", "  x.mp4"]


def test_an_input_that_cannot_be_read_is_shown_and_never_chosen() -> None:
    tree = read_tree()
    rows = InputRows(tree)
    rows.open(folder_named(tree, "/r/b"))
    broken = next(rows[index] for index in range(len(rows)) if rows[index].name == "y.txt" and rows[index].depth == 2)
    assert isinstance(broken, FileNode)
    tree.toggle(broken)
    tree.mark_all()
    assert not broken.is_chosen
    assert "/r/b/y.txt" not in {file.path for file in tree.chosen()}


def test_the_cursor_stays_on_its_row_while_rows_come_and_go() -> None:
    tree = InputTree(ROOT)
    rows = InputRows(tree)
    assert not rows
    tree.add(listing_of(ROOT))
    rows.refresh()
    assert rows.cursor is folder_named(tree, "/r/a")
    rows.move_to(4)
    at = rows.cursor
    tree.add(listing_of("/r/a"))
    rows.open(folder_named(tree, "/r/a"))
    assert rows.cursor is at
    assert rows[rows.position] is at
    rows.move_to(2)
    assert rows.cursor is not None
    assert rows.cursor.parent is folder_named(tree, "/r/a")
    rows.close(folder_named(tree, "/r/a"))
    assert rows.cursor is folder_named(tree, "/r/a")


def test_a_range_takes_closed_folders_whole_and_of_open_ones_the_rows() -> None:
    tree = read_tree()
    rows = InputRows(tree)
    rows.open(folder_named(tree, "/r/a"))
    tree.mark_rows(rows.span(2, 0))
    assert {file.path for file in tree.chosen()} == {"/r/a/c/x.txt", "/r/a/c/y.txt", "/r/a/c/x.mp4", "/r/a/x.txt"}
    assert is_wholly_marked(folder_named(tree, "/r/a/c"))
    assert not is_wholly_marked(folder_named(tree, "/r/a"))


def test_a_folder_read_twice_is_taken_once() -> None:
    tree = read_tree()
    assert not tree.add(listing_of("/r/a"))
    assert not tree.add(listing_of("/elsewhere"))
    assert folder_named(tree, "/r/a").offered_count == 6


def test_what_is_hidden_is_read_only_once_it_is_wanted() -> None:
    tree = InputTree(ROOT)
    assert tree.unread_folders() == (ROOT,)
    for folder in ("/r", "/r/a", "/r/b", "/r/a/c"):
        tree.add(listing_of(folder))
    assert tree.unread_folders() == ()
    tree.let_through(GlobFilter(), shows_hidden=True)
    assert tree.unread_folders() == ("/r/.h",)
    assert tree.root.unread_count == 1


def test_a_marked_folder_waits_for_what_is_in_it() -> None:
    tree = InputTree(ROOT)
    tree.add(listing_of(ROOT))
    tree.toggle(folder_named(tree, "/r/a"))
    assert {tree.awaits_marks} == {folder_named(tree, "/r/a")}
    tree.add(listing_of("/r/a"))
    tree.add(listing_of("/r/a/c"))
    assert {tree.awaits_marks} == {None}
    assert [file.path for file in tree.chosen()][:1] == ["/r/a/c/x.txt"]
    assert folder_named(tree, "/r/a").chosen_count == 6
