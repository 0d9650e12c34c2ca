"""The store: what it answered survives, nothing it dropped stays, and readers see whole blobs."""

from __future__ import annotations

import asyncio
import base64
import signal
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sandbox.blob.exchange import NOW
from tui.sandbox.blob import BlobStore, Usage
from tui.sandbox.blob.errors import ErrorCode, ServiceError
from tui.sandbox.blob.records import BlobContent, BlobRecord, Segment, StoredContent


def accept(_existing: BlobRecord | None) -> None:
    """The rule of a write that demands nothing."""


async def stored(store: BlobStore, data: bytes) -> StoredContent:
    draft = store.draft()
    await draft.write(data)
    return await draft.finish()


async def put(store: BlobStore, name: str, data: bytes, container: str = "input") -> BlobRecord:
    content = await stored(store, data)
    segments = (Segment(content.content_id, content.size_bytes),)
    md5 = base64.b64encode(content.md5).decode()
    return await store.put_blob(container, name, BlobContent(segments, md5, {}, {"k": "v"}), accept)


def files(root: Path) -> int:
    return len(list((root / "content").iterdir()))


@pytest.fixture
def filled(store: BlobStore) -> BlobStore:
    store.create_container("input", {"run": "one"})
    return store


async def test_everything_survives_a_restart(root: Path) -> None:
    store = BlobStore(root)
    store.create_container("input", {"run": "one"})
    record = await put(store, "../a", b"content")
    block = await stored(store, b"block")
    await store.stage_block("input", "b", "MDE=", block)
    store.close()
    again = BlobStore(root)
    try:
        assert again.container("input").metadata == {"run": "one"}
        assert again.blob("input", "../a") == record
        assert again.read(record, 0, 7) == b"content"
        assert [part.size_bytes for part in again.blocks("input", "b")[1]] == [5]
        assert again.usage() == Usage(containers=1, blobs=1, size_bytes=7)
    finally:
        again.close()


KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from tests.sandbox.blob.test_store import put, stored
from tui.sandbox.blob import BlobStore

async def main() -> None:
    store = BlobStore(Path(sys.argv[1]))
    store.create_container("input", {})
    for index in range(50):
        await put(store, f"blob-{index}", str(index).encode())
    await stored(store, b"a body whose blob was never written")
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


