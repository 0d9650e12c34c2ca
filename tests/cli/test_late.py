"""What is made when it is first used."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from tui.commands.late import late


class Made:
    def __init__(self) -> None:
        self.words: list[str] = []

    def say(self, word: str) -> str:
        self.words.append(word)
        return word


def test_nothing_is_made_before_it_is_asked_and_then_once() -> None:
    makings: list[Made] = []

    def make() -> Made:
        makings.append(Made())
        return makings[-1]

    made = late(make)
    assert makings == []
    assert [made.say("one"), made.say("two")] == ["one", "two"]
    assert [one.words for one in makings] == [["one", "two"]]


def test_threads_that_ask_at_once_share_it() -> None:
    both = threading.Barrier(2)
    makings: list[Made] = []

    def make() -> Made:
        makings.append(Made())
        return makings[-1]

    made = late(make)

    def ask(word: str) -> str:
        both.wait()
        return made.say(word)

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(ask, ["one", "two"]))
    assert [sorted(one.words) for one in makings] == [["one", "two"]]
