"""Names, prefixes and markers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.sandbox.blob.errors import ServiceError
from tui.sandbox.blob.messages import Target, parse_query, parse_target
from tui.sandbox.blob.names import check_container_name, end_of_prefix, marker_for, name_of_marker

names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)


@pytest.mark.parametrize("name", ["abc", "a-b-c", "0" * 63, "run-20261120-k3f-input"])
def test_container_names_the_service_takes(name: str) -> None:
    check_container_name(name)


@pytest.mark.parametrize(
    "name", ["", "ab", "a" * 64, "a--b", "-ab", "ab-", "Abc", "a_b", "a.b", "äbc", "abc\n", "../x"]
)
def test_container_names_it_does_not(name: str) -> None:
    with pytest.raises(ServiceError):
        check_container_name(name)


@given(names)
def test_a_marker_brings_its_name_back(name: str) -> None:
    assert name_of_marker(marker_for(name)) == name
    assert marker_for(name).isascii()


@pytest.mark.parametrize("marker", ["x", "1!***", "1!/w==", "2!YQ=="])
def test_a_marker_nobody_gave_out_is_refused(marker: str) -> None:
    with pytest.raises(ServiceError):
        name_of_marker(marker)


@given(prefix=names, rest=names, other=names)
def test_the_end_of_a_prefix_lies_between_its_names_and_the_following(prefix: str, rest: str, other: str) -> None:
    end = end_of_prefix(prefix)
    assert end is None or prefix + rest < end
    assert end is None or other.startswith(prefix) or not prefix < other < end


def test_the_name_after_the_last_character_before_the_surrogates_is_the_first_behind_them() -> None:
    assert end_of_prefix("a\ud7ff") == "a\ue000"
    assert end_of_prefix("a\U0010ffff") == "b"
    assert end_of_prefix("\U0010ffff") is None


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/acct", Target("acct", "", "")),
        ("/acct/", Target("acct", "", "")),
        ("/acct/c", Target("acct", "c", "")),
        ("/acct/c/", Target("acct", "c", "")),
        ("/acct/c/a/b", Target("acct", "c", "a/b")),
        ("/acct/c/a%2Fb%20%C3%BC", Target("acct", "c", "a/b ü")),
        ("/acct/c/a%252Fb", Target("acct", "c", "a%2Fb")),
        ("/acct/c//a", Target("acct", "c", "/a")),
        ("/acct/c/../../x", Target("acct", "c", "../../x")),
    ],
)
def test_a_path_names_its_target(path: str, target: Target) -> None:
    assert parse_target(path) == target


def test_a_path_that_is_no_text_is_refused() -> None:
    with pytest.raises(ServiceError):
        parse_target("/acct/c/%FF")


def test_query_values_are_decoded_once_and_a_plus_stays() -> None:
    assert parse_query("Prefix=a%2Bb+c%2520&x=1&x=2&empty=") == {"prefix": "a+b+c%20", "x": "1,2", "empty": ""}
