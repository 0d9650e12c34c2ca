"""`python -m tests.perf [NAME...]`: takes the figures and exits non-zero where one is over its budget."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence

from tests.perf import live, poll, sandbox_speed, start_up, submission, table, transfers
from tests.perf.figures import Figure, Line

MEASURES: Mapping[str, Callable[[], Iterable[Line]]] = {
    "version": start_up.version,
    "paint": start_up.first_paint,
    "table": table.figures,
    "live": live.figures,
    "sandbox-start": sandbox_speed.start,
    "tasks": sandbox_speed.five_hundred_tasks,
    "transfers": transfers.figures,
    "submit": submission.figures,
    "poll": poll.steady_poll,
}


def main(names: Sequence[str]) -> int:
    """The exit code: 2 for an unknown name, 1 where a figure is over its budget."""
    unknown = [name for name in names if name not in MEASURES]
    if unknown:
        print(f"no such figure: {', '.join(unknown)}; there are {', '.join(MEASURES)}", file=sys.stderr)
        return 2
    is_over = False
    for name in names or MEASURES:
        for line in MEASURES[name]():
            print(line, flush=True)
            is_over = is_over or (isinstance(line, Figure) and not line.is_within)
    return int(is_over)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
