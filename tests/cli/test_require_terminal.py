"""What paints a screen says why it cannot be shown: no terminal at all, or one that can only append."""

from __future__ import annotations

import os
import pty
import sys

import pytest

from tui.commands.terminal import require_terminal
from tui.core.errors import InputError


def test_a_pipe_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(InputError, match="There is no terminal here"):
        require_terminal("the live view")


@pytest.mark.parametrize(("term", "why"), [("dumb", "TERM is dumb"), ("", "TERM is not set"), ("xterm-256color", None)])
def test_a_terminal_must_do_more_than_append(monkeypatch: pytest.MonkeyPatch, term: str, why: str | None) -> None:
    controller, terminal = pty.openpty()
    monkeypatch.setenv("TERM", term) if term else monkeypatch.delenv("TERM", raising=False)
    with open(terminal, "r+b", buffering=0) as stream:
        for name in ("stdin", "stdout", "stderr"):
            monkeypatch.setattr(sys, name, stream)
        if why is None:
            require_terminal("the live view")
        else:
            with pytest.raises(InputError, match="can only append") as caught:
                require_terminal("the live view", "a hint")
            assert why in str(caught.value)
            assert caught.value.hint == "a hint"
        monkeypatch.undo()
    os.close(controller)
