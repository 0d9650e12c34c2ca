"""Resource files: fetched whole, retried, and never written outside the working directory."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from tests.sandbox.nodes.blob_server import SIGNATURE, Container
from tests.sandbox.nodes.conftest import Node
from tui.sandbox.nodes.records import Failure, ResourceFile
from tui.sandbox.nodes.resources import fetch_resource_files


def fetch(working_directory: Path, *resource_files: ResourceFile) -> Failure | None:
    working_directory.mkdir(exist_ok=True)
    return fetch_resource_files(resource_files, working_directory, threading.Event())


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def wd(tmp_path: Path) -> Path:
    return tmp_path / "wd"


def test_a_blob_lands_under_its_path_with_its_mode(container: Container, wd: Path) -> None:
    container.blobs = {"in put#1.txt": b"x" * 600_000, "plain": b""}
    url = container.blob_url("in%20put%231.txt")
    assert (
        fetch(
            wd,
            ResourceFile("data/in.txt", http_url=url),
            ResourceFile("p", url.replace("in%20put%231.txt", "plain"), file_mode="0644"),
        )
        is None
    )
    assert tree(wd) == {"data/in.txt": b"x" * 600_000, "p": b""}
    assert (wd / "data/in.txt").stat().st_mode & 0o7777 == 0o770
    assert (wd / "p").stat().st_mode & 0o7777 == 0o644


def test_a_container_is_fetched_page_by_page_below_a_folder(container: Container, wd: Path) -> None:
    container.blobs = {f"in/{name}": name.encode() for name in ("a", "b & c", "d/é", "e", "f+g")} | {"other": b""}
    assert fetch(wd, ResourceFile("inputs", container_url=container.signed_url, blob_prefix="in/")) is None
    assert tree(wd) == {f"inputs/in/{name}": name.encode() for name in ("a", "b & c", "d/é", "e", "f+g")}
    assert fetch(wd, ResourceFile("", container_url=container.signed_url, blob_prefix="oth")) is None
    assert (wd / "other").exists()


def test_redirects_and_passing_faults_are_survived(container: Container, wd: Path) -> None:
    container.blobs = {"blob": b"content"}
    container.faults = {("GET", "blob"): [503, 0]}
    assert fetch(wd, ResourceFile("x", http_url=container.blob_url("moved"))) is None
    assert tree(wd) == {"x": b"content"}


@pytest.mark.parametrize(
    ("blob", "faults", "code"),
    [
        ("absent", [], ("UserError", "BlobNotFound")),
        ("blob", [403], ("UserError", "BlobAccessDenied")),
        ("blob", [400], ("ServerError", "BlobDownloadMiscError")),
    ],
)
def test_a_blob_that_is_refused(
    container: Container, wd: Path, blob: str, faults: list[int], code: tuple[str, str]
) -> None:
    container.blobs = {"blob": b"content"}
    container.faults = {("GET", "blob"): faults}
    failure = fetch(wd, ResourceFile("x", http_url=container.blob_url(blob)))
    assert failure is not None
    assert (failure.category, failure.code) == code
    assert dict(failure.details)["BlobSource"] == f"{container.url}/{blob}"
    assert SIGNATURE not in repr(failure)
    assert tree(wd) == {}
    assert len(container.requests) == 1, "a refusal is not tried again"


@pytest.mark.parametrize(
    ("status", "code"), [(404, "ResourceContainerNotFound"), (403, "ResourceContainerAccessDenied")]
)
def test_a_container_that_is_refused(container: Container, wd: Path, status: int, code: str) -> None:
    container.faults = {("GET", ""): [status]}
    failure = fetch(wd, ResourceFile("", container_url=container.signed_url))
    assert failure is not None
    assert (failure.category, failure.code) == ("UserError", code)


def test_a_body_cut_short_never_gets_the_final_name(container: Container, wd: Path) -> None:
    failure = fetch(wd, ResourceFile("x", http_url=container.blob_url("cut-short")))
    assert failure is not None
    assert failure.code == "BlobDownloadMiscError"
    assert tree(wd) == {}


@pytest.mark.parametrize("file_path", ["../x", "a/../../x", "/tmp/x", "..", "", "a/", "a\0b", "."])
def test_a_path_that_climbs_out_is_a_failure(container: Container, wd: Path, file_path: str) -> None:
    container.blobs = {"blob": b"content"}
    failure = fetch(wd, ResourceFile(file_path, http_url=container.blob_url("blob")))
    assert failure is not None
    assert (failure.category, failure.code) == ("ServerError", "ResourceFileCreateFailed")
    assert os.listdir(wd.parent) == ["wd"]
    assert tree(wd) == {}


def test_a_blob_name_that_climbs_out_is_a_failure(container: Container, wd: Path) -> None:
    container.blobs = {"../../x": b"content"}
    failure = fetch(wd, ResourceFile("in", container_url=container.signed_url))
    assert failure is not None
    assert failure.code == "ResourceFileCreateFailed"


def test_a_link_left_by_an_earlier_attempt_leads_nowhere(container: Container, wd: Path, tmp_path: Path) -> None:
    container.blobs = {"blob": b"content"}
    wd.mkdir()
    (tmp_path / "outside").mkdir()
    (wd / "link").symlink_to(tmp_path / "outside")
    failure = fetch(wd, ResourceFile("link/x", http_url=container.blob_url("blob")))
    assert failure is not None
    assert failure.code == "ResourceFileCreateFailed"
    assert os.listdir(tmp_path / "outside") == []


async def test_a_task_finds_its_files_and_does_not_start_without_them(node: Node, container: Container) -> None:
    container.blobs = {"blob": b"content"}
    good = ResourceFile("in.txt", http_url=container.blob_url("blob"))
    bad = ResourceFile("in.txt", http_url=container.blob_url("absent"))
    launch = node.launch("cat in.txt", resource_files=(good,))
    assert (await node.run(launch)).succeeded
    assert (launch.directory / "stdout.txt").read_text() == "content"
    outcome = await node.run(node.launch("cat in.txt", resource_files=(bad,)))
    assert outcome.exit_code is None
    assert outcome.failure is not None
    assert outcome.failure.code == "BlobNotFound"
