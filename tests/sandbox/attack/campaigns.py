"""The attacks by name: each tries everything it can think of and tallies what was refused."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from tests.sandbox.attack import access, escapes, harm, links, slow
from tests.sandbox.attack.attacker import Attempts

CAMPAIGNS: Mapping[str, Attempts] = {
    "signatures": access.unsigned_and_forged,
    "tampered": access.tampered,
    "callers": access.foreign_callers,
    "versions": access.unknown_versions,
    "sas": access.sas_beyond_its_rights,
    "names": harm.climbing_names,
    "blob names": harm.climbing_blobs,
    "resource files": harm.climbing_tasks,
    "links": links.linking_tasks,
    "malformed": harm.malformed,
    "oversized": harm.oversized,
    "floods": harm.floods,
    "slow": slow.slow_requests,
    "connections": slow.held_connections,
    # Elsewhere nothing tells of a process that shows nothing.
    **({"escapes": escapes.escaping_tasks} if sys.platform == "linux" else {}),
}
