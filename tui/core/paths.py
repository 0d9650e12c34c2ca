"""The one function that turns a name from outside into a path: nothing it returns leaves the folder it is joined to.

What cannot be kept is mapped visibly: a forbidden character becomes `%XX`, a reserved or empty part gets an underscore,
an over-long part is shortened around a digest. The mapping is the same on every system, so that a folder can be moved.
"""

from __future__ import annotations

import hashlib
import itertools
import re
import unicodedata
from collections.abc import Container, Iterable
from dataclasses import dataclass

from tui.core.units import count_text

MAXIMUM_PART_BYTES = 240
"""Below the 255 bytes of common file systems, so that a temporary name beside it still fits."""

_FORBIDDEN = re.compile('[\x00-\x1f\x7f-\x9f<>:"\\\\|?*\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]')
_RESERVED = re.compile(r"(?i)(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:\.|$)")
_DIGEST_CHARACTERS = 12


def percent(text: str) -> str:
    """Each character of `text` as the `%XX` of its UTF-8 bytes; a byte that was not UTF-8 as itself."""
    try:
        encoded = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        encoded = text.encode("utf-8", "surrogatepass")
    return "".join(f"%{byte:02X}" for byte in encoded)


def shorten(part: str, maximum_bytes: int = MAXIMUM_PART_BYTES) -> str:
    """`part` within `maximum_bytes` of UTF-8: its beginning, a digest of the whole, its extension."""
    encoded = part.encode("utf-8", "surrogatepass")
    if len(encoded) <= maximum_bytes:
        return part
    digest = hashlib.sha256(encoded).hexdigest()[:_DIGEST_CHARACTERS]
    stem, dot, extension = part.rpartition(".")
    if not dot or not stem or len(extension.encode()) > 20:
        stem, extension = part, ""
    tail = f"~{digest}{dot if extension else ''}{extension}"
    kept = stem.encode("utf-8", "surrogatepass")[: maximum_bytes - len(tail.encode())]
    return kept.decode("utf-8", "ignore") + tail


def safe_part(part: str) -> str:
    """One path component that any file system takes and that is neither empty, `.`, `..` nor reserved."""
    part = _FORBIDDEN.sub(lambda match: percent(match.group()), part)
    if part in (".", ".."):
        return part.replace(".", "%2E")
    if part and part[-1] in ". ":
        part = part[:-1] + percent(part[-1])
    if not part or _RESERVED.match(part):
        part = f"_{part}"
    return shorten(part)


def safe_relative_path(name: str) -> str:
    """`name` as a relative path with `/` between safe parts; never empty, never absolute, never climbing."""
    return "/".join(safe_part(part) for part in name.split("/"))


@dataclass(frozen=True, slots=True)
class MappedName:
    name: str
    """As the service has it."""
    relative_path: str

    @property
    def was_changed(self) -> bool:
        return self.name != self.relative_path


_CHANGES_TOLD = 20


def changed_names(mapped: Iterable[MappedName]) -> list[str]:
    """Lines that say which names could not be kept; of many, the first and how many more."""
    changed = [name for name in mapped if name.was_changed]
    lines = [f"{name.name!r} is stored as {name.relative_path}" for name in changed[:_CHANGES_TOLD]]
    more = len(changed) - len(lines)
    return [*lines, f"{count_text(more, 'more name')} changed likewise"] if more else lines


class DestinationNames:
    """Gives every name of one download its own path, also where the file system folds case or composes Unicode."""

    def __init__(self) -> None:
        self._files: set[str] = set()
        self._taken: set[str] = set()
        """Files and folders; only a file keeps a folder from its name."""
        self._folder_of: dict[str, str] = {"": ""}
        """Where each folder went: beside a file that has its name already, if need be."""

    def assign(self, name: str) -> MappedName:
        folder, _, last = safe_relative_path(name).rpartition("/")
        path = self._free(self._placed(folder), last, self._taken)
        self._files.add(_folded(path))
        self._taken.add(_folded(path))
        return MappedName(name, path)

    def _placed(self, folder: str) -> str:
        if folder not in self._folder_of:
            above, _, last = folder.rpartition("/")
            placed = self._free(self._placed(above), last, self._files)
            self._folder_of[folder] = placed
            self._taken.add(_folded(placed))
        return self._folder_of[folder]

    @staticmethod
    def _free(folder: str, last: str, taken: Container[str]) -> str:
        """`folder/last`, numbered before its extension until nobody has it."""
        stem, dot, extension = last.rpartition(".")
        if not stem:
            stem, dot, extension = last, "", ""
        candidate = last
        for number in itertools.count(2):
            path = f"{folder}/{candidate}" if folder else candidate
            if _folded(path) not in taken:
                return path
            candidate = safe_part(f"{stem}~{number}{dot}{extension}")
        raise AssertionError("numbers do not end")


def _folded(path: str) -> str:
    return unicodedata.normalize("NFC", path).casefold()
