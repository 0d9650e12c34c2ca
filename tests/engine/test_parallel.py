"""Work in parallel that is stopped: what was not done is never taken for done."""

from __future__ import annotations

import threading

import pytest

from tui.core.errors import Interrupted
from tui.engine.parallel import in_parallel


class StopsWorkersFirst(threading.Event):
    """Set between the consumer's look at it and the worker's."""

    def is_set(self) -> bool:
        return threading.current_thread() is not threading.main_thread()


def test_what_was_stopped_before_it_began_is_not_taken_for_done() -> None:
    with pytest.raises(Interrupted):
        list(in_parallel(range(4), lambda item: item, workers=2, name="t", stop=StopsWorkersFirst()))
