"""Names of inputs in their container: one blob a file, unique, and valid whatever the file is called.

Base names are kept where they differ; otherwise the paths below the inputs' common folder. A blob name holds 1–1,024
characters and its parts end in neither dot nor slash:
https://learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence

from tui.core.paths import percent, shorten

MAXIMUM_BLOB_NAME_CHARACTERS = 1_024
_MAXIMUM_PARTS = 250
_UNSTORABLE = re.compile("[\x00-\x1f\x7f-\x9f\\\\\ufffe\uffff\ud800-\udfff]")


def blob_names(paths: Sequence[str]) -> tuple[str, ...]:
    """One blob name for each of `paths` (absolute, normalised, `/` between parts, no duplicates), in their order."""
    names = [posixpath.basename(path) for path in paths]
    if len({name.casefold() for name in names}) < len(names):
        common = posixpath.commonpath([posixpath.dirname(path) for path in paths])
        names = [posixpath.relpath(path, common) for path in paths]
    return _made_unique([_storable(name) for name in names])


def _storable(name: str) -> str:
    parts = [_storable_part(part) for part in name.split("/")][-_MAXIMUM_PARTS:]
    while len("/".join(parts)) > MAXIMUM_BLOB_NAME_CHARACTERS and len(parts) > 1:
        del parts[0]
    return "/".join(parts)


def _storable_part(part: str) -> str:
    part = _UNSTORABLE.sub(lambda match: percent(match.group()), part)
    if part.endswith("."):
        part = part[:-1] + "%2E"
    return shorten(part)


def _made_unique(names: Sequence[str]) -> tuple[str, ...]:
    taken: set[str] = set()
    unique = []
    for name in names:
        stem, extension = posixpath.splitext(name)
        candidate, number = name, 1
        while candidate in taken:
            number += 1
            candidate = f"{stem}~{number}{extension}"
        taken.add(candidate)
        unique.append(candidate)
    return tuple(unique)
