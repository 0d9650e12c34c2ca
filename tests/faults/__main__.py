"""`python -m tests.faults [NAME...]`: puts runs through trouble, prints figures, exits non-zero where one was lost."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence

from tests.faults import calls, kills, long_life, machines
from tests.faults.command import asked_for
from tests.faults.matrix import report
from tests.sandbox.attack import __main__ as attack

CAMPAIGNS: Mapping[str, Callable[[int], bool]] = {
    "calls": lambda workers: report(calls.CAMPAIGN, workers),
    "kills": lambda workers: report(kills.PROGRAM, workers),
    "sandbox-kills": lambda workers: report(kills.SANDBOX, workers),
    "machines": lambda workers: report(machines.CAMPAIGN, workers),
    "life": lambda _workers: long_life.report(),
    "attack": lambda _workers: attack.main() == 0,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 1 where a run was lost."""
    names, workers = asked_for("tests.faults", "Runs under trouble.", CAMPAIGNS, arguments)
    survived = [CAMPAIGNS[name](workers) for name in names]
    return 0 if all(survived) else 1


if __name__ == "__main__":
    sys.exit(main())
