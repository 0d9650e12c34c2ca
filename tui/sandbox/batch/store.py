"""Keeps the service's records in SQLite, behind the service: changes gather and are written in one transaction.

A change is durable against SIGKILL once `written()` has returned; answers to accepted writes wait for it. Reads never
touch the database: it is read once, at the start.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import sqlite3
from collections.abc import Iterable
from pathlib import Path

from tui.sandbox.batch import codec
from tui.sandbox.batch.records import Job, Node, Pool, Task, TaskSpec, key_of
from tui.sandbox.batch.state import Record

_LOG = logging.getLogger(__name__)
_VERSION = 1
_CHECKPOINT_PAGES = 8_000
"""32 MB of log: adding thousands of tasks is not held up by copying them into the database every few requests."""
_TRY_AGAIN_S = 1.0
_MOST_SHARED_SPECS = 1024
"""Specs that are remembered while tasks are read, so that those that say the same share one."""

_SPARED_TOGETHER = 2_000
_GATHER_S = 0.02
"""Changes nobody waits for are written after this time, many at once."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS pools(key TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS nodes(pool TEXT, key TEXT, body TEXT NOT NULL, PRIMARY KEY(pool, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS jobs(key TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tasks(
    job TEXT, key TEXT, id TEXT NOT NULL, place INTEGER NOT NULL, spec TEXT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY(job, key)
) WITHOUT ROWID;
"""


class StoreError(Exception):
    """The state file cannot be used; the message says why."""


class Store:
    """A journal that gathers changed records and writes each once a transaction, as it is then."""

    def __init__(self, path: Path) -> None:
        """Open or create the state file, readable by its owner alone. Raises `StoreError`."""
        try:
            os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
            os.chmod(path, 0o600)
            self._database = sqlite3.connect(path, isolation_level=None)
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=NORMAL")
            self._database.execute(f"PRAGMA wal_autocheckpoint={_CHECKPOINT_PAGES}")
            version = self._database.execute("PRAGMA user_version").fetchone()[0]
            if version not in (0, _VERSION):
                raise StoreError(f"{path} was written by another version of the sandbox (format {version}).")
            self._database.executescript(_SCHEMA)
            self._database.execute(f"PRAGMA user_version={_VERSION}")
        except (OSError, sqlite3.Error) as problem:
            raise StoreError(f"{path}: {problem}") from problem
        self._changed: dict[Record, None] = {}
        self._dropped: dict[Record, None] = {}
        self._specs: dict[Task, TaskSpec] = {}
        """Tasks whose spec on disk is this one; a task's spec is written again only when it was replaced."""
        self._unspared = 0
        """Records that came since the collector was last spared."""
        self._timer: asyncio.TimerHandle | asyncio.Handle | None = None
        self._waiting: list[asyncio.Future[None]] = []
        self._is_urgent = False

    # writing

    def save(self, record: Record) -> None:
        if record not in self._dropped:
            self._changed[record] = None
            self._schedule()

    def drop(self, record: Record) -> None:
        """Forget a record; a pool takes its nodes along and a job its tasks."""
        self._changed.pop(record, None)
        if isinstance(record, Job):
            for task in record.tasks:
                self._changed.pop(task, None)
        self._dropped[record] = None
        self._schedule()

    async def written(self) -> None:
        """Return once all changes made so far are in the database. Raises sqlite3.Error where that fails."""
        if not self._changed and not self._dropped:
            return
        done = asyncio.get_running_loop().create_future()
        self._waiting.append(done)
        if not self._is_urgent:
            if self._timer is not None:
                self._timer.cancel()
            self._is_urgent = True
            self._timer = asyncio.get_running_loop().call_soon(self._flush)
        await done

    def _schedule(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_GATHER_S, self._flush)

    def _flush(self) -> None:
        self._timer, self._is_urgent = None, False
        waiting, self._waiting = self._waiting, []
        try:
            self._write()
        except (sqlite3.Error, ValueError) as problem:  # ValueError: text that is no Unicode; nobody may wait forever
            _LOG.error("the state could not be written: %s", problem)
            self._timer = asyncio.get_running_loop().call_later(_TRY_AGAIN_S, self._flush)
            for done in waiting:
                if not done.done():
                    done.set_exception(problem)
            return
        for done in waiting:
            if not done.done():
                done.set_result(None)

    def _write(self) -> None:
        database = self._database
        database.execute("BEGIN IMMEDIATE")
        try:
            for dropped in self._dropped:
                self._delete(dropped)
            inserted = self._save_tasks(record for record in self._changed if isinstance(record, Task))
            for record in self._changed:
                if isinstance(record, Node):
                    row = (key_of(record.pool_id), key_of(record.id), codec.node_text(record))
                    database.execute("INSERT OR REPLACE INTO nodes VALUES(?, ?, ?)", row)
                elif isinstance(record, Job):
                    database.execute("INSERT OR REPLACE INTO jobs VALUES(?, ?)", (record.key, codec.job_text(record)))
                elif isinstance(record, Pool):
                    database.execute("INSERT OR REPLACE INTO pools VALUES(?, ?)", (record.key, codec.pool_text(record)))
            database.execute("COMMIT")
        except BaseException:
            database.execute("ROLLBACK")
            raise
        self._specs.update(inserted)
        self._spare_collector(len(inserted))
        for record in self._dropped:
            if isinstance(record, Task):
                self._specs.pop(record, None)
        self._changed.clear()
        self._dropped.clear()

    def _save_tasks(self, tasks: Iterable[Task]) -> dict[Task, TaskSpec]:
        """Write tasks; those whose spec was written, with it."""
        inserts, updates = [], []
        inserted: dict[Task, TaskSpec] = {}
        for task in tasks:
            job, key = key_of(task.job_id), key_of(task.id)
            if self._specs.get(task) is task.spec:
                updates.append((codec.task_text(task), job, key))
            else:
                spec = codec.to_text(task.spec.wire)
                inserts.append((job, key, task.id, task.order, spec, codec.task_text(task)))
                inserted[task] = task.spec
        if inserts:
            self._database.executemany("INSERT OR REPLACE INTO tasks VALUES(?, ?, ?, ?, ?, ?)", inserts)
        if updates:
            self._database.executemany("UPDATE tasks SET body = ? WHERE job = ? AND key = ?", updates)
        return inserted

    def _spare_collector(self, records: int) -> None:
        """Let Python's collector never look at records again: they live long, are in no cycle, and a walk over those
        of 100,000 tasks holds up every request for a quarter of a second. They are freed like all others."""
        self._unspared += records
        if self._unspared >= _SPARED_TOGETHER:
            self._unspared = 0
            gc.freeze()

    def _delete(self, record: Record) -> None:
        if isinstance(record, Task):
            row = (key_of(record.job_id), key_of(record.id))
            self._database.execute("DELETE FROM tasks WHERE job = ? AND key = ?", row)
        elif isinstance(record, Job):
            for task in record.tasks:
                self._specs.pop(task, None)
            self._database.execute("DELETE FROM tasks WHERE job = ?", (record.key,))
            self._database.execute("DELETE FROM jobs WHERE key = ?", (record.key,))
        elif isinstance(record, Node):
            row = (key_of(record.pool_id), key_of(record.id))
            self._database.execute("DELETE FROM nodes WHERE pool = ? AND key = ?", row)
        else:
            self._database.execute("DELETE FROM nodes WHERE pool = ?", (record.key,))
            self._database.execute("DELETE FROM pools WHERE key = ?", (record.key,))

    # reading

    def load(self) -> tuple[list[Pool], list[Job]]:
        """All stored records, pools with their nodes and jobs with their tasks. Raises `StoreError`."""
        try:
            jobs = {job.key: job for job in map(codec.job_from, self._texts("SELECT body FROM jobs"))}
            tasks: dict[tuple[str, str], Task] = {}
            specs: dict[str, TaskSpec] = {}
            for job_key, identifier, order, spec, body in self._database.execute(
                "SELECT job, id, place, spec, body FROM tasks ORDER BY job, place"
            ):
                job = jobs.get(job_key)
                if job is not None:
                    if spec not in specs:
                        if len(specs) >= _MOST_SHARED_SPECS:
                            specs.clear()
                        specs[spec] = codec.task_spec_from(spec)
                    task = codec.task_from(job.id, identifier, order, specs[spec], body)
                    self._specs[task] = task.spec
                    tasks[job.id, identifier] = task
                    job.tasks.add(task)
            self._spare_collector(len(tasks))
            pools = {pool.key: pool for pool in map(codec.pool_from, self._texts("SELECT body FROM pools"))}
            for text in self._texts("SELECT body FROM nodes"):
                node = codec.node_from(text, tasks)
                if (pool := pools.get(key_of(node.pool_id))) is not None:
                    pool.nodes[key_of(node.id)] = node
        except (sqlite3.Error, ValueError, KeyError, TypeError, IndexError) as problem:
            raise StoreError(f"The state cannot be read: {problem!r}") from problem
        return list(pools.values()), list(jobs.values())

    def _texts(self, query: str) -> Iterable[str]:
        return [row[0] for row in self._database.execute(query)]

    def close(self) -> None:
        """Write what is left and close the database."""
        if self._timer is not None:
            self._timer.cancel()
        self._flush()
        if self._timer is not None:
            self._timer.cancel()
        self._database.close()
