"""Patterns of a person: what passes, what does not, and that no text is an error."""

from __future__ import annotations

import fnmatch
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.core.glob_filter import GlobFilter


def passes(text: str, path: str) -> bool:
    """Whether a file passes, folders above it included."""
    asked = GlobFilter.parse(text)
    parts = path.split("/")
    folders = ["/".join(parts[:count]) for count in range(1, len(parts))]
    if any(asked.excludes_folder(folder.rpartition("/")[2], folder) for folder in folders):
        return False
    return asked.accepts_file(parts[-1], path)


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ("", "a.txt", True),
        (" , ,", "a.txt", True),
        ("*.txt", "a/b.TXT", True),
        ("*.txt", "b.txt.gz", False),
        ("*.txt, *.md", "read.md", True),
        ("*.txt, !draft*", "draft1.txt", False),
        ("!draft*", "draft/a.txt", False),
        ("!draft*", "a/drafts/b/c.txt", False),
        ("!draft/", "draft", True),
        ("!draft/", "draft/a", False),
        ("draft/", "draft/a/b", True),
        ("draft/", "a/draft", False),
        ("a/*.txt", "a/b.txt", True),
        ("a/*.txt", "a/b/c.txt", False),
        ("a/**/*.txt", "a/c.txt", True),
        ("a/**/*.txt", "a/b/c/d.txt", True),
        ("!a/b", "a/b/c.txt", False),
        ("!a/b", "x/a/b/c.txt", True),
        ("take[1-3].mp4", "take2.mp4", True),
        ("take[!1-3].mp4", "take2.mp4", False),
        ("take[!1-3].mp4", "take4.mp4", True),
        ("take[9-1].mp4", "take-.mp4", True),
        ("[", "[", True),
        ("?.txt", "é.txt", True),
        ("a?b", "a/b", False),
        ("*.txt", "two\nlines.txt", True),
        ("*.txt", "bytes\udcff.txt", True),
        ("!", "a", True),
    ],
)
def test_what_passes(text: str, path: str, expected: bool) -> None:
    assert passes(text, path) is expected


@given(
    st.text(alphabet="a*?[]!^-\\.(){}|&~,/ \n", max_size=12), st.text(alphabet="a*[]-\\.!/ \n", min_size=1, max_size=8)
)
def test_no_text_is_an_error(text: str, path: str) -> None:
    assert passes(text, path) in (True, False)


@given(st.text(alphabet="ab*?.", min_size=1, max_size=8), st.text(alphabet="abAB.", min_size=1, max_size=8))
def test_a_plain_pattern_is_what_a_shell_takes_it_for(pattern: str, name: str) -> None:
    expected = re.match(fnmatch.translate(pattern.lower()), name.lower()) is not None
    assert passes(pattern, name) is expected
    assert passes(f"!{pattern}", name) is not expected


def test_extensions_become_patterns() -> None:
    assert GlobFilter.of_extensions((".mp4", ".mov")).text == "*.mp4, *.mov"
    assert GlobFilter.of_extensions(()).is_empty
    assert not GlobFilter.parse("*.mp4, draft/").needs_paths
    assert GlobFilter.parse("a/*.mp4").needs_paths
