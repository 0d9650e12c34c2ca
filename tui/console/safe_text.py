"""The way out to a terminal, a pipe or a file: everything printed is redacted, then neutralised.

Output that nobody reads any more (a closed pipe, a terminal that hung up) shows as `OutputClosed`, once and quietly.
What the stream's encoding cannot hold is written as its escape.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Mapping, Sequence
from typing import TextIO

from tui.console.line_wrap import wrapped
from tui.core.redaction import redact
from tui.core.terminal_text import neutralise

Json = None | bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"]


class OutputClosed(Exception):
    """Whoever read our output has gone, or, where there is a `reason`, what should keep it cannot."""

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason)
        self.reason = reason

    @classmethod
    def by(cls, problem: OSError) -> OutputClosed:
        gone = problem.errno in (errno.EPIPE, errno.EIO, errno.ENXIO, errno.EBADF, errno.ECONNRESET)
        return cls("" if gone else (problem.strerror or str(problem)).lower())


def shown(text: str) -> str:
    """One line of `text` as it may be printed."""
    return neutralise(redact(text))


def shown_text(text: str) -> str:
    """Several lines as they may be printed."""
    return neutralise(redact(text), keep_layout=True)


def redacted_json(value: Json) -> Json:
    """`value` with every string in it redacted; control characters are the encoder's to escape."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {key: redacted_json(item) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [redacted_json(item) for item in value]
    return value


class Output:
    """A stream that whole lines are written to."""

    def __init__(self, stream: TextIO | None) -> None:
        """`stream` is None where the shell closed it before the program began."""
        self._stream = stream

    @property
    def stream(self) -> TextIO:
        if self._stream is None:
            raise OutputClosed
        return self._stream

    def line(self, text: str = "") -> None:
        """One line, at once: a reader of a pipe or a log sees it when it happens.

        A terminal is given it in lines that it need not break.
        """
        text = shown(text)
        width = self._width
        self._write("\n".join(wrapped(text, width)) if width else text)

    @property
    def _width(self) -> int:
        """Of the terminal; nothing where there is none, or where it does not know."""
        try:
            return os.get_terminal_size(self.stream.fileno()).columns
        except (OSError, ValueError):
            return 0

    def lines(self, texts: Sequence[str]) -> None:
        for text in texts:
            self.line(text)

    def json(self, value: Json, *, indent: int | None = None) -> None:
        """One JSON value, ASCII only, so that nothing in it is obeyed by a terminal."""
        self._write(json.dumps(redacted_json(value), indent=indent))

    def _write(self, text: str) -> None:
        stream = self.stream
        try:
            try:
                stream.write(text + "\n")
            except UnicodeEncodeError:
                encoding = stream.encoding or "ascii"
                stream.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
            stream.flush()
        except OSError as problem:
            raise OutputClosed.by(problem) from problem

    def abandon(self) -> None:
        """What is still buffered goes nowhere, so that the interpreter's own flush at exit cannot complain."""
        if self._stream is None:
            return
        try:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)
        except (OSError, ValueError):  # a stream without a descriptor has nothing to flush into
            return
