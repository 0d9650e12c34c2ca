"""What is chosen: kept from root to root, each path once, always in one order."""

from __future__ import annotations

from tui.core.glob_filter import GlobFilter
from tui.core.input_listing import ListedFile, Listing, ListingBatch
from tui.core.input_selection import InputSelection, common_folder, not_of_kind
from tui.core.planning import FileChoice


def over(*listings: Listing) -> ListingBatch:
    return ListingBatch(listings, is_over=True)


def paths(selection: InputSelection) -> list[str]:
    return [choice.local_path or choice.blob_name for choice in selection.files]


TEXTS = Listing("/t", ("sub",), (ListedFile("one.txt", 10), ListedFile("two.txt", 20)))
SUB = Listing("/t/sub", (), (ListedFile("deep.txt", 5),))


def test_the_order_is_that_of_the_tree() -> None:
    selection = InputSelection("/t")
    selection.take(over(TEXTS, SUB))
    selection.mark_all()
    assert paths(selection) == ["/t/sub/deep.txt", "/t/one.txt", "/t/two.txt"]
    tally = selection.tally
    assert (tally.chosen_count, tally.chosen_bytes, tally.offered_count, tally.offered_bytes) == (3, 35, 3, 35)


def test_going_to_another_root_loses_nothing() -> None:
    selection = InputSelection("/t/sub")
    selection.take(over(SUB))
    selection.mark_all()
    selection.go_to("/t")
    assert paths(selection) == ["/t/sub/deep.txt"]
    assert selection.tally.elsewhere_count == 1
    selection.take(over(TEXTS, SUB))
    assert selection.tally.elsewhere_count == 0
    assert paths(selection) == ["/t/sub/deep.txt"]
    selection.go_to("/other")
    selection.take(over(Listing("/other", files=(ListedFile("x.txt", 1),))))
    selection.mark_all()
    assert paths(selection) == ["/other/x.txt", "/t/sub/deep.txt"]
    selection.clear()
    assert paths(selection) == []


def test_each_path_is_chosen_once_through_whatever_roots() -> None:
    selection = InputSelection("/t/sub", chosen=[FileChoice(10, "/t/one.txt"), FileChoice(5, "/t/sub/deep.txt")])
    selection.take(over(Listing("/t/sub", files=(ListedFile("deep.txt", 5),))))
    assert paths(selection) == ["/t/sub/deep.txt", "/t/one.txt"]
    selection.go_to("/t")
    selection.take(over(TEXTS, SUB))
    selection.mark_all()
    chosen = paths(selection)
    assert chosen == list(dict.fromkeys(chosen))
    assert {"/t/one.txt", "/t/sub/deep.txt"} <= set(chosen)


def test_what_was_chosen_before_and_is_gone_is_told() -> None:
    before = [FileChoice(10, "/t/one.txt"), FileChoice(1, "/t/gone.txt"), FileChoice(1, "/u/far.txt")]
    selection = InputSelection("/t", chosen=before)
    selection.take(ListingBatch((TEXTS,)))
    assert "/t/gone.txt" in paths(selection)
    selection.take(over(SUB))
    assert paths(selection) == ["/t/one.txt", "/u/far.txt"]
    assert selection.vanished == ("/t/gone.txt",)


def test_what_a_prefix_keeps_from_being_read_is_not_taken_for_gone() -> None:
    selection = InputSelection("", shows_hidden=True, chosen=[FileChoice(1, None, "a.txt"), FileChoice(1, None, "bx")])
    selection.read_prefix = "b"
    selection.take(over(Listing("", files=(ListedFile("b.txt", 1),))))
    assert paths(selection) == ["a.txt"]
    assert selection.vanished == ("bx",)


def test_a_filter_leaves_marks_where_they_are() -> None:
    selection = InputSelection("/t")
    selection.take(over(TEXTS, SUB))
    selection.mark_all()
    selection.let_through(GlobFilter.parse("one*"), shows_hidden=False)
    assert paths(selection) == ["/t/one.txt"]
    assert selection.tally.left_out_count == 2
    selection.let_through(GlobFilter(), shows_hidden=False)
    assert len(selection.files) == 3


def test_blobs_keep_the_names_the_service_has() -> None:
    selection = InputSelection("", shows_hidden=True)
    selection.take(
        over(
            Listing("", ("", "a"), (ListedFile(".x", 1),), is_complete=False),
            Listing("/", (), (ListedFile("rooted", 1),), is_complete=False),
            Listing("a/", ("",), (ListedFile("b", 2),), is_complete=False),
            Listing("a//", (), (ListedFile("c", 3),), is_complete=False),
        )
    )
    selection.mark_all()
    assert set(paths(selection)) == {".x", "/rooted", "a/b", "a//c"}
    assert all(choice.local_path is None for choice in selection.files)


def test_the_same_choice_is_the_same_object() -> None:
    selection = InputSelection("/t")
    selection.take(over(TEXTS, SUB))
    selection.mark_all()
    before = selection.files
    selection.let_through(GlobFilter.parse("*.txt"), shows_hidden=False)
    assert all(new is old for new, old in zip(selection.files, before, strict=True))


def test_what_is_not_of_the_kind_is_named() -> None:
    files = [FileChoice(1, "/a/x.MP4"), FileChoice(1, "/a/x.txt"), FileChoice(1, None, "y.mp4")]
    assert not_of_kind(files, (".mp4",)) == ["/a/x.txt"]
    assert not_of_kind(files, ()) == []
    assert common_folder(files) == "/a"
    assert common_folder([FileChoice(1, "/a/b/c"), FileChoice(1, "/a/d")]) == "/a"
    assert common_folder(files[2:]) == ""
