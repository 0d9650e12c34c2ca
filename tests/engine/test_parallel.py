"""Work in parallel that is stopped: what was not done is never taken for done."""

from __future__ import annotations

import threading

import pytest

from tui.core.errors import AccessRefused, Interrupted
from tui.engine.parallel import in_parallel


class StopsWorkersFirst(threading.Event):
    """Set between the consumer's look at it and the worker's."""

    def is_set(self) -> bool:
        return threading.current_thread() is not threading.main_thread()


def test_what_was_stopped_before_it_began_is_not_taken_for_done() -> None:
    with pytest.raises(Interrupted):
        list(in_parallel(range(4), lambda item: item, workers=2, name="t", stop=StopsWorkersFirst()))


@pytest.mark.parametrize(("code", "most"), [("AuthenticationFailed", 5), ("AuthorizationPermissionMismatch", 1_000)])
def test_once_the_account_is_refused_nothing_further_is_begun(code: str, most: int) -> None:
    begun: list[int] = []

    def refused_from_the_third_on(item: int) -> int:
        begun.append(item)
        if item >= 3:
            raise AccessRefused("Refused", code=code)
        return item

    outcomes = list(in_parallel(range(1_000), refused_from_the_third_on, workers=2, name="t", stop=threading.Event()))
    assert len(begun) == len(outcomes) <= most
    assert sorted(outcome.result for outcome in outcomes if outcome.result is not None) == [0, 1, 2]
    assert any(outcome.error for outcome in outcomes)
    assert len(begun) == 1_000 or most < 1_000
