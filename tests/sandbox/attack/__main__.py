"""`python -m tests.sandbox.attack`: every attack on a sandbox of its own; prints refused / tried, non-zero if less."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.sandbox.attack.attacker import Attacker
from tests.sandbox.attack.campaigns import CAMPAIGNS
from tests.support.sandbox import sandbox_at


def report(name: str, attacker: Attacker) -> bool:
    """Runs one campaign and tells of it; whether everything was refused and the sandbox lives."""
    tally = CAMPAIGNS[name](attacker)
    is_alive = attacker.still_answers() and attacker.defects() == []
    lines = [f"{name:<16} {tally.refused:>5} / {tally.tried:<5} refused"]
    lines += [f"    through: {attempt}" for attempt in tally.through]
    lines += [] if is_alive else ["    and it has not been well since"]
    sys.stdout.write("\n".join(lines) + "\n")
    return is_alive and not tally.through


def main() -> int:
    with tempfile.TemporaryDirectory() as folder, sandbox_at(Path(folder) / "sandbox") as sandbox:
        results = [report(name, Attacker(sandbox)) for name in CAMPAIGNS]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
