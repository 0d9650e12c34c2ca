"""The program stopped from outside and continued: what runs on is not started a second time."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tui.ui.signals import _resume_only_what_was_suspended


@pytest.fixture
def resumed() -> Iterator[list[int]]:
    """Numbers of signals that reached the handler there was before."""
    told: list[int] = []
    before = signal.signal(signal.SIGCONT, lambda number, _frame: told.append(number))
    yield told
    signal.signal(signal.SIGCONT, before)


@pytest.mark.parametrize("was_suspended", [True, False])
def test_only_a_program_that_suspended_itself_resumes(resumed: list[int], was_suspended: bool) -> None:
    app = SimpleNamespace(_driver=SimpleNamespace(_must_signal_resume=was_suspended))
    _resume_only_what_was_suspended(cast(Any, app))
    signal.raise_signal(signal.SIGCONT)
    assert resumed == ([signal.SIGCONT] if was_suspended else [])
