"""No name from outside escapes the folder it is joined to, and no two names share a path."""

from __future__ import annotations

import unicodedata
from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.core.paths import MAXIMUM_PART_BYTES, DestinationNames, safe_relative_path

NASTY = st.text(
    alphabet=st.one_of(st.sampled_from('./\\:*?"<>| \x00\x1b\u202e\udc80aA~%'), st.characters()), max_size=60
)


@given(NASTY)
def test_a_safe_path_is_relative_and_never_climbs(name: str) -> None:
    path = safe_relative_path(name)
    for flavour in (PurePosixPath(path), PureWindowsPath(path)):
        assert not flavour.is_absolute()
        assert not flavour.drive
        assert ".." not in flavour.parts
        assert flavour.parts
    for part in path.split("/"):
        assert part not in ("", ".", "..")
        assert len(part.encode("utf-8")) <= MAXIMUM_PART_BYTES
        assert part[-1] not in ". "


@given(NASTY)
def test_mapping_twice_changes_nothing_more(name: str) -> None:
    path = safe_relative_path(name)
    assert safe_relative_path(path) == path


@given(st.lists(NASTY, max_size=12))
def test_every_name_of_a_download_gets_its_own_path(names: list[str]) -> None:
    assigned = DestinationNames()
    keys = [unicodedata.normalize("NFC", assigned.assign(name).relative_path).casefold() for name in names]
    assert len(set(keys)) == len(keys)
    folders = {"/".join(key.split("/")[:depth]) for key in keys for depth in range(1, key.count("/") + 1)}
    assert not folders & set(keys), "a file stands where another file needs a folder"


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("plain.txt", "plain.txt"),
        ("folder/ünïcode 名.txt", "folder/ünïcode 名.txt"),
        ("../../etc/passwd", "%2E%2E/%2E%2E/etc/passwd"),
        ("/etc/passwd", "_/etc/passwd"),
        ("C:\\Windows\\x", "C%3A%5CWindows%5Cx"),
        ("a//b", "a/_/b"),
        ("con.txt", "_con.txt"),
        ("trailing. ", "trailing.%20"),
        ("trailing.", "trailing%2E"),
        ("two\nlines", "two%0Alines"),
        ("\x1b[31mred", "%1B[31mred"),
        ("", "_"),
        (".", "%2E"),
        ("\udcff.txt", "%FF.txt"),
    ],
)
def test_what_cannot_be_kept_is_mapped_visibly(name: str, path: str) -> None:
    assert safe_relative_path(name) == path


def test_a_long_name_keeps_its_beginning_and_extension_and_stays_distinct() -> None:
    first, second = safe_relative_path("x" * 300 + ".txt"), safe_relative_path("x" * 301 + ".txt")
    assert first != second
    assert first.startswith("xxx")
    assert first.endswith(".txt")


def test_names_that_differ_by_case_only_are_told_apart() -> None:
    names = DestinationNames()
    assert [names.assign(name).relative_path for name in ("a/B.txt", "a/b.txt", "A/b.TXT")] == [
        "a/B.txt",
        "a/b~2.txt",
        "A/b~3.TXT",
    ]
