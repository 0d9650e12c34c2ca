"""Names of runs and of what they make; each rule is the service's own.

Containers: 3–63 of a–z, 0–9 and single hyphens. Pools, jobs, tasks: 1–64 of A–Z, a–z, 0–9, `-` and `_`.
https://learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata
"""

from __future__ import annotations

import random
import re
import string
from datetime import date

MAXIMUM_RUN_ID_LENGTH = 40
RUN_METADATA_KEY = "batchtui_run"
"""Metadata name on pool, job and containers that says which run made them; a valid C# identifier, as Blob asks."""
RUN_MOMENT_KEY = "batchtui_planned"
"""Metadata name beside it: when that run was planned, so that two machines which drew one id are not one run."""

_RUN_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_BATCH_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_CONTAINER = re.compile(r"[a-z0-9](?:[a-z0-9]|-(?!-)){1,61}[a-z0-9]")
_SUFFIX_ALPHABET = string.ascii_lowercase + string.digits


def new_run_id(workload: str, day: date, chooser: random.Random) -> str:
    """`<workload>-<yyyymmdd>-<3 of a-z0-9>`."""
    suffix = "".join(chooser.choices(_SUFFIX_ALPHABET, k=3))
    return f"{workload[: MAXIMUM_RUN_ID_LENGTH - 13].rstrip('-')}-{day:%Y%m%d}-{suffix}"


def is_run_id(text: str) -> bool:
    return len(text) <= MAXIMUM_RUN_ID_LENGTH and _RUN_ID.fullmatch(text) is not None


def is_batch_id(text: str) -> bool:
    """Whether the service takes `text` as the id of a pool, job or task."""
    return _BATCH_ID.fullmatch(text) is not None


def is_container_name(text: str) -> bool:
    return _CONTAINER.fullmatch(text) is not None


def task_id(prefix: str, index: int) -> str:
    """Ids that sort in input order: `topword-00000`."""
    return f"{prefix}-{index:05}"
