"""The catalogue: containers, blobs and staged blocks in one SQLite file.

Every public write is one transaction, so another request, or the next process after a kill, sees all of it or nothing.
The file is held in exclusive mode: a second server on the same folder fails at once instead of sharing it.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .names import end_of_prefix
from .records import BlobRecord, ContainerRecord, Segment, Usage

_SCHEMA = """
CREATE TABLE IF NOT EXISTS container (
    name TEXT PRIMARY KEY, etag INTEGER NOT NULL, modified_s INTEGER NOT NULL, metadata TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS blob (
    container TEXT NOT NULL, name TEXT NOT NULL, etag INTEGER NOT NULL, created_s INTEGER NOT NULL,
    modified_s INTEGER NOT NULL, size_bytes INTEGER NOT NULL, md5 TEXT NOT NULL, properties TEXT NOT NULL,
    metadata TEXT NOT NULL, segments TEXT NOT NULL, PRIMARY KEY (container, name)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS staged_block (
    container TEXT NOT NULL, blob TEXT NOT NULL, block_id TEXT NOT NULL, content_id TEXT NOT NULL,
    size_bytes INTEGER NOT NULL, PRIMARY KEY (container, blob, block_id)
) WITHOUT ROWID;
"""
_SCHEMA_VERSION = 1
_BLOB_COLUMNS = "container, name, etag, created_s, modified_s, size_bytes, md5, properties, metadata, segments"


class CatalogueVersionError(Exception):
    """The file was written by another version of this program; the message says which."""


class Catalogue:
    """One connection, used by one thread at a time."""

    def __init__(self, path: Path) -> None:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        # The server may be built in one thread and run its loop in another; never in two at once.
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=0)
        try:
            self._prepare()
        except BaseException:
            self._connection.close()
            raise

    def _prepare(self) -> None:
        execute = self._connection.execute
        execute("PRAGMA locking_mode = EXCLUSIVE")
        execute("PRAGMA journal_mode = WAL")
        # What was answered survives the death of the process; only a power cut may lose the last moments.
        execute("PRAGMA synchronous = NORMAL")
        version = execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, _SCHEMA_VERSION):
            raise CatalogueVersionError(
                f"the blob catalogue has version {version}, this program knows {_SCHEMA_VERSION}"
            )
        self._connection.executescript(_SCHEMA)
        execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def newest_etag(self) -> int:
        row = self._connection.execute(
            "SELECT max(coalesce((SELECT max(etag) FROM blob), 0), coalesce((SELECT max(etag) FROM container), 0))"
        ).fetchone()
        return int(row[0])

    def usage(self) -> Usage:
        (containers,) = self._connection.execute("SELECT count(*) FROM container").fetchone()
        blobs, size_bytes = self._connection.execute(
            "SELECT count(*), coalesce(sum(size_bytes), 0) FROM blob"
        ).fetchone()
        return Usage(containers, blobs, size_bytes)

    def content_ids(self) -> set[str]:
        """The content every blob and staged block refers to."""
        ids = {row[0] for row in self._connection.execute("SELECT content_id FROM staged_block")}
        for (segments,) in self._connection.execute("SELECT segments FROM blob"):
            ids.update(segment.content_id for segment in _parse_segments(segments))
        return ids

    def clear(self) -> None:
        with self.transaction():
            for table in ("staged_block", "blob", "container"):
                self._connection.execute(f"DELETE FROM {table}")

    # Containers

    def container(self, name: str) -> ContainerRecord | None:
        row = self._connection.execute(
            "SELECT name, etag, modified_s, metadata FROM container WHERE name = ?", (name,)
        ).fetchone()
        return None if row is None else ContainerRecord(row[0], row[1], row[2], json.loads(row[3]))

    def has_container(self, name: str) -> bool:
        return self._connection.execute("SELECT 1 FROM container WHERE name = ?", (name,)).fetchone() is not None

    def containers(self, prefix: str, start: str, limit: int) -> list[ContainerRecord]:
        """At most `limit` containers whose name starts with `prefix`, from `start` on, by name."""
        rows = self._connection.execute(
            "SELECT name, etag, modified_s, metadata FROM container"
            " WHERE name >= ? AND (? IS NULL OR name < ?) ORDER BY name LIMIT ?",
            (max(prefix, start), end := end_of_prefix(prefix), end, limit),
        )
        return [ContainerRecord(row[0], row[1], row[2], json.loads(row[3])) for row in rows]

    def write_container(self, record: ContainerRecord) -> None:
        self._connection.execute(
            "INSERT OR REPLACE INTO container VALUES (?, ?, ?, ?)",
            (record.name, record.etag, record.modified_s, json.dumps(dict(record.metadata))),
        )

    def delete_container(self, name: str) -> list[Segment]:
        """Remove a container with all it holds; answers the content that is free now."""
        freed: list[Segment] = []
        with self.transaction():
            for (segments,) in self._connection.execute("SELECT segments FROM blob WHERE container = ?", (name,)):
                freed.extend(_parse_segments(segments))
            freed.extend(
                Segment(content_id, size_bytes)
                for content_id, size_bytes in self._connection.execute(
                    "SELECT content_id, size_bytes FROM staged_block WHERE container = ?", (name,)
                )
            )
            self._connection.execute("DELETE FROM blob WHERE container = ?", (name,))
            self._connection.execute("DELETE FROM staged_block WHERE container = ?", (name,))
            self._connection.execute("DELETE FROM container WHERE name = ?", (name,))
        return freed

    # Blobs

    def blob(self, container: str, name: str) -> BlobRecord | None:
        row = self._connection.execute(
            f"SELECT {_BLOB_COLUMNS} FROM blob WHERE container = ? AND name = ?", (container, name)
        ).fetchone()
        return None if row is None else _blob_record(row)

    def blobs(self, container: str, prefix: str, start: str, limit: int) -> list[BlobRecord]:
        """At most `limit` blobs whose name starts with `prefix`, from `start` on, by name."""
        rows = self._connection.execute(
            f"SELECT {_BLOB_COLUMNS} FROM blob"
            " WHERE container = ? AND name >= ? AND (? IS NULL OR name < ?) ORDER BY name LIMIT ?",
            (container, max(prefix, start), end := end_of_prefix(prefix), end, limit),
        )
        return [_blob_record(row) for row in rows]

    def write_blob(self, record: BlobRecord) -> None:
        self._connection.execute(
            "INSERT OR REPLACE INTO blob VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                record.container,
                record.name,
                record.etag,
                record.created_s,
                record.modified_s,
                record.size_bytes,
                record.md5,
                _dump(record.properties),
                _dump(record.metadata),
                json.dumps([(part.content_id, part.size_bytes, part.block_id) for part in record.segments]),
            ),
        )

    def delete_blob(self, container: str, name: str) -> None:
        self._connection.execute("DELETE FROM blob WHERE container = ? AND name = ?", (container, name))

    # Staged blocks

    def staged_blocks(self, container: str, blob: str) -> list[Segment]:
        rows = self._connection.execute(
            "SELECT content_id, size_bytes, block_id FROM staged_block WHERE container = ? AND blob = ?"
            " ORDER BY block_id",
            (container, blob),
        )
        return [Segment(*row) for row in rows]

    def staged_block(self, container: str, blob: str, block_id: str) -> Segment | None:
        row = self._connection.execute(
            "SELECT content_id, size_bytes, block_id FROM staged_block"
            " WHERE container = ? AND blob = ? AND block_id = ?",
            (container, blob, block_id),
        ).fetchone()
        return None if row is None else Segment(*row)

    def a_staged_block_id(self, container: str, blob: str) -> str | None:
        row = self._connection.execute(
            "SELECT block_id FROM staged_block WHERE container = ? AND blob = ? LIMIT 1", (container, blob)
        ).fetchone()
        return None if row is None else str(row[0])

    def write_staged_block(self, container: str, blob: str, block: Segment) -> None:
        self._connection.execute(
            "INSERT OR REPLACE INTO staged_block VALUES (?, ?, ?, ?, ?)",
            (container, blob, block.block_id, block.content_id, block.size_bytes),
        )

    def delete_staged_blocks(self, container: str, blob: str) -> None:
        self._connection.execute("DELETE FROM staged_block WHERE container = ? AND blob = ?", (container, blob))


def _dump(values: Mapping[str, str]) -> str:
    return json.dumps(dict(values)) if values else "{}"


def _parse_segments(text: str) -> tuple[Segment, ...]:
    return tuple(Segment(*part) for part in json.loads(text))


def _blob_record(row: tuple[Any, ...]) -> BlobRecord:
    container, name, etag, created_s, modified_s, size_bytes, md5, properties, metadata, segments = row
    return BlobRecord(
        container=container,
        name=name,
        etag=etag,
        created_s=created_s,
        modified_s=modified_s,
        size_bytes=size_bytes,
        md5=md5,
        properties=json.loads(properties),
        metadata=json.loads(metadata),
        segments=_parse_segments(segments),
    )
