"""The garbage collector, kept from standing in the way of keys.

A full collection looks at every object there is: with 100,000 tasks it holds the program up for 100–300 ms, and lists
of changes set one off every few seconds. Rows hold no cycles, so counting references frees them; the collector is asked
to look at everything rarely, and to leave alone what came with a long list.
"""

from __future__ import annotations

import atexit
import gc

_YOUNG, _MIDDLE, _FULL = 10_000, 50, 500
"""New objects until the youngest are looked at, and how many such looks until the next generation and all."""


def tame() -> None:
    """For the whole process, before anything large is even imported: looking at hundreds of modules as they come in is
    a sixth of the time to the first frame, and the interpreter's last looks at them, which free nothing, would hold
    the shell up.
    """
    gc.set_threshold(_YOUNG, _MIDDLE, _FULL)
    atexit.unregister(gc.freeze)
    atexit.register(gc.freeze)


def settle() -> None:
    """After a long list has come in: what there is now is no longer looked at."""
    gc.freeze()
