"""Files on nodes: what is served, in what form, and what never is."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

import pytest

from tests.sandbox.batch.fakes import until
from tests.sandbox.batch.world import World, in_world, quoted
from tui.sandbox import folders
from tui.sandbox.batch import files
from tui.sandbox.batch.errors import ServiceError


async def _task_with_files(world: World) -> Path:
    await world.make_pool()
    await world.make_job()
    (task,) = await world.add("echo hello")
    await world.reaches("completed", task)
    directory = world.host.launches[0].directory
    (directory / "stdout.txt").chmod(0o644)
    (directory / "wd" / "out dir").mkdir()
    (directory / "wd" / "out dir" / "a b%é.bin").write_bytes(bytes(range(256)) * 4096)
    (directory / "wd" / "out dir" / "a b%é.bin").chmod(0o644)
    return directory


def test_a_tasks_files_are_listed_level_by_level(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        await _task_with_files(world)
        flat = (await world.get("/jobs/job/tasks/t0/files"))["value"]
        assert [entry["name"] for entry in flat] == ["stderr.txt", "stdout.txt", "wd"]
        deep = (await world.get("/jobs/job/tasks/t0/files", recursive="true"))["value"]
        assert [entry["name"] for entry in deep][3:] == ["wd/out dir", "wd/out dir/a b%é.bin"]
        assert list(deep[2]) == ["name", "url", "isDirectory"]
        assert deep[1]["properties"] | {"lastModified": ""} == {
            "lastModified": "",
            "contentLength": "6",
            "contentType": "text/plain",
            "fileMode": "0o100644",
        }
        some = await world.get("/jobs/job/tasks/t0/files", filter_="startswith(name,'std')", maxresults="1")
        names = [entry["name"] for entry in some["value"]]
        while "odata.nextLink" in some:
            link = some["odata.nextLink"].removeprefix("http://127.0.0.1:1234")
            some = (await world.send("GET", link)).json
            names += [entry["name"] for entry in some["value"]]
        assert names == ["stderr.txt", "stdout.txt"]

    in_world(tmp_path, work)


def test_files_are_read_whole_or_by_range_and_always_with_200(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        await _task_with_files(world)
        url = "/jobs/job/tasks/t0/files/" + quoted("wd/out dir/a b%é.bin")
        whole = await world.send("GET", url)
        assert (whole.status, whole.body) == (200, bytes(range(256)) * 4096)
        assert whole.headers["ocp-batch-file-isdirectory"] == "False"
        assert whole.headers["ocp-batch-file-url"] == quoted(
            "http://127.0.0.1:1234/jobs/job/tasks/t0/files/wd/out dir/a b%é.bin"
        )
        part = await world.send("GET", url, headers={"ocp-range": "bytes=255-600000"})
        assert (part.status, part.body) == (200, (bytes(range(256)) * 4096)[255:600001])
        tail = await world.send("GET", url, headers={"ocp-range": "bytes=1048575-"})
        assert tail.body == b"\xff"
        beyond = await world.send("GET", url, headers={"ocp-range": "bytes=1048576-"})
        assert (beyond.status, beyond.code) == (416, "InvalidRange")
        head = await world.send("HEAD", url)
        assert (head.status, head.headers["content-length"], head.body) == (200, "1048576", b"")
        assert head.headers["ocp-batch-file-mode"] == "0o100644"
        missing = await world.send("HEAD", "/jobs/job/tasks/t0/files/none.txt")
        assert (missing.status, missing.body, "content-type" in missing.headers) == (404, b"", False)

    in_world(tmp_path, work)


def test_a_node_shows_its_documented_folders(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        await _task_with_files(world)
        node = world.nodes()[0]
        (world.host.root("pool", node.id) / "venv").mkdir()
        (world.host.root("pool", node.id) / "venv" / "secret").write_text("")
        url = f"/pools/pool/nodes/{node.id}/files"
        names = [entry["name"] for entry in (await world.get(url))["value"]]
        assert names == ["workitems", "applications", "fsmounts", "shared", "startup", "volatile"]
        deep = [entry["name"] for entry in (await world.get(url, recursive="true"))["value"]]
        assert "workitems/job/job-1/t0/stdout.txt" in deep
        assert not any("venv" in name for name in deep)
        read = await world.send("GET", f"{url}/{quoted('workitems/job/job-1/t0/stdout.txt')}")
        assert read.body == b"hello\n"
        assert (await world.send("GET", f"{url}/venv/secret")).code == "FileNotFound"

    in_world(tmp_path, work)


@pytest.mark.parametrize(
    "path",
    [
        "../t0/stdout.txt",
        "wd/../../t0/stdout.txt",
        "..%2Fstdout.txt",
        "wd%2F..%2F..%2F..%2Fother",
        "..%5Cstdout.txt",
        "%2E%2E/secret",
        "wd/link/secret",
        "wd/file-link",
        "wd/dir-link/secret",
        "wd/fifo",
        "wd%00",
        "%2Fetc%2Fpasswd",
        "wd/loop",
        "x" * 300,
    ],
)
def test_no_path_leaves_the_tasks_folder(tmp_path: Path, path: str) -> None:
    async def work(world: World) -> None:
        directory = await _task_with_files(world)
        outside = tmp_path / "outside"
        outside.mkdir()
        (outside / "secret").write_text("secret")
        (directory.parent / "secret").write_text("secret")
        (directory / "wd" / "link").symlink_to(outside)
        (directory / "wd" / "dir-link").symlink_to("../../")
        (directory / "wd" / "file-link").symlink_to(outside / "secret")
        (directory / "wd" / "loop").symlink_to("loop")
        os.mkfifo(directory / "wd" / "fifo")
        for method in ("GET", "HEAD", "DELETE"):
            answer = await world.send(method, f"/jobs/job/tasks/t0/files/{path}")
            assert answer.status == 404
            assert b"secret" not in answer.body
        assert (outside / "secret").exists()
        listed = await world.get("/jobs/job/tasks/t0/files", recursive="true")
        assert not any("link" in entry["name"] for entry in listed["value"])

    in_world(tmp_path, work)


def test_a_link_put_in_place_after_the_check_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / "root" / "wd").mkdir(parents=True)
    (tmp_path / "root" / "wd" / "a").write_text("inside")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "a").write_text("outside")
    target, _ = files.find(tmp_path / "root", "wd/a")
    (tmp_path / "root" / "wd").rename(tmp_path / "root" / "old")
    (tmp_path / "root" / "wd").symlink_to(tmp_path / "outside")
    with pytest.raises(OSError, match="wd"):
        folders.open_file(target)


def test_a_link_inside_the_folder_is_followed(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        directory = await _task_with_files(world)
        (directory / "wd" / "latest").symlink_to("../stdout.txt")
        assert (await world.send("GET", "/jobs/job/tasks/t0/files/wd%2Flatest")).body == b"hello\n"

    in_world(tmp_path, work)


def test_files_and_folders_can_be_deleted(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        directory = await _task_with_files(world)
        url = "/jobs/job/tasks/t0/files"
        assert (await world.send("DELETE", f"{url}/stdout.txt")).status == 200
        assert not (directory / "stdout.txt").exists()
        full = await world.send("DELETE", f"{url}/wd")
        assert (full.status, full.code) == (409, "OperationInvalidForCurrentState")
        assert (await world.send("DELETE", f"{url}/wd", query={"recursive": "true"})).status == 200
        assert not (directory / "wd").exists()

    in_world(tmp_path, work)


def test_a_task_that_has_not_run_has_no_files(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        await world.make_job()
        await world.add("true")
        answer = await world.send("GET", "/jobs/job/tasks/t0/files")
        assert answer.status == 409

    in_world(tmp_path, work)


def test_a_name_that_is_no_unicode_does_not_hide_the_others(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        directory = await _task_with_files(world)
        (directory / os.fsdecode(b"no\xff.txt")).touch()
        listed = (await world.get("/jobs/job/tasks/t0/files"))["value"]
        assert [entry["name"] for entry in listed] == ["no?.txt", "stderr.txt", "stdout.txt", "wd"]
        assert listed[0]["url"].endswith("/no%FF.txt")
        page = await world.get("/jobs/job/tasks/t0/files", maxresults="1")
        rest = await world.send("GET", page["odata.nextLink"].removeprefix("http://127.0.0.1:1234"))
        assert rest.json["value"][0]["name"] == "stderr.txt"

    in_world(tmp_path, work)


@pytest.mark.parametrize(
    "header",
    ["0-1", "bytes=-5", "bytes=a-b", "bytes=1", "items=0-1", "bytes=0-1,3-4", "bytes=²-", f"bytes={'9' * 5000}-"],
)
def test_what_is_no_range_is_refused(header: str) -> None:
    with pytest.raises(ServiceError) as caught:
        files.parse_range(header, 10)
    assert caught.value.status == 400


def _moved_away(folder: Path, link_to: Path) -> None:
    folder.rename(folder.with_name(f"{folder.name}.moved"))
    folder.symlink_to(link_to)


@pytest.mark.parametrize("level", range(5), ids=["task", "job-1", "job", "workitems", "root"])
def test_a_folder_that_has_become_a_link_has_nothing(tmp_path: Path, level: int) -> None:
    async def work(world: World) -> None:
        directory = await _task_with_files(world)
        replaced = (directory, *directory.parents)[level]
        below = directory.relative_to(replaced)
        foreign = tmp_path / "foreign" / below
        kept.update(dict.fromkeys((foreign / "passwd", foreign / "sub" / "file")))
        (foreign / "sub").mkdir(parents=True)
        (foreign / "passwd").write_text("secret")
        (foreign / "sub" / "file").write_text("secret")
        _moved_away(replaced, tmp_path / "foreign")
        (node,) = world.nodes()
        node_url = f"/pools/pool/nodes/{node.id}/files"
        for url, path in (("/jobs/job/tasks/t0/files", ""), (node_url, "workitems/job/job-1/t0/")):
            for method, name in itertools.product(("GET", "HEAD", "DELETE"), ("passwd", "sub/file", "sub")):
                answer = await world.send(method, f"{url}/{quoted(path + name)}", query={"recursive": "true"})
                assert answer.status == 404
            listed = await world.get(url, recursive="true")
            assert not any("passwd" in entry["name"] for entry in listed["value"])
        assert (await world.send("DELETE", "/jobs/job/tasks/t0")).status == 200
        assert (await world.send("DELETE", "/jobs/job")).status == 202
        await until(lambda: "job" not in world.service.state.jobs, "the job is gone")

    kept: dict[Path, None] = {}
    in_world(tmp_path, work)
    assert [path.read_text() for path in kept] == ["secret", "secret"]