def test_what_was_written_survives_a_kill_and_what_was_not_is_swept(root: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", KILLED, str(root)], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert files(root) == 51
    store = BlobStore(root)
    try:
        for index in range(50):
            record = store.blob("input", f"blob-{index}")
            assert store.read(record, 0, record.size_bytes) == str(index).encode()
        assert files(root) == 50
    finally:
        store.close()


async def test_overwriting_and_deleting_removes_content(filled: BlobStore, root: Path) -> None:
    await put(filled, "a", b"first")
    await put(filled, "a", b"second")
    assert files(root) == 1
    await filled.stage_block("input", "a", "MDE=", await stored(filled, b"block"))
    await filled.stage_block("input", "a", "MDE=", await stored(filled, b"other"))
    assert files(root) == 2
    await filled.delete_blob("input", "a", accept)
    assert files(root) == 0
    for index in range(20):
        await put(filled, str(index), b"x")
    await filled.delete_container("input")
    assert (files(root), filled.usage()) == (0, Usage(0, 0, 0))


async def test_a_refused_write_leaves_what_was_there(filled: BlobStore) -> None:
    await put(filled, "a", b"first")

    def refuse(_existing: BlobRecord | None) -> None:
        raise ServiceError(ErrorCode.CONDITION_NOT_MET)

    content = await stored(filled, b"second")
    with pytest.raises(ServiceError):
        await filled.put_blob("input", "a", BlobContent((Segment(content.content_id, 6),), "", {}, {}), refuse)
    assert filled.read(filled.blob("input", "a"), 0, 5) == b"first"


async def test_a_reader_finishes_the_blob_it_started(filled: BlobStore, root: Path) -> None:
    data = bytes(range(256)) * 10_000
    record = await put(filled, "a", data)
    stream = filled.stream(record, 0, len(data))
    await put(filled, "a", b"new")
    assert files(root) == 2
    assert b"".join([chunk async for chunk in stream.chunks()]) == data
    stream.close()
    assert files(root) == 1


async def test_content_of_blocks_is_read_across_their_borders(filled: BlobStore) -> None:
    blocks = {"MDE=": b"abc", "MDI=": b"", "MDM=": b"defgh"}
    for block_id, data in blocks.items():
        await filled.stage_block("input", "a", block_id, await stored(filled, data))
    record = await filled.commit_blocks(
        "input", "a", lambda _committed, staged: BlobContent(tuple(staged[i] for i in blocks), "", {}, {}), accept
    )
    for offset in range(8):
        for length in range(1, 9 - offset):
            assert filled.read(record, offset, length) == b"abcdefgh"[offset : offset + length]
            stream = filled.stream(record, offset, length)
            assert b"".join([chunk async for chunk in stream.chunks()]) == b"abcdefgh"[offset : offset + length]
            stream.close()


async def test_a_failed_commit_changes_nothing(filled: BlobStore, root: Path) -> None:
    await filled.stage_block("input", "a", "MDE=", await stored(filled, b"abc"))

    def choose(_committed: object, _staged: object) -> BlobContent:
        raise ServiceError(ErrorCode.INVALID_BLOCK_LIST)

    with pytest.raises(ServiceError):
        await filled.commit_blocks("input", "a", choose, accept)
    assert filled.find_blob("input", "a") is None
    assert len(filled.blocks("input", "a")[1]) == files(root) == 1


async def test_every_change_has_an_etag_of_its_own_though_the_clock_stands_still(root: Path) -> None:
    etags: list[int] = []
    for _ in range(2):
        store = BlobStore(root, clock=lambda: NOW)
        if not etags:
            store.create_container("input", {})
        etags += [(await put(store, "a", b"x")).etag for _ in range(3)]
        store.close()
    assert sorted(set(etags)) == etags


def test_nobody_else_may_look_into_the_folder(filled: BlobStore, root: Path) -> None:
    asyncio.run(put(filled, "a", b"x"))
    for path in (root, *root.rglob("*")):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), path.name


def test_a_second_store_on_the_folder_fails_at_once(filled: BlobStore, root: Path) -> None:
    assert filled.usage().containers == 1
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        BlobStore(root)


async def test_reset_forgets_everything(filled: BlobStore, root: Path) -> None:
    await put(filled, "a", b"x")
    filled.reset()
    assert (filled.usage(), files(root)) == (Usage(0, 0, 0), 0)


NAMES = st.lists(st.text(st.sampled_from(["a", "b", "/", "é", "😀", "\0"]), min_size=1, max_size=5), max_size=12)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    names=NAMES,
    prefix=st.sampled_from(["", "a", "a/", "é"]),
    delimiter=st.sampled_from(["", "/", "b/"]),
    limit=st.integers(1, 4),
)
async def test_pages_hold_what_a_plain_reading_of_the_names_gives(
    filled: BlobStore, names: list[str], prefix: str, delimiter: str, limit: int
) -> None:
    filled.reset()
    filled.create_container("input", {})
    for name in names:
        await put(filled, name, b"")
    expected = []
    for name in sorted({name for name in names if name.startswith(prefix)}):
        end = name.find(delimiter, len(prefix)) if delimiter else -1
        entry = name if end < 0 else name[: end + len(delimiter)]
        if entry not in expected:
            expected.append(entry)
    listed: list[str] = []
    start = ""
    while True:
        page = filled.list_blobs("input", prefix, delimiter, start, limit)
        assert len(page.entries) <= limit
        listed += [entry if isinstance(entry, str) else entry.name for entry in page.entries]
        start = page.next_name
        if not start:
            break
    assert listed == expected
