"""The program, killed by SIGKILL before or after the nth record of its journal: `NUMBER before|after ARGUMENT...`."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable

from tui.cli import main

_RECORD = b'{"at":'
"""How every record of a journal begins; nothing else that the program writes through a descriptor does."""


def _killing_write(number: int, when: str) -> Callable[[int, bytes], int]:
    write, seen = os.write, 0

    def killing_write(file: int, content: bytes) -> int:
        nonlocal seen
        seen += bytes(content[: len(_RECORD)]) == _RECORD
        if seen == number and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        written = write(file, content)
        if seen == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return written

    return killing_write


if __name__ == "__main__":
    os.write = _killing_write(int(sys.argv[1]), sys.argv[2])  # type: ignore[assignment]  # fits how it is called
    sys.exit(main(sys.argv[3:]))
